"""Weights files as other programs write them, and the formulas of the papers in NumPy.

Nothing here imports danq, but for `predicted`: files and formulas are what its import is compared
with.
"""

import h5py
import numpy as np
import torch

from danq.network.trained import load

GATES = "icfo"  # Keras 0.2's order
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


def random_texts(n, length, seed=0):
    draws = np.random.default_rng(seed).integers(0, 4, (n, length))
    return ["".join("ACGT"[draw] for draw in row) for row in draws]


def one_hot(texts, alphabet):
    """Return DNA as float64 (N, 4, L), channels in the order of an alphabet; N is zeros."""
    return np.array([[[float(c == base) for c in text] for base in alphabet] for text in texts])


def both_strands(texts, forward):
    """Return the mean over both strands of what `forward` predicts."""
    other = [text[::-1].translate(COMPLEMENT) for text in texts]
    return (forward(texts) + forward(other)) / 2


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def hard_sigmoid(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


def max_pool(X, pool):
    """Return the maximum over every `pool` positions of (N, C, P)."""
    positions = X.shape[2] // pool
    return X[:, :, : positions * pool].reshape(*X.shape[:2], positions, pool).max(axis=3)


# --- DanQ, Keras 0.2 ---


def keras_arrays(seed=0, filters=8, width=26, units=5, features=None, hidden=6, targets=3):
    """Return random weights by layer number, as Keras 0.2 keeps DanQ's."""
    draw = np.random.default_rng(seed).normal
    conv = [draw(0, 0.4, (filters, 4, width, 1)), draw(0, 0.2, filters)]
    recurrent = []
    for _ in range(2):
        for _ in GATES:
            shapes = ((filters, units), (units, units), (units,))
            recurrent += [draw(0, 0.6, shape) for shape in shapes]
    dense = [draw(0, 0.4, (features, hidden)), draw(0, 0.2, hidden)]
    out = [draw(0, 0.8, (hidden, targets)), draw(0, 0.5, targets)]
    return {"conv": conv, "recurrent": recurrent, "dense": dense, "out": out}


PLACES = {
    "danq": {"conv": 0, "recurrent": 3, "dense": 6, "out": 8},
    "danq_jaspar": {"conv": 0, "recurrent": 3, "dense": 6, "out": 7},
}
LAYERS = {"danq": 10, "danq_jaspar": 8}


def write_keras(path, arrays, layout="danq"):
    """Write a weights file of Keras 0.2: a group for every layer, most of them empty."""
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = LAYERS[layout]
        for layer in range(LAYERS[layout]):
            file.create_group(f"layer_{layer}").attrs["nb_params"] = 0
        for part, layer in PLACES[layout].items():
            group = file[f"layer_{layer}"]
            group.attrs["nb_params"] = len(arrays[part])
            for number, values in enumerate(arrays[part]):
                group.create_dataset(f"param_{number}", data=values.astype("float32"))
    return path


def theano_convolution(X, W, b):
    """Convolve as Theano does, which flips kernels: (N, 4, L) with (F, 4, w, 1)."""
    width = W.shape[2]
    positions = X.shape[2] - width + 1
    Y = np.zeros((len(X), len(W), positions)) + b[:, None]
    for k in range(width):
        seen = X[:, :, width - 1 - k : width - 1 - k + positions]
        Y += np.einsum("nct,fc->nft", seen, W[:, :, k, 0])
    return Y


def keras_lstm(X, arrays):
    """Run Keras 0.2's LSTM over (N, P, C): i, c, f, o, each with W, U, b."""
    W, U, b = ({gate: arrays[3 * n + k] for n, gate in enumerate(GATES)} for k in range(3))
    h = c = np.zeros((len(X), len(b["i"])))
    outputs = []
    for t in range(X.shape[1]):
        z = {gate: X[:, t] @ W[gate] + h @ U[gate] + b[gate] for gate in GATES}
        c = hard_sigmoid(z["f"]) * c + hard_sigmoid(z["i"]) * np.tanh(z["c"])
        h = hard_sigmoid(z["o"]) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def keras_danq(arrays, pool, axis):
    """Return what predicts texts with DanQ; `axis` is the one its backward half reverses."""
    W, b = arrays["conv"]

    def forward(texts):
        X = one_hot(texts, "AGCT")
        X = np.maximum(theano_convolution(X, W, b), 0)
        X = 0.8 * max_pool(X, pool).transpose(0, 2, 1)  # dropout of 2015 scales outside training
        first = keras_lstm(X, arrays["recurrent"][:12])
        second = np.flip(keras_lstm(np.flip(X, axis), arrays["recurrent"][12:]), axis)
        X = 0.5 * np.concatenate([first, second], axis=2).reshape(len(X), -1)
        X = np.maximum(X @ arrays["dense"][0] + arrays["dense"][1], 0)
        return sigmoid(X @ arrays["out"][0] + arrays["out"][1])

    return forward


# --- DeepSEA ---


def deepsea_arrays(seed=0, filters=(6, 7, 5), positions=1, hidden=8, targets=3):
    """Return random weights and biases of DeepSEA's five layers."""
    draw = np.random.default_rng(seed).normal
    channels = (4, *filters)
    shapes = [(filters[n], channels[n], 8) for n in range(3)]
    shapes += [(hidden, filters[2] * positions), (targets, hidden)]
    return [(draw(0, 0.4, shape), draw(0, 0.2, shape[0])) for shape in shapes]


KIPOI = ("0", "4", "8", "12.1", "14.1")
SELENE = ("conv_net.0", "conv_net.4", "conv_net.8", "classifier.0", "classifier.2")


def deepsea_state(layers, names, prefix="", height=()):
    """Return DeepSEA's layers as a state dict; `height` is (1,) for convolutions of two axes."""
    state = {}
    for name, (W, b) in zip(names, layers, strict=True):
        if W.ndim == 3:
            W = W.reshape(*W.shape[:2], *height, W.shape[2])
        state[f"{prefix}{name}.weight"] = torch.tensor(W, dtype=torch.float32)
        state[f"{prefix}{name}.bias"] = torch.tensor(b, dtype=torch.float32)
    return state


def convolution(X, W, b):
    """Return the cross-correlation of (N, C, P) with (F, C, w), as PyTorch and torch7 have it."""
    windows = np.lib.stride_tricks.sliding_window_view(X, W.shape[2], axis=2)
    return np.einsum("ncpk,fck->nfp", windows, W) + b[:, None]


def deepsea(layers, alphabet, floor):
    """Return what predicts texts with DeepSEA; `floor` stands in place of what is not above 0."""

    def active(X):
        return np.where(X > 0, X, floor)

    def forward(texts):
        X = one_hot(texts, alphabet)
        X = max_pool(active(convolution(X, *layers[0])), 4)
        X = max_pool(active(convolution(X, *layers[1])), 4)
        X = active(convolution(X, *layers[2])).reshape(len(X), -1)
        X = active(X @ layers[3][0].T + layers[3][1])
        return sigmoid(X @ layers[4][0].T + layers[4][1])

    return forward


# --- Beluga ---

BELUGA = ("0.0", "0.2", "0.6", "0.8", "0.12", "0.14", "1.2.1", "1.4.1")


def beluga_arrays(seed=0, filters=(6, 7, 5), positions=1, hidden=8, targets=3):
    """Return random weights and biases of Beluga's eight layers."""
    draw = np.random.default_rng(seed).normal
    channels = (4, *(n for n in filters for _ in range(2)))
    shapes = [(channels[n + 1], channels[n], 8) for n in range(6)]
    shapes += [(hidden, filters[2] * positions), (targets, hidden)]
    return [(draw(0, 0.3, shape), draw(0, 0.2, shape[0])) for shape in shapes]


def beluga(layers, alphabet="AGCT"):
    """Return what predicts texts with Beluga."""

    def forward(texts):
        X = one_hot(texts, alphabet)
        for pair in range(3):
            for layer in layers[2 * pair : 2 * pair + 2]:
                X = np.maximum(convolution(X, *layer), 0)
            X = max_pool(X, 4) if pair < 2 else X.reshape(len(X), -1)
        X = np.maximum(X @ layers[6][0].T + layers[6][1], 0)
        return sigmoid(X @ layers[7][0].T + layers[7][1])

    return forward


# --- Basset ---

BASSET = {"0": "1", "4": "5", "8": "9", "13.1": "14", "17.1": "18", "21.1": None}
"""Its layers, and the batch normalisation behind each."""


def basset_layers(seed=0, filters=(6, 7, 5), positions=1, hidden=8, targets=3):
    """Return random weights of Basset's layers: weight, bias, and four of a normalisation."""
    draw = np.random.default_rng(seed)
    channels = (4, *filters)
    shapes = [(filters[n], channels[n], width) for n, width in enumerate((19, 11, 7))]
    shapes += [(hidden, filters[2] * positions), (hidden, hidden), (targets, hidden)]
    layers = []
    for shape in shapes:
        n = shape[0]
        layer = [draw.normal(0, 0.3, shape), draw.normal(0, 0.2, n)]
        layer += [draw.normal(0, 1, n), draw.normal(0, 0.3, n)]  # factors below 0, too
        layer += [draw.normal(0, 0.3, n), draw.uniform(0.3, 2, n)]
        layers.append(layer)
    return layers


def basset_state(layers, counted):
    """Return Basset's layers as a state dict; `counted`: as PyTorch keeps it since 0.4.1."""
    state = {}
    names = ("weight", "bias", "running_mean", "running_var")
    for (place, norm), (W, b, *numbers) in zip(BASSET.items(), layers, strict=True):
        state[f"{place}.weight"] = W[..., None] if W.ndim == 3 else W
        state[f"{place}.bias"] = b
        if norm is not None:
            state |= {f"{norm}.{name}": x for name, x in zip(names, numbers, strict=True)}
    state = {name: torch.tensor(x, dtype=torch.float32) for name, x in state.items()}
    if counted:
        norms = [norm for norm in BASSET.values() if norm]
        state |= {f"{norm}.num_batches_tracked": torch.tensor(7) for norm in norms}
    return state


def basset(layers, alphabet="ACGT"):
    """Return what predicts texts with Basset, layer by layer as published."""

    def normalised(X, numbers):
        factor, shift, mean, variance = (x.reshape(1, -1, *[1] * (X.ndim - 2)) for x in numbers)
        return (X - mean) / np.sqrt(variance + 1e-5) * factor + shift

    def forward(texts):
        X = one_hot(texts, alphabet)
        for (W, b, *numbers), pool in zip(layers[:3], (3, 4, 4), strict=True):
            X = max_pool(np.maximum(normalised(convolution(X, W, b), numbers), 0), pool)
        X = X.reshape(len(X), -1)
        for W, b, *numbers in layers[3:5]:
            X = np.maximum(normalised(X @ W.T + b, numbers), 0)
        return sigmoid(X @ layers[5][0].T + layers[5][1])

    return forward


# --- Selene's DanQ ---


class SeleneDanQ(torch.nn.Module):
    """The layers of Selene's danQ.py, with the LSTM over positions."""

    def __init__(self, window, targets, filters=8, units=5, hidden=6):
        super().__init__()
        self.nnet = torch.nn.Sequential(
            torch.nn.Conv1d(4, filters, 26),
            torch.nn.ReLU(),
            torch.nn.MaxPool1d(13),
            torch.nn.Dropout(0.2),
        )
        lstm = torch.nn.LSTM(filters, units, batch_first=True, bidirectional=True)
        self.bdlstm = torch.nn.Sequential(lstm)
        features = 2 * units * ((window - 25) // 13)
        self.classifier = torch.nn.Sequential(
            torch.nn.Dropout(0.5),
            torch.nn.Linear(features, hidden),
            torch.nn.ReLU(),
            torch.nn.Linear(hidden, targets),
            torch.nn.Sigmoid(),
        )

    def forward(self, X):
        outputs, _ = self.bdlstm(self.nnet(X).transpose(1, 2))
        return self.classifier(outputs.flatten(1))


# --- whole files at small sizes ---

WINDOW = 300
POSITIONS = {"danq": (WINDOW - 25) // 13, "danq_jaspar": (WINDOW - 29) // 15}
WIDTH_AND_POOL = {"danq": (26, 13), "danq_jaspar": (30, 15)}
TEXTS = [*random_texts(5, WINDOW), "N" * 80 + random_texts(1, WINDOW - 80, 1)[0]]
DEEPSEA_POSITIONS = ((WINDOW - 7) // 4 - 7) // 4 - 7


def keras_file(path, layout="danq", **changes):
    """Write a small DanQ of Keras 0.2; return its arrays."""
    units = 5
    width, _ = WIDTH_AND_POOL[layout]
    sizes = {"width": width, "units": units, "features": POSITIONS[layout] * 2 * units}
    arrays = keras_arrays(**(sizes | changes))
    write_keras(path, arrays, layout)
    return arrays


def kipoi_file(path, prefix="2.", targets=3):
    """Write a small DeepSEA of Kipoi; return its layers."""
    layers = deepsea_arrays(positions=DEEPSEA_POSITIONS, targets=targets)
    torch.save(deepsea_state(layers, KIPOI, prefix, height=(1,)), path)
    return layers


BELUGA_WINDOW = 360
BELUGA_POSITIONS = ((BELUGA_WINDOW - 14) // 4 - 14) // 4 - 14
BELUGA_TEXTS = random_texts(5, BELUGA_WINDOW, 2)


def beluga_file(path, prefix="model.", **changes):
    """Write a small Beluga of Kipoi; return its layers."""
    layers = beluga_arrays(**({"positions": BELUGA_POSITIONS} | changes))
    torch.save(deepsea_state(layers, BELUGA, prefix, height=(1,)), path)
    return layers


BASSET_POSITIONS = (((WINDOW - 18) // 3 - 10) // 4 - 6) // 4


def basset_file(path, counted=True, **changes):
    """Write a small Basset of Kipoi; return its layers."""
    layers = basset_layers(**({"positions": BASSET_POSITIONS} | changes))
    torch.save(basset_state(layers, counted), path)
    return layers


def predicted(checkpoint, texts=TEXTS):
    """Return what danq predicts of texts with a checkpoint."""
    return load(checkpoint, device="cpu").predict(texts).to_numpy()
