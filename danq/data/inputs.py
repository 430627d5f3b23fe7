"""The user's files, read and checked together, so that all errors are reported at once.

Genome, table of targets, peaks, and lists of regions to leave out. Everything in a file that is not
read literally (clipped, skipped, taken as N) is counted. The genome stays packed in memory.
"""

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from danq.config import Chosen, Extract, Filled, choice_lines
from danq.data.automatic import fill_in, training_bases
from danq.data.counts import total_counts
from danq.data.margins import cut_margins
from danq.errors import DanqError, DanqErrors
from danq.files import PathLike, refuse_overwriting
from danq.genome.aliases import own_names, read_aliases
from danq.genome.bins import Grid, Labels, coverage, flank, overlapping
from danq.genome.chromosomes import Chromosomes
from danq.genome.contents import Watch, changed, recorded_checksums
from danq.genome.fasta import CountedGenome, read_genome
from danq.genome.peaks import read_peaks
from danq.genome.sequence import Genome
from danq.genome.sources import Sources, is_url, local_path, verify
from danq.genome.tables import (
    Region,
    Target,
    read_regions,
    read_rows,
    read_targets,
)
from danq.progress import Bar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class Row(NamedTuple):
    """Bins that lie side by side on a chromosome, see `danq.genome.bins.Grid`.

    Attributes
    ----------
    chrom : str
        The chromosome.
    bins : slice
        Its whole bins, by their numbers through all chromosomes.
    shift : int
        Start of the first of them on the chromosome (bp).
    """

    chrom: str
    bins: slice
    shift: int

    def window_starts(self, settings: Extract) -> NDArray[np.int64]:
        """Return where the windows of the bins start (bp); they may leave the chromosome."""
        n_bins = self.bins.stop - self.bins.start
        first_start = self.shift - flank(settings.window, settings.bin_size)
        return np.arange(n_bins) * settings.bin_size + first_start


class Files(NamedTuple):
    """The user's files, read and checked.

    Attributes
    ----------
    genome : danq.genome.sequence.Genome
        All bases, packed.
    targets : list of danq.genome.tables.Target
        The chosen rows of the table.
    labels : danq.genome.bins.Labels
        Of all targets, in all bins.
    blacklist, unmappable : numpy.ndarray, shape (grid.n,), bool
        Bins that share a base with the blacklist; bins of which more than half is unmappable.
    valid, test : list of danq.genome.tables.Region
        Regions of the two splits.
    n_peaks : list of int
        Intervals in the file of each target.
    source : dict
        Path and checksum of each file, and what was counted in it; under ``chosen``, each value
        that the configuration left out, with the reason for it.
    settings : danq.config.Extract
        As configured, with these values.
    choices : dict of str to danq.config.Chosen
        These values, by knob.
    aliases : dict of str to str
        The genome's own name of each other name of a chromosome.
    """

    genome: Genome
    targets: list[Target]
    labels: Labels
    blacklist: NDArray[np.bool_]
    unmappable: NDArray[np.bool_]
    valid: list[Region]
    test: list[Region]
    n_peaks: list[int]
    source: dict[str, Any]
    settings: Extract
    choices: dict[str, Chosen]
    aliases: Mapping[str, str]

    def rows(self) -> list[Row]:
        """Return the rows of the grid of bins, chromosome by chromosome."""
        grid = self.labels.grid
        chromosomes: list[str] = []
        for chrom in self.genome.lengths:
            chromosomes += [chrom] * grid.rows
        firsts = grid.offsets[:-1]
        lasts = firsts + grid.counts
        rows = []
        for chrom, first, last, shift in zip(chromosomes, firsts, lasts, grid.shifts, strict=True):
            bins = slice(int(first), int(last))
            rows.append(Row(chrom, bins, int(shift)))
        return rows

    def lines(self) -> list[str]:
        """Return what the files hold, what was chosen and what was counted, as lines of a log."""
        lengths = self.genome.lengths
        lines = [f"genome: {len(lengths)} chromosomes, {sum(lengths.values()):,} bp"]
        lines.append(f"targets: {len(self.targets)}, with {sum(self.n_peaks):,} peaks")
        for line in choice_lines(self.choices):
            lines.append(f"chosen: {line}")
        for what, total in total_counts(self.source).items():
            where = f" (in {total.files} files)" if total.files > 1 else ""
            lines.append(f"{what}: {total.number:,}{where}")
        return lines

    def without(self, dropped: Collection[int]) -> "Files":
        """Return the files without some targets, given by their indices."""
        keep = np.array([index not in dropped for index in range(len(self.targets))])
        kept = np.flatnonzero(keep).tolist()
        peaks = [self.source["peaks"][index] for index in kept]
        return self._replace(
            targets=[self.targets[index] for index in kept],
            labels=self.labels.only(keep),
            n_peaks=[self.n_peaks[index] for index in kept],
            source={**self.source, "peaks": peaks},
        )

    def margins(self, chrom: str, starts: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Cut the margins of training windows, without the bases of the two other splits.

        Parameters
        ----------
        chrom : str
            The chromosome.
        starts : numpy.ndarray, shape (n,), int64
            Where the windows begin (bp, 0-based).

        Returns
        -------
        numpy.ndarray, shape (n, 2 margin/8, 4), uint8
            As `danq.data.margins.cut_margins` returns them.
        """
        held_out = regions_on(chrom, [*self.valid, *self.test])
        return cut_margins(
            self.genome,
            chrom,
            starts,
            window=self.settings.window,
            margin=self.settings.margin,
            held_out=held_out,
        )


def regions_on(chrom: str, regions: Iterable[Region]) -> list[tuple[int, int]]:
    """Return the start and end of each region that lies on a chromosome.

    Parameters
    ----------
    chrom : str
        The chromosome.
    regions : iterable of danq.genome.tables.Region
        Regions of any chromosomes.

    Returns
    -------
    list of tuple of (int, int)
        bp, 0-based half-open, in the same order.
    """
    return [(start, end) for name, start, end in regions if name == chrom]


class _Errors:
    """Collects the errors of several calls, to raise them together."""

    def __init__(self) -> None:
        self._errors: list[DanqError] = []

    def call(
        self,
        function: Callable[_Parameters, _Result],
        *arguments: _Parameters.args,
        **options: _Parameters.kwargs,
    ) -> _Result | None:
        """Return what the function returns, or None when it refuses its input."""
        try:
            return function(*arguments, **options)
        except DanqError as error:
            self._errors.append(error)
            return None

    def add(self, error: DanqError) -> None:
        """Add an error."""
        self._errors.append(error)

    def stop(self) -> None:
        """Raise all errors together, if there are any."""
        # Two targets may have one file: its errors are reported once.
        lines: dict[str, None] = {}
        for error in self._errors:
            lines |= dict.fromkeys(str(error).splitlines())
        if lines:
            raise DanqErrors(list(lines))


def read_files(
    sources: Sources,
    settings: Extract,
    outputs: Sequence[PathLike] = (),
    training_share: float = 1.0,
) -> Files:
    """Read and check every file.

    Parameters
    ----------
    sources : danq.genome.sources.Sources
        The files.
    settings : danq.config.Extract
        Its bins and regions are used.
    outputs : sequence of path
        The files to make: none of them may be one of the files that are read.
    training_share : float
        Share of the bases outside the regions that a training gets, by which knobs are chosen that
        the configuration leaves out: below 1 of a genome in folds.

    Returns
    -------
    Files
        Their content.

    Raises
    ------
    DanqErrors
        All errors in the files. Peaks are checked as text even when the genome cannot be
        read.
    DanqError
        An output is an input, too.
    """
    errors = _Errors()
    targets = _read_targets(sources, errors, outputs)
    watch = _watch(sources, targets)
    source = _provenance(sources, targets, errors)
    errors.stop()
    chromosomes = regions = None
    counted = errors.call(read_genome, sources.genome)
    if counted is not None:
        chromosomes = errors.call(_chromosomes, counted.genome, sources.aliases)
        settings = _with_own_names(settings, counted.genome.lengths, chromosomes)
        regions = errors.call(_regions, counted.genome.lengths, settings)
    filled = _fill_in(settings, counted, regions, training_share)
    settings = filled.settings
    grid = _grid(chromosomes, settings)
    labelled = errors.call(_label, targets, chromosomes, grid)
    blacklist = errors.call(_cover, sources.blacklist, chromosomes, grid, "blacklist")
    unmappable = errors.call(_cover, sources.unmappable, chromosomes, grid, "unmappable")
    for change in watch.errors():
        errors.add(change)
    errors.stop()
    assert counted and regions and labelled and blacklist and unmappable  # else it has stopped
    source["chosen"] = {name: choice._asdict() for name, choice in filled.choices.items()}
    region_counts = blacklist.counts | unmappable.counts
    source["counts"] = {str(sources.genome): counted.counts} | region_counts
    for target, counts in zip(targets, labelled.counts, strict=True):
        source["counts"].setdefault(target.file, counts)
    return Files(
        genome=counted.genome,
        targets=targets,
        labels=labelled.labels,
        blacklist=blacklist.bases > 0,
        unmappable=2 * unmappable.bases > settings.bin_size,
        valid=regions.valid,
        test=regions.test,
        n_peaks=[counts["intervals"] for counts in labelled.counts],
        source=source,
        settings=settings,
        choices=filled.choices,
        aliases={} if chromosomes is None else chromosomes.aliases,
    )


def _watch(sources: Sources, targets: Sequence[Target]) -> Watch:
    """Watch all files, which nothing may change while they are read."""
    named_files = [path for _, path in _named_files(sources)]
    peaks = [target.file for target in targets]
    return Watch([*named_files, *peaks])


def _fill_in(
    settings: Extract,
    counted: CountedGenome | None,
    regions: "_Regions | None",
    training_share: float,
) -> Filled[Extract]:
    """Fill in what the configuration leaves out; with a bin's length if there is no genome."""
    if counted is None or regions is None:
        return fill_in(settings, settings.bin_size)
    lengths = counted.genome.lengths
    bases = training_bases(settings, lengths, regions.valid, regions.test)
    return fill_in(settings, round(bases * training_share))


def _read_targets(sources: Sources, errors: _Errors, outputs: Sequence[PathLike]) -> list[Target]:
    """Read the table of targets; refuse an output that is one of all the files that are read."""
    targets = errors.call(read_targets, sources.targets, sources.where, sources.downloads) or []
    for key, path in _named_files(sources):
        refuse_overwriting(outputs, [path], f"the file of {key}")
    refuse_overwriting(outputs, _peak_files(sources), f"named in {sources.targets}")
    return targets


def _peak_files(sources: Sources) -> list[str]:
    """Return the files that a table of targets names, those of rows that are not chosen, too."""
    files = []
    with contextlib.suppress(DanqError):  # the table's own errors are told with all others
        for _, cells in read_rows(sources.targets, ["file"]):
            if not is_url(cells["file"]):
                files.append(os.path.join(os.path.dirname(sources.targets), cells["file"]))
            elif sources.downloads is not None:
                files.append(local_path(cells["file"], sources.downloads))
    return files


def _provenance(sources: Sources, targets: Sequence[Target], errors: _Errors) -> dict[str, Any]:
    """Return path and checksum of each file; check the checksums that are known."""
    expected = {}
    for given_path, checksums in sources.checksums.items():
        expected[os.path.realpath(given_path)] = checksums
    provenance: dict[str, Any] = {}
    for key, path in _named_files(sources):
        checksums = expected.pop(os.path.realpath(path), {})
        provenance[key] = _describe(path, checksums, errors)
    provenance["peaks"] = []
    for target in Bar(targets, "checksums", unit="file"):
        known = expected.get(os.path.realpath(target.file), {})
        description = _describe(target.file, {**target.checksums, **known}, errors)
        provenance["peaks"].append({**description, "source": target.source})
    if sources.checked:
        for change in errors.call(_changes, sources.checked, provenance) or []:
            errors.add(change)
    peak_files = {os.path.realpath(target.file) for target in targets}
    for unknown in sorted(expected.keys() - peak_files):
        what = "a checksum is given for this file, which is not among the files that are read"
        errors.add(DanqError(f"{what}; correct the path", unknown))
    return provenance


def _named_files(sources: Sources) -> Iterable[tuple[str, PathLike]]:
    """Yield the key and path of each file but the peaks; several files of a kind are numbered."""
    yield "genome", sources.genome
    yield "targets", sources.targets
    for kind, paths in (("blacklist", sources.blacklist), ("unmappable", sources.unmappable)):
        numbered = len(paths) > 1
        for number, path in enumerate(paths, 1):
            key = f"{kind}_{number}" if numbered else kind
            yield key, path
    if sources.aliases:
        yield "aliases", sources.aliases


def _describe(path: PathLike, expected: Mapping[str, str], errors: _Errors) -> dict[str, Any]:
    return {"path": str(path), "sha256": errors.call(verify, path, dict(expected))}


def _changes(checked: PathLike, provenance: dict[str, Any]) -> list[DanqError]:
    """Return an error for each file that is no longer what danq check has read."""
    now = {}
    for entry in [*provenance.values(), *provenance["peaks"]]:
        if isinstance(entry, dict) and entry["sha256"]:
            now[entry["path"]] = entry["sha256"]
    what = f"its content has changed since {checked} was made; check the files again"
    return [DanqError(what, path) for path in changed(recorded_checksums(checked), now)]


def _chromosomes(genome: Genome, aliases: PathLike | None) -> Chromosomes:
    if aliases is None:
        return Chromosomes(genome.lengths)
    return Chromosomes(genome.lengths, read_aliases(aliases, list(genome.lengths)))


def _with_own_names(
    settings: Extract, lengths: Mapping[str, int], chromosomes: Chromosomes | None
) -> Extract:
    """Replace aliases of chromosomes by the genome's own names, in all knobs that name some."""
    if chromosomes is None:
        return settings
    names = {}
    for knob in ("valid", "test", "chromosomes"):
        names[knob] = own_names(getattr(settings, knob), lengths, chromosomes.aliases)
    return settings.model_copy(update=names)


class _Regions(NamedTuple):
    """The regions of the two splits that are not trained on."""

    valid: list[Region]
    test: list[Region]


def _regions(lengths: dict[str, int], settings: Extract) -> _Regions:
    valid = read_regions(settings.valid, lengths)
    test = read_regions(settings.test, lengths)
    clash = overlapping(valid, test)
    if clash:
        valid_region, test_region = map(_region_text, clash)
        what = f"validation region {valid_region} and test region {test_region} overlap"
        raise DanqError(f"{what}; separate them")
    return _Regions(valid, test)


def _region_text(region: tuple[str, int, int]) -> str:
    chrom, start, end = region
    return f"{chrom}:{start}-{end}"


def _grid(chromosomes: Chromosomes | None, settings: Extract) -> Grid:
    """Return the bins of the genome; a single bin when the genome could not be read."""
    lengths = [settings.bin_size] if chromosomes is None else chromosomes.lengths
    return Grid(lengths, settings.bin_size, settings.stride)


class _Labelled(NamedTuple):
    """Labels of all targets, and what was counted in the file of each."""

    labels: Labels
    counts: list[dict[str, int]]


def _label(targets: Sequence[Target], chromosomes: Chromosomes | None, grid: Grid) -> _Labelled:
    """Read all peaks into labels."""
    labels = Labels(grid, len(targets))
    counts: list[Any] = []
    files = [target.file for target in targets]
    widths = [target.widen for target in targets]
    for peaks in read_peaks(files, chromosomes, widen=widths, counts=counts):
        labels.add(peaks.file, peaks.chrom, peaks.start, peaks.end)
    return _Labelled(labels, [dict(numbers) for numbers in counts])


class _Coverage(NamedTuple):
    """Covered bases of each bin, int64 (grid.n,), and what was counted in each file."""

    bases: NDArray[np.int64]
    counts: dict[str, dict[str, int]]


def _cover(
    paths: Sequence[PathLike], chromosomes: Chromosomes | None, grid: Grid, what: str
) -> _Coverage:
    """Count the bases of each bin that lie in the union of some BED files."""
    numbers: list[Any] = []
    groups = list(read_peaks(paths, chromosomes, counts=numbers, progress=what, regions=True))
    counts = {}
    for path, file_counts in zip(paths, numbers, strict=True):
        counts[str(path)] = dict(file_counts)
    if not groups:
        return _Coverage(np.zeros(grid.n, dtype=np.int64), counts)
    chrom = np.concatenate([group.chrom for group in groups])
    start = np.concatenate([group.start for group in groups])
    end = np.concatenate([group.end for group in groups])
    return _Coverage(coverage(chrom, start, end, grid), counts)
