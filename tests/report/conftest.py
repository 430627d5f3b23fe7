"""A made-up run with everything that can be drawn."""

import pandas as pd
import pytest

from danq.files import read_table, write_table
from danq.motif.sites import ARRANGEMENTS
from tests.report.learning_toy import write_learning_curve
from tests.report.toy_run import make_records, write_run
from tests.report.tuning_toy import write_tunings

RULE = (50, 100)
"""Distances (bp) between which the made-up models couple the pair, a first, on one strand."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_run(tmp_path_factory.mktemp("runs") / "yeast", seeds=(0, 1))
    targets = read_table(folder / "metrics.tsv")["target"].unique()
    write_table(
        folder / "curves.tsv.gz",
        pd.DataFrame(
            [
                (model, target, recall, 1 - recall / 2)
                for model in ("danq", "deepsea", "kmer")
                for target in targets
                for recall in (0.5, 1.0)
            ],
            columns=["model", "target", "recall", "precision"],
        ),
    )
    write_table(
        folder / "reliability.tsv",
        pd.DataFrame(
            [
                ("danq", 0, 0, 0.05, 0.02, 30),
                ("danq", 1, 0, 0.03, 0.06, 10),
                ("danq", 0, 9, 0.95, 0.9, 10),
            ],
            columns=["model", "seed", "bin", "predicted", "observed", "n"],
        ),
    )
    write_learning_curve(folder)
    write_tunings(folder)
    for model in ("danq", "deepsea"):
        for seed in (0, 1):
            write_table(
                folder / model / f"seed{seed}" / "grammar.tsv", _grammar(model, seed, targets)
            )
    return make_records(folder)


def _grammar(model, seed, targets):
    rows = [
        (
            model,
            seed,
            "A+B",
            "MA0001.1",
            "MA0002.1",
            order,
            orientation,
            distance,
            target,
            f"t{target}",
            (3.0 + seed)
            * (
                target == 2
                and model == "danq"
                and (order, orientation) == ARRANGEMENTS[0]
                and RULE[0] <= distance <= RULE[1]
            ),
            0.1,
            32,
        )
        for order, orientation in ARRANGEMENTS
        for distance in range(0, 200, 25)
        for target in targets
    ]
    return pd.DataFrame(
        rows,
        columns=[
            "model",
            "seed",
            "pair",
            "a",
            "b",
            "order",
            "orientation",
            "distance",
            "target",
            "name",
            "effect",
            "se",
            "n",
        ],
    )
