"""Do networks see what a variant does? On a finished run of the simulated genome, by rule.

    snakemake --cores all                                  # the default run
    python benchmarks/variants.py results/simulated

Draws variants of the test chromosomes whose effect on every label the rules know
(`danq simulate-variants`), scores them with the seeds of each model averaged (`danq variants`), and
prints for each target: how many variants change its label, the AUROC of the size of the change of
log-odds for those that do against those that do not, and the share of them whose sign is right;
last the mean over targets.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import roc_auc_score

from danq.cli import main as danq


def score(run, model, vcf, folder):
    """Return the changes of log-odds, (variants, targets), and the names of the targets."""
    checkpoints = sorted((run / model).glob("seed*/model.ckpt"))
    table = folder / f"{model}.tsv"
    words = ["variants", "--checkpoint", *map(str, checkpoints)]
    words += ["--genome", str(run / "simulated" / "genome.fa.gz"), "--input", str(vcf)]
    words += ["--background-size", "0", "--table", str(table), "--threads", "1"]
    assert danq(words) == 0
    found = pd.read_csv(table, sep="\t")
    return found.pivot(index="id", columns="target", values="log_odds_change")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a finished run on the simulated genome")
    run = parser.parse_args().run
    config = yaml.safe_load((run / "config.yaml").read_text())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        vcf = folder / "variants.vcf"
        truth = folder / "variants.tsv"
        words = ["simulate-variants", "--on", *config["extract"]["test"]]
        for name, value in config["simulate"].items():
            words += ["--" + name.replace("_", "-"), str(value)]
        assert danq([*words, "--vcf", str(vcf), "--table", str(truth)]) == 0
        effects = pd.read_csv(truth, sep="\t").set_index("id").filter(like="effect_")
        effects.columns = [name.removeprefix("effect_") for name in effects]
        for model in config["models"]:
            changes = score(run, model, vcf, folder).loc[effects.index]
            for target in effects:
                effect = effects[target]
                change = changes[target]
                moved = effect != 0
                auroc = roc_auc_score(moved, change.abs())
                sign = (np.sign(change[moved]) == effect[moved]).mean()
                rows.append((model, target, int(moved.sum()), auroc, sign))
    table = pd.DataFrame(
        rows, columns=["model", "target", "variants with an effect", "auroc", "sign right"]
    )
    print(table.to_string(index=False, float_format="%.3f"))
    means = table.groupby("model", sort=False)[["auroc", "sign right"]].mean()
    print(means.to_string(float_format="%.3f"))
    print(f"{len(effects)} variants", file=sys.stderr)


if __name__ == "__main__":
    main()
