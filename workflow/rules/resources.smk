# What each step asks a cluster for: memory and time, in one table. On one machine nothing looks at it.
# Twice what was measured or more (docs/scaling.md); whoever runs out of either comes back and asks for twice as much.

from danq.catalog import MODELS

LONGEST = 24 * 60  # minutes of one training: at the end of its time it saves its state, and the next job goes on
GFLOPS = {"cpu": 20, "gpu": 5_000}  # of a thread, or of a GPU, when it trains; low, for a time limit


length = 1_000 if settings.deepsea else settings.extract.window
n_targets = 919 if settings.deepsea else len(table) or 7
simulated_bases = settings.simulate.chromosomes * settings.simulate.chromosome_length / 1e9


class Size:
    """How much a job reads: `files` (GB, unpacked); and of its dataset `windows` (millions) and `labels` (billions)."""

    ROW = 4 * -(-length // 8) + -(-n_targets // 8)  # bytes of a window in dataset.h5

    def __init__(self, input):
        self.files = sum(os.path.getsize(path) * (4 if path.endswith("gz") else 1) for path in input) / 1e9
        dataset = [path for path in input if path.endswith("dataset.h5")]
        self.windows = os.path.getsize(dataset[0]) / self.ROW / 1e6 if dataset else 0
        self.labels = self.windows * n_targets / 1e3


def minutes_of_training(size, model, epochs):
    """Return how long `epochs` over all windows take."""
    cost = MODELS[model].gflop
    speed = GFLOPS["gpu"] if gpu else GFLOPS["cpu"] * settings.threads
    workers = settings.train.devices * settings.train.nodes
    windows = size.windows * 1e6 * length / 1_000
    return epochs * windows * cost * settings.train.scale / speed / workers / 60


def memory_of_training(size):
    """Return the GB of a training: the packed windows, several copies of the weights, a batch's activations."""
    batch = (settings.train.batch_size or 100) / 100 * length / 1_000 * (not gpu)
    held = min(settings.train.memory, size.files)
    return 3 + 1.5 * held * settings.train.devices + (2 + batch) * settings.train.scale * settings.train.filter_scale


EPOCHS = settings.train.epochs or {"modern": 8, "published": 120}[settings.train.recipe]

# fmt: off
NEEDS = {  # step: GB, minutes; n is a Size, w the wildcards
    "simulate":       lambda n, w: (1 + 40 * simulated_bases,          5 + 500 * simulated_bases),
    "check":          lambda n, w: (1 + 1.5 * n.files,                 5 + 4 * n.files),
    "extract":        lambda n, w: (1 + 1.5 * n.files,                 5 + 4 * n.files),
    "import_deepsea": lambda n, w: (2,                                10 + 15 * n.files),
    "windows":        lambda n, w: (1 + n.files,                       5 + 20 * n.windows + 30 * n.labels),
    "describe":       lambda n, w: (1 + 0.5 * n.files,                 5 + 10 * n.files),
    "train":          lambda n, w: (memory_of_training(n),            10 + 3 * minutes_of_training(n, w.model, EPOCHS)),
    "predict":        lambda n, w: (2 + 4 * n.labels,                 10 + minutes_of_training(n, w.model, 1)),
    "probe":          lambda n, w: (3,                                20 + 60 * settings.train.scale),
    "motifs":         lambda n, w: (3,                                20 + 60 * settings.train.scale),
    "attribute":      lambda n, w: (3,               20 + 60 * settings.train.scale * settings.attribution.windows),
    "modisco":        lambda n, w: (8,                                60),
    "ablate":        lambda n, w: (4,                                20 + 700 * settings.train.scale / (50 if gpu else settings.threads)),
    "kmer":           lambda n, w: (1 + 9 * n.windows,                10 + 1500 * n.labels),
    "scan":           lambda n, w: (1 + 2 * n.windows + 4 * n.labels, 10 + 200 * n.labels),
    "oracle_rule":    lambda n, w: (1 + 4 * n.labels,                 10 + 200 * n.labels),
    "oracle_parts":   lambda n, w: (1 + 4 * n.labels,                 10 + 200 * n.labels),
    "evaluate":       lambda n, w: (1 + 1.5 * n.files,                10 + 5 * n.files),
    "report":         lambda n, w: (2 + n.files,                      10 + 2 * n.files),
}
# fmt: on
def asked(step, place, unit):
    """Return what Snakemake calls when a job is about to start: what a step asks for, doubled with each attempt."""

    def ask(wildcards, input, attempt):
        found = NEEDS[wildcards.get(step, step)](Size(input), wildcards)
        most = LONGEST if (step, place) == ("train", 1) else float("inf")
        return round(min(most, unit * found[place] * 2 ** (attempt - 1)))

    return ask


def memory(step):
    """Return the memory of a step, or of the step that the wildcard of this name tells (MB)."""
    return asked(step, 0, 1_000)


def minutes(step):
    """Return the time limit of a step, or of the step that the wildcard of this name tells (minutes)."""
    return asked(step, 1, 1)
