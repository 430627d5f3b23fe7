"""Made-up searches for knobs: what `danq tune` leaves in the folders of the models of a run."""

import json

import pandas as pd

from danq.files import write_table, write_text
from tests.report.toy_run import make_records

MODELS = ("danq", "danq_conv", "deepsea")
SPACE = {"lr": [0.001, 0.016], "dropout": [0.0, 1.5], "weight_decay": [1e-4, 0.3]}
VALUES = [0.30, 0.36, 0.33, 0.2, float("nan")]
STATES = ["complete", "complete", "complete", "pruned", "failed"]
RATES = [0.004, 0.002, 0.008, 0.015, 0.012]


def write_tunings(folder, models=MODELS, changes=None):
    """Write the searches of some models, and let their trainings have the best knobs.

    `changes` are changes to the facts of some models, by their names.
    """
    for model in models:
        table = trials()
        best = table[table["best"] == "yes"].iloc[0]
        knobs = {name: float(best[name]) for name in ("lr", "dropout", "weight_decay", "scale")}
        facts = {
            "model": model,
            "trials": len(table),
            "space": SPACE,
            "scales": [],
            "multiply_adds": 2.34e12,
            "best": knobs,
            "value": float(best["value"]),
            "given_value": VALUES[0],
            "edge": [],
        }
        facts |= (changes or {}).get(model, {})
        write_table(folder / model / "trials.tsv", table)
        write_text(folder / model / "tuning.json", json.dumps(facts))
        for path in folder.glob(f"{model}/seed*/train.json"):
            training = json.loads(path.read_text())
            training["options"] |= knobs
            path.write_text(json.dumps(training))
    return make_records(folder)


def trials():
    """Return trials.tsv of one model; the second trial is the best."""
    table = pd.DataFrame({"trial": range(1, 6), "state": STATES, "value": VALUES})
    table = table.assign(epochs=8, lr=RATES, dropout=0.4, weight_decay=0.01, scale=0.25)
    table["seconds"] = 2.0
    table["best"] = ["no", "yes", "no", "no", "no"]
    table["folder"] = "0123456789abcdef"
    table["reason"] = [None, None, None, None, "out of memory"]
    return table
