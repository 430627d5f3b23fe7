"""What a configuration asks for, checked before anything runs."""

import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from danq.config import Config, Location
from danq.errors import DanqError, DanqErrors, shown
from danq.files import PathLike
from danq.genome.tables import find_target, parse_region, read_regions, read_rows
from danq.motif.lookup import find_motif, refuse_unknown
from danq.motif.meme import Motif, known_motifs

_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._ -]*")

Locate = Callable[[tuple[str, ...]], Location]
"""Takes the keys that lead to a value, returns file (or how else it was given) and line."""


class PlannedTarget(NamedTuple):
    """What is known of a target before its peaks are read.

    Attributes
    ----------
    name, group : str
        As of `danq.genome.tables.Target`.
    jaspar : str
        Identifier of its own known motif, or an empty text.
    """

    name: str
    group: str
    jaspar: str


class _Refusals:
    """Collects what is wrong with the values of a configuration, to tell it all at once."""

    def __init__(self, locate: Locate) -> None:
        self._locate = locate
        self.errors: list[DanqError] = []

    def add(self, keys: tuple[str, ...], what: object) -> None:
        """Add what is wrong with the value under some keys."""
        path, line = self._locate(keys)
        name = ".".join(keys)
        self.errors.append(DanqError(f"{name}: {what}", path, line))

    def add_in(self, table: PathLike | None, line: int | None, what: str) -> None:
        """Add what is wrong in a table of targets; in that of a simulated run, with its motifs."""
        if table is None:
            self.add(("motifs",), f"a simulated run has targets of JASPAR2024; {what}")
        else:
            self.errors.append(DanqError(what, table, line))

    def call(
        self, keys: tuple[str, ...], function: Callable[..., Any], *arguments: object
    ) -> Any | None:
        """Return what a function returns, or None when it refuses the value under some keys."""
        try:
            return function(*arguments)
        except DanqError as error:
            self.add(keys, str(error).removeprefix("split "))
            return None


def refuse_unknown_names(
    settings: Config,
    targets: Sequence[PlannedTarget],
    locate: Locate,
    table: PathLike | None = None,
    lengths: Mapping[str, int] | None = None,
    installs: bool = False,
) -> None:
    """Refuse names of motifs, targets and regions that nothing has, and packages that lack.

    Parameters
    ----------
    settings : danq.config.Config
        The configuration.
    targets : sequence of PlannedTarget
        The run's targets; none where they are not known yet.
    locate : callable
        Takes the keys that lead to a value (tuple of str) and returns ``(path, line)``.
    table : path, optional
        The table of the targets, for messages.
    lengths : mapping of str to int, optional
        Length of each chromosome (bp), where they are known.
    installs : bool
        Whether the run installs packages by itself.

    Raises
    ------
    DanqErrors
        Everything that is wrong, a line each.
    """
    refusals = _Refusals(locate)
    known = refusals.call(("motifs",), known_motifs, settings.motifs)
    if known is not None:
        _check_own_motifs(refusals, settings, targets, known, table)
        _check_pairs(refusals, settings, known)
    if targets:
        _check_targets(refusals, settings, targets)
    _check_initialisation(refusals, settings, targets)
    _check_regions(refusals, settings, lengths)
    _check_packages(refusals, settings, installs)
    if refusals.errors:
        raise DanqErrors(refusals.errors)


def _check_own_motifs(
    refusals: _Refusals,
    settings: Config,
    targets: Sequence[PlannedTarget],
    known: Sequence[Motif],
    table: PathLike | None,
) -> None:
    """Check the motifs that targets name, and that they fit a window."""
    widths = {motif.name: len(motif.matrix) for motif in known}
    names = dict.fromkeys(target.jaspar for target in targets if target.jaspar)
    for name in names:
        line = _line_of_motif(table, name)
        width = widths.get(name, 0)
        try:
            refuse_unknown(known, name)
        except DanqError as error:
            refusals.add_in(table, line, str(error))
        if settings.deepsea is None and width > settings.extract.window:
            what = f"the motif {shown(name)} ({width} bp) is longer than a window; lengthen"
            refusals.add_in(table, line, f"{what} extract.window")


def _line_of_motif(table: PathLike | None, name: str) -> int | None:
    """Return the first line of a table of targets that names a motif."""
    if table is None:
        return None
    rows = read_rows(table, ["name", "file"])
    return next((row.line for row in rows if row.cells.get("jaspar", "").strip() == name), None)


def _check_pairs(refusals: _Refusals, settings: Config, known: Sequence[Motif]) -> None:
    """Check that both motifs of each pair to probe are known, and fit a window together."""
    keys = ("probe", "pairs")
    for pair in settings.probe.pairs:
        found = [refusals.call(keys, find_motif, known, name) for name in pair.split("+")]
        widths = [len(motif.matrix) for motif in found if motif is not None]
        window = settings.extract.window
        if settings.deepsea is None and sum(widths) > window:
            sites = " + ".join(map(str, widths))
            what = f"{shown(pair)}: {sites} bp do not fit windows of {window} bp"
            refusals.add(keys, f"{what}; give other pairs")


def _check_targets(refusals: _Refusals, settings: Config, targets: Sequence[PlannedTarget]) -> None:
    """Check the targets that are chosen by name or index, and the groups."""
    names = [target.name for target in targets]
    groups = dict.fromkeys(target.group for target in targets)
    for group in settings.extract.groups if settings.deepsea is None else []:
        if group not in groups:
            what = (
                f"no target of the group {shown(group)}; there are {', '.join(map(shown, groups))}"
            )
            refusals.add(("extract", "groups"), what)
    if settings.filters.target is not None:
        refusals.call(("filters", "target"), find_target, settings.filters.target, names)
    for word in settings.attribution.targets:
        refusals.call(("attribution", "targets"), find_target, word, names)


def _check_initialisation(
    refusals: _Refusals, settings: Config, targets: Sequence[PlannedTarget]
) -> None:
    """Check that there are motifs of targets where filters begin as these."""
    if any(target.jaspar for target in targets):
        return
    for model in settings.models:
        if settings.train_of(model).initialise_from == "targets":
            own = settings.train.models.get(model)
            given = own is not None and "initialise_from" in own.given
            keys = ("train", "models", model) if given else ("train",)
            what = (
                f"filters of {model} cannot begin as motifs of targets: no target names its own; "
                "fill the column jaspar of the table of targets, or give random, enriched or known"
            )
            refusals.add((*keys, "initialise_from"), what)
            return


def _check_regions(
    refusals: _Refusals, settings: Config, lengths: Mapping[str, int] | None
) -> None:
    """Check that regions are such, and of the genome where it is known."""
    keys = ("attribution", "regions")
    if lengths is not None:
        for name in ("valid", "test", "chromosomes"):
            texts = getattr(settings.extract, name)
            refusals.call(("extract", name), read_regions, texts, lengths)
        for texts in settings.folds if isinstance(settings.folds, list) else []:
            refusals.call(("folds",), read_regions, texts, lengths)
        refusals.call(keys, read_regions, settings.attribution.regions, lengths)
    for text in settings.attribution.regions:
        region = parse_region(text)
        if region is None or region.start >= region.end:
            what = f"{shown(text)} is not a region; give it as chr1:100-300 (0-based half-open)"
            refusals.add(keys, what)
    if settings.attribution.regions and settings.deepsea is not None:
        what = "the windows of the published bundle have no place in a genome; leave it out"
        refusals.add(keys, what)


def _check_packages(refusals: _Refusals, settings: Config, installs: bool) -> None:
    """Check that what a method needs beyond danq is installed."""
    needs = settings.attribution.method == "gradients"
    if needs and not installs and not importlib.util.find_spec("captum"):
        what = "gradients need captum; pip install 'danq[interpret]', or give"
        refusals.add(("attribution", "method"), f"{what} mutagenesis")


def refuse_pathvars(pathvars: Any) -> None:
    """Refuse path variables of Snakemake but the folder of results, below the working folder.

    Parameters
    ----------
    pathvars : value
        What the configuration has under that key: None, or ``{"results": folder}``.

    Raises
    ------
    DanqError
        Another variable, or a folder that lies elsewhere, or whose name a shell may take for its
        own.
    """
    if pathvars is None:
        return
    if not isinstance(pathvars, dict) or set(pathvars) - {"results"}:
        what = "pathvars has one key, results: the folder of the run's results; leave out others"
        raise DanqError(what)
    folder = pathvars.get("results")
    parts = folder.split("/") if isinstance(folder, str) else [""]
    if not all(map(_FOLDER.fullmatch, parts)):
        what = (
            f"pathvars.results: {shown(str(folder))} is not the name of a folder below the working "
            "folder, of letters, digits, blanks and ._-; change it, or name another working folder "
            "with snakemake --directory"
        )
        raise DanqError(what)
