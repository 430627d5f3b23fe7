"""A genome in folds: every window is tested once, by a model that was trained on other places.

The genome is divided into sets of chromosomes or regions. Fold k tests on set k, validates on the
next one, and trains on all else. danq check divides, and writes the sets into its findings;
danq extract takes a fold, or all, from there.
"""

import heapq
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.config import FEWEST_FOLDS, Chosen, Extract
from danq.data.choice import choose, choose_all, labelled_bins
from danq.data.dataset import Dataset
from danq.data.inputs import Files
from danq.data.one_sided import Usable, refuse_empty_splits
from danq.errors import DanqError, shown
from danq.files import PathLike
from danq.genome.aliases import own_names
from danq.genome.bins import overlapping
from danq.genome.tables import Region, read_regions

ALL = "all"
"""In place of a fold's number: the whole genome in every split."""

SHARED = ("stride", "train_bins")
"""Knobs that danq check chooses, and which are the same in all folds."""


class Fold(NamedTuple):
    """A fold of a genome, or all of them.

    Attributes
    ----------
    sets : list of list of str
        The sets of chromosomes and regions, one for each fold.
    number : int or None
        Which fold, from 0; None for all.
    choices : dict of str to danq.config.Chosen
        Of the knobs `SHARED`, what was chosen because the configuration left it out.
    dropped : list of dict
        The targets that are left out, since some fold could not learn them: name and file.
    """

    sets: list[list[str]]
    number: int | None = None
    choices: Mapping[str, Chosen] = {}
    dropped: Sequence[Mapping[str, str]] = ()

    @property
    def valid(self) -> list[str]:
        """Regions of the validation split; none of all folds."""
        if self.number is None:
            return []
        return self.sets[(self.number + 1) % len(self.sets)]

    @property
    def test(self) -> list[str]:
        """Regions of the test split; none of all folds."""
        return [] if self.number is None else self.sets[self.number]

    def settings(self, settings: Extract) -> Extract:
        """Return the settings of an extraction with the splits of this fold, and what was chosen.

        Parameters
        ----------
        settings : danq.config.Extract
            As configured.

        Returns
        -------
        danq.config.Extract
        """
        values: dict[str, Any] = {"valid": self.valid, "test": self.test}
        for name, chosen in self.choices.items():
            if getattr(settings, name) is None:
                values[name] = chosen.value
        return settings.model_copy(update=values)

    def of(self, files: Files) -> Files:
        """Return files, read without splits, with the splits of this fold."""
        lengths = files.genome.lengths
        valid = read_regions(self.valid, lengths)
        return files._replace(valid=valid, test=read_regions(self.test, lengths))

    def choose_usable(self, files: Files) -> Usable:
        """Choose the targets and bins of the fold, of files that were read with its settings."""
        files = self._without_dropped(files)
        if self.number is None:
            sets = _regions(self.sets, files.genome.lengths)
            choice = choose_all(files, files.settings, sets)
        else:
            choice = choose(files, files.settings)
        refuse_empty_splits(choice, self.number)
        return Usable(files, choice)

    def _without_dropped(self, files: Files) -> Files:
        """Leave out the targets that danq check left out."""
        if not self.dropped:
            return files
        names = {(target["name"], target["file"]) for target in self.dropped}
        places = set()
        for place, target in enumerate(files.targets):
            if (target.name, target.file) in names:
                places.add(place)
        dropped = [dict(target) for target in self.dropped]
        left = files.without(places)
        return left._replace(source={**left.source, "dropped_targets": dropped})

    def source(self) -> dict[str, Any]:
        """Return what a dataset says of it: `fold`, or `folds` for all, and what was chosen."""
        source: dict[str, Any] = {"folds": self.sets}
        if self.number is not None:
            source = {"fold": {"number": self.number, "of": len(self.sets)}}
            source["splits"] = {"valid": self.valid, "test": self.test}
        chosen = {name: choice._asdict() for name, choice in self.choices.items()}
        return {**source, "chosen": chosen}


# --- dividing ---


def number_of(folds: Sequence[str]) -> int:
    """Return how many folds are asked for, as `divide` takes them; refuse too few."""
    number = len(folds)
    if number == 1 and folds[0].isdecimal():
        number = int(folds[0])
    if number < FEWEST_FOLDS:
        what = f"{number} folds are too few: one is for testing, one for validation"
        raise DanqError(f"{what}; give {FEWEST_FOLDS} or more")
    return number


def training_share(folds: Sequence[str]) -> float:
    """Return the share of a genome that a fold trains on, were all sets of a size; 1 without folds.

    By it, the knobs `SHARED` are chosen for all folds alike.

    Examples
    --------
    >>> training_share(["5"]), training_share(["chr1,chr4", "chr2", "chr3", "chrX"])
    (0.6, 0.5)
    """
    if not folds:
        return 1.0
    number = number_of(folds)
    return (number - 2) / number


def divide(files: Files, folds: Sequence[str]) -> list[list[str]]:
    """Divide a genome into sets.

    Parameters
    ----------
    files : danq.data.inputs.Files
        The user's files, read.
    folds : sequence of str
        A number of sets; or the chromosomes and regions of each, with commas between.

    Returns
    -------
    list of list of str
        Chromosomes and regions.

    Raises
    ------
    DanqError
        Regions that the genome lacks, or two sets that share a base; fewer than `FEWEST_FOLDS`
        sets; or fewer chromosomes with a labelled bin than sets.
    """
    number = number_of(folds)
    if number != len(folds):
        return _share_out_chromosomes(files, number)
    lengths = files.genome.lengths
    sets = [own_names(text.split(","), lengths, files.aliases) for text in folds]
    _refuse_overlap(sets, _regions(sets, lengths))
    return sets


def _regions(sets: Iterable[Iterable[str]], lengths: Mapping[str, int]) -> list[list[Region]]:
    return [read_regions(texts, lengths) for texts in sets]


def _refuse_overlap(sets: Sequence[Sequence[str]], regions: Sequence[Sequence[Region]]) -> None:
    """Refuse sets that share a base, and regions of a set that do."""
    for fold, own in enumerate(regions):
        for a, b in itertools.combinations(own, 2):
            if overlapping([a], [b]):
                what = f"fold {fold}: {_text(a)} and {_text(b)} overlap"
                raise DanqError(f"{what}; name each base once")
    for first, second in itertools.combinations(range(len(regions)), 2):
        clash = overlapping(regions[first], regions[second])
        if clash:
            what = f"fold {first} has {_text(clash[0])}, and fold {second} {_text(clash[1])}"
            raise DanqError(f"{what}, which overlap; every base is tested in one fold at most")


def _text(region: tuple[str, int, int]) -> str:
    chrom, start, end = region
    return f"{chrom}:{start}-{end}"


def _share_out_chromosomes(files: Files, number: int) -> list[list[str]]:
    """Share out whole chromosomes by their labelled bins."""
    counts = labelled_bins(files, files.settings)
    n_filled = sum(count > 0 for count in counts.values())
    if n_filled < number:
        what = f"{number} folds need as many chromosomes with a labelled bin, and {n_filled} have"
        raise DanqError(f"{what} one; give fewer folds, or a list of regions for each")
    names = list(counts)
    sets = share_out(list(counts.values()), number)
    return [[names[place] for place in members] for members in sets]


def share_out(weights: Sequence[int], number: int) -> list[list[int]]:
    """Share out things into sets of about the same weight.

    The heaviest thing comes first, and each goes into the set that is the lightest so far; of
    equal ones the first. So no set is heavier than 4/3 of what the best division has (Graham 1969,
    https://doi.org/10.1137/0117039).

    Parameters
    ----------
    weights : sequence of int
        Weight of each thing.
    number : int
        Number of sets.

    Returns
    -------
    list of list of int
        Places of the things of each set, ascending.

    Examples
    --------
    >>> share_out([3, 7, 5, 1, 4], 3)
    [[1], [2, 3], [0, 4]]
    """
    # Things without weight are shared out as well: of equally light sets, the smallest is next.
    lightest = [(0, 0, place) for place in range(number)]
    sets: list[list[int]] = [[] for _ in range(number)]
    for place in sorted(range(len(weights)), key=lambda place: -weights[place]):
        weight, size, chosen = heapq.heappop(lightest)
        sets[chosen].append(place)
        heapq.heappush(lightest, (weight + weights[place], size + 1, chosen))
    return [sorted(members) for members in sets]


# --- what danq check wrote ---


def read_fold(checked: PathLike | None, word: str) -> Fold:
    """Return a fold from what danq check wrote.

    Parameters
    ----------
    checked : path or None
        Its findings (JSON).
    word : str
        Number of the fold, from 0, or `ALL`.

    Returns
    -------
    Fold

    Raises
    ------
    DanqError
        There is no such file, or no such fold in it.
    """
    if checked is None:
        raise DanqError("--fold is a fold of danq check --folds; give its file as --checked")
    findings = _read_findings(checked)
    sets = findings.get("folds")
    if not isinstance(sets, list) or not sets:
        raise DanqError("has no folds; make it with danq check --folds", checked)
    chosen = findings.get("chosen", {})
    choices = {name: Chosen(**chosen[name]) for name in SHARED if name in chosen}
    dropped = findings.get("dropped_targets", [])
    if word == ALL:
        return Fold(sets, None, choices, dropped)
    if not word.isdecimal() or int(word) >= len(sets):
        what = f"{shown(word)} is not one of its {len(sets)} folds"
        raise DanqError(f"{what}; give 0 to {len(sets) - 1}, or {ALL}", checked)
    return Fold(sets, int(word), choices, dropped)


def _read_findings(path: PathLike) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            return dict(json.load(file))
    except (ValueError, TypeError):
        what = "is not what danq check writes; check the files again"
        raise DanqError(what, path) from None


# --- the windows of a dataset of all folds ---


def sets_of(dataset: Dataset) -> list[list[str]]:
    """Return the sets of a dataset of all folds; none of another dataset."""
    sets = dataset.source.get("folds")
    if not isinstance(sets, list) or not all(isinstance(regions, list) for regions in sets):
        return []  # another program may have put anything there
    return [[str(text) for text in regions] for regions in sets]


def fold_of_windows(dataset: Dataset) -> NDArray[np.int64] | None:
    """Return the fold that tests each test window.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.

    Returns
    -------
    numpy.ndarray, shape (N,), int64, or None
        Of a dataset of all folds; None of another.
    """
    sets = sets_of(dataset)
    if not sets:
        return None
    positions = dataset.positions("test")
    numbers = {name: number for number, name in enumerate(dataset.chromosomes)}
    folds = np.full(len(positions.start), -1, dtype=np.int64)
    for fold, regions in enumerate(_regions(sets, dataset.chromosomes)):
        for chrom, start, end in regions:
            inside = positions.chrom == numbers[chrom]
            inside &= (positions.start >= start) & (positions.start < end)
            folds[inside] = fold
    return folds


def refuse_single_fold(dataset: Dataset) -> None:
    """Refuse to train a final model on a dataset that is not of all folds.

    The argument is the open file.
    """
    if not sets_of(dataset):
        what = "is not of all folds, on which a final model is trained"
        raise DanqError(f"{what}; make it with danq extract --fold all", dataset.path)


def refuse_all_folds(dataset: Dataset, what: str) -> None:
    """Refuse a dataset of all folds, whose splits are all the whole genome.

    Parameters
    ----------
    dataset : danq.data.dataset.Dataset
        The open file.
    what : str
        What it is wanted for: "to train on".

    Raises
    ------
    DanqError
        It is one.
    """
    if sets_of(dataset):
        problem = "holds the same windows in every split, those of all folds"
        raise DanqError(f"{problem}; take the dataset of one fold {what}", dataset.path)
