"""Which models may predict which place: those that were not trained on it.

Models of several folds of a genome differ in what they were trained on, as their checkpoints say.
A window is predicted by those that have it in their test split; by those that have it in their
validation split, where no test split has it; and by all of them, averaged, where every one may have
been trained on it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from danq.genome.tables import Region, parse_region
from danq.network.tiled import Floats, Places, predict_packed
from danq.network.trained import TrainedModel

ALL = -1
"""In place of the number of a team: all of them."""

MOST_NAMES = 40
"""Chromosomes and regions of a team that are listed."""


class Team(NamedTuple):
    """Models of one fold: they share what they were not trained on.

    Attributes
    ----------
    models : list of danq.network.trained.TrainedModel
        Seeds of a model, for example.
    test, valid : list of str
        Chromosomes and regions of these splits.
    """

    models: list[TrainedModel]
    test: list[str]
    valid: list[str]

    @property
    def name(self) -> str:
        """Which models they are."""
        names = [model_name(model) for model in self.models]
        return ", ".join(names)


def model_name(model: TrainedModel) -> str:
    """Return what a model is called: "danq seed 0", with its fold if it is of one."""
    name = f"{model.facts['model']} seed {model.facts['seed']}"
    fold = model.data_facts.get("fold")
    return f"{name} fold {fold['number']}" if isinstance(fold, dict) else name


class Teams(NamedTuple):
    """Models of several folds.

    Attributes
    ----------
    teams : list of Team
        One for each fold.
    regions : list of list of tuple of (int, danq.genome.tables.Region)
        By split, test first: regions of the genome, and the number of the team that has them.
    """

    teams: list[Team]
    regions: list[list[tuple[int, Region]]]

    @property
    def n_averaged(self) -> int:
        """How many models a window has; 1 where folds have unlike numbers, as they are averaged."""
        sizes = {len(team.models) for team in self.teams}
        return sizes.pop() if len(sizes) == 1 else 1

    def of_windows(self, places: Places, window: int) -> NDArray[np.int64]:
        """Return the team of each window.

        Parameters
        ----------
        places : danq.network.tiled.Places
            Where the windows are.
        window : int
            Their length (bp).

        Returns
        -------
        numpy.ndarray, shape (n,), int64
            Number of a team, or `ALL`.
        """
        return self.of_bases(places, places.start + window)

    def of_bases(self, places: Places, end: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the team of stretches of the genome.

        Parameters
        ----------
        places : danq.network.tiled.Places
            Where they begin.
        end : numpy.ndarray, shape (n,), int64
            Where they end (bp, half-open).

        Returns
        -------
        numpy.ndarray, shape (n,), int64
            Number of a team that was not trained on any of their bases, or `ALL`.
        """
        found = np.full(len(places.start), ALL, dtype=np.int64)
        numbers = {name: number for number, name in enumerate(places.names)}
        for split in self.regions:
            free = found == ALL
            for number, (chrom, start, last) in split:
                inside = places.sequence == numbers.get(chrom, -1)
                inside &= (places.start >= start) & (end <= last)
                found[inside & free] = number
        return found

    def predict(self, windows: NDArray[np.uint8], places: Places, length: int) -> list[Floats]:
        """Predict packed windows, each by the models that were not trained on it.

        Parameters
        ----------
        windows : numpy.ndarray, shape (n, ceil(length/8), 4), uint8
            As of `danq.network.tiled.predict_packed`.
        places : danq.network.tiled.Places
            Where they are.
        length : int
            Their length (bp).

        Returns
        -------
        list of numpy.ndarray, shape (n, T), float32
            `n_averaged` of them: the first models of each team, the second ones, ...
        """
        team_of = self.of_windows(places, length)
        n_targets = len(self.teams[0].models[0].targets)
        shape = (self.n_averaged, len(windows), n_targets)
        predicted = np.empty(shape, dtype=np.float32)
        for number in np.unique(team_of).tolist():
            rows = team_of == number
            for place, models in enumerate(self.members(number)):
                predicted[place, rows] = _mean(models, windows[rows], length)
        return list(predicted)

    def members(self, number: int) -> list[list[TrainedModel]]:
        """Return the models of a team.

        Parameters
        ----------
        number : int
            Of the team; `ALL` for all of them.

        Returns
        -------
        list of list of danq.network.trained.TrainedModel
            `n_averaged` lists: the first model of each team, the second, ...; or all in one.
        """
        teams = self.teams if number == ALL else [self.teams[number]]
        if self.n_averaged == 1:
            return [[model for team in teams for model in team.models]]
        return [[team.models[place] for team in teams] for place in range(self.n_averaged)]

    def label(self, number: int) -> str:
        """Return what a team is called in a table: the number of its fold, or "all" for `ALL`."""
        if number == ALL:
            return "all"
        fold = self.teams[number].models[0].data_facts.get("fold")
        return str(fold["number"] if isinstance(fold, dict) else number)

    def describe(self) -> str:
        """Say which models predict what."""
        parts = []
        for number, team in enumerate(self.teams):
            regions = [_text(region) for owner, region in self.regions[0] if owner == number]
            if regions:
                parts.append(f"{team.name}: {_listed(regions)}")
        return f"{'; '.join(parts)}; elsewhere the mean of all"


def _mean(models: Sequence[TrainedModel], windows: NDArray[np.uint8], length: int) -> Floats:
    """Return the mean of what several models predict."""
    total = predict_packed(models[0], windows, length).astype(np.float64)
    for model in models[1:]:
        total += predict_packed(model, windows, length)
    return (total / len(models)).astype(np.float32)


def _text(region: Region) -> str:
    return f"{region.chrom}:{region.start}-{region.end}"


def _listed(names: Sequence[str]) -> str:
    """Return names with blanks between, the first ones of many."""
    more = len(names) - MOST_NAMES
    text = " ".join(names[:MOST_NAMES])
    return f"{text} and {more} more" if more > 0 else text


def teams_of(models: Sequence[TrainedModel], lengths: Mapping[str, int]) -> Teams | None:
    """Divide models into those of each fold.

    Parameters
    ----------
    models : sequence of danq.network.trained.TrainedModel
        In any order.
    lengths : mapping of str to int
        Length of each chromosome of the genome that they predict (bp).

    Returns
    -------
    Teams or None
        None where all were trained on the same chromosomes, or where none of their test splits is
        of this genome.
    """
    by_splits: dict[str, list[TrainedModel]] = {}
    for model in models:
        splits = model.data_facts.get("splits")
        by_splits.setdefault(repr(splits), []).append(model)
    if len(by_splits) < 2:
        return None
    teams = []
    for own in by_splits.values():
        splits = own[0].data_facts.get("splits")
        known = splits if isinstance(splits, dict) else {}
        teams.append(Team(own, _texts(known.get("test")), _texts(known.get("valid"))))
    regions = [_regions([team.test for team in teams], lengths)]
    regions.append(_regions([team.valid for team in teams], lengths))
    return Teams(teams, regions) if regions[0] else None


def _texts(regions: object) -> list[str]:
    return [str(text) for text in regions] if isinstance(regions, list) else []


def _regions(sets: Sequence[Sequence[str]], lengths: Mapping[str, int]) -> list[tuple[int, Region]]:
    """Return the regions of each team, as far as they are of the genome."""
    found = []
    for number, texts in enumerate(sets):
        for text in texts:
            region = Region(text, 0, lengths[text]) if text in lengths else parse_region(text)
            if region is not None and region.chrom in lengths:
                found.append((number, region))
    return found
