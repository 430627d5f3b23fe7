"""A network as a Python file of its own, that needs PyTorch alone: its text, and its weights.

The file is made for one network: its layers and sizes are written out. What dropout does outside
training is in the weights, see `danq.network.parts.fold_dropout`.
"""

import copy
from typing import NamedTuple

import torch

from danq.errors import DanqError
from danq.network.basset import POOLS, Basset
from danq.network.beluga import POOL, Beluga
from danq.network.bodies import Local
from danq.network.layers import DenseHead, HardLSTM, Stem
from danq.network.models import ConvolutionalNetwork, DanQ, DanQConv, DanQForward, DeepSEA, Network
from danq.network.parts import fold_dropout

SUPPORTED = (DeepSEA, Beluga, Basset, DanQ, DanQForward, DanQConv)
"""Networks whose layers are written out here; others have branches, which are danq's own."""


class Lines(NamedTuple):
    """Part of a network as text.

    Attributes
    ----------
    layers : list of str
        Lines that make its layers.
    steps : list of str
        Lines that compute with them, from X to X.
    names : dict of str to str
        What its weights are called in danq, at their beginning, and there.
    """

    layers: list[str]
    steps: list[str]
    names: dict[str, str]


def refuse_unsupported(network: Network, model: str) -> None:
    """Refuse a network that cannot be written out.

    Parameters
    ----------
    network : danq.network.models.Network
        Any.
    model : str
        Its name in the catalog.

    Raises
    ------
    DanqError
        It is none of `SUPPORTED`.
    """
    if type(network) not in SUPPORTED:
        what = f"{model} has layers that only danq has, and is not exported"
        names = "deepsea, beluga, basset, danq, danq_forward, danq_conv"
        raise DanqError(f"{what}; export {names}, or use danq.load")


def standalone_weights(network: Network) -> dict[str, torch.Tensor]:
    """Return the weights for the file that `standalone_text` writes, in the order of its layers.

    Parameters
    ----------
    network : danq.network.models.Network
        One of `SUPPORTED`, on the CPU; stays as it is.

    Returns
    -------
    dict of str to torch.Tensor
    """
    plain = copy.deepcopy(network)
    fold_dropout(plain)
    names: dict[str, str] = {}
    for part in _parts(plain):
        names |= part.names
    weights = {}
    for name, weight in plain.state_dict().items():
        old = next(old for old in names if name.startswith(old))
        weights[names[old] + name.removeprefix(old)] = weight.detach().clone()
    # Those of the network itself, not of a layer, come first in a state dict.
    own = {name: weight for name, weight in weights.items() if "." not in name}
    return own | weights


def standalone_text(network: Network, title: str, window: int) -> str:
    """Return the Python file of a network.

    Parameters
    ----------
    network : danq.network.models.Network
        One of `SUPPORTED`.
    title : str
        What it is, for the first line.
    window : int
        Length of its sequences (bp).

    Returns
    -------
    str
    """
    layers = []
    steps = []
    for part in _parts(network):
        layers += [f"        {line}" for line in part.layers]
        steps += [f"        {line}" for line in part.steps]
    n_targets = network.head.out.out_features
    has_hard_gates = any(isinstance(layer, HardLSTM) for layer in network.modules())
    return _FILE.format(
        title=title,
        window=window,
        targets=n_targets,
        recurrent=_HARD_LSTM if has_hard_gates else "",
        layers="\n".join(layers),
        steps="\n".join(steps),
    )


def _parts(network: Network) -> list[Lines]:
    """Return stem, body and head of a network as text, in the order of its ``state_dict``."""
    assert isinstance(network, ConvolutionalNetwork)
    rectified = "functional.relu({})"
    if isinstance(network, DeepSEA):
        rectified = "functional.threshold({}, 0.0, 1e-6)"  # torch7's nn.Threshold(0, 1e-6)
    stem = _stem(network.stem, rectified)
    if isinstance(network, DeepSEA):
        body = _convolutions(network, rectified)
    elif isinstance(network, Beluga):
        body = _pairs(network)
    elif isinstance(network, Basset):
        body = _pooled_convolutions(network)
    elif isinstance(network, DanQConv):
        body = _local(network.body)
    else:
        assert isinstance(network, DanQ)
        body = _recurrent(network)
    return [stem, body, _head(network, rectified)]


def _stem(stem: Stem, rectified: str) -> Lines:
    conv = stem.conv
    width = conv.kernel_size[0]
    filters = conv.out_channels
    layers = [f"self.conv = nn.Conv1d(4, {filters}, {width})"]
    names = {"stem.conv": "conv"}
    steps = ["X = self.conv(X)"]
    if stem.pool > 1:
        steps = [f"X = functional.max_pool1d(self.conv(X), {stem.pool})"]
    if stem.norm is None:
        steps.append(f"X = {rectified.format('X')}")
    else:
        layers.append(f"self.norm = nn.BatchNorm1d({filters})")
        names["stem.norm"] = "norm"
        steps.append(f"X = torch.exp(self.norm(X).clamp(max={stem.CEILING}))")
    return Lines(layers, steps, names)


def _convolutions(network: DeepSEA, rectified: str) -> Lines:
    layers = []
    for name in ("second", "third"):
        conv = getattr(network, name)
        width = conv.kernel_size[0]
        layers.append(f"self.{name} = nn.Conv1d({conv.in_channels}, {conv.out_channels}, {width})")
    pooled = rectified.format("functional.max_pool1d(self.second(X), 4)")
    steps = [f"X = {pooled}", f"X = {rectified.format('self.third(X)')}"]
    return Lines(layers, steps, {"second": "second", "third": "third"})


def _pairs(network: Beluga) -> Lines:
    layers = []
    steps = []
    names = {}
    for name in ("second", "third", "fourth", "fifth", "sixth"):
        conv = getattr(network, name)
        width = conv.kernel_size[0]
        layers.append(f"self.{name} = nn.Conv1d({conv.in_channels}, {conv.out_channels}, {width})")
        names[name] = name
        steps.append(f"X = functional.relu(self.{name}(X))")
        if name in ("second", "fourth"):
            steps.append(f"X = functional.max_pool1d(X, {POOL})")
    return Lines(layers, steps, names)


def _pooled_convolutions(network: Basset) -> Lines:
    layers = []
    steps = []
    for name, pool in (("second", POOLS[1]), ("third", POOLS[2])):
        conv = getattr(network, name)
        width = conv.kernel_size[0]
        layers.append(f"self.{name} = nn.Conv1d({conv.in_channels}, {conv.out_channels}, {width})")
        steps.append(f"X = functional.relu(functional.max_pool1d(self.{name}(X), {pool}))")
    dense = network.dense
    layers.append(f"self.hidden = nn.Linear({dense.in_features}, {dense.out_features})")
    steps.append("X = functional.relu(self.hidden(X.flatten(1)))")
    return Lines(layers, steps, {"second": "second", "third": "third", "dense": "hidden"})


def _local(body: Local) -> Lines:
    layers = []
    steps = []
    names = {}
    flanks = ((body.width - 1) // 2, body.width // 2)
    for number, conv in enumerate(body.layers):
        assert isinstance(conv, torch.nn.Conv1d)
        name = f"local{number}"
        width = conv.kernel_size[0]
        layers.append(f"self.{name} = nn.Conv1d({conv.in_channels}, {conv.out_channels}, {width})")
        names[f"body.layers.{number}"] = name
        inputs = f"functional.pad(X, {flanks})" if width > 1 else "X"
        steps.append(f"X = functional.relu(self.{name}({inputs}))")
    return Lines(layers, [*steps, "X = X.transpose(1, 2)"], names)


def _recurrent(network: DanQ) -> Lines:
    is_forward = isinstance(network, DanQForward)
    bodies = [*network.body.children()] if is_forward else [network.body]
    kind = "HardLSTM" if isinstance(bodies[0], HardLSTM) else "nn.LSTM"
    options = "batch_first=True" if is_forward else "batch_first=True, bidirectional=True"
    layers = []
    names = {}
    for number, body in enumerate(bodies):
        assert isinstance(body, torch.nn.LSTM)
        name = f"lstm{number}" if is_forward else "lstm"
        layers.append(f"self.{name} = {kind}({body.input_size}, {body.hidden_size}, {options})")
        names[f"body.{number}" if is_forward else "body"] = name
    steps = ["X = X.transpose(1, 2)  # windows, positions, channels"]
    if is_forward:
        steps.append("X = torch.cat([self.lstm0(X)[0], self.lstm1(X)[0]], dim=2)")
    else:
        steps.append("X = self.lstm(X)[0]")
    return Lines(layers, steps, names)


def _head(network: Network, rectified: str) -> Lines:
    head = network.head
    out = head.out
    last = f"self.out = nn.Linear({out.in_features}, {out.out_features})"
    if isinstance(head, DenseHead):
        dense = head.dense
        layers = [f"self.dense = nn.Linear({dense.in_features}, {dense.out_features})", last]
        steps = [f"X = {rectified.format('self.dense(X.flatten(1))')}", "return self.out(X)"]
        return Lines(layers, steps, {"head.dense": "dense", "head.out": "out"})
    positions = len(head.position_bias)
    bias = f"self.position_bias = nn.Parameter(torch.zeros({positions}, {out.out_features}))"
    steps = ["X = X.transpose(1, 2)"] if isinstance(network, DeepSEA | Beluga) else []
    steps.append("X = self.out(X) + self.position_bias  # logits at every position")
    steps.append(f"return torch.logsumexp({head.SHARPNESS} * X, dim=1) / {head.SHARPNESS}")
    names = {"head.position_bias": "position_bias", "head.out": "out"}
    return Lines([bias, last], steps, names)


_FILE = '''"""{title}: {window:,} bp of DNA to {targets:,} targets. Needs PyTorch alone.

    model = Model()
    model.load_state_dict(torch.load("weights.pt", weights_only=True))
    probabilities = model.eval().predict(one_hot(["ACGT..."]))  # both strands averaged
"""

import torch
from torch import nn
from torch.nn import functional

WINDOW = {window}

{recurrent}
class Model(nn.Module):
    """One-hot DNA (N, 4, {window}), channels A, C, G, T, to logits (N, {targets})."""

    def __init__(self):
        super().__init__()
{layers}

    def forward(self, X):
{steps}

    @torch.no_grad()
    def predict(self, X):
        """Return probabilities, (N, {targets}): means over X and its reverse complement."""
        strands = [torch.sigmoid(self(X)), torch.sigmoid(self(X.flip(1, 2)))]
        return sum(strands) / 2


def one_hot(sequences):
    """Return texts of {window} bp as (N, 4, {window}); an unknown base is 0 in all channels."""
    rows = [["ACGT".find(base) for base in text.upper()] for text in sequences]
    bases = torch.tensor(rows).unsqueeze(1)  # (N, 1, {window})
    return (bases == torch.arange(4).view(1, 4, 1)).float()
'''

_HARD_LSTM = '''
class HardLSTM(nn.LSTM):
    """A recurrent layer with the gates that Keras had in 2015: clip(0.2 x + 0.5, 0, 1)."""

    def forward(self, X):  # (N, P, C)
        outputs = [self.run(X, "l0")]
        if self.bidirectional:
            outputs.append(self.run(X.flip(1), "l0_reverse").flip(1))
        return torch.cat(outputs, dim=2), None

    def run(self, X, end):
        W, U, b, c = (getattr(self, f"{name}_{end}") for name in self.NAMES)
        inputs = functional.linear(X, W, b + c)
        hidden = cell = X.new_zeros(len(X), self.hidden_size)
        outputs = []
        for step in inputs.unbind(1):
            gates = step + functional.linear(hidden, U)
            i, f, g, o = gates.chunk(4, dim=1)
            cell = self.gate(f) * cell + self.gate(i) * torch.tanh(g)
            hidden = self.gate(o) * torch.tanh(cell)
            outputs.append(hidden)
        return torch.stack(outputs, dim=1)

    NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

    def gate(self, x):
        return (0.2 * x + 0.5).clamp(0, 1)

'''
