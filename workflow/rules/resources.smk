# What each step requests from a cluster: memory and time. On one machine this has no effect.
# Twice what was measured or more (docs/scaling.md); a job that runs out of either is resubmitted with twice as much.

from danq.catalog import MODELS
from danq.genome.sequence import row_bytes

LONGEST = 24 * 60  # minutes of one training or search: at its end it saves its state, and the next job goes on
GFLOPS = {"cpu": 20, "gpu": 5_000}  # of a thread, or of a GPU, in training; low, as they set a time limit


length = 1_000 if settings.deepsea else settings.extract.window
n_targets = 919 if settings.deepsea else len(table) or 7
simulated_bases = settings.simulate.chromosomes * settings.simulate.chromosome_length / 1e9


class Job:
    """What decides how much a job needs.

    `files` (GB, unpacked) is all that it reads; `windows` (millions) and `labels` (billions) are those of its dataset;
    `model` is what it is about, where it is about one.
    """

    ROW = row_bytes(length, n_targets)  # bytes of a window in dataset.h5

    def __init__(self, wildcards, input):
        datasets = [path for path in input if path.endswith("dataset.h5")]
        self.files = sum(unpacked_bytes(path) for path in input) / 1e9
        self.windows = os.path.getsize(datasets[0]) / self.ROW / 1e6 if datasets else 0
        self.labels = self.windows * n_targets / 1e3
        self.model = wildcards.get("model")


def unpacked_bytes(path):
    """Return about how large a file is when it is unpacked."""
    size = os.path.getsize(path)
    return 4 * size if path.endswith("gz") else size


def settings_of(job):
    """Return how the model of a job is trained, and with the largest scale that its search tries."""
    train = settings.train_of(job.model) if job.model else settings.train
    scales = settings.tune.scales if settings.tune else []
    scale = max([train.scale or 1.0, *scales])
    return train.model_copy(update={"scale": scale})


def minutes_of_training(job, windows, model=None):
    """Return how long training on so many millions of windows takes; of another model than the job's where one is given."""
    train = settings_of(job)
    cost = MODELS[model or job.model].gflop
    speed = GFLOPS["gpu"] if gpu else GFLOPS["cpu"] * settings.threads
    workers = train.devices * train.nodes
    windows = windows * 1e6 * length / 1_000
    return windows * cost * train.scale / speed / workers / 60


def memory_of_training(job):
    """Return the GB of a training: packed windows, orders of an epoch, validation, copies of the weights, activations."""
    train = settings_of(job)
    windows = min(train.memory, job.files)
    order = 0.1 * job.windows
    validation = min(train.memory / 4, 13 * job.labels)
    batch = (train.batch_size or 100) / 100 * length / 1_000 * (not gpu)
    weights_and_batch = (2 + batch) * train.scale * (train.filter_scale or 1)
    return 3 + (1.5 * windows + order + validation) * train.devices + weights_and_batch


def windows_shown(job):
    """Return how many millions of windows a training shows, at most."""
    train = settings_of(job)
    if train.epochs or train.recipe == "published":
        return (train.epochs or 120) * job.windows
    return min(1, 50 * job.windows)  # by the rule of danq.training.automatic


def minutes_of_search(job):
    """Return how long the trials of a search take, one after the other on one device: as long as danq's for any model."""
    workers = settings.train.devices * settings.train.nodes
    windows = settings.tune.windows / 1e6 if settings.tune.windows else windows_shown(job)
    return settings.tune.trials * workers * minutes_of_training(job, windows, "danq")


def rows_of_input(job):
    """Return how many millions of windows the files of an input have, at most, if its regions do not overlap."""
    bin_size = 200 if settings.deepsea else settings.extract.bin_size
    return 1e3 * job.files / (settings.predict.step or bin_size)


def variants_of_file(job):
    """Return how many millions of variants a job scores, at most: a line has 20 bytes or more."""
    return job.files * 1e3 / 20 + 0.01


scales = [settings.train_of(model).scale or 1.0 for model in settings.models]
SCALE = max(scales + (settings.tune.scales if settings.tune else []))
WORKERS_OF_ABLATION = 50 if gpu else settings.threads  # one GPU does about as much as 50 threads

MEMORY = {  # GB
    "simulate": lambda job: 1 + 40 * simulated_bases,
    "check": lambda job: 2 + 1.5 * job.files,
    "extract": lambda job: 1 + 1.5 * job.files,
    "import_deepsea": lambda job: 2,
    "subset": lambda job: 1 + 0.2 * job.windows,
    "windows": lambda job: 1 + job.files,
    "describe": lambda job: 1 + 0.5 * job.files,
    "train": memory_of_training,
    "tune": memory_of_training,
    "import_weights": lambda job: 2 + 6 * job.files,
    "predict": lambda job: 3,
    "predict_valid": lambda job: 3,
    "predict_input": lambda job: 3 + 1.5 * job.files,
    "simulate_variants": lambda job: 1 + 40 * simulated_bases,
    "score_variants": lambda job: 3 + 1.5 * job.files,
    "evaluate_variants": lambda job: 2 + 10 * job.files,
    "agreement_of_variants": lambda job: 2 + 10 * job.files,
    "thresholds": lambda job: 1 + 16 * job.labels,
    "hub": lambda job: 2 + 2 * job.files,
    "probe": lambda job: 3,
    "motifs": lambda job: 3,
    "attribute": lambda job: 3,
    "modisco": lambda job: 8,
    "ablate": lambda job: 4,
    "kmer": lambda job: 1 + 10 * min(job.windows, 0.1) + 8 * job.labels,
    "scan": lambda job: 1 + 8 * job.labels,
    "motif": lambda job: 2 + 8 * job.labels,
    "boosting": lambda job: 2 + 8 * job.labels,
    "oracle_rule": lambda job: 1 + 4 * job.labels,
    "oracle_parts": lambda job: 1 + 4 * job.labels,
    "join_predictions": lambda job: 1 + 5 * job.labels,
    "evaluate": lambda job: 1 + 1.5 * job.files,
    "learning_curve": lambda job: 1 + 0.1 * job.files,
    "report": lambda job: 2 + job.files,
}

MINUTES = {
    "simulate": lambda job: 5 + 500 * simulated_bases,
    "check": lambda job: 5 + 4 * job.files,
    "extract": lambda job: 5 + 4 * job.files,
    "import_deepsea": lambda job: 10 + 15 * job.files,
    "subset": lambda job: 5 + 4 * job.files + 5 * job.labels,
    "windows": lambda job: 5 + 20 * job.windows + 30 * job.labels,
    "describe": lambda job: 5 + 10 * job.files,
    "train": lambda job: 10 + 3 * minutes_of_training(job, windows_shown(job)),
    "tune": lambda job: 10 + 3 * minutes_of_search(job),
    "import_weights": lambda job: 10,
    "predict": lambda job: 10 + minutes_of_training(job, job.windows),
    "predict_valid": lambda job: 10 + minutes_of_training(job, job.windows),
    "predict_input": lambda job: 10 + len(settings.seeds) * minutes_of_training(job, rows_of_input(job)),
    "simulate_variants": lambda job: 5 + 500 * simulated_bases,
    "score_variants": lambda job: 10 + len(settings.seeds) * minutes_of_training(job, 2 * variants_of_file(job)),
    "evaluate_variants": lambda job: 5 + 10 * job.files,
    "agreement_of_variants": lambda job: 5 + 10 * job.files,
    "thresholds": lambda job: 5 + 60 * job.labels,
    "hub": lambda job: 10 + 10 * job.files,
    "probe": lambda job: 20 + 60 * SCALE,
    "motifs": lambda job: 20 + 60 * SCALE,
    "attribute": lambda job: 20 + 60 * SCALE * settings.attribution.windows,
    "modisco": lambda job: 60,
    "ablate": lambda job: 20 + 700 * SCALE / WORKERS_OF_ABLATION,
    "kmer": lambda job: 10 + 20 * job.windows + 3000 * min(job.windows, 0.1) * n_targets / 1e3,
    "scan": lambda job: 10 + 200 * job.labels,
    "motif": lambda job: 10 + 400 * job.labels,
    "boosting": lambda job: 20 + 0.5 * n_targets + 200 * job.windows * length / 1_000,
    "oracle_rule": lambda job: 10 + 200 * job.labels,
    "oracle_parts": lambda job: 10 + 200 * job.labels,
    "join_predictions": lambda job: 5 + 5 * job.files,
    "evaluate": lambda job: 10 + 5 * job.files,
    "learning_curve": lambda job: 10 + 2 * job.files,
    "report": lambda job: 10 + 2 * job.files,
}


def request(step, needs, unit, most):
    """Return what Snakemake calls when it starts a job: the need of its step, doubled with each attempt."""

    def amount(wildcards, input, attempt):
        # A rule of several steps, as `baseline`, has the step in the wildcard of its name.
        need = needs[wildcards.get(step, step)]
        needed = unit * need(Job(wildcards, input)) * 2 ** (attempt - 1)
        return round(min(most, needed))

    return amount


def memory(step):
    """Return the memory of a step, or of the step that the wildcard of this name gives (MB)."""
    return request(step, MEMORY, 1_000, float("inf"))


def minutes(step):
    """Return the time limit of a step, or of the step that the wildcard of this name gives (minutes)."""
    return request(step, MINUTES, 1, LONGEST if step in ("train", "tune") else float("inf"))
