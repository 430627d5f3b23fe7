"""How often is a variant called that changes nothing? By each null, on a finished simulated run.

    snakemake --cores all                                  # the default run
    python benchmarks/variant_nulls.py results/simulated --model deepsea --seeds 1 --shuffles 99

Draws variants of the test chromosomes whose effect on every label the rules know
(`danq simulate-variants`), scores them with `danq variants`, and prints, for E-values beside random
changes of the whole genome, for those matched for peaks, and for p and q of shuffled flanks: which
share of pairs of a variant and a target without an effect is called at each threshold, and which
share of pairs with one; last, of the pairs without an effect, which share has an E or p up to each
tenth (a QQ plot as a table). `--shuffled-of K` takes every K-th variant for the shuffles, which
cost the most.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from danq.cli import main as danq

THRESHOLDS = {
    "E": (0.05, 0.01, 0.001),
    "E in peaks": (0.05, 0.01, 0.001),
    "p": (0.05, 0.02, 0.01),
    "q": (0.2, 0.1, 0.05),
}


def simulated(run, folder):
    """Return a VCF of variants, and their effects on the label of each target."""
    config = yaml.safe_load((run / "config.yaml").read_text())
    vcf = folder / "variants.vcf"
    truth = folder / "variants.tsv"
    words = ["simulate-variants", "--on", *config["extract"]["test"]]
    for name, value in config["simulate"].items():
        words += ["--" + name.replace("_", "-"), str(value)]
    assert danq([*words, "--vcf", str(vcf), "--table", str(truth)]) == 0
    effects = pd.read_csv(truth, sep="\t").set_index("id").filter(like="effect_")
    effects.columns = [name.removeprefix("effect_") for name in effects]
    return vcf, effects


def every(vcf, step, folder):
    """Return a VCF of every step-th variant of another."""
    lines = vcf.read_text().splitlines(keepends=True)
    head = [line for line in lines if line.startswith("#")]
    part = folder / "part.vcf"
    part.write_text("".join(head + lines[len(head) :: step]))
    return part


def scored(run, checkpoints, vcf, folder, *options):
    """Return the table of danq variants."""
    table = folder / "table.tsv"
    words = ["variants", "--checkpoint", *map(str, checkpoints)]
    words += ["--genome", str(run / "simulated" / "genome.fa.gz"), "--input", str(vcf)]
    assert danq([*words, "--table", str(table), "--threads", "1", *options]) == 0
    return pd.read_csv(table, sep="\t")


def called(values, has_effect, thresholds):
    """Yield the share of pairs that are called at each threshold, without and with an effect."""
    for threshold in thresholds:
        yes = values <= threshold
        yield threshold, yes[~has_effect].mean(), yes[has_effect].mean()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a finished run on the simulated genome")
    parser.add_argument("--model", default="deepsea")
    parser.add_argument("--seeds", type=int, default=1, help="that are averaged")
    parser.add_argument("--background-size", default="2000")
    parser.add_argument("--shuffles", default="99")
    parser.add_argument("--shuffled-of", type=int, default=1)
    given = parser.parse_args()
    run = given.run
    checkpoints = sorted((run / given.model).glob("seed*/model.ckpt"))[: given.seeds]
    size = ["--background-size", given.background_size]
    rows = []
    quantiles = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vcf, effects = simulated(run, folder)
        peaks = folder / "peaks.bed"
        beds = sorted((run / "simulated" / "peaks").glob("*.bed.gz"))
        pd.concat([pd.read_csv(bed, sep="\t", header=None)[[0, 1, 2]] for bed in beds]).to_csv(
            peaks, sep="\t", header=False, index=False
        )
        part = every(vcf, given.shuffled_of, folder)
        shuffles = ["--background-size", "0", "--shuffles", given.shuffles]
        tables = {
            "E": (scored(run, checkpoints, vcf, folder, *size), "e_value"),
            "E in peaks": (
                scored(run, checkpoints, vcf, folder, *size, "--peaks", str(peaks)),
                "e_value",
            ),
        }
        if given.shuffles != "0":
            by_shuffles = scored(run, checkpoints, part, folder, *shuffles)
            tables |= {"p": (by_shuffles, "p_value"), "q": (by_shuffles, "q_value")}
    for null, (table, column) in tables.items():
        effect = effects.stack().loc[list(zip(table["id"], table["target"], strict=True))]
        has_effect = effect.to_numpy() != 0
        values = table[column].to_numpy()
        for threshold, wrong, right in called(values, has_effect, THRESHOLDS[null]):
            rows.append((null, threshold, wrong, right))
        tenths = np.arange(1, 11) / 10
        quantiles[null] = [(values[~has_effect] <= tenth).mean() for tenth in tenths]
        print(f"{null}: {(~has_effect).sum()} pairs without an effect, {has_effect.sum()} with one")
    columns = ["null", "threshold", "called without an effect", "called with an effect"]
    print(pd.DataFrame(rows, columns=columns).to_string(index=False, float_format="%.4g"))
    print("share of pairs without an effect up to each tenth")
    quantiles = pd.DataFrame(quantiles, index=[f"{tenth / 10:g}" for tenth in range(1, 11)])
    print(quantiles.to_string(float_format="%.3f"))


if __name__ == "__main__":
    main()
