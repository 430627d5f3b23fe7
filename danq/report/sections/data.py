"""The data: splits, targets, what was dropped, what splits share."""

from danq.data.copies import COPY, SIMILAR
from danq.data.counts import words
from danq.genome.bins import SPLITS
from danq.genome.sketch import K
from danq.report import figures
from danq.report.findings.data import (
    copied,
    dropped_bins,
    dropped_targets,
    input_counts,
    leakage,
    splits,
    target_counts,
)
from danq.report.methods_text import training_bins_sentence
from danq.report.page import Cell, Column, Fold, Section, Table, table_of
from danq.report.run import Run
from danq.report.sections.pieces import page_figures
from danq.report.words import listed, percent, plain, plural

_SHARED = ("overlapping", "identical", "reverse_complement", "similar")
"""Columns of what splits share."""

_NOTHING_SHARED = (
    "Leakage: no window of one split overlaps a window of another, or has the same or a similar "
    "sequence."
)

REASONS = {
    "beyond_chromosome_end": "the window would leave its chromosome",
    "blacklist": "blacklisted",
    "unmappable": "more than half unmappable",
    "chromosome_left_out": "on a chromosome that was not chosen",
    "unknown_bases": "too many bases other than ACGT",
    "border": "the window crosses a border between splits",
    "unlabelled": "not labelled, and not sampled",
}
"""Why bins are dropped, in more words than `danq.data.counts.words` has."""


def data(run: Run) -> Section:
    """Describe the data of a run: splits, targets, what was dropped."""
    aside = [split_table(run), dropped_table(run)]
    shared = leakage_table(run)
    nothing_shared = shares_nothing(run)
    details = [*([shared] if nothing_shared else []), counts_table(run), target_table(run)]
    drawings = page_figures(figures.prevalence(run))
    return Section(
        "data",
        "The data",
        text=[*_text(run), *([_NOTHING_SHARED] if nothing_shared else [])],
        cautions=_cautions(run),
        figures=drawings,
        aside=aside,
        tables=[] if nothing_shared else [shared],
        folds=[Fold("Targets, and what was counted in the input files", tables=details)],
    )


def shares_nothing(run: Run) -> bool:
    """Say whether splits were compared, and no window of one is in another."""
    finding = leakage(run)
    counts = finding[[column for column in _SHARED if column in finding]]
    return not finding.empty and bool((counts == 0).all(axis=None))


def _cautions(run: Run) -> list[str]:
    """Say what was left out, and which chromosomes repeat held-out sequence."""
    return [*_left_out(run), *_copies(run)]


def _left_out(run: Run) -> list[str]:
    """Say which targets were left out, as they cannot be learnt or measured."""
    names = dropped_targets(run)
    if not names:
        return []
    without = "without a positive window in a split, or a negative one for training"
    return [f"Left out, {without}: {plural(len(names), 'target')} ({listed(names, 20)})."]


def _copies(run: Run) -> list[str]:
    """Say which chromosomes repeat held-out sequence."""
    copies = copied(run)
    if not copies:
        return []
    splits_text = " and ".join(sorted(set(copies.values())))
    verb = "repeats" if len(copies) == 1 else "repeat"
    what = f"{listed(copies)} {verb} sequence of the {splits_text} split, by {COPY:.0%} or more"
    return [f"{what}: what is said of that split may be too good. Leave them out."]


def _text(run: Run) -> list[str]:
    text = []
    if run.chromosomes:
        length = sum(run.chromosomes.values())
        chromosomes = plural(len(run.chromosomes), "chromosome")
        text.append(f"The genome has {length:,} bp on {chromosomes}.")
    window = run.facts.get("window")
    bin_size = run.facts.get("bin_size")
    if window != bin_size:
        text.append(
            f"A model reads {window:,} bp and predicts the labels of the {bin_size:,} bp in their "
            "middle. A label is 1 when more than half of those lie in the target's peaks."
        )
    bins = training_bins_sentence(run)
    return [*text, bins] if bins else text


def split_table(run: Run) -> Table:
    """Return the size of each split, and where it lies."""
    columns = [
        Column("split", "fold" if run.folds else "split", words=True),
        Column("windows", "windows", _count),
        Column("positives", "positive labels", _count),
        Column("regions", "regions", _regions, words=True),
    ]
    note = "A window has one label for each target for which it is positive."
    if run.folds:
        tested = "What each fold tests. It validates on the next one's, and trains on the rest."
        return table_of("Folds", splits(run), columns, f"{tested} {note}")
    return table_of("Splits", splits(run), columns, note)


def _count(value: int) -> str:
    return f"{value:,}"


def _regions(names: list[object]) -> str:
    return listed(map(str, names), 30)


def dropped_table(run: Run) -> Table:
    """Return how many bins were dropped, for which reason."""
    columns = [
        Column("reason", "reason", _reason, words=True),
        Column("bins", "bins", plain),
    ]
    note = "Each bin counts once, for the first reason."
    return table_of("Dropped", dropped_bins(run), columns, note)


def _reason(name: str) -> str:
    return REASONS.get(name, words(name))


def leakage_table(run: Run) -> Table:
    """Return what the splits share, as counted window by window."""
    finding = leakage(run)
    finding["splits"] = finding["split"] + " in " + finding["against"]
    columns = [
        Column("splits", "splits", words=True),
        Column("windows", "windows", plain),
        Column("overlapping", "overlapping", plain),
        Column("identical", "identical", plain),
        Column("reverse_complement", "reverse complement", plain),
        Column("similar", "similar", plain),
    ]
    note = (
        "Windows of the first split that overlap a window of the second; that have the same "
        "sequence as one; or the reverse complement of its sequence. Similar: at least "
        f"{SIMILAR:.0%} lies in words of {K} bp that occur in the second split, at any offset, on "
        "either strand. Repeats have equal sequences at different positions."
    )
    return table_of("Leakage", finding, columns, note)


def counts_table(run: Run) -> Table:
    """Return what was read leniently in the input files, with its counts."""
    columns = [
        Column("what", "what", words=True),
        Column("number", "number", _count),
        Column("files", "files"),
    ]
    note = (
        "Unusual notation that has one meaning is read and counted; what cannot be right is "
        "refused."
    )
    return table_of("Counted in the input files", input_counts(run), columns, note)


def target_table(run: Run) -> Table:
    """Return the targets with their positive windows."""
    finding = target_counts(run)
    columns = [
        Column("label", "target", words=True),
        Column("group", "group", words=True),
    ]
    for split in SPLITS:
        if split in finding:
            columns.append(Column(split, f"positive, {split}", _count))
    columns.append(Column("prevalence", "prevalence, test", _prevalence))
    return table_of("Targets", finding, columns)


def _prevalence(share: float) -> Cell:
    return Cell(percent(share), mark="" if share else "na")
