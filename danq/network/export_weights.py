"""A trained model in files that need no danq: PyTorch, Selene, and ONNX."""

import importlib.util
import io
import json
import logging
import runpy
import warnings
from pathlib import Path
from typing import Any

import torch

import danq
from danq.errors import DanqError
from danq.files import PathLike, atomic, write_text
from danq.network.checkpoint import load_checkpoint
from danq.network.standalone import refuse_unsupported, standalone_text, standalone_weights
from danq.records import Made, file_input, record_text

FILES = ("model.py", "weights.pt", "targets.txt", "selene_model.py", "README.md")
"""What is always written."""

ONNX = "model.onnx"
"""What is written for ONNX."""


def export_weights(checkpoint: PathLike, output: PathLike, *, onnx: bool = False) -> None:
    """Write a trained model as a plain PyTorch model, with a Python file of its own.

    Parameters
    ----------
    checkpoint : str or path-like
        A checkpoint of danq.
    output : str or path-like
        Folder to make: model.py (the network), weights.pt (its ``state_dict``), targets.txt (a name
        for each output), selene_model.py, and README.md, which says how they are used.
    onnx : bool
        Whether to write model.onnx, too: from one-hot (N, 4, window), float32, to logits (N, T).

    Raises
    ------
    DanqError
        The checkpoint cannot be read, its model cannot be written out, the folder holds other
        files, or what ONNX needs is not installed.
    """
    if onnx:
        _refuse_missing_packages()
    folder = Path(output)
    _refuse_other_files(folder)
    network, facts, data_facts = load_checkpoint(checkpoint)
    refuse_unsupported(network, facts["model"])
    title = f"{facts['model']} seed {facts['seed']}, exported by danq {danq.__version__}"
    text = standalone_text(network, title, data_facts["window"])
    weights = standalone_weights(network)
    source = file_input("checkpoint", checkpoint)
    made = Made("export-weights", [source])
    write_text(folder / "model.py", text)
    _save(folder / "weights.pt", weights)
    write_text(folder / "targets.txt", "".join(f"{name}\n" for name in data_facts["names"]))
    write_text(folder / "selene_model.py", _SELENE)
    if onnx:
        _write_onnx(folder, weights, data_facts["window"])
    guide = _guide(facts, data_facts, source.checksum, onnx)
    record_text(folder / "README.md", guide, made)


def _refuse_missing_packages() -> None:
    """Refuse to write ONNX where PyTorch's exporter lacks its packages."""
    for package in ("onnx", "onnxscript"):
        if importlib.util.find_spec(package) is None:
            what = f"--onnx needs the package {package}, which is not installed"
            raise DanqError(f"{what}; pip install 'danq[onnx]', or leave --onnx out")


def _refuse_other_files(folder: Path) -> None:
    """Refuse a folder that holds what no export wrote."""
    if folder.exists() and not folder.is_dir():
        raise DanqError("--output is a file; name a folder to make", folder)
    own = {*FILES, ONNX, ".made", "__pycache__"}
    others = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    others = [name for name in others if name not in own]
    if others:
        what = f"the folder holds {others[0]}, which no export wrote"
        raise DanqError(f"{what}; name a new folder", folder)


def _save(path: Path, weights: dict[str, torch.Tensor]) -> None:
    """Write weights with torch.save, whole or not at all."""
    buffer = io.BytesIO()
    torch.save(weights, buffer)
    with atomic(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def _write_onnx(folder: Path, weights: dict[str, torch.Tensor], window: int) -> None:
    """Write the network of an export as ONNX, for any number of windows."""
    content = runpy.run_path(str(folder / "model.py"))
    model = content["Model"]()
    model.load_state_dict(weights)
    example = torch.zeros(2, 4, window)
    n_windows = torch.export.Dim("windows", min=1)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what PyTorch calls in itself
        program = torch.onnx.export(
            model.eval(),
            (example,),
            dynamo=True,
            dynamic_shapes=({0: n_windows},),
            input_names=["one_hot"],
            output_names=["logits"],
            verbose=False,
        )
    assert program is not None
    with atomic(folder / ONNX) as temporary:
        program.save(str(temporary))


def _guide(facts: dict[str, Any], data_facts: dict[str, Any], checksum: str, onnx: bool) -> str:
    """Return the README of an export."""
    window = data_facts["window"]
    n_targets = len(data_facts["names"])
    parts = [_GUIDE.format(model=facts["model"], window=window, targets=n_targets)]
    if onnx:
        parts.append(_ONNX_GUIDE.format(window=window))
    history = {"checkpoint_sha256": checksum, "assembly": data_facts["assembly"]}
    history |= {"bin_size": data_facts["bin_size"], "seed": facts["seed"]}
    if facts.get("imported"):
        history["imported"] = facts["imported"]
    parts.append(f"## Where it comes from\n\n```json\n{json.dumps(history, indent=1)}\n```\n")
    return "\n".join(parts)


_GUIDE = """# {model}: {window:,} bp of DNA to {targets:,} targets

Exported by danq. Nothing here needs danq.

- `model.py`: the network, for PyTorch alone. Channels are A, C, G, T.
- `weights.pt`: its weights, a plain state dict (`weights_only=True` reads it). What dropout does
  outside training, if anything, is in them.
- `targets.txt`: the name of each output, a line each.
- `selene_model.py`: the same network as Selene takes it.

## PyTorch

```python
import torch
from model import Model, one_hot

model = Model()
model.load_state_dict(torch.load("weights.pt", weights_only=True))
probabilities = model.eval().predict(one_hot(["A" * {window}]))
```

`predict` averages both strands, as `danq predict` does; `model(X)` has the logits of one. An
unknown base is 0 in all channels. The network can be trained on, but has no dropout.

## Selene

```python
from selene_sdk.predict import AnalyzeSequences
from selene_sdk.utils import NonStrandSpecific
from selene_model import SeleneModel

features = open("targets.txt").read().splitlines()
analysis = AnalyzeSequences(
    NonStrandSpecific(SeleneModel()), "weights.pt", sequence_length={window}, features=features
)
analysis.get_predictions("sequences.fa", output_dir="predicted")
```

Selene encodes an unknown base as 0.25 in all channels, and danq as 0: predictions of windows with
N differ.
"""

_ONNX_GUIDE = """## ONNX

`model.onnx` maps `one_hot`, float32 of shape (windows, 4, {window}), to `logits` of the given
strand. The probability that danq predicts is the mean of the sigmoids of a window and of its
reverse complement (both axes reversed).
"""

_SELENE = '''"""The network as Selene takes it: probabilities of the given strand.

NonStrandSpecific averages them with those of the reverse complement.
"""

import torch

from model import Model


class SeleneModel(Model):
    """As `model.Model`, with probabilities in place of logits."""

    def forward(self, X):
        return torch.sigmoid(super().forward(X))

    predict = None  # of logits: Selene's NonStrandSpecific takes its place


def criterion():
    """Return the loss that Selene trains with."""
    return torch.nn.BCELoss()


def get_optimizer(lr):
    """Return the optimiser that Selene trains with, and its options."""
    return torch.optim.AdamW, {"lr": lr}
'''
