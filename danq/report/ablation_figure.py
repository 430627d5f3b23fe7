"""The figures of what targets lose without the filters of a factor, a panel for each model."""

from collections.abc import Sequence

from danq.plotting import charts
from danq.report.figures import Drawing
from danq.report.findings.ablations import UNNAMED, Ablations, ablations
from danq.report.run import Run
from danq.report.run_trainings import Trained
from danq.report.words import listed, plural, sentence, title


def ablation_drawings(run: Run, trained: Sequence[Trained]) -> list[Drawing]:
    """Draw what each target loses when the filters of a factor are ablated.

    Parameters
    ----------
    run : Run
        A finished run.
    trained : sequence of Trained
        One training of each model.

    Returns
    -------
    list of Drawing
        One for each model with an ablation: all have the same rows, columns and colours.
    """
    found = ablations(trained)
    if found is None:
        return []
    notes = _notes(found)
    drawn = [training for training in trained if training.model in found.effects]
    return [_drawing(run, training, found, notes) for training in drawn]


def _drawing(run: Run, training: Trained, found: Ablations, note: str) -> Drawing:
    effects = found.effects[training.model]
    names = run.targets["label"]
    labels = [names.get(target, str(target)) for target in effects.index]
    factors = [str(factor) for factor in effects.columns]
    figure, ax = charts.canvas(2.2 + 0.21 * len(factors), 1.5 + 0.17 * len(labels))
    values = effects.to_numpy(float)
    charts.effect_matrix(ax, values, rows=labels, columns=factors, limit=found.limit)
    name = f"ablation-{training.model}-{training.seed}"
    heading = f"What ablation costs: {title(training.model)}, {training.label}"
    table = effects.set_axis(labels, axis=0).rename_axis("target").reset_index()
    return Drawing(name, heading, note, figure, (), table)


def _notes(found: Ablations) -> str:
    first = next(iter(found.effects.values()))
    kept = []
    n_targets = len(first)
    n_factors = len(first.columns.difference([UNNAMED]))
    if n_targets < found.n_targets:
        kept.append(f"{plural(n_targets, 'target')} of {found.n_targets:,}")
    if n_factors < found.n_factors:
        kept.append(f"{plural(n_factors, 'factor')} of {found.n_factors:,}")
    shown = f"Shown are the largest effects: {listed(kept)}." if kept else ""
    return sentence(
        "Mean fall of a target's log-odds over its positive windows without a filter; blue where "
        "they rise. Filters of one factor are one column, the largest effect of any; white with a "
        "dot: the model has none. All models have one order and one scale.",
        shown,
    )
