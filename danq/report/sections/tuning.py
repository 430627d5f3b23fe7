"""The search for knobs, as a table."""

import pandas as pd

from danq.report.findings.tuning import trial_table
from danq.report.page import Column, Table, table_of
from danq.report.run import Run
from danq.report.words import number, title


def trials(run: Run) -> Table:
    """Return a row per trial of each model's search; without rows where there was none."""
    table = trial_table(run)
    with_scale = table["scale"].nunique() > 1
    columns = [
        Column("model", "model", title, words=True),
        Column("trial", "trial", _short),
        Column("lr", "learning rate", _short),
        Column("dropout", "dropout", _short),
        Column("weight_decay", "weight decay", _short),
        *([Column("scale", "scale", _short)] if with_scale else []),
        Column("value", "validation AUPRC", number),
        Column("epochs", "epochs", _short),
        Column("state", "state", words=True),
        Column("best", "best", words=True),
    ]
    note = (
        "The first trial of each network is the given configuration. AUPRC is the best of the "
        "trial\u2019s epochs, on the validation split; one that fell behind was pruned: cut short."
    )
    return table_of("Trials", table, columns, note)


def _short(value: float) -> str:
    return "NA" if pd.isna(value) else f"{value:.3g}"
