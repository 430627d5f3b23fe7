"""Pairs of motifs: their interaction in each model, by distance."""

from danq.report import figures
from danq.report.findings.grammar import probed_pairs, rule_means
from danq.report.page import Column, Section, Table, table_of
from danq.report.run import Run
from danq.report.sections.pieces import page_figures
from danq.report.words import signed, title

_QUESTION = (
    "Does a network couple motifs, or does it add them up? Random windows get both motifs, either "
    "one alone, or neither: what the pair adds to the log-odds beyond its parts is their "
    "interaction. A curve at 0 is a sum; one that is the same in all four arrangements, at any "
    "distance, is saturation and not grammar; one that differs by order, strand or distance is a "
    "rule that the network knows."
)


def probe(run: Run) -> list[Section]:
    """Show the interactions of pairs of motifs; nothing where no pair was probed."""
    pairs = probed_pairs(run)
    if not pairs:
        return []
    drawings = page_figures(*(figures.interactions(run, pair) for pair in pairs))
    tables = [rule_table(run)]
    section = Section("probe", "Pairs of motifs", text=[_QUESTION], figures=drawings, tables=tables)
    return [section]


def rule_table(run: Run) -> Table:
    """Return each model's mean interaction where the planted rule makes one and where not.

    Empty for a run without a planted rule.
    """
    labels = run.targets["label"]
    columns = [
        Column("pair", "pair", words=True),
        Column("target", "target", labels.get, words=True),
        Column("model", "model", title, words=True),
        Column("positive", "rule makes the pair positive", signed),
        Column("neutral", "rule makes no difference", signed),
        Column("negative", "rule makes the pair negative", signed),
    ]
    note = (
        "Mean interaction (log-odds) over distances, arrangements and seeds. A model that knows "
        "the rule is above 0 in the first column, below 0 in the last, and near 0 in the middle."
    )
    return table_of("Interactions and the planted rules", rule_means(run), columns, note)
