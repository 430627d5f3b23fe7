"""The chapter on variants: whether the recurrent layer helps, what changes most, agreement."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from danq.data.explained import ExplainedVariant
from danq.data.variant_inputs import SIMULATED
from danq.motif.meme import Motif
from danq.plotting.svg import Locus, locus_svg
from danq.plotting.variant_svg import changes_svg
from danq.report.findings.variants import (
    agreements,
    by_model,
    by_target,
    differences,
    variant_answer,
)
from danq.report.page import Cell, Column, Figure, Section, Table, numbers, table, table_of
from danq.report.run import Run
from danq.report.run_variants import PLACE, VariantSet
from danq.report.sections.pieces import model_cell
from danq.report.variant_text import answer_sentence, counts_sentence, set_title
from danq.report.words import interval, number, plural, sentence, signed, title

SHOWN = 20
"""Rows of the table of variants that are there without a script."""

MOST_SIMULATED = 100
"""Simulated variants in that table: there are rules that say more of them."""

BESIDE = 25
"""Bases that are drawn on either side of an allele; the table of the figure has all of them."""

_METRICS = {
    "auroc": "AUROC",
    "auprc": "average precision",
    "sign": "sign right",
    "spearman": "rank correlation",
}
_WHAT = (
    "A change is that of the log-odds of a target, of ALT less REF, seeds averaged in probability "
    "(docs/variants.md). E: the share of background variants with as large a change."
)


def variants(run: Run, names: Sequence[str] | None, known: Mapping[str, Motif]) -> list[Section]:
    """Show the variants that a run scored.

    Parameters
    ----------
    run : danq.report.run.Run
        A finished run.
    names : sequence of str or None
        Those that the configuration names; None: all that are there.
    known : mapping of str to danq.motif.meme.Motif
        Known motifs by identifier.

    Returns
    -------
    list of danq.report.page.Section
        Empty where no variant was scored.
    """
    sets = [found for found in run.variants if names is None or found.name in names]
    if not sets:
        return []
    of_all = [found.name for found in sets]
    text = []
    tables = []
    figures = []
    for found in sets:
        prefix = set_title(found.name, of_all)
        text += _text(found, prefix)
        tables += [make(found, prefix) for make in _tables()]
        figures += explained_figures(found, prefix, known)
        figures += agreement_figures(found, prefix)
    answers = [answer for answer in map(variant_answer, sets) if answer is not None]
    lead = answer_sentence(answers[0]) if answers else ""
    return [Section("variants", "Variants", lead=lead, text=text, tables=tables, figures=figures)]


def _text(found: VariantSet, prefix: str) -> list[str]:
    answer = variant_answer(found)
    if answer is None:
        return [f"{prefix}{plural(found.n, 'variant')} without labels. {_WHAT}"]
    rows = by_target(found)
    counts = counts_sentence(answer, max(len(rows) - 1, 1))
    return [sentence(f"{prefix}{counts}", _WHAT)]


def _tables() -> list[Callable[[VariantSet, str], Table]]:
    return [target_table, model_table, pair_table, strongest_table, agreement_table]


def _with_interval(value: float, low: float, high: float) -> Cell:
    return Cell(number(value), interval(low, high), "" if np.isfinite(value) else "na")


def target_table(found: VariantSet, prefix: str) -> Table:
    """Return the AUROC of every model by target; without rows where labels are not of targets.

    Parameters
    ----------
    found : danq.report.run_variants.VariantSet
        The variants.
    prefix : str
        What the title begins with.

    Returns
    -------
    danq.report.page.Table
    """
    rows = by_target(found)
    name = f"{prefix}Does it change the label? By target"
    note = (
        "AUROC of the size of the change: is it larger for variants that change the label of a "
        "target than for those that do not? One oracle knows the rules, the other only which "
        "factors matter: it expects the label to go wherever a site of one is broken."
    )
    if rows.empty:
        return table(name, ["target"], [])
    predictors = [column for column in rows if f"{column}_low" in rows]
    cells = []
    for row in rows.to_dict("records"):
        line = [Cell(str(row["name"]), str(row["group"])), f"{row['n_positive']:,.0f}"]
        for model in predictors:
            line.append(_with_interval(row[model], row[f"{model}_low"], row[f"{model}_high"]))
        cells.append(line)
    headings = ["target", "labels that change", *map(title, predictors)]
    return table(name, headings, cells, ["target"], note)


def model_table(found: VariantSet, prefix: str) -> Table:
    """Return every metric of every model, with intervals; without rows where there is no label.

    Parameters
    ----------
    found : danq.report.run_variants.VariantSet
        The variants.
    prefix : str
        What the title begins with.

    Returns
    -------
    danq.report.page.Table
    """
    rows = by_model(found)
    name = f"{prefix}Variants by model"
    note = (
        "Means over targets, seeds averaged. Sign right: of the variants with an effect, how many "
        "have a change of the same sign. Intervals: 95 %, by blocks of the genome, and seeds."
    )
    shown = [key for key in _METRICS if not rows.empty and rows[key].notna().any()]
    cells = []
    for row in rows.to_dict("records"):
        line = [model_cell(row["model"])]
        for key in shown:
            ends = (row.get(f"{key}_low", np.nan), row.get(f"{key}_high", np.nan))
            line.append(_with_interval(row[key], *ends))
        cells.append(line)
    headings = ["model", *(_METRICS[key] for key in shown)]
    return table(name, headings, cells, ["model"], note)


def pair_table(found: VariantSet, prefix: str) -> Table:
    """Return the paired differences of models, with intervals.

    Parameters
    ----------
    found : danq.report.run_variants.VariantSet
        The variants.
    prefix : str
        What the title begins with.

    Returns
    -------
    danq.report.page.Table
    """
    rows = differences(found)
    cells = []
    for row in rows.to_dict("records"):
        change = Cell(signed(row["difference"]), interval(row["low"], row["high"], row["covers"]))
        pair = f"{title(row['a'])} − {title(row['b'])}"
        values = (number(row["value_a"]), number(row["value_b"]))
        cells.append([pair, _METRICS[row["metric"]], *values, change])
    headings = ["pair", "metric", "first", "second", "difference"]
    name = f"{prefix}Models in pairs, on variants"
    return table(name, headings, cells, ["pair", "metric"], "Means over targets, seeds averaged.")


def strongest_table(found: VariantSet, prefix: str) -> Table:
    """Return the variants of the largest changes, to be sorted and filtered.

    Parameters
    ----------
    found : danq.report.run_variants.VariantSet
        The variants.
    prefix : str
        What the title begins with.

    Returns
    -------
    danq.report.page.Table
        Its first `SHOWN` rows are markup; a script adds the others from data, which take a third of
        the room.
    """
    strongest = found.strongest
    if found.name == SIMULATED:
        strongest = strongest.head(MOST_SIMULATED)
    rows = [_strongest_row(row, found.models) for row in strongest.to_dict("records")]
    headings = ["variant", "id", "target", "E", *map(title, found.models)]
    shown = f"The {len(rows):,} of the largest changes" if len(rows) < found.n else "All"
    note = (
        f"{shown} of {plural(found.n, 'variant')}; of each model the largest change over targets, "
        "with its sign. Target and E: of the model with the largest one. Whole "
        f"tables: variants/{found.name}/ in the run's folder."
    )
    name = f"{prefix}Strongest variants"
    made = table(name, headings, rows[:SHOWN], ["variant", "id", "target"], note)
    return made._replace(more=rows[SHOWN:])


def _strongest_row(row: Mapping[str, object], models: Sequence[str]) -> list[str]:
    place = f"{row['chrom']}:{row['pos']} {_short(str(row['ref']))}>{_short(str(row['alt']))}"
    e_value = float(str(row["e_value"]))
    known = f"{e_value:.2g}" if np.isfinite(e_value) else "NA"
    changes = [signed(float(str(row[f"change_{model}"]))) for model in models]
    return [place, str(row["id"]), str(row["target"]), known, *changes]


def _short(allele: str) -> str:
    return allele if len(allele) <= 12 else f"{allele[:8]}...({len(allele)})"


def agreement_table(found: VariantSet, prefix: str) -> Table:
    """Return how models, and seeds, agree.

    Parameters
    ----------
    found : danq.report.run_variants.VariantSet
        The variants.
    prefix : str
        What the title begins with.

    Returns
    -------
    danq.report.page.Table
    """
    rows = agreements(found)
    if not rows.empty:
        rows = rows.assign(
            what=[_pair_name(row) for row in rows.to_dict("records")],
            spread=[interval(row.low, row.high) for row in rows.itertuples()],
        )
    columns = [
        Column("what", "models", words=True),
        Column("spearman", "rank correlation", number),
        Column("spread", "interval, or range", words=True),
    ]
    note = (
        "Of the changes, over variants (Spearman). Of two models: a 95 % interval by blocks of the "
        "genome; of the seeds of one: the lowest and highest of their pairs."
    )
    return table_of(f"{prefix}Do the models agree?", rows, columns, note)


def _pair_name(row: Mapping[str, object]) -> str:
    a = title(str(row["a"]))
    if row["a"] == row["b"]:
        return f"{a}: seeds, {plural(int(str(row['n_pairs'])), 'pair')}"
    return f"{a} and {title(str(row['b']))}"


# --- figures ---


def agreement_figures(found: VariantSet, prefix: str) -> list[Figure]:
    """Draw the changes of the first pair of models whose difference is the question.

    Parameters
    ----------
    found : danq.report.run_variants.VariantSet
        The variants.
    prefix : str
        What the title begins with.

    Returns
    -------
    list of danq.report.page.Figure
        Empty where there is a single model.
    """
    answer = variant_answer(found)
    pair = tuple(found.models[-2:])
    if answer is not None and answer.local:
        pair = (answer.local[0].a, answer.local[0].b)
    if len(pair) < 2:
        return []
    a, b = pair
    sampled = found.sampled
    svg = changes_svg(sampled[f"change_{a}"], sampled[f"change_{b}"], (title(a), title(b)))
    rows = agreements(found)
    told = ""
    for row in rows.to_dict("records"):
        if {row["a"], row["b"]} == {a, b}:
            ends = interval(row["low"], row["high"])
            told = f"Rank correlation {number(row['spearman'])} {ends}".rstrip() + "."
    shown = f"{plural(len(sampled), 'variant')} of {found.n:,}, evenly spread over the file."
    columns = sampled[[*PLACE, f"change_{a}", f"change_{b}"]]
    name = f"{prefix}Changes by {title(a)} and {title(b)}"
    return [Figure(name, svg, sentence(told, shown), (), numbers(columns))]


def explained_figures(found: VariantSet, prefix: str, known: Mapping[str, Motif]) -> list[Figure]:
    """Draw the bases of the strongest variants, REF and ALT one below the other, for each model.

    Parameters
    ----------
    found : danq.report.run_variants.VariantSet
        The variants.
    prefix : str
        What the titles begin with.
    known : mapping of str to danq.motif.meme.Motif
        Known motifs by identifier.

    Returns
    -------
    list of danq.report.page.Figure
    """
    figures = []
    for model, explained in found.explained.items():
        for variant in explained:
            name = f"{variant.chrom}:{variant.pos} {_short(variant.ref)}>{_short(variant.alt)}"
            heading = f"{prefix}{name}, {variant.target}, by {title(model)}"
            loci = [_locus(variant, side, known) for side in ("ref", "alt")]
            table_of_bases = numbers(_bases(variant))
            figures.append(
                Figure(heading, locus_svg(loci), _explanation(variant), (), table_of_bases)
            )
    return figures


def _locus(variant: ExplainedVariant, side: str, known: Mapping[str, Motif]) -> Locus:
    """Return one allele as a row of the drawing."""
    is_ref = side == "ref"
    sequence = variant.ref_sequence if is_ref else variant.alt_sequence
    effects = variant.ref_effects if is_ref else variant.alt_effects
    allele = variant.ref if is_ref else variant.alt
    heights = np.zeros((len(sequence), 4))
    for place, (base, effect) in enumerate(zip(sequence, effects, strict=True)):
        if base in "ACGT":
            heights[place, "ACGT".index(base)] = effect
    first = variant.start + variant.offset
    sites: list[tuple[int, int, str]] = []
    for motif in variant.motifs:
        if (motif.change == "lost") == is_ref and motif.motif in known and len(sites) < 1:
            start = variant.start + motif.start
            sites.append((start, start + len(known[motif.motif].matrix), motif.name))
    probability = variant.p_ref if is_ref else variant.p_alt
    heading = f"{'REF' if is_ref else 'ALT'} {_short(allele)}, probability {number(probability)}"
    left = max(variant.offset - BESIDE, 0)
    drawn = heights[left : variant.offset + len(allele) + BESIDE]
    start = variant.start + left
    return Locus(heading, drawn, start, (first, first + len(allele)), sites)


def _explanation(variant: ExplainedVariant) -> str:
    """Say what changes with a variant: log-odds, motifs, filters, peaks."""
    parts = [f"Change of log-odds {signed(variant.change)}."]
    for change in ("lost", "gained"):
        names = dict.fromkeys(motif.name for motif in variant.motifs if motif.change == change)
        if names:
            parts.append(f"Motifs {change}: {', '.join(list(names)[:4])}.")
    if variant.filters:
        parts.append(f"{plural(len(variant.filters), 'filter')} fire on one allele only.")
    if variant.in_peak:
        parts.append("In a peak of the target.")
    elif variant.nearest_peak is not None:
        parts.append(f"The nearest peak of the target lies {variant.nearest_peak:,} bp away.")
    return sentence(*parts)


def _bases(variant: ExplainedVariant) -> pd.DataFrame:
    """Return what is drawn, as a table."""
    rows = []
    sides = (
        ("REF", variant.ref_sequence, variant.ref_effects),
        ("ALT", variant.alt_sequence, variant.alt_effects),
    )
    for name, sequence, effects in sides:
        for place, (base, effect) in enumerate(zip(sequence, effects, strict=True)):
            rows.append((name, place, base, effect))
    return pd.DataFrame(rows, columns=["allele", "base from the left", "base", "effect"])
