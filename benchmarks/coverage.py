"""How often 95 % intervals cover the true difference of two models: danq's, and naive ones.

    python benchmarks/coverage.py [--repetitions 1000] [--seed 0]

Scores are simulated so that the truth is known: a positive window's is normal about `mu`, a
negative's about 0, and labels and scores of neighbouring windows are correlated as an
autoregression is (rho 0 or 0.8 from a window to the next: about what windows of 1,000 bp at every
200 bp share). Half of the noise is the same for both models, as it is for models of the same data.
The true AUPRC follows from the two normal distributions and the prevalence.
"""

import argparse
import sys
import time

import numpy as np
from scipy import signal, stats
from tqdm import tqdm

from danq.evaluation import uncertainty
from danq.evaluation.metrics import measure

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


def main():
    """Print a table: a row per setting, a column per method."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
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
