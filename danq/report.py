"""One self-contained page from the tables of a run, to say what the recurrent layer adds.

In go the tables and facts that the other stages left in a run's folder; out comes ``report.html``, which needs no
network and runs no script. One function per section returns a `Section`; ``templates/report.html`` renders them all.
Every sentence that judges follows from numbers by a fixed rule, in the functions of the part "words".
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import h5py
import jinja2
import numpy as np
import pandas as pd
import yaml
from markupsafe import Markup

from danq import plots
from danq.config import NAME
from danq.errors import DanqError, shown
from danq.files import read_lines, read_table, write_text
from danq.meme import known_motifs, read_meme

# --- what a page is made of -------------------------------------------------------------------------------------


class Cell(NamedTuple):
    """One cell of a table: text, a smaller note below it, a mark (class) and a drawing before it."""

    text: str
    note: str = ""
    mark: str = ""
    svg: Markup = Markup()


class Table(NamedTuple):
    """A table; columns named in `words` hold words, the others numbers."""

    title: str
    columns: list
    rows: list
    words: tuple = ()
    note: str = ""


class Figure(NamedTuple):
    """A drawing with its legend: pairs of a `plots.Style` and what it stands for."""

    title: str
    svg: Markup
    note: str = ""
    legend: tuple = ()


class Card(NamedTuple):
    """A headline number; `mark` says where its interval lies (above, below or around 0), `chip` says it in words."""

    label: str
    value: str
    detail: str = ""
    foot: str = ""
    mark: str = ""
    chip: str = ""
    svg: Markup = Markup()


class Logo(NamedTuple):
    """A filter's logo over that of the known motif it resembles, if any."""

    title: str
    svg: Markup
    known: Markup
    identifier: str
    link: str
    facts: list


class Gallery(NamedTuple):
    """Logos of one model."""

    title: str
    logos: list
    note: str = ""
    folded: bool = False


class Details(NamedTuple):
    """Text shown on demand, as it is."""

    title: str
    text: str


@dataclass(frozen=True)
class Section:
    """A part of the page, rendered in the order of its fields.

    `anchor` is its address; `points` are a list, `cautions` stand out, and the tables of `aside` stand beside the
    figures.
    """

    anchor: str
    title: str
    lead: str = ""
    text: list = field(default_factory=list)
    cards: list = field(default_factory=list)
    points: list = field(default_factory=list)
    cautions: list = field(default_factory=list)
    figures: list = field(default_factory=list)
    aside: list = field(default_factory=list)
    tables: list = field(default_factory=list)
    galleries: list = field(default_factory=list)
    details: list = field(default_factory=list)


# --- the page ---------------------------------------------------------------------------------------------------


def report(folder, output, *, config=None, commands=None):
    """Write the report of a run as one HTML file that needs no network.

    Parameters
    ----------
    folder : path
        ``results/<run>``. ``metrics.tsv`` and ``comparison.tsv`` must be there; ``dataset.h5``, ``simulated/``,
        ``logs/`` and the ``history.tsv``, ``train.json``, ``matches.tsv`` and ``motifs.meme`` of each model and
        seed add what they hold.
    output : path
        The page to make. The same inputs give the same bytes.
    config : path, optional
        The resolved configuration (YAML), shown as it is. Its ``motifs``, the known motifs that filters were
        compared with, are drawn below the filters that they name.
    commands : sequence of str, optional
        The commands that made the run, shown as they are; found at the head of its logs when not given.

    Raises
    ------
    DanqError
        A table is missing, or lacks a column, or holds text where a number belongs.
    """
    run, settings = read_run(folder), _text_of(config)
    sections = [answer(run), data(run), comparison(run), training(run), filters(run, _known(settings)),
                methods(run, settings, _commands(Path(folder) / "logs") if commands is None else commands)]
    loader = jinja2.PackageLoader("danq")
    environment = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    page = environment.get_template("report.html").render(
        run=run, summary=_summary(run), sections=sections, letters=Markup(plots.letters_svg()), markers=_GLYPHS)
    write_text(output, _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", page))


_GLYPHS = dict(zip(plots.MARKERS, "●■◆▲▼✚✖", strict=True))

# Control characters, marks that turn the direction of text, and halves of characters: no reader can see them,
# and in a name they can make a page say something else.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def _text_of(path):
    return "" if path is None else "\n".join(line.decode("utf-8", "replace") for _, line in read_lines(path))


def _known(settings):
    """Return the known motifs that a configuration names, by name; none when they are no longer there."""
    try:
        return {motif.name: motif for motif in known_motifs(yaml.safe_load(settings)["motifs"])}
    except (yaml.YAMLError, TypeError, KeyError, DanqError):
        return {}


STEPS = ("simulate", "extract", "encode", "train", "predict", "baseline", "evaluate", "motifs")


def _commands(logs):
    """Collect the commands with which the logs of a run begin, step by step: the same list however they ran."""
    heads = [next(read_lines(path), (1, b""))[1].decode("utf-8", "replace") for path in sorted(logs.glob("*.log"))]
    return [head.removeprefix("$ ") for step in STEPS for head in heads if head.startswith(f"$ danq {step} ")]


def _summary(run):
    """Say in one line what was run: for the top of the page."""
    seeds = run.metrics.loc[run.metrics["model"].isin(run.networks), "seed"].nunique()
    assembly = run.facts.get("assembly", "unknown")
    parts = [f"run {run.name}", "" if assembly == "unknown" else f"assembly {assembly}",
             plural(len(run.targets), "target"), plural(len(run.networks), "network"), plural(seeds, "seed")]
    return " · ".join(part for part in parts if part)


# --- reading a run ----------------------------------------------------------------------------------------------

NAMES = {
    "deepsea": ("DeepSEA", "three convolutions"),
    "danq": ("DanQ", "a convolution, then a bidirectional LSTM"),
    "danq_conv": ("DanQ-conv", "DanQ with the LSTM replaced by a convolution of the same number of multiply-adds"),
    "danq_dilated": ("DanQ-dilated", "DanQ with the LSTM replaced by dilated convolutions that reach as far"),
    "kmer": ("k-mer", "logistic regression on k-mer counts"),
    "scan": ("motif scan", "scan with the target's own known motif; only for targets that have one"),
    "oracle_rule": ("oracle: rule", "knows the planted sites and the whole rule: the ceiling"),
    "oracle_parts": ("oracle: parts", "knows the planted sites, ignores the rule"),
}
"""What models are called on the page, and what they are; the order of columns."""

SPLITS = ("train", "valid", "test")
_BLOCK = 65536


class Trained(NamedTuple):
    """What one training left: tables and facts, empty where a file is missing."""

    model: str
    seed: int
    history: pd.DataFrame
    facts: dict
    matches: pd.DataFrame
    motifs: dict


class Pair(NamedTuple):
    """Model `a` against model `b`: a row per target, and the mean over targets with its interval."""

    a: str
    b: str
    rows: pd.DataFrame
    mean: pd.Series


@dataclass(frozen=True)
class Run:
    """All that the report is made from.

    Attributes
    ----------
    name : str
        Name of the run.
    facts, source : dict
        Attributes of dataset.h5, and how it was made; empty when unknown.
    windows, positives : dict
        By split: number of windows, and of positive windows per target (int array, (T,)).
    metrics : pandas.DataFrame
        metrics.tsv.
    targets : pandas.DataFrame
        One row per target (its index): name, group, n, n_positive, prevalence, label.
    pairs : list of Pair
        comparison.tsv.
    trained : list of Trained
        Trainings in the order of models and seeds.
    planted : pandas.DataFrame or None
        Motifs and factors planted in a simulated genome.
    networks, baselines, oracles : list of str
        Models by kind.
    """

    name: str
    facts: dict
    source: dict
    windows: dict
    positives: dict
    metrics: pd.DataFrame
    targets: pd.DataFrame
    pairs: list
    trained: list
    planted: pd.DataFrame | None
    networks: list
    baselines: list
    oracles: list

    def scores(self, column):
        """Return a metric as a table of targets by models, averaged over seeds; undefined values are nan."""
        table = self.metrics.groupby(["target", "model"])[column].mean().unstack("model")
        return table.reindex(index=self.targets.index, columns=self.networks + self.baselines + self.oracles)


def read_run(folder):
    """Read what the stages left in a run's folder.

    Parameters
    ----------
    folder : path
        ``results/<run>``.

    Returns
    -------
    Run
    """
    folder = Path(folder)
    metrics = _metrics(folder / "metrics.tsv")
    models = sorted(dict.fromkeys(metrics["model"]), key=lambda name: [*NAMES, name].index(name))
    networks = [name for name in models if metrics.loc[metrics["model"] == name, "seed"].notna().any()]
    oracles = [name for name in models if name.startswith("oracle")]
    facts, windows, positives = _dataset(folder / "dataset.h5")
    sites = folder / "simulated" / "sites.tsv.gz"
    return Run(name=folder.resolve().name, facts=facts, source=_source(facts), windows=windows, positives=positives,
               metrics=metrics, targets=_targets(metrics), pairs=_pairs(folder / "comparison.tsv"),
               trained=[_trained(folder, *key) for key in _keys(metrics, networks)],
               planted=_table(sites, ["motif", "factor"]).drop_duplicates(["motif", "factor"]) if sites.exists()
               else None, networks=networks, oracles=oracles,
               baselines=[name for name in models if name not in networks + oracles])


def _table(path, text=(), numbers=()):
    """Read a table that must hold the columns `text` and `numbers`."""
    try:
        frame = read_table(path)
    except (OSError, ValueError, EOFError) as error:
        raise DanqError(f"not a table that can be read ({str(error).splitlines()[0]}); make it again", path) from error
    missing = [column for column in (*text, *numbers) if column not in frame]
    if missing:
        raise DanqError(f"no column {missing[0]}; make the file again with this version of danq", path)
    for column in numbers:
        frame[column] = _numbers(frame[column], path)
    return frame.assign(**{column: frame[column].map(str, na_action="ignore").fillna("NA") for column in text})


def _numbers(values, path):
    found = pd.to_numeric(values, errors="coerce")
    wrong = values.notna() & found.isna()
    if wrong.any():
        line = int(wrong.to_numpy().argmax()) + 2
        raise DanqError(f"column {values.name}: {shown(str(values[wrong].iloc[0]))} is not a number; make the file "
                        "again", path, line)
    return found.astype(float)


def _metrics(path):
    numbers = ["seed", "target", "n", "n_positive", "prevalence", "auroc", "auprc"]
    frame = _table(path, ["model", "name", "group"], numbers)
    _check_models(frame["model"], path)
    if frame.empty:
        raise DanqError("holds no row; make the file again with danq evaluate", path)
    if "decoy_auroc" in frame:
        frame["decoy_auroc"] = _numbers(frame["decoy_auroc"], path)
    return frame.astype({"target": int})


def _check_models(names, path):
    """Refuse what cannot be a model: its name becomes part of a path, and of a figure."""
    odd = [str(name) for name in names.unique() if not re.fullmatch(NAME, str(name))]
    if odd:
        raise DanqError(f"{shown(odd[0])} is not the name of a model; make the file again with danq evaluate", path)


def _targets(metrics):
    """Return one row per target; a name that is not unique is followed by its index."""
    columns = ["name", "group", "n", "n_positive", "prevalence"]
    frame = metrics.groupby("target")[columns].first()
    twice = frame["name"].duplicated(keep=False)
    labels = [f"{name} (#{index})" if two else name
              for index, name, two in zip(frame.index, frame["name"], twice, strict=True)]
    return frame.assign(label=labels)


def _pairs(path):
    numbers = ["auprc_a", "auprc_b", "difference", "low", "high", "auroc_a", "auroc_b", "auroc_difference"]
    frame = _table(path, ["a", "b", "target"], numbers)
    for side in ("a", "b"):
        _check_models(frame[side], path)
    found = []
    for (a, b), rows in frame.groupby(["a", "b"], sort=False):
        mean = rows[rows["target"] == "mean"]
        if mean.empty:
            raise DanqError(f"{a} - {b} has no row of target mean; make the file again with danq evaluate", path)
        rows = rows[rows["target"] != "mean"]
        found.append(Pair(a, b, rows.set_index(_numbers(rows["target"], path).astype(int)), mean.iloc[0]))
    return sorted(found, key=lambda pair: _PAIR_ORDER.get((pair.a, pair.b), len(_PAIR_ORDER)))


_PAIR_ORDER = {("danq", "deepsea"): 0, ("danq", "danq_conv"): 1}


def _keys(metrics, networks):
    """Return (model, seed) of every training."""
    return [(model, int(seed)) for model in networks
            for seed in sorted(metrics.loc[metrics["model"] == model, "seed"].dropna().unique())]


def _trained(folder, model, seed):
    folder = folder / model / f"seed{seed}"
    history, matches, motifs = folder / "history.tsv", folder / "matches.tsv", folder / "motifs.meme"
    empty = pd.DataFrame()
    return Trained(
        model, seed,
        _table(history, ["best"], ["train_loss", "valid_loss", "valid_auprc"]) if history.exists() else empty,
        _json(_text_of(folder / "train.json")) if (folder / "train.json").exists() else {},
        _table(matches, ["tested", "match", "factor", "strand", "named"],
               ["filter", "n_sites", "rank", "q", "empirical_fdr", "offset"]) if matches.exists() else empty,
        {motif.name: motif for motif in read_meme(motifs)} if motifs.exists() else {})


def _json(text):
    """Return a JSON object; anything else is as good as none, for it is only shown."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _dataset(path):
    """Return attributes of dataset.h5, windows by split, and positive windows by split and target."""
    if not path.exists():
        return {}, {}, {}
    try:
        with h5py.File(path, "r") as file:
            facts = {key: value.item() if hasattr(value, "item") else value for key, value in file.attrs.items()}
            labels = {split: file[split]["targets"] for split in SPLITS}
            n_targets = len(file["targets/name"])
            return (facts, {split: len(rows) for split, rows in labels.items()},
                    {split: _count(rows, n_targets) for split, rows in labels.items()})
    except (OSError, KeyError) as error:
        raise DanqError(f"not a whole dataset ({error}); make it again with danq encode", path) from error


def _count(packed, n_targets):
    """Count ones per target of bit-packed labels (N, ceil(T/8)), a block of windows at a time."""
    total = np.zeros(n_targets, dtype=np.int64)
    for start in range(0, len(packed), _BLOCK):
        total += np.unpackbits(packed[start:start + _BLOCK], axis=1, count=n_targets).sum(axis=0, dtype=np.int64)
    return total


def _source(facts):
    return _json(str(facts.get("source", "")))


# --- words ------------------------------------------------------------------------------------------------------

RISE = 0.02
"""A model whose validation AUPRC still rose by more than this share in its last epoch may be undertrained."""


def title(model):
    """Return what a model is called on the page."""
    return NAMES.get(model, (model,))[0]


def number(value, digits=3):
    """Return a number with a fixed number of decimals, or NA.

    Examples
    --------
    >>> number(0.12345), number(float("nan")), number(-0.5, 1)
    ('0.123', 'NA', '−0.5')
    """
    if value is None or not np.isfinite(value):
        return "NA"
    # Rounding first keeps a tiny negative number from reading as minus nothing.
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def signed(value):
    """Return a difference with its sign.

    Examples
    --------
    >>> signed(0.0214), signed(-0.0214), signed(0.0001)
    ('+0.021', '−0.021', '0.000')
    """
    text = number(value)
    return "+" + text if np.isfinite(value) and round(value, 3) > 0 else text


def interval(low, high):
    """Return an interval in brackets; the empty text when it is undefined.

    Examples
    --------
    >>> interval(-0.0104, 0.03)
    '[−0.010, 0.030]'
    """
    return f"[{number(low)}, {number(high)}]" if np.isfinite([low, high]).all() else ""


def plural(count, noun):
    """Return a count and its noun.

    Examples
    --------
    >>> plural(1, "target"), plural(12071, "window")
    ('1 target', '12,071 windows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names, limit=8):
    """Return names as a list in a sentence, cut after `limit`.

    Examples
    --------
    >>> listed(["Abf1", "Reb1", "Rap1"]), listed("abcde", 3)
    ('Abf1, Reb1, Rap1', 'a, b, c and 2 more')
    """
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def duration(seconds):
    """Return a time span in its two largest units.

    Examples
    --------
    >>> duration(7.4), duration(151), duration(7260)
    ('7 s', '2 min 31 s', '2 h 1 min')
    """
    seconds = round(seconds)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def verdict(low, high):
    """Judge a difference by its interval: above, below or around 0, or the empty text when it is undefined.

    Examples
    --------
    >>> verdict(0.01, 0.03), verdict(-0.01, 0.03), verdict(0.0, 0.03), verdict(float("nan"), 0.03)
    ('above', 'around', 'around', '')
    """
    if not np.isfinite([low, high]).all():
        return ""
    return "above" if low > 0 else "below" if high < 0 else "around"


def pair_sentence(pair):
    """Say what one comparison of two models found."""
    a, b, differences = title(pair.a), title(pair.b), pair.rows["difference"].dropna()
    if differences.empty:
        return f"{a} and {b} cannot be compared: no target has a defined AUPRC."
    low, high = pair.mean["low"], pair.mean["high"]
    ending = {"above": ", an interval above 0.", "below": ", an interval below 0.",
              "around": ": the interval contains 0, so no difference was detected.",
              "": ", for which no interval could be computed."}[verdict(low, high)]
    return (f"{a} has a higher AUPRC than {b} on {(differences > 0).sum()} of "
            f"{plural(len(differences), 'target')}; mean difference {signed(pair.mean['difference'])}"
            f"{' ' if interval(low, high) else ''}{interval(low, high)}{ending}")


def lead_sentence(pairs):
    """Answer the report's question by the one comparison in which only the recurrent layer differs."""
    pair = next((pair for pair in pairs if (pair.a, pair.b) == ("danq", "danq_conv")), None)
    if pair is None:
        return ("This run cannot say what the recurrent layer adds: it does not compare DanQ with DanQ-conv, its "
                "twin without one.")
    mean = pair.mean
    return {
        "above": "On this run the recurrent layer raises mean AUPRC by "
                 f"{number(mean['difference'])} {interval(mean['low'], mean['high'])} over a convolution of equal "
                 "cost in its place.",
        "below": "On this run a convolution of equal cost in place of the recurrent layer has the higher mean AUPRC, "
                 f"by {number(-mean['difference'])} {interval(-mean['high'], -mean['low'])}.",
        "around": "On this run no difference was detected between the recurrent layer and a convolution of equal "
                  "cost in its place.",
        "": "This run cannot say what the recurrent layer adds: its difference from a convolution of equal cost "
            "has no interval.",
    }[verdict(mean["low"], mean["high"])]


def seed_sentence(pair, metrics):
    """Say how far the mean difference of a pair depends on the seed; the empty text for a single seed."""
    values = metrics[metrics["model"].isin([pair.a, pair.b])].set_index(["seed", "target", "model"])["auprc"]
    table = values.unstack("model").dropna()
    if pair.a not in table or pair.b not in table:
        return ""
    means = (table[pair.a] - table[pair.b]).groupby("seed").mean()
    if len(means) < 2:
        return ""
    ending = "the same sign in every seed" if (means > 0).all() or (means < 0).all() else "not one sign in all seeds"
    return f"Seed by seed, {title(pair.a)} − {title(pair.b)} is {', '.join(map(signed, means))}: {ending}."


def loss_sentences(scores, labels, networks, baselines):
    """Name the targets on which a network falls below a baseline.

    Parameters
    ----------
    scores : pandas.DataFrame, targets by models
        AUPRC; a target counts where both values are defined.
    labels : pandas.Series
        Names of the targets.
    networks, baselines : list of str

    Returns
    -------
    list of str
    """
    found = []
    for baseline in baselines:
        clean = []
        for network in networks:
            both = scores[[network, baseline]].dropna()
            lost = both.index[both[network] < both[baseline]]
            if len(lost):
                found.append(f"{title(network)} is below the {title(baseline)} baseline on {len(lost)} of "
                             f"{plural(len(both), 'target')} ({listed(labels[lost])}); mean AUPRC on the "
                             f"{len(both)}: {number(both[network].mean())} against {number(both[baseline].mean())}.")
            elif len(both):
                clean.append(title(network))
        if clean:
            found.append(f"Never below the {title(baseline)} baseline on a target: {listed(clean)}.")
    return found


def na_sentence(targets, scores):
    """Count the targets on which no network's AUPRC is defined; the empty text when there is none."""
    undefined = targets[scores.isna().all(axis=1)]
    if undefined.empty:
        return ""
    none, all_ = undefined["n_positive"] == 0, undefined["n_positive"] == undefined["n"]
    reasons = [f"{count} of {plural(len(targets), 'target')} {'has' if count == 1 else 'have'} {reason}"
               for count, reason in ((none.sum(), "no positive window in the test split"),
                                     (all_.sum(), "no negative window in the test split"),
                                     ((~none & ~all_).sum(), "no defined AUPRC")) if count]
    return (f"NA: {' and '.join(reasons)} ({listed(undefined['label'])}); undefined values are left out of every mean "
            "and count.")


def undertrained(history):
    """Say whether a model may be undertrained: its best epoch is its last, and it still rose by more than `RISE`.

    Parameters
    ----------
    history : pandas.DataFrame
        ``valid_auprc`` and ``best`` (yes, no), a row per epoch.

    Returns
    -------
    bool
        After a single epoch, always.
    """
    values = history["valid_auprc"].to_numpy()
    if len(values) < 2:
        return True
    return best_epoch(history) == len(values) and values[-1] - values[-2] > RISE * values[-2]


def best_epoch(history):
    """Return the epoch (from 1) whose weights were kept."""
    marked = np.flatnonzero(history["best"] == "yes")
    return int(marked[-1] if marked.size else history["valid_auprc"].to_numpy().argmax()) + 1


def undertrained_sentence(trained):
    """Name the trainings that may be undertrained; the empty text when there is none."""
    names = [f"{title(one.model)} (seed {one.seed})" for one in trained
             if not one.history.empty and undertrained(one.history)]
    if not names:
        return ""
    return (f"May be undertrained: {listed(names)}. The best epoch is the last, and validation AUPRC still rose by "
            f"more than {100 * RISE:g} % in it (or there was only one); more epochs may change the comparison.")


# --- sections ---------------------------------------------------------------------------------------------------


TWIN = ("DanQ-conv is DanQ with its recurrent layer replaced by a convolution of the same number of multiply-adds; the "
        "two differ in nothing else.")


def answer(run):
    """Answer the question: the first screen."""
    scores = run.scores("auprc")
    pairs = [pair for pair in run.pairs if (pair.a, pair.b) in _PAIR_ORDER] or run.pairs[:2]
    cards = [*map(_pair_card, reversed(pairs)), *_model_card(scores, run), *_baseline_card(scores, run)]
    text = [" ".join(filter(None, [pair_sentence(pair), seed_sentence(pair, run.metrics),
                                   TWIN if pair.b == "danq_conv" else ""])) for pair in pairs]
    text.append("In brackets: 95 % intervals from a paired block bootstrap over test windows. They cover the choice "
                "of windows, not that of seeds.")
    return Section("answer", "The answer", lead_sentence(run.pairs), text, cards,
                   loss_sentences(scores, run.targets["label"], run.networks, run.baselines), _cautions(run, scores))


def _cautions(run, scores):
    """Return what a reader should hold against the numbers."""
    single = [title(name) for name in run.networks if sum(one.model == name for one in run.trained) == 1]
    seeds = f"Trained with a single seed: {listed(single)}. How far results move from seed to seed is unknown."
    return [text for text in (seeds if single else "", undertrained_sentence(run.trained),
                              na_sentence(run.targets, scores[run.networks])) if text]


def _pair_card(pair):
    differences, mean = pair.rows["difference"].dropna(), pair.mean
    mark = verdict(mean["low"], mean["high"])
    bound = np.nanmax(np.abs([mean["difference"], mean["low"], mean["high"], 1e-3])) * 1.15
    chip = {"above": "higher", "below": "lower", "around": "no difference detected", "": "no interval"}[mark]
    equal = (differences == 0).sum()
    return Card(f"{title(pair.a)} − {title(pair.b)}, mean AUPRC", signed(mean["difference"]),
                interval(mean["low"], mean["high"]),
                f"higher on {(differences > 0).sum()}, lower on {(differences < 0).sum()}"
                f"{f', equal on {equal}' if equal else ''} of {plural(len(differences), 'target')}",
                mark, chip, Markup(plots.interval_svg(mean["difference"], mean["low"], mean["high"], bound)))


def _model_card(scores, run):
    means = scores[run.networks].mean().dropna().sort_values(ascending=False, kind="stable")
    if means.empty:
        return []
    others = " · ".join(f"{title(name)} {number(value)}" for name, value in means.iloc[1:].items())
    return [Card("Highest mean AUPRC", number(means.iloc[0]), title(means.index[0]), others)]


def _baseline_card(scores, run):
    if not run.baselines:
        return []
    both = scores[scores[run.networks].notna().any(axis=1) & scores[run.baselines].notna().any(axis=1)]
    won = both[both[run.baselines].max(axis=1) > both[run.networks].max(axis=1)]
    return [Card("A baseline beats every network", f"{len(won)} of {len(both)}", "targets, by AUPRC",
                 listed(run.targets.loc[won.index, "label"], 4))]


def data(run):
    """Describe the data: splits, targets, what was dropped."""
    size, lengths = ([source.get(key) for key in keys] for source, keys in (
        (run.source, ("genome_length", "chromosomes")), (run.facts, ("window", "bin_size"))))
    text = []
    if all(isinstance(value, int) for value in size):
        text.append(f"The genome has {size[0]:,} bp on {plural(size[1], 'chromosome')}.")
    if all(isinstance(value, int) for value in lengths):
        text.append(f"A model reads {lengths[0]:,} bp and predicts the labels of the {lengths[1]:,} bp in their "
                    "middle. A label is 1 when more than half of these lie in the target's peaks.")
    aside = [table for table in (_split_table(run), _dropped_table(run)) if table]
    return Section("data", "The data", text=text, figures=[_prevalence_figure(run)], aside=aside,
                   tables=[_target_table(run)])


def _split_table(run):
    if not run.windows:
        return None
    regions = run.source.get("splits")
    regions = {"train": ["all other"], **regions} if isinstance(regions, dict) else {}
    rows = [[Cell(split), Cell(f"{run.windows[split]:,}"), Cell(f"{run.positives[split].sum():,}"),
             Cell(_regions(regions.get(split)))] for split in SPLITS]
    return Table("Splits", ["split", "windows", "positive labels", "regions"], rows, ("split", "regions"),
                 "A window counts one label for each target of which it is positive.")


def _regions(regions):
    return listed(map(str, regions), 30) if isinstance(regions, list) else ""


def _dropped_table(run):
    dropped = run.source.get("dropped")
    if not isinstance(dropped, dict) or not dropped:
        return None
    words = {"beyond chromosome end": "the window would leave its chromosome", "blacklist": "blacklisted",
             "N": "too many letters other than ACGT", "border": "training window that touches another split's region",
             "unlabelled": "training bin without a label, not sampled"}
    rows = [[Cell(words.get(reason, reason)), Cell(f"{count:,}" if isinstance(count, int) else str(count))]
            for reason, count in dropped.items()]
    return Table("Dropped", ["reason", "bins"], rows, ("reason",), "Each bin counts once, for the first reason.")


def _target_table(run):
    fits = run.positives and all(len(run.positives["train"]) > target for target in run.targets.index)
    splits = SPLITS if fits else ()
    rows = [[Cell(row.label), Cell(row.group), *(Cell(f"{run.positives[split][row.Index]:,}") for split in splits),
             Cell("NA" if np.isnan(row.prevalence) else f"{100 * row.prevalence:.2f} %",
                  mark="na" if row.n_positive == 0 else "")]
            for row in run.targets.itertuples()]
    return Table("Targets", ["target", "group", *(f"positive, {split}" for split in splits), "prevalence, test"], rows,
                 ("target", "group"))


def _prevalence_figure(run):
    targets, style = run.targets, plots.styles(run.targets["group"])
    figure, ax = plots.canvas(5.4, 3.7)
    texts = [f"{row.label} ({row.group}): {100 * row.prevalence:.2f} %, {row.n_positive:,.0f} positive windows"
             for row in targets.itertuples()]
    plots.prevalence(ax, targets["prevalence"], groups=targets["group"], titles=texts, style=style)
    absent = int((targets["prevalence"] == 0).sum())
    return Figure("Prevalence in the test split", Markup(plots.svg(figure, "prevalence")),
                  f"{plural(absent, 'target')} without a positive window not drawn." if absent else "",
                  _legend(style))


def _legend(style):
    """Return the legend of groups: those beyond the palette share one entry."""
    own = [(look, group) for group, look in style.items() if look.colour != plots.OTHER]
    rest = len(style) - len(own)
    return (*own, *([(plots.Style(plots.OTHER, "o"), plural(rest, "other group"))] if rest else []))


def comparison(run):
    """Compare the models, by target, by group and as a whole."""
    scores, style = run.scores("auprc"), plots.styles(run.targets["group"])
    text = ["Each point is a target: above the diagonal, the model named on the vertical axis has the higher AUPRC. "
            "Bars are 95 % intervals of the difference; a point is filled when its interval excludes 0."]
    if run.oracles:
        text.append("This genome is simulated, so two oracles stand beside the models: both are told where the "
                    "planted sites are, and only one of them the rule that makes a site count.")
    tables = [*([_pairs_table(run)] if run.pairs else []), _means_table(run, scores),
              _groups_table(run, scores, "AUPRC by group", "Mean over the group's targets; in parentheses, their "
                            "number where it is not the whole group."),
              *_decoy_tables(run), _scores_table(run, scores), *_difference_tables(run)]
    return Section("comparison", "The comparison", text=text, tables=tables,
                   figures=[_scatter(run, pair, style) for pair in run.pairs if pair.rows["difference"].notna().any()])


def _scatter(run, pair, style):
    rows = pair.rows.join(run.targets[["label"]]).dropna(subset=["auprc_a", "auprc_b"])
    figure, ax = plots.canvas(4.2, 4.0)
    texts = [f"{row.label} ({row.group}): {title(pair.a)} {number(row.auprc_a)}, {title(pair.b)} "
             f"{number(row.auprc_b)}, difference {signed(row.difference)} {interval(row.low, row.high)}"
             for row in rows.itertuples()]
    plots.scatter_models(ax, rows["auprc_a"], rows["auprc_b"], groups=rows["group"], low=rows["low"],
                         high=rows["high"], titles=texts, style=style,
                         labels=(f"AUPRC, {title(pair.a)}", f"AUPRC, {title(pair.b)}"))
    missing = len(pair.rows) - len(rows)
    return Figure(f"{title(pair.a)} against {title(pair.b)}", Markup(plots.svg(figure, f"{pair.a}-{pair.b}")),
                  f"NA: {plural(missing, 'target')} not drawn." if missing else "", _legend(style))


def _pairs_table(run):
    rows = []
    bound = _bound(pd.DataFrame([pair.mean for pair in run.pairs]))
    for pair in run.pairs:
        differences = pair.rows["difference"].dropna()
        rows.append([Cell(f"{title(pair.a)} − {title(pair.b)}"), Cell(str(len(differences))),
                     Cell(str((differences > 0).sum())), Cell(str((differences < 0).sum())),
                     _interval_cell(pair.mean, bound), Cell(signed(pair.mean["auroc_difference"]))])
    return Table("Pairs of models", ["pair", "targets", "higher", "lower", "mean AUPRC difference",
                                     "mean AUROC difference"], rows, ("pair",))


def _bound(frame):
    """Return a limit for the intervals drawn in one column."""
    return np.nanmax(np.append(np.abs(frame[["difference", "low", "high"]].to_numpy(float)), 1e-3)) * 1.05


def _interval_cell(row, bound):
    drawing = plots.interval_svg(row["difference"], row["low"], row["high"], bound)
    return Cell(signed(row["difference"]), interval(row["low"], row["high"]),
                "drawn" if np.isfinite(row["difference"]) else "na", Markup(drawing))


def _means_table(run, scores):
    aurocs, partial, spread = run.scores("auroc"), _partial(scores, run), _spread(run)
    columns = ["model", "seeds", "targets", "NA", "mean AUROC", "mean AUPRC", *(["AUPRC by seed"] if spread else []),
               *(f"mean AUPRC on the {len(shared)} targets of the {title(name)}" for name, shared in partial)]
    rows = []
    for model in scores:
        defined, seeds = scores[model].notna().sum(), sum(one.model == model for one in run.trained)
        rows.append([Cell(title(model), NAMES.get(model, ("", ""))[1]), Cell(str(seeds or "–")), Cell(str(defined)),
                     Cell(str(len(scores) - defined)), Cell(number(aurocs[model].mean())),
                     Cell(number(scores[model].mean())), *([Cell(spread.get(model, "–"))] if spread else []),
                     *(Cell(number(scores.loc[shared, model].mean())) for _, shared in partial)])
    note = "Over the targets with defined values, seeds averaged first."
    return Table("Means over targets", columns, rows, ("model",),
                 f"{note} Means over different targets do not compare." if partial else note)


def _partial(scores, run):
    """Return the baselines that are defined for fewer targets than the networks, with those targets."""
    whole = scores[run.networks].notna().any(axis=1).sum()
    targets = [(name, scores.index[scores[name].notna()]) for name in run.baselines]
    return [(name, shared) for name, shared in targets if 0 < len(shared) < whole]


def _spread(run):
    """Return the lowest and highest mean AUPRC of the seeds of each model that has several."""
    means = run.metrics.groupby(["model", "seed"])["auprc"].mean().groupby("model").agg(["min", "max", "size"])
    return {row.Index: f"{number(row.min)} to {number(row.max)}" for row in means.itertuples() if row.size > 1}


def _groups_table(run, scores, name, note):
    """Return the mean of a metric over the targets of each group, for every model."""
    groups = run.targets["group"]
    rows = []
    for group in dict.fromkeys(groups):
        own = scores[groups == group]
        means, defined = own.mean(), own.notna().sum()
        cells = [Cell(number(means[model]) + (f" ({defined[model]})" if 0 < defined[model] < len(own) else ""),
                      mark=_mark(means, model, run)) for model in scores]
        rows.append([Cell(group), Cell(str(len(own))), *cells])
    return Table(name, ["group", "targets", *map(title, scores)], rows, ("group",), note)


def _decoy_tables(run):
    if "decoy_auroc" not in run.metrics or run.metrics["decoy_auroc"].isna().all():
        return []
    return [_groups_table(run, run.scores("decoy_auroc"), "AUROC against decoys, by group",
                          "Positive bins against decoy bins alone, which hold the same parts and break the rule: 0.5 "
                          "is knowing the parts and not the rule.")]


def _mark(values, model, run):
    """Mark the best network of a row, and a baseline that beats every network."""
    best = values[run.networks].max()
    if np.isnan(values[model]):
        return "na"
    if model in run.networks:
        return "best" if values[model] == best else ""
    return "beats" if model in run.baselines and values[model] > best else ""


def _scores_table(run, scores):
    rows = [[Cell(row.label), Cell(row.group), Cell(f"{row.n_positive:,.0f}"), Cell(number(row.prevalence)),
             *(Cell(number(scores.loc[row.Index, model]), mark=_mark(scores.loc[row.Index], model, run))
               for model in scores)] for row in run.targets.itertuples()]
    return Table("AUPRC by target", ["target", "group", "positive, test", "prevalence", *map(title, scores)], rows,
                 ("target", "group"), "Bold: the best network. Shaded: a baseline above every network. NA: undefined, "
                 "or for the motif scan, no known motif.")


def _difference_tables(run):
    """Return the differences by target, one column per pair; nothing when there is no pair."""
    if not run.pairs:
        return []
    bound = _bound(pd.concat([pair.rows for pair in run.pairs]))
    missing = pd.Series({"difference": np.nan, "low": np.nan, "high": np.nan})
    rows = [[Cell(row.label),
             *(_interval_cell(pair.rows.loc[row.Index] if row.Index in pair.rows.index else missing, bound)
               for pair in run.pairs)] for row in run.targets.itertuples()]
    columns = ["target", *(f"{title(pair.a)} − {title(pair.b)}" for pair in run.pairs)]
    return [Table("AUPRC differences by target", columns, rows, ("target",),
                  "95 % intervals in brackets; they are not corrected for the number of targets.")]


def training(run):
    """Show how the models learned."""
    trained = [one for one in run.trained if not one.history.empty]
    if not trained:
        return Section("training", "The training", text=["This run has no training history."])
    caution = undertrained_sentence(trained)
    return Section("training", "The training", cautions=[caution] if caution else [], figures=_curves(trained),
                   tables=[_training_table(trained)],
                   text=["A dot marks the epoch whose weights were kept: the one with the highest mean AUPRC on the "
                         "validation split."])


def _curves(trained):
    style = plots.styles(one.model for one in trained)
    models, best = [one.model for one in trained], [best_epoch(one.history) for one in trained]
    legend = tuple((plots.Style(look.colour, "o"), title(model)) for model, look in style.items())
    texts = [f"{title(one.model)}, seed {one.seed}: epoch {epoch}, validation AUPRC "
             f"{number(one.history['valid_auprc'].iloc[epoch - 1])}" for one, epoch in zip(trained, best, strict=True)]
    round_style = {model: plots.Style(look.colour, "o") for model, look in style.items()}
    areas, ax = plots.canvas(5.4, 3.7)
    plots.training_curves(ax, [one.history["valid_auprc"] for one in trained], labels=models, best=best, titles=texts,
                          ylabel="mean AUPRC", style=round_style)
    losses, ax = plots.canvas(5.4, 3.7)
    for column, dashed in (("valid_loss", False), ("train_loss", True)):
        plots.training_curves(ax, [one.history[column] for one in trained], labels=models, dashed=dashed,
                              ylabel="cross-entropy", style=round_style)
    return [Figure("Validation AUPRC", Markup(plots.svg(areas, "areas")), legend=legend),
            Figure("Loss", Markup(plots.svg(losses, "losses")), "Solid: validation. Dashed: training.", legend)]


def _training_table(trained):
    rows = []
    for one in trained:
        values, best = one.history["valid_auprc"], best_epoch(one.history)
        speed, seconds = (one.history.get(key, pd.Series(dtype=float)) for key in ("samples_per_s", "seconds"))
        rise = values.iloc[-1] / values.iloc[-2] - 1 if len(values) > 1 and values.iloc[-2] > 0 else np.nan
        rows.append([Cell(title(one.model)), Cell(str(one.seed)), Cell(str(len(values))), Cell(str(best)),
                     Cell(number(values.iloc[best - 1])),
                     Cell("NA" if np.isnan(rise) else f"{100 * rise:+.1f} %".replace("-", "−")),
                     Cell(f"{speed.median():,.0f}" if len(speed) else "NA"),
                     Cell(duration(seconds.sum()) if len(seconds) else "NA")])
    return Table("Trainings", ["model", "seed", "epochs", "best epoch", "best validation AUPRC", "change in last epoch",
                               "windows per second", "time"], rows, ("model",))


SHOWN = 24
"""Named filters drawn for each model."""

SHOWN_UNNAMED = 6


def filters(run, known):
    """Show the motifs that first-layer filters learned, named and unnamed."""
    trained = [one for one in run.trained if not one.matches.empty]
    if not trained:
        return Section("motifs", "The motifs", text=["This run has no motifs."])
    first = {}
    for one in trained:
        first.setdefault(one.model, one)
    text = ["A filter's motif is made of the sites that activate it, and compared with known motifs by Tomtom. A "
            "filter is named when the q-value of its best match is low enough; the empirical FDR counts the matches "
            "as good as that among the same motifs with their columns shuffled, for each one among the motifs. A "
            "filter that resembles nothing known is a result too."]
    text.append("Letters are up to 2 bits high. A filter that matches on the other strand is drawn turned, as its "
                f"reverse complement.{' Below it, paler, stands the known motif, aligned.' if known else ''}")
    tables = [_filter_table(trained), *([_planted_table(run, trained)] if run.planted is not None else [])]
    galleries = [gallery for one in first.values() for gallery in _galleries(one, known)]
    return Section("motifs", "The motifs", text=text, tables=tables, galleries=galleries)


def _best(one):
    """Return one row per filter: its best match, if it has one."""
    return one.matches.sort_values("rank", kind="stable").drop_duplicates("name").sort_index()


def _named(one):
    rows = _best(one)
    return rows[rows["named"] == "yes"].sort_values(["q", "filter"], kind="stable")


def _filter_table(trained):
    rows = []
    for one in trained:
        best, named = _best(one), _named(one)
        tested = (best["tested"] == "yes").sum()
        counts = ((best["n_sites"] > 0).sum(), tested, len(named), tested - len(named), named["factor"].nunique())
        rows.append([Cell(title(one.model)), Cell(str(one.seed)), *(Cell(str(count)) for count in counts),
                     Cell(number(named["empirical_fdr"].max()))])
    return Table("Filters", ["model", "seed", "filters with sites", "tested", "named", "unmatched",
                             "distinct factors", "highest empirical FDR of a named one"], rows, ("model",),
                 "Tested: with enough sites and information to compare. Unmatched: tested, and like nothing known.")


def _planted_table(run, trained):
    rows = []
    for one in trained:
        found, missed, off = recovered(run.planted, _named(one))
        rows.append([Cell(title(one.model)), Cell(str(one.seed)), Cell(f"{len(found)} of {len(run.planted)}"),
                     Cell(listed(found, 20) or "–"), Cell(listed(missed, 20) or "–"), Cell(str(len(off))),
                     Cell(listed(off, 20) or "–")])
    columns = ["model", "seed", "recovered", "which", "missed", "off-target", "off-target filters"]
    return Table("Planted motifs", columns, rows, ("model", "recovered", "which", "missed", "off-target filters"),
                 "Recovered: the best match of a named filter has the planted motif's JASPAR identifier or factor. "
                 "Off-target: a named filter whose best match was not planted.")


def recovered(planted, named):
    """Compare the named filters of a model with the motifs planted in a simulated genome.

    Parameters
    ----------
    planted : pandas.DataFrame
        Columns motif (JASPAR identifier) and factor.
    named : pandas.DataFrame
        Columns name, match (JASPAR identifier) and factor: the best match of each named filter.

    Returns
    -------
    tuple of (list, list, list) of str
        Factors found, factors missed, and off-target filters with what they resemble.
    """
    keys = set(named["match"]) | set(named["factor"])
    found = planted["motif"].isin(keys) | planted["factor"].isin(keys)
    on = named["match"].isin(planted["motif"]) | named["factor"].isin(planted["factor"])
    off = [f"{row.name} ({row.factor})" for row in named[~on].itertuples()]
    return planted.loc[found, "factor"].tolist(), planted.loc[~found, "factor"].tolist(), off


def _galleries(one, known):
    """Return the logos of a training: its named filters, and on demand some that resemble nothing known."""
    best, named = _best(one), _named(one)
    unnamed = best[(best["tested"] == "yes") & (best["named"] != "yes")].sort_values("n_sites", ascending=False,
                                                                                   kind="stable")
    name = f"{title(one.model)}, seed {one.seed}"
    shown_of = f", {SHOWN} lowest q-values shown" if len(named) > SHOWN else ""
    found = [Gallery(f"{name}: {plural(len(named), 'named filter')}{shown_of}", _logos(one, named.head(SHOWN), known))]
    if len(unnamed):
        few = unnamed.head(SHOWN_UNNAMED)
        found.append(Gallery(f"{name}: {len(few)} of {plural(len(unnamed), 'unmatched filter')}",
                             _logos(one, few, {}), folded=True))
    return found


def _logos(one, rows, known):
    return [_logo(one.motifs[row["name"]], row, known.get(row["match"]))
            for _, row in rows.iterrows() if row["name"] in one.motifs]


def _logo(motif, row, known):
    """Draw a filter; a named one as its known motif is oriented, over that motif, aligned."""
    sites = plural(motif.n_sites, "site")
    if row["named"] != "yes":
        return Logo(motif.name, Markup(plots.logo_svg(motif.matrix)), Markup(), "", "", [sites])
    turned = row["strand"] == "-"
    matrix = motif.matrix[::-1, ::-1] if turned else motif.matrix
    offset = 0 if known is None else _offset(row["offset"], len(matrix), len(known.matrix), turned)
    columns = 0 if known is None else max(len(known.matrix), offset + len(matrix)) + max(0, -offset)
    below = "" if known is None else plots.logo_svg(known.matrix, max(0, -offset), columns)
    in_jaspar = re.fullmatch(r"MA[0-9]{4}\.[0-9]+", row["match"])
    link = f"https://jaspar.elixir.no/matrix/{row['match']}/" if in_jaspar else ""
    facts = [f"{motif.name}{', turned' if turned else ''} · {sites}",
             f"q {row['q']:.1e} · empirical FDR {number(row['empirical_fdr'])}"]
    return Logo(row["factor"], Markup(plots.logo_svg(matrix, max(0, offset), columns)), Markup(below), row["match"],
                link, facts)


def _offset(offset, width, known_width, turned):
    """Return the column of the known motif opposite the filter's first, both as the known motif is oriented.

    Examples
    --------
    >>> _offset(1, 4, 8, turned=False), _offset(1, 4, 8, turned=True)
    (1, 3)
    """
    return int(known_width - width - offset if turned else offset)


def methods(run, config, commands):
    """Say how it was made: software, inputs, trainings, configuration."""
    trained = [one for one in run.trained if one.facts]
    tables = [table for table in (_facts_table(trained), _versions_table(run, trained), _sources_table(run)) if table]
    details = [Details(name, text) for name, text in (
        ("Configuration", config), ("Commands", "\n".join(commands)), ("Training options", _options(trained))) if text]
    return Section("methods", "How it was made", tables=tables, details=details)


def _facts_table(trained):
    if not trained:
        return None
    keys = ["parameters", "scale", "epochs", "threads", "device", "hardware", "precision"]
    rows = []
    for one in trained:
        seconds = one.facts.get("seconds")
        rows.append([Cell(title(one.model)), Cell(str(one.seed)), *(Cell(_plain(one.facts.get(key))) for key in keys),
                     Cell(duration(seconds) if isinstance(seconds, int | float) else "NA")])
    return Table("Models and machines", ["model", "seed", *keys, "time"], rows,
                 ("model", "device", "hardware", "precision"))


def _plain(value):
    """Return a value from a JSON file as text: whole numbers with separators, nothing as NA."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "NA" if value in (None, "") else str(value)


def _versions_table(run, trained):
    versions = {}
    if "created-by" in run.facts:
        versions["dataset made by"] = {str(run.facts["created-by"])}
    for one in trained:
        found = one.facts.get("versions")
        for name, version in found.items() if isinstance(found, dict) else ():
            versions.setdefault(name, set()).add(str(version))
    rows = [[Cell(name), Cell(", ".join(sorted(texts)))] for name, texts in versions.items()]
    return Table("Software", ["name", "version"], rows, ("name", "version")) if rows else None


def _sources_table(run):
    rows = [[Cell(name), Cell(path), Cell(digest)] for name, path, digest in _files(run.source)]
    return Table("Input files", ["input", "path", "SHA-256"], rows, ("input", "path", "SHA-256")) if rows else None


def _files(source, prefix=""):
    """Yield name, path and digest of every file in the (nested) account of a dataset's sources."""
    for key, value in source.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and "path" in value:
            yield name, str(value["path"]), str(value.get("sha256", ""))
        elif isinstance(value, dict):
            yield from _files(value, f"{name}: ")


def _options(trained):
    return "\n".join(f"{one.model} seed {one.seed}: {json.dumps(one.facts['options'], ensure_ascii=False)}"
                     for one in trained if "options" in one.facts)
