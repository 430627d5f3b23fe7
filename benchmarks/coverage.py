"""How often 95 % intervals cover the true difference of two models: danq's, and naive ones.

    python benchmarks/coverage.py [--repetitions 1000] [--seed 0]
    python benchmarks/coverage.py --seeds [--repetitions 1000] [--seed 0]
    python benchmarks/coverage.py --folds [--repetitions 1000] [--seed 0]

The first is about test windows, of one training each. Scores are simulated so that the truth is
known: a positive window's is normal about `mu`, a negative's about 0, and labels and scores of
neighbouring windows are correlated as an autoregression is (rho 0 or 0.8 from a window to the next:
about what windows of 1,000 bp at every 200 bp share). Half of the noise is the same for both
models, as it is for models of the same data. The true AUPRC follows from the two normal
distributions and the prevalence.

The second, `--seeds`, is about training seeds as well, and goes through
`danq.evaluation.comparison.compare`: four targets, two models, 1, 3 and 5 seeds. Of the variance of
a score's noise a half is common to both models, a quarter is the model's own, and a quarter that of
the seed. `mu` of each target varies from seed to seed, half of its variance for all targets of a
network together. An interval that covers windows and seeds is held against the expected difference
over seeds and windows; one that covers windows only, against that of the trained networks.

The third, `--folds`, is about folds of one seed each, through `compare` as well. `mu` of a network
also varies with the chromosomes: half of that variance by those that it was trained on, of which
two folds share most, and half by those that it is tested on. The intervals are held against the
expected difference over windows, seeds and chromosomes; beside them those of the plain variance of
the mean over folds, as if these were independent.
"""

import argparse
import sys
import time
from collections import defaultdict

import numpy as np
import pandas as pd
from scipy import signal, stats
from tqdm import tqdm

from danq.catalog import question_pairs
from danq.evaluation import uncertainty
from danq.evaluation.comparison import compare
from danq.evaluation.components import WINDOWS
from danq.evaluation.metrics import measure
from danq.evaluation.split import Split, measure_split

MU = (2.0, 1.7)
SHARED = 0.5
METHODS = ("blocks, AUPRC", "blocks, AUROC", "windows, AUPRC", "windows, AUROC")


def true_difference(prevalence):
    """Return the differences of AUPRC and AUROC of the two score distributions."""
    threshold = np.linspace(-10, 14, 200_001)
    areas = []
    for mu in MU:
        recall = stats.norm.sf(threshold - mu)
        fall_out = stats.norm.sf(threshold)
        with np.errstate(invalid="ignore"):
            precision = np.nan_to_num(
                prevalence * recall / (prevalence * recall + (1 - prevalence) * fall_out), nan=1
            )
        areas.append((-np.trapezoid(precision, recall), stats.norm.cdf(mu / 2**0.5)))
    return np.subtract(*areas)


def noise(rng, n, rho):
    """Return standard normal noise (n,) whose neighbours are correlated by `rho`."""
    innovations = rng.normal(size=n)
    if rho == 0:
        return innovations
    return signal.lfilter([1], [1, -rho], innovations * np.sqrt(1 - rho**2))


def simulate(rng, n, prevalence, rho):
    """Return labels (n,) and the scores of two models."""
    labels = stats.norm.cdf(noise(rng, n, rho)) < prevalence
    common = noise(rng, n, rho)
    scores = [
        mu * labels + SHARED**0.5 * common + (1 - SHARED) ** 0.5 * noise(rng, n, rho) for mu in MU
    ]
    return labels, scores


def intervals(rng, labels, scores, blocks, replicates):
    """Return low and high of the difference in AUPRC and in AUROC."""
    n_blocks = int(blocks.max()) + 1
    measures = [measure(labels[:, None], column[:, None]) for column in scores]
    differences = [measures[0][area][0] - measures[1][area][0] for area in ("auprc", "auroc")]
    draws = uncertainty.draw_blocks(n_blocks, replicates, rng)
    spread = np.subtract(
        *(uncertainty.resampled_auprc(labels, column, blocks, draws) for column in scores)
    )
    influence = np.subtract(
        *(uncertainty.auroc_influence(labels, column, blocks, n_blocks) for column in scores)
    )
    n_positive_blocks = uncertainty.effective_number(
        np.bincount(blocks[labels], minlength=n_blocks)
    )
    variance = [spread.var(ddof=1) * n_blocks / (n_blocks - 1), (influence**2).sum()]
    low, high, _ = uncertainty.student(differences, [variance], [n_positive_blocks - 1])
    return low, high


def coverage(repetitions, seed, *, n_blocks, size, prevalence, rho):
    """Return the share of repetitions in which each method's interval covers the truth."""
    rng = np.random.default_rng(seed)
    truth = true_difference(prevalence)
    covered = np.zeros(len(METHODS))
    for _ in tqdm(range(repetitions), f"rho {rho}", unit="test set", disable=None, leave=False):
        labels, scores = simulate(rng, n_blocks * size, prevalence, rho)
        for column, blocks, replicates in (
            (0, np.arange(len(labels)) // size, 1000),
            (2, np.arange(len(labels)), 200),
        ):
            low, high = intervals(rng, labels, scores, blocks, replicates)
            covered[column : column + 2] += (low <= truth) & (truth <= high)
    return covered / repetitions


# --- training seeds ---

BLOCKS, BLOCK_SIZE, RHO = 40, 50, 0.8
PREVALENCE = np.array([0.2, 0.15, 0.1, 0.1])
MEANS = np.array([[2.0, 1.8, 1.6, 2.2], [1.8, 1.8, 1.5, 1.9]])
"""`mu` of each model and target, where no seed differs."""

SEED_SDS = (0.0, 0.08, 0.25)
"""Standard deviations of `mu` over seeds: none; about as much as test windows; three times that."""

N_SEEDS = (1, 3, 5)
AREAS = ("auprc", "auroc")
GRID = np.linspace(-3, 8, 500)


def auprc_on_grid(prevalence):
    """Return the area under the precision-recall curve for every `mu` of `GRID`."""
    threshold = np.linspace(-10, 16, 20_001)
    fall_out = stats.norm.sf(threshold)
    areas = []
    for mu in GRID:
        recall = stats.norm.sf(threshold - mu)
        hits = prevalence * recall
        with np.errstate(invalid="ignore"):
            precision = np.nan_to_num(hits / (hits + (1 - prevalence) * fall_out), nan=1)
        areas.append(-np.trapezoid(precision, recall))
    return np.array(areas)


AUPRC = [auprc_on_grid(prevalence) for prevalence in PREVALENCE]


def true_areas(mu):
    """Return AUPRC and AUROC (2, ..., T) on endless test windows of networks with `mu` (..., T)."""
    columns = [np.interp(mu[..., target], GRID, AUPRC[target]) for target in range(len(AUPRC))]
    return np.stack([np.stack(columns, axis=-1), stats.norm.cdf(mu / 2**0.5)])


def expected_areas(seed_sd):
    """Return AUPRC and AUROC (2, 2 models, T), the expectation over seeds."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    areas = true_areas(MEANS + seed_sd * nodes[:, None, None])
    return np.tensordot(areas, weights / weights.sum(), axes=(1, 0))


def simulate_seeds(rng, seed_sd):
    """Return a test split, scores (2 models, seeds, N, T), and `mu` (2, seeds, T)."""
    n_seeds, n_targets, n = max(N_SEEDS), len(PREVALENCE), BLOCKS * BLOCK_SIZE

    def noises(*shape):
        values = rng.normal(size=(*shape, n_targets, n))
        values[..., 1:] *= np.sqrt(1 - RHO**2)
        return signal.lfilter([1], [1, -RHO], values, axis=-1)

    labels = stats.norm.cdf(noises()) < PREVALENCE[:, None]
    network = rng.normal(size=(2, n_seeds, 1)) + rng.normal(size=(2, n_seeds, n_targets))
    mu = MEANS[:, None] + seed_sd * network / 2**0.5
    scores = mu[..., None] * labels + 0.5**0.5 * noises()
    scores += 0.5 * noises(2, 1) + 0.5 * noises(2, n_seeds)
    facts = pd.DataFrame({"target": range(n_targets), "name": "t", "group": "all"})
    test = Split(labels.T.astype(np.uint8), facts, np.arange(n) // BLOCK_SIZE)
    return test, scores.swapaxes(-1, -2), mu


def truth_of(table, expected, mu):
    """Return the true differences (2, T + 1) for what the intervals of a table cover."""
    areas = expected
    if (table["covers"] == WINDOWS).all():
        areas = true_areas(mu).mean(axis=2)
    difference = areas[:, 0] - areas[:, 1]
    return np.append(difference, difference.mean(axis=1, keepdims=True), axis=1)


def seed_coverage(repetitions, seed, seed_sd):
    """Yield number of seeds, what is covered, and the shares (2, T + 1) that cover the truth."""
    rng = np.random.default_rng(seed)
    models = question_pairs()[0]
    expected = expected_areas(seed_sd)
    covered, covers = defaultdict(list), {}
    for _ in tqdm(range(repetitions), f"seed sd {seed_sd}", disable=None, leave=False):
        test, scores, mu = simulate_seeds(rng, seed_sd)
        measured = [[measure_split(test, one, names=AREAS) for one in model] for model in scores]
        for n in N_SEEDS:
            trained = {name: model[:n] for name, model in zip(models, scores, strict=True)}
            areas = {name: model[:n] for name, model in zip(models, measured, strict=True)}
            table = compare(test, trained, areas)
            low = table[["low", "auroc_low"]].to_numpy().T
            high = table[["high", "auroc_high"]].to_numpy().T
            truth = truth_of(table, expected, mu[:, :n])
            covered[n].append((low <= truth) & (truth <= high))
            covers[n] = table["covers"].iloc[0]
    for n, sets in covered.items():
        yield n, covers[n], np.mean(sets, axis=0)


def print_seed_coverage(repetitions, seed):
    """Print a row per spread of the seeds and number of seeds."""
    areas = ("AUPRC, targets", "AUPRC, mean", "AUROC, targets", "AUROC, mean")
    print("sd of mu over seeds", "seeds", "covers", *areas, sep="\t")
    for seed_sd in SEED_SDS:
        for n, covers, shares in seed_coverage(repetitions, seed, seed_sd):
            cells = []
            for share in 100 * shares:
                cells += [
                    f"{share[:-1].min():.1f} to {share[:-1].max():.1f} %",
                    f"{share[-1]:.1f} %",
                ]
            print(seed_sd, n, covers, *cells, sep="\t", flush=True)


# --- folds ---

FOLDS = (3, 5, 10)
WINDOWS_OF_FOLD = 1000
CHROMOSOME_SDS = (0.0, 0.1, 0.25)
"""Standard deviations of `mu` over chromosomes: none; less than over test windows; more."""


def simulate_folds(rng, k, seed_sd, chromosome_sd):
    """Return a test split of k folds, and scores (2 models, N, T)."""
    n_targets, n = len(PREVALENCE), k * WINDOWS_OF_FOLD

    def noises(*shape):
        values = rng.normal(size=(*shape, n_targets, n))
        values[..., 1:] *= np.sqrt(1 - RHO**2)
        return signal.lfilter([1], [1, -RHO], values, axis=-1)

    labels = stats.norm.cdf(noises()) < PREVALENCE[:, None]
    networks = rng.normal(size=(2, k, 1)) + rng.normal(size=(2, k, n_targets))
    trained_on = [(np.arange(k) != fold) & (np.arange(k) != (fold + 1) % k) for fold in range(k)]
    of_sets = rng.normal(size=(2, k, n_targets))
    of_training = np.stack([of_sets[:, sets].sum(axis=1) for sets in trained_on], axis=1)
    of_place = rng.normal(size=(2, k, n_targets))
    chromosomes = of_training / np.sqrt(k - 2) + of_place
    mu = MEANS[:, None] + (seed_sd * networks + chromosome_sd * chromosomes) / 2**0.5
    by_window = np.repeat(mu, WINDOWS_OF_FOLD, axis=1).swapaxes(1, 2)
    scores = by_window * labels + 0.5**0.5 * (noises() + noises(2))
    facts = pd.DataFrame({"target": range(n_targets), "name": "t", "group": "all"})
    places = np.arange(n)
    folds = places // WINDOWS_OF_FOLD
    test = Split(labels.T.astype(np.uint8), facts, places // BLOCK_SIZE, folds)
    return test, scores.swapaxes(-1, -2)


def plain_interval(table, k):
    """Return low and high of the AUPRC of a table, were folds independent."""
    by_fold = table[[f"difference_fold{fold}" for fold in range(k)]].to_numpy(float)
    margin = stats.t.ppf(0.975, k - 1) * by_fold.std(axis=1, ddof=1) / k**0.5
    return by_fold.mean(axis=1) - margin, by_fold.mean(axis=1) + margin


def fold_coverage(repetitions, seed, k, seed_sd, chromosome_sd):
    """Return shares that cover the truth (3, T + 1): AUPRC, AUROC, plain AUPRC; and mean widths."""
    rng = np.random.default_rng(seed)
    models = question_pairs()[0]
    expected = expected_areas(np.hypot(seed_sd, chromosome_sd))
    difference = expected[:, 0] - expected[:, 1]
    truth = np.append(difference, difference.mean(axis=1, keepdims=True), axis=1)
    covered, widths = [], []
    title = f"{k} folds, sd {seed_sd}, {chromosome_sd}"
    for _ in tqdm(range(repetitions), title, disable=None, leave=False):
        test, scores = simulate_folds(rng, k, seed_sd, chromosome_sd)
        pairs = list(zip(models, scores, strict=True))
        measured = {name: [measure_split(test, values, names=AREAS)] for name, values in pairs}
        table = compare(test, {name: [values] for name, values in pairs}, measured)
        low = table[["low", "auroc_low"]].to_numpy(float).T
        high = table[["high", "auroc_high"]].to_numpy(float).T
        plain = plain_interval(table, k)
        inside = (low <= truth) & (truth <= high)
        covered.append([*inside, (plain[0] <= truth[0]) & (truth[0] <= plain[1])])
        widths.append([high[0, -1] - low[0, -1], plain[1][-1] - plain[0][-1]])
    return np.mean(covered, axis=0), np.mean(widths, axis=0)


def print_fold_coverage(repetitions, seed):
    """Print a row per number of folds and spread of seeds and chromosomes."""
    areas = [f"{area}, {what}" for area in ("AUPRC", "AUROC") for what in ("targets", "mean")]
    plain = ["plain AUPRC, targets", "plain AUPRC, mean"]
    heads = ["width of the mean", "plain width"]
    print("folds", "sd over seeds", "sd over chromosomes", *areas, *plain, *heads, sep="\t")
    settings = [(5, s, c) for s in SEED_SDS for c in CHROMOSOME_SDS]
    settings += [(k, SEED_SDS[1], CHROMOSOME_SDS[1]) for k in FOLDS if k != 5]
    for k, seed_sd, chromosome_sd in settings:
        shares, widths = fold_coverage(repetitions, seed, k, seed_sd, chromosome_sd)
        cells = []
        for share in 100 * shares:
            cells += [f"{share[:-1].min():.1f} to {share[:-1].max():.1f} %", f"{share[-1]:.1f} %"]
        cells += [f"{width:.3f}" for width in widths]
        print(k, seed_sd, chromosome_sd, *cells, sep="\t", flush=True)


def main():
    """Print a table: a row per setting, a column per method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", action="store_true", help="training seeds, by compare")
    parser.add_argument("--folds", action="store_true", help="folds of the genome, by compare")
    arguments = parser.parse_args()
    if arguments.folds:
        print_fold_coverage(arguments.repetitions, arguments.seed)
        return
    if arguments.seeds:
        print_seed_coverage(arguments.repetitions, arguments.seed)
        return
    print("test set", "neighbours", *METHODS, "seconds", sep="\t")
    for n_blocks, size, prevalence in ((100, 50, 0.1), (34, 250, 0.05)):
        for rho in (0.0, 0.8):
            started = time.monotonic()
            shares = coverage(
                arguments.repetitions,
                arguments.seed,
                n_blocks=n_blocks,
                size=size,
                prevalence=prevalence,
                rho=rho,
            )
            print(
                f"{n_blocks} blocks of {size}, {100 * prevalence:g} % positive",
                f"correlated by {rho}" if rho else "independent",
                *(f"{100 * share:.1f} %" for share in shares),
                f"{time.monotonic() - started:.0f}",
                sep="\t",
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
