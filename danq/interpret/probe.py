"""What a trained model does with a pair of motifs as their distance grows.

Both motifs are put into neutral windows, one of them, the other, neither; the interaction is what the pair does beyond
the sum of its parts, as a difference of differences of log-odds::

    interaction = logit(both) - logit(a) - logit(b) + logit(neither)

It is 0 at every distance for a model that adds up its motifs. The four constructs are those of the in-silico motif
interaction analysis of BPNet, which divides predicted counts where log-odds are subtracted here (Avsec et al. 2021,
https://doi.org/10.1038/s41588-021-00782-6); the mean over random windows is the global importance of Koo et al. 2021
(https://doi.org/10.1371/journal.pcbi.1008925).

Of the eight ways in which two motifs can stand in a window (which comes first, the strand of each), four are the
reverse complements of the other four, and predictions are means over strands: `ARRANGEMENTS` has one of each two. (A
pair that cannot stand in the very middle of its window stands half a base to the left; its mirror image, to the right.)
"""

import itertools
import sys
from functools import partial

import numpy as np
import pandas as pd
from tqdm import tqdm

from danq.errors import DanqError, shown
from danq.files import write_table
from danq.genome.sequence import one_hot, reverse_complement, unpack_indices
from danq.motif.meme import known_motifs
from danq.motif.sites import ARRANGEMENTS, draw_sites, pair_starts
from danq.simulation.grammar import MOTIFS, TARGETS
from danq.simulation.truth import planted_pairs

OWN_MOTIFS = 3
"""Of the targets' own motifs, so many are paired when no pair is named."""

COLUMNS = [
    "model",
    "seed",
    "pair",
    "a",
    "b",
    "order",
    "orientation",
    "distance",
    "target",
    "name",
    "effect",
    "se",
    "n",
]

_CHAIN_WINDOWS = (
    5000  # training windows, evenly spaced, whose bases are counted: millions of bases are enough
)


def probe(
    checkpoint,
    dataset,
    output,
    *,
    settings,
    motifs,
    device,
    threads,
):
    """Measure how a trained model couples pairs of motifs, at growing distance and in every arrangement.

    Parameters
    ----------
    checkpoint, dataset : path
        A trained model, and the dataset.h5 that it was trained on.
    output : path
        The table to make (TSV), a row per pair, arrangement, distance and target: ``model seed pair a b order
        orientation distance target name effect se n``. `a` and `b` are identifiers of motifs, `pair` what people call
        them; order and orientation as in `ARRANGEMENTS`; distance between near edges (bp); target is the index, name
        its name; effect the mean interaction over n backgrounds (natural log-odds), se its standard error.
    settings : danq.config.Probe
    motifs : str
        Known motifs, as `danq.motif.meme.known_motifs`.
    device : str
        auto, cpu or cuda.
    threads : int
        CPU threads.

    Raises
    ------
    DanqError
        A file is unfit, a pair names no known motif or several, or does not fit the window.
    """
    from danq.data.dataset import open_dataset
    from danq.network.predict import open_model, refuse_other_data

    (model, facts, place), rng = (
        open_model(checkpoint, device, threads),
        np.random.default_rng(settings.seed),
    )
    with open_dataset(dataset) as data:
        refuse_other_data(data.facts(), facts["dataset"], dataset)
        chosen = choose_pairs(settings.pairs, data, motifs)
        apart = [distances(data.window, a, b, settings.step, settings.largest) for a, b in chosen]
        windows = draw_backgrounds(
            count_dinucleotides(_training_codes(data)), settings.backgrounds, data.window, rng
        )
    predict = partial(window_log_odds, model, place)
    found = _measure(predict, windows, chosen, apart, rng)
    table = _table(chosen, apart, found, data.names, settings.backgrounds)
    table.insert(0, "model", facts["facts"]["model"])
    table.insert(1, "seed", facts["facts"]["seed"])
    write_table(output, table[COLUMNS])
    print(f"{output}: {_told(chosen, apart, settings.backgrounds)}", file=sys.stderr)


def _told(chosen, apart, backgrounds):
    if not chosen:
        return (
            "no row: no --pairs were given, and fewer than two known motifs are named by targets (column jaspar of "
            "targets.tsv)"
        )
    named = ", ".join(_pair_name(*pair) for pair in chosen)
    return f"{named}, up to {max(map(max, apart))} bp apart, in {backgrounds} random windows"


# --- which pairs ---


def choose_pairs(words, data, database):
    """Choose the pairs of motifs to probe.

    Parameters
    ----------
    words : list of str
        Pairs as ``SRF+REST``, by identifier or factor. Where there is none: the pairs of the planted grammar when the
        targets are those of ``danq simulate``; else all pairs of the own motifs (column jaspar) of the targets with
        most positive training windows, three motifs at most.
    data : danq.data.dataset.Dataset
    database : str
        Known motifs, as `danq.motif.meme.known_motifs`.

    Returns
    -------
    list of tuple of (danq.motif.meme.Motif, danq.motif.meme.Motif)
        Empty where nothing is known.

    Raises
    ------
    DanqError
        A word that is no pair, or names no known motif, or several.
    """
    simulated = {(target.name, target.group, MOTIFS[target.name]) for target in TARGETS}
    if not words and simulated >= set(zip(data.names, data.groups, data.jaspar, strict=True)):
        return [(a, b) for a, b in planted_pairs() if a.alias in data.names]
    if not words and not any(data.jaspar):
        return []
    known = known_motifs(database)
    if words:
        return [_named_pair(known, word) for word in dict.fromkeys(words)]
    best = np.argsort(-data.positives("train"), kind="stable")
    own = list(dict.fromkeys(data.jaspar[target] for target in best if data.jaspar[target]))[
        :OWN_MOTIFS
    ]
    return list(itertools.combinations([find_motif(known, name) for name in own], 2))


def _named_pair(known, word):
    names = word.split("+")
    if len(names) != 2:
        raise DanqError(f"{shown(word)} is not a pair; give two motifs as SRF+REST")
    return find_motif(known, names[0]), find_motif(known, names[1])


def find_motif(known, name):
    """Find a motif by its identifier or, if none has it, by its factor; upper and lower case are the same.

    Parameters
    ----------
    known : list of danq.motif.meme.Motif
    name : str

    Returns
    -------
    danq.motif.meme.Motif

    Raises
    ------
    DanqError
        No motif is called that, or several are: lists them.
    """
    wanted = name.lower()
    found = [motif for motif in known if motif.name.lower() == wanted] or [
        motif for motif in known if motif.alias.lower() == wanted
    ]
    if not found:
        raise DanqError(
            f"no known motif is called {shown(name)}; give the identifier or factor of one of --motifs"
        )
    if len(found) > 1:
        raise DanqError(
            f"{len(found)} known motifs are called {shown(name)}: "
            f"{', '.join(motif.name for motif in found)}; give the identifier of one"
        )
    return found[0]


# --- windows: neutral ones, and the same with sites in them ---


def _training_codes(data):
    """Return the base indices of evenly spaced training windows, uint8 (n, L)."""
    rows = slice(None, None, -(-data.length("train") // _CHAIN_WINDOWS))
    return unpack_indices(data.packed_sequences("train", rows), data.window)


def count_dinucleotides(indices):
    """Count neighbouring bases on both strands.

    Parameters
    ----------
    indices : numpy.ndarray, shape (N, L), uint8
        Bases 0 to 3; a pair with a 4 (N) is not counted.

    Returns
    -------
    numpy.ndarray, shape (4, 4), int64
        By first and second base. A dinucleotide counts as often as its reverse complement, so that random windows
        made from these counts are as likely as their reverse complements.
    """
    first, second = indices[:, :-1], indices[:, 1:]
    words = (4 * first + second)[(first < 4) & (second < 4)]
    counts = np.bincount(words, minlength=16).reshape(4, 4)
    return counts + counts[::-1, ::-1].T


def draw_backgrounds(counts, n, length, rng):
    """Draw random windows from a first-order Markov chain: they have the dinucleotides of others, and no grammar.

    Parameters
    ----------
    counts : numpy.ndarray, shape (4, 4)
        Of `count_dinucleotides`; one is added to each, so that no base is a dead end.
    n, length : int
        Number and length (bp) of the windows.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (n, length), uint8
    """
    totals = (counts + 1).sum(axis=1)
    cumulative = ((counts + 1) / totals[:, None]).cumsum(axis=1)[:, :3]
    bases = np.empty((n, length), dtype=np.uint8)
    bases[:, 0] = rng.choice(4, p=totals / totals.sum(), size=n)
    for place in range(1, length):
        bases[:, place] = (rng.random(n)[:, None] >= cumulative[bases[:, place - 1]]).sum(axis=1)
    return bases


def distances(window, a, b, step, largest):
    """Return the distances (bp) between the near edges of two motifs: 0, step, ... to `largest` or what fits.

    Parameters
    ----------
    window : int
        Length of the window (bp).
    a, b : danq.motif.meme.Motif
    step, largest : int

    Returns
    -------
    numpy.ndarray, int64

    Raises
    ------
    DanqError
        The window is too short for the two.
    """
    room = window - len(a.matrix) - len(b.matrix)
    if room < 0:
        raise DanqError(
            f"pair {_pair_name(a, b)}: {len(a.matrix)} + {len(b.matrix)} bp do not fit windows of {window} "
            "bp; give other pairs"
        )
    return np.arange(0, min(room, largest) + 1, step)


def place_sites(backgrounds, a, b, distance):
    """Put both sites into windows, and each alone where it stands in the pair.

    Parameters
    ----------
    backgrounds : numpy.ndarray, shape (n, L), uint8
    a, b : numpy.ndarray, shapes (n, width), uint8
        A site of each motif for each window.
    distance : int
        Between their near edges (bp).

    Returns
    -------
    tuple of numpy.ndarray, shapes (4, n, L), (2, n, L), (4, n, L), uint8
        Both; a alone, which the orientation does not change; b alone. In the order of `ARRANGEMENTS`.
    """
    both, only_a, only_b = (np.tile(backgrounds, (len(ARRANGEMENTS), 1, 1)) for _ in range(3))
    for row, (order, orientation) in enumerate(ARRANGEMENTS):
        at_a, at_b = pair_starts(backgrounds.shape[1], a.shape[1], b.shape[1], distance, order)
        turned = b if orientation == "same" else reverse_complement(b)
        for windows, site, at in (
            (both, a, at_a),
            (both, turned, at_b),
            (only_a, a, at_a),
            (only_b, turned, at_b),
        ):
            windows[row, :, at : at + site.shape[1]] = site
    return both, only_a[:2], only_b


# --- what the model makes of them ---


def window_log_odds(model, device, indices):
    """Predict windows, as log-odds of the mean of the probabilities from either strand.

    Parameters
    ----------
    model : torch.nn.Module
        From one-hot (N, 4, L) to logits (N, T), in evaluation mode, on `device`.
    device : torch.device
    indices : numpy.ndarray, shape (..., L), uint8
        Bases 0 to 3.

    Returns
    -------
    numpy.ndarray, shape (..., T), float64
    """
    import torch

    from danq.network.predict import BATCH, strand_log_odds

    flat, found = indices.reshape(-1, indices.shape[-1]), []
    with torch.inference_mode():
        for start in range(0, len(flat), BATCH):
            X = (
                torch.from_numpy(one_hot(flat[start : start + BATCH]))
                .to(device)
                .transpose(1, 2)
                .float()
                .contiguous()
            )
            logits = torch.stack([model(strand).double() for strand in (X, X.flip(1, 2))])
            found.append(strand_log_odds(logits).cpu().numpy())
    return np.concatenate(found).reshape(*indices.shape[:-1], -1)


def interaction(predict, backgrounds, a, b, distance, neither):
    """Return what two sites do together beyond the sum of what each does alone.

    Parameters
    ----------
    predict : callable
        From windows (..., L), uint8, to log-odds (..., T).
    backgrounds, a, b, distance
        As `place_sites`.
    neither : numpy.ndarray, shape (n, T)
        ``predict(backgrounds)``, the same at all distances.

    Returns
    -------
    numpy.ndarray, shape (4, n, T), float64
        In the order of `ARRANGEMENTS`.
    """
    both, only_a, only_b = map(predict, place_sites(backgrounds, a, b, distance))
    return both - np.tile(only_a, (2, 1, 1)) - only_b + neither


def _measure(predict, windows, chosen, apart, rng):
    """Return, by pair, mean interactions and their standard errors, float64 (2, distances, 4, T)."""
    neither, found = predict(windows), []
    with tqdm(
        total=sum(map(len, apart)), desc="probe", unit="distance", leave=False, disable=None
    ) as progress:
        for (a, b), own in zip(chosen, apart, strict=True):
            sites = [draw_sites(motif.matrix, len(windows), rng) for motif in (a, b)]
            rows = []
            for distance in own:
                effects = interaction(predict, windows, *sites, distance, neither)
                rows.append(
                    (effects.mean(axis=1), effects.std(axis=1, ddof=1) / np.sqrt(len(windows)))
                )
                progress.update()
            found.append(np.stack(rows, axis=1))
    return found


def _table(chosen, apart, found, names, n):
    """Return the rows of the table that `probe` makes, without model and seed."""
    parts = [pd.DataFrame(columns=COLUMNS[2:])] if not chosen else []
    for (a, b), own, (effects, errors) in zip(chosen, apart, found, strict=True):
        keys = pd.MultiIndex.from_product(
            [own, range(len(ARRANGEMENTS)), range(len(names))]
        ).to_frame(index=False)
        order, orientation = np.array(ARRANGEMENTS)[keys[1]].T
        part = pd.DataFrame(
            {
                "pair": _pair_name(a, b),
                "a": a.name,
                "b": b.name,
                "order": order,
                "orientation": orientation,
                "distance": keys[0],
                "target": keys[2],
                "name": np.array(names)[keys[2]],
                "effect": effects.ravel().round(6),
                "se": errors.ravel().round(6),
                "n": n,
            }
        )
        parts.append(
            part.sort_values(["order", "orientation", "target", "distance"], kind="stable")
        )
    return pd.concat(parts)


def _pair_name(a, b):
    return f"{a.alias or a.name}+{b.alias or b.name}"
