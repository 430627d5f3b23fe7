"""What the networks of a run cost, drawn against how good they are."""

from collections.abc import Hashable
from typing import Any

import pandas as pd

from danq.plotting import charts
from danq.plotting.cost_chart import cost_chart
from danq.plotting.style import Style, styles
from danq.report.figures import WIDE, Drawing
from danq.report.findings.training import by_model
from danq.report.run import Run
from danq.report.words import number, title


def cost_figure(run: Run) -> Drawing | None:
    """Draw the mean test AUPRC of each training against the cost of its network.

    None where no training says what it costs.
    """
    table = seed_costs(run)
    if table.empty:
        return None
    coloured = styles(run.predictors)
    looks = {model: Style(coloured[model].colour, "o") for model in table["model"].unique()}
    groups = dict(list(table.groupby("model", sort=False)))
    costs = [float(rows["multiply_adds"].iloc[0]) for rows in groups.values()]
    scores = [rows["auprc"] for rows in groups.values()]
    titles = [[_title(row) for row in rows.to_dict("records")] for rows in groups.values()]
    figure, ax = charts.canvas(*WIDE)
    cost_chart(ax, costs, scores, labels=[*groups], titles=titles, style=looks)
    legend = tuple((looks[model], title(model)) for model in groups)
    note = (
        "Each circle is a training seed, a dash their mean. Cost is arithmetic, and depends on no "
        "machine; the mean AUPRC is over targets with a defined one."
    )
    numbers = table.assign(model=table["model"].map(title))
    return Drawing("costs", "Cost and AUPRC", note, figure, legend, numbers)


def seed_costs(run: Run) -> pd.DataFrame:
    """Return what each training costs and how good it is.

    Columns model, seed, multiply_adds (per window) and auprc (mean over targets, of the test
    split); empty where costs are not known.
    """
    facts = {model: trained[0].facts for model, trained in by_model(run.trained).items()}
    known = {}
    for model, fact in facts.items():
        if isinstance(fact.get("multiply_adds"), int):
            known[model] = fact["multiply_adds"]
    of_networks = run.metrics[run.metrics["model"].isin(known)]
    means = of_networks.groupby(["model", "seed"], sort=False)["auprc"].mean().reset_index()
    table = means.assign(multiply_adds=means["model"].map(known)).dropna()
    return table[["model", "seed", "multiply_adds", "auprc"]]


def _title(row: dict[Hashable, Any]) -> str:
    seed = f"{title(row['model'])}, seed {row['seed']:.0f}"
    cost = f"{row['multiply_adds']:,} multiply-adds"
    return f"{seed}: AUPRC {number(row['auprc'])}, {cost}"
