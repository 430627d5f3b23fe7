"""The training: how the models learned, and what they cost."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from danq.report import figures
from danq.report.architectures import architectures
from danq.report.cost_figure import cost_figure
from danq.report.findings.choices import Choosers, choices
from danq.report.findings.training import (
    costs,
    training_summaries,
    with_history,
)
from danq.report.methods_text import imported_text
from danq.report.page import Column, Fold, Section, Table, table_of
from danq.report.run import Run
from danq.report.run_trainings import Trained
from danq.report.sections.health import failed_table, health_sentences, health_table
from danq.report.sections.pieces import model_cell, page_figures, place_columns
from danq.report.sections.tuning import trials
from danq.report.tuning_figure import rates
from danq.report.tuning_text import tuning_sentences
from danq.report.words import duration, listed, number, plain, sentence, title


def training(run: Run) -> Section:
    """Show how the models of a run learned, and what was chosen for it."""
    trained = with_history(run.trained)
    chosen = choice_table(run)
    final = final_tables(run)
    imported = imported_sentences(run)
    if not trained:
        text = imported or ["This run has no training history."]
        return Section("training", "The training", text=text, tables=[*final, chosen])
    text = [*imported, *tuning_sentences(run)]
    drawings = page_figures(
        rates(run), figures.validation(run), figures.loss(run), cost_figure(run)
    )
    text += health_sentences(run)
    networks = architectures(run)
    details = [health_table(run), training_table(trained), trials(run), chosen]
    return Section(
        "training",
        "The training",
        text=text,
        figures=[*([networks] if networks else []), *drawings],
        tables=[failed_table(run), cost_table(trained), *final],
        folds=[
            Fold("Every training: its health, its epochs, what was chosen and why", tables=details)
        ],
    )


def imported_sentences(run: Run) -> list[str]:
    """Say which networks of a run were imported, and from which files."""
    sentences = []
    for training in run.trained:
        if training.imported is not None:
            source = imported_text(training.imported)
            note = training.imported.get("note") or ""
            sentences.append(sentence(f"{title(training.model)} has {source}.", note))
    return sentences


def cost_table(trained: Sequence[Trained]) -> Table:
    """Return what each model costs, seeds averaged; the trainings have a history."""
    columns = [
        Column("model", "model", model_cell, words=True),
        Column("parameters", "parameters", plain),
        Column("multiply_adds", "multiply-adds per window", plain),
        Column("reach", "receptive field (bp)", plain),
        Column("windows_per_second", "training windows per second", _speed),
        Column("seconds_to_best", "time to best epoch", _duration),
        Column("best_auprc", "best validation AUPRC", number),
    ]
    over = "seeds" if trained[0].fold is None else "folds and seeds"
    note = f"Means over {over}. Speed and time depend on the machine and its other load."
    return table_of("What each model costs", costs(trained), columns, note)


def _speed(value: float) -> str:
    return "NA" if np.isnan(value) else f"{value:,.0f}"


def _duration(seconds: float) -> str:
    return "NA" if np.isnan(seconds) else duration(seconds)


def training_table(trained: Sequence[Trained]) -> Table:
    """Return a row per training; each has a history."""
    columns = [
        Column("model", "model", title, words=True),
        *place_columns(trained),
        Column("epochs", "epochs"),
        Column("best_epoch", "best epoch"),
        Column("best_auprc", "best validation AUPRC", number),
        Column("change", "change in last epoch", _change),
        Column("windows_per_second", "windows per second", _speed),
    ]
    return table_of("Trainings", training_summaries(trained), columns)


def final_tables(run: Run) -> list[Table]:
    """Return a table with a row per final model, where the run has any."""
    if not run.final:
        return []
    columns = [
        Column("model", "model", title, words=True),
        Column("seed", "seed"),
        Column("steps", "steps", plain),
        Column("best_epochs", "best epochs of the folds", plain),
        Column("checkpoint", "checkpoint", words=True),
    ]
    note = (
        "Trained once more on every window, for as many steps as the median of the best epochs of "
        "their folds had. Nothing was left to measure them: no number, figure or sentence of this "
        "report is about them. How good such trainings are, the folds say. Checkpoints lie in the "
        "folder of the run."
    )
    return [table_of("Final models", pd.DataFrame(run.final, dtype=object), columns, note)]


def _change(share: float) -> str:
    if np.isnan(share):
        return "NA"
    return f"{100 * share:+.1f} %".replace("-", "−")


def choice_table(run: Run) -> Table:
    """Return what was chosen because the configuration left it out; empty where nothing was."""
    columns = [
        Column("knob", "knob", words=True),
        Column("value", "value"),
        Column("models", "models", _choosers, words=True),
        Column("reason", "why", words=True),
    ]
    note = (
        "Knobs that the configuration leaves out: from the data, by a rule that is the same for "
        "all models, or as published. Every other knob is as configured; all that a training had "
        "are in \u201cTraining options\u201d, below."
    )
    return table_of("What was chosen, and why", choices(run), columns, note)


def _choosers(choosers: Sequence[Choosers]) -> str:
    """Name models, with the trainings where only some agree; none stands for all."""
    names = []
    for model, seeds, folds in choosers:
        kind = "fold" if folds else "seed"
        only = listed(map(str, folds or seeds), 12)
        names.append(f"{title(model)} ({kind} {only})" if only else title(model))
    return listed(names, 12) or "all"
