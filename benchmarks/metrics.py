"""How fast danq's metrics are, beside scikit-learn, measured in one run.

    python benchmarks/metrics.py [--windows N] [--targets T] [--sample S] [--repeats R] [--whole]

Random float32 scores, 2 % positives. Scikit-learn gives AUROC, average precision, precision-recall
curve and its area, and Brier score; danq all seven of its metrics, of the same S targets. The
fastest of the repeats counts, in CPU seconds of one thread (for all cores, by the wall). Results
are compared first, in float64. Then a block bootstrap of one target: danq's 1,000 replicates, and
scikit-learn's average precision, of which one is needed a replicate. With --whole, danq measures
all T targets in files that are memory-mapped and made in the folder for temporary files (TMPDIR): 5
bytes a score.
"""

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from sklearn.metrics import (
    auc,
    average_precision_score,
    brier_score_loss,
    precision_recall_curve,
    roc_auc_score,
)

from danq.evaluation.metrics import measure
from danq.evaluation.uncertainty import REPLICATES, auroc_influence, draw_blocks, resampled_auprc

PREVALENCE = 0.02
COMPARED = ("auroc", "auprc", "auprc_trapezoid", "recall_at_fdr50", "brier")
CORES = os.cpu_count()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--windows", type=int, default=455_024)
    parser.add_argument("--targets", type=int, default=919)
    parser.add_argument("--sample", type=int, default=8, help="targets that both measure")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument(
        "--whole", action="store_true", help="measure all targets, in memory-mapped files"
    )
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    scores, labels = draw(rng, (arguments.windows, arguments.sample))
    compare(labels, scores, arguments)
    bootstrap(labels[:, 0] == 1, scores[:, 0], rng, arguments)
    if arguments.whole:
        whole(rng, (arguments.windows, arguments.targets), arguments.repeats)


def draw(rng, shape):
    """Return scores (float32) and labels (uint8)."""
    return rng.random(shape, dtype=np.float32), (
        rng.random(shape, dtype=np.float32) < PREVALENCE
    ).astype(np.uint8)


def scikit_learn(labels, scores):
    """Return `COMPARED` of each target, (S, 5)."""
    rows = []
    for label, score in zip(
        np.ascontiguousarray(labels.T), np.ascontiguousarray(scores.T), strict=True
    ):
        precision, recall, _ = precision_recall_curve(label, score)
        rows.append(
            [
                roc_auc_score(label, score),
                average_precision_score(label, score),
                auc(recall, precision),
                recall[precision >= 0.5].max(),
                brier_score_loss(label, score),
            ]
        )
    return np.array(rows)


def compare(labels, scores, arguments):
    """Measure the same targets with both, and print what they took."""
    theirs, ours = scikit_learn(labels, scores.astype(np.float64)), measure(labels, scores)
    difference = np.abs(theirs - np.transpose([ours[metric] for metric in COMPARED])).max()
    print(
        f"{arguments.sample} targets of {arguments.windows:,} windows; largest difference from "
        f"scikit-learn: {difference:.1e}"
    )
    clocks = [
        fastest(arguments.repeats, scikit_learn, labels, scores),
        fastest(arguments.repeats, measure, labels, scores),
        fastest(arguments.repeats, measure, labels, scores, CORES),
    ]
    names = "scikit-learn, 1 thread", "danq, 1 thread", f"danq, {CORES} threads"
    share = arguments.targets / arguments.sample
    for name, (cpu, wall) in zip(names, clocks, strict=True):
        print(
            f"{name:23}{1000 * cpu / arguments.sample:9.2f} ms CPU a "
            f"target,{1000 * wall / arguments.sample:9.2f} ms wall; extrapolated to "
            f"{arguments.targets}: {cpu * share:.1f} s CPU, {wall * share:.1f} s wall"
        )
    print(
        f"danq is {clocks[0][0] / clocks[1][0]:.1f} times as fast by CPU seconds on one thread, "
        f"{clocks[0][1] / clocks[2][1]:.1f} times by the wall with {CORES}"
    )
    for threads in sorted({1, CORES}):
        print(
            f"danq's memory beyond its input, {threads} threads: "
            f"{allocated(labels, scores, threads) / 1e6:.0f} MB"
        )
    print(
        f"peak memory of this process, scikit-learn and input included: {peak() / 1e6:.0f} MB",
        flush=True,
    )


def bootstrap(label, score, rng, arguments):
    """Resample one target's average precision over 1,000 blocks; print what a replicate took."""
    blocks = np.arange(len(label)) * 1000 // len(label)
    drawn = draw_blocks(1000, REPLICATES, rng)
    weights = [drawn[row][blocks] for row in range(3)]
    theirs = [average_precision_score(label, score, sample_weight=weight) for weight in weights]
    difference = np.abs(resampled_auprc(label, score, blocks, drawn[:3]) - theirs).max()
    cpu = [
        fastest(arguments.repeats, average_precision_score, label, score)[0],
        fastest(arguments.repeats, resampled_auprc, label, score, blocks, drawn)[0] / REPLICATES,
        fastest(arguments.repeats, auroc_influence, label, score, blocks, 1000)[0],
    ]
    print(
        f"a bootstrap replicate of one target: scikit-learn {1000 * cpu[0]:.1f} ms CPU, danq "
        f"{1000 * cpu[1]:.3f} ms ({cpu[0] / cpu[1]:.0f} times as fast; largest difference "
        f"{difference:.1e}); DeLong's variance by blocks, danq: {1000 * cpu[2]:.0f} ms"
    )


def fastest(repeats, function, *arguments):
    """Return the fewest CPU seconds, and seconds by the wall, of several calls."""
    clocks = []
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        function(*arguments)
        clocks.append((time.process_time() - cpu, time.perf_counter() - wall))
    return np.min(clocks, axis=0)


def allocated(*arguments):
    """Return the most bytes that `measure` held at once."""
    tracemalloc.start()
    measure(*arguments)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def peak():
    """Return the peak of resident memory in bytes, pages of mapped files included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def whole(rng, shape, repeats):
    """Measure all targets in memory-mapped files, window by window as a prediction writes them."""
    size, before = 5 * shape[0] * shape[1], peak()
    with tempfile.TemporaryDirectory() as folder:
        if shutil.disk_usage(folder).free < 1.2 * size:
            raise SystemExit(
                f"{folder}: {size / 1e9:.1f} GB do not fit; name a larger folder in TMPDIR"
            )
        paths = [Path(folder, name) for name in ("scores", "labels")]
        with paths[0].open("wb") as scores, paths[1].open("wb") as labels:
            for first in range(0, shape[0], 10_000):
                drawn = draw(rng, (min(10_000, shape[0] - first), shape[1]))
                drawn[0].tofile(scores), drawn[1].tofile(labels)
        scores, labels = (
            np.memmap(path, dtype, "r", shape=shape)
            for path, dtype in zip(paths, (np.float32, np.uint8), strict=True)
        )
        for threads in sorted({1, CORES}):
            cpu, wall = fastest(repeats, measure, labels, scores, threads)
            print(
                f"all {shape[1]} targets, memory-mapped, {threads} threads: {cpu:.2f} s CPU, "
                f"{wall:.2f} s wall; {1000 * cpu / shape[1]:.2f} ms CPU a target"
            )
    print(
        f"peak memory {peak() / 1e6:.0f} MB ({before / 1e6:.0f} before): {size / 1e6:.0f} MB are "
        "pages of the mapped files, which the system can take back"
    )


if __name__ == "__main__":
    main()
