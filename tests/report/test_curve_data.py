"""What a click on a target shows."""

import json

import numpy as np
import pandas as pd

from danq import read_run
from danq.files import write_table
from danq.plotting.style import hue, styles
from danq.report import page
from danq.report.curve_data import precision_recall, run_curves
from tests.report.toy_run import curves_of, make_records, write_run


def test_precision_recall_of_every_target_and_model():
    frame = pd.DataFrame(
        [
            ("danq", 0, 0, 1),
            ("danq", 0, 0.5, 0.6666),
            ("danq", 0, 1, 0.2),
            ("kmer", 3, 0, 1),
            ("kmer", 3, 0.5, np.nan),
            ("kmer", 3, 1, 0.1),
        ],
        columns=["model", "target", "recall", "precision"],
    )
    targets = pd.DataFrame(
        {"label": ["A", "B", "C"], "group": "TF", "prevalence": [0.2, np.nan, 0]}, index=[0, 3, 4]
    )
    scores = pd.DataFrame(
        {"deepsea": 0.5, "danq": [0.61234, np.nan, np.nan], "kmer": [np.nan, 0.4, np.nan]},
        index=[0, 3, 4],
    )
    models = {"deepsea": "DeepSEA", "danq": "DanQ", "kmer": "k-mer"}
    curves = json.loads(page.inert(precision_recall(frame, models, targets, scores)))
    style = styles(models)
    assert curves["recall"] == [0, 500, 1000]
    assert [(model["name"], model["colour"]) for model in curves["models"]] == [
        ("DanQ", hue(style["danq"].colour)),
        ("k-mer", hue(style["kmer"].colour)),
    ]
    assert curves["targets"] == {
        "0": {
            "name": "A",
            "group": "TF",
            "prevalence": 0.2,
            "auprc": ["0.612", "NA"],
            "precision": [[1000, 667, 200], None],
        },
        "3": {
            "name": "B",
            "group": "TF",
            "prevalence": "NA",
            "auprc": ["NA", "0.400"],
            "precision": [None, [1000, None, 100]],
        },
    }


def test_a_run_without_curves_has_nothing_to_click_on(tmp_path):
    folder = write_run(tmp_path / "run")
    assert run_curves(read_run(folder)) is None
    write_table(folder / "curves.tsv.gz", curves_of(folder, levels=3))
    make_records(folder)
    assert run_curves(read_run(folder))["recall"] == [0, 500, 1000]
