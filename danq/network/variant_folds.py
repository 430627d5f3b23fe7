"""Which models score which variant: those that were not trained on the bases around it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from danq.genome.alleles import AlleleWindows
from danq.network.fold_models import Teams
from danq.network.predict_sequences import Ensemble
from danq.network.tiled import Places
from danq.network.trained import TrainedModel
from danq.network.variant_blocks import Prepared
from danq.network.variant_scores import VariantScores, score_windows


def score_by_fold(ensemble: Ensemble, prepared: Sequence[Prepared]) -> VariantScores:
    """Predict the windows of variants, each by the models of its place.

    Parameters
    ----------
    ensemble : danq.network.predict_sequences.Ensemble
        Models; where it has no teams, all of them score everything.
    prepared : sequence of danq.network.variant_blocks.Prepared
        Variants with windows.

    Returns
    -------
    danq.network.variant_scores.VariantScores
        In their order.
    """
    teams = ensemble.teams
    columns = ensemble.columns
    windows = _windows(prepared)
    if teams is None:
        return score_windows(ensemble.models, windows, columns)
    team_of = _team_of(teams, prepared)
    collected = _empty(len(windows), len(columns), teams.n_averaged)
    for number in np.unique(team_of).tolist():
        rows = np.flatnonzero(team_of == number)
        own = [windows[row] for row in rows]
        members = teams.members(number)
        scores = _score(members, own, columns)
        _put(scores, collected, rows)
    return collected


def fold_labels(ensemble: Ensemble, prepared: Sequence[Prepared]) -> list[str] | None:
    """Return the fold whose models score each variant.

    Parameters
    ----------
    ensemble : danq.network.predict_sequences.Ensemble
        Models.
    prepared : sequence of danq.network.variant_blocks.Prepared
        Variants with windows.

    Returns
    -------
    list of str or None
        Numbers, or "all" where every fold may have been trained on it; None where all models score
        everything.
    """
    teams = ensemble.teams
    if teams is None:
        return None
    team_of = _team_of(teams, prepared)
    return [teams.label(number) for number in team_of.tolist()]


def models_for(ensemble: Ensemble, prepared: Prepared) -> list[TrainedModel]:
    """Return the models that score a variant.

    Parameters
    ----------
    ensemble : danq.network.predict_sequences.Ensemble
        Models.
    prepared : danq.network.variant_blocks.Prepared
        A variant with windows.

    Returns
    -------
    list of danq.network.trained.TrainedModel
        Those of its fold; all of them where there are no folds.
    """
    teams = ensemble.teams
    if teams is None:
        return ensemble.models
    number = int(_team_of(teams, [prepared])[0])
    models: list[TrainedModel] = []
    for averaged in teams.members(number):
        models += averaged
    return models


def _windows(prepared: Sequence[Prepared]) -> list[AlleleWindows]:
    windows = []
    for found in prepared:
        if found.windows is not None:
            windows.append(found.windows)
    return windows


def _team_of(teams: Teams, prepared: Sequence[Prepared]) -> NDArray[np.int64]:
    """Return the number of the team of each variant."""
    numbers: dict[str, int] = {}
    sequence = []
    start = []
    end = []
    for found in prepared:
        if found.place is None:
            continue
        chrom = found.place.chrom
        number = numbers.setdefault(chrom, len(numbers))
        sequence.append(number)
        start.append(found.place.start)
        end.append(found.place.end)
    names = list(numbers)
    places = Places(names, _integers(sequence), _integers(start))
    return teams.of_bases(places, _integers(end))


def _integers(values: Sequence[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


def _score(
    members: Sequence[Sequence[TrainedModel]],
    windows: Sequence[AlleleWindows],
    columns: Sequence[int],
) -> VariantScores:
    """Predict windows with the models of a team, or with all, as `Teams.members` returns them."""
    models: list[TrainedModel] = []
    for averaged in members:
        models += averaged
    scores = score_windows(models, windows, columns)
    if len(members) in (1, len(models)):
        return scores
    by_place = []
    for averaged in members:
        alone = score_windows(averaged, windows, columns)
        by_place.append(alone.change)
    changes = np.stack(by_place)
    spread = changes.std(axis=0, ddof=1)
    return scores._replace(spread=spread, by_model=changes)


def _empty(n: int, n_targets: int, n_averaged: int) -> VariantScores:
    """Return room for the scores of n variants."""
    ref = np.empty((n, n_targets))
    alt = np.empty_like(ref)
    if n_averaged == 1:
        return VariantScores(ref, alt, None, None)
    spread = np.empty_like(ref)
    changes = np.empty((n_averaged, n, n_targets))
    return VariantScores(ref, alt, spread, changes)


def _put(scores: VariantScores, collected: VariantScores, rows: NDArray[np.int64]) -> None:
    """Put the scores of some variants where they belong."""
    collected.ref[rows] = scores.ref
    collected.alt[rows] = scores.alt
    if collected.spread is not None:
        collected.spread[rows] = scores.spread
    if collected.by_model is not None:
        collected.by_model[:, rows] = scores.by_model
