"""Numbers and findings in words. Every sentence that judges follows from numbers by a fixed rule, found here."""

import numpy as np

from danq.report.results import NAMES, best_epoch

SURE = 0.05
"""Targets with a lower q-value count as different, target by target."""

DOMINATES = 1.5
"""One source of spread dominates the other when its standard error is larger by this factor."""

RISE = 0.02
"""A model whose validation AUPRC still rose by more than this share in its last epoch may be undertrained."""


def title(model):
    """Return what a model is called in text."""
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


def percent(share):
    """Return a share in percent, or NA."""
    return "NA" if np.isnan(share) else f"{100 * share:.2f} %"


def plain(value):
    """Return a value from a JSON file as text: whole numbers with separators, lists one by one, nothing as NA.

    Examples
    --------
    >>> plain(926351), plain([1, 2]), plain([]), plain("cpu")
    ('926,351', '1, 2', 'NA', 'cpu')
    """
    if isinstance(value, list):
        return ", ".join(map(plain, value)) or "NA"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "NA" if value in (None, "") else str(value)


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


def summary(run):
    """Say in one line what was run: how much of what."""
    seeds = run.metrics.loc[run.metrics["model"].isin(run.networks), "seed"].nunique()
    assembly = run.facts.get("assembly", "unknown")
    parts = [
        f"run {run.name}",
        "" if assembly == "unknown" else f"assembly {assembly}",
        plural(len(run.targets), "target"),
        plural(len(run.networks), "network"),
        plural(seeds, "seed"),
    ]
    return " · ".join(filter(None, parts))


def seed_ranges(metrics):
    """Return the lowest and highest mean AUPRC of the seeds of each model that has several."""
    means = (
        metrics.groupby(["model", "seed"])["auprc"]
        .mean()
        .groupby("model")
        .agg(["min", "max", "size"])
    )
    return {
        row.Index: f"{number(row.min)} to {number(row.max)}"
        for row in means.itertuples()
        if row.size > 1
    }


def versus(pair):
    """Return the name of a difference: model a less model b."""
    return f"{title(pair.a)} − {title(pair.b)}"


def tally(pair):
    """Count the targets on which model a of a pair is higher and lower, by AUPRC."""
    differences = pair.rows["difference"].dropna()
    equal = (differences == 0).sum()
    return (
        f"higher on {(differences > 0).sum()}, lower on {(differences < 0).sum()}"
        f"{f', equal on {equal}' if equal else ''} of {plural(len(differences), 'target')}"
    )


TWIN = (
    "DanQ-conv is DanQ with a convolution in the place of its recurrent layer: the same multiply-adds, and almost "
    "the same number of parameters. The two differ in recurrence and in how far a position sees: the convolution "
    "sees only its neighbourhood."
)
DILATED = (
    "DanQ-dilated has dilated convolutions there, which let every position see the whole window as the "
    "recurrence does, at nearly the same cost: the two differ in recurrence, not in reach."
)


def pair_sentence(pair):
    """Say what one comparison of two models found."""
    a, b, differences = title(pair.a), title(pair.b), pair.rows["difference"].dropna()
    if differences.empty:
        return f"{a} and {b} cannot be compared: no target has a defined AUPRC."
    low, high = pair.mean["low"], pair.mean["high"]
    ending = {
        "above": ", an interval above 0.",
        "below": ", an interval below 0.",
        "around": ": the interval contains 0, so no difference was detected.",
        "": ", for which no interval could be computed.",
    }[verdict(low, high)]
    return (
        f"{a} has a higher AUPRC than {b} on {(differences > 0).sum()} of "
        f"{plural(len(differences), 'target')}; mean difference {signed(pair.mean['difference'])}"
        f"{' ' if interval(low, high) else ''}{interval(low, high)}{ending}"
    )


def sure_sentence(pair):
    """Say on how many targets the difference is sure by itself, and what they say as a set.

    The empty text when no target has a p-value.
    """
    known = pair.rows.dropna(subset=["q"])
    if known.empty:
        return ""
    sure = known["difference"][known["q"] < SURE]
    p = pair.mean["wilcoxon_p"]
    ending = "" if np.isnan(p) else f"; Wilcoxon's signed-rank test over targets: p {p_value(p)}"
    return (
        f"Target by target, at a false discovery rate of {100 * SURE:g} %, it is higher on {(sure > 0).sum()} and "
        f"lower on {(sure < 0).sum()}{ending}."
    )


def p_value(p):
    """Return a p-value after its sign of equality.

    Examples
    --------
    >>> p_value(0.0312), p_value(2.5e-7)
    ('= 0.031', '= 2.5e-07')
    """
    return f"= {number(p)}" if p >= 0.001 else f"= {p:.1e}"


def spread_sentence(pair):
    """Say which moves the mean difference more, the choice of windows or that of seeds; the empty text if unknown."""
    windows, seeds = pair.mean["sampling_sd"], pair.mean["seed_sd"]
    if not np.isfinite([windows, seeds]).all():
        return ""
    numbers = f"standard error {number(seeds)} from seeds, {number(windows)} from test windows"
    if seeds > DOMINATES * windows:
        return f"What blurs the mean difference most is the training seed ({numbers}): more seeds would sharpen it."
    if windows > DOMINATES * seeds:
        return f"What blurs the mean difference most is the choice of test windows ({numbers})."
    return f"Training seeds and test windows blur the mean difference about equally ({numbers})."


def interval_sentence(n_seeds):
    """Say what the intervals cover: the choice of windows, and that of seeds where there are several."""
    if n_seeds == 1:
        return (
            "In brackets: 95 % intervals from a paired bootstrap over blocks of the test genome. They cover the "
            "choice of windows, not that of training seeds."
        )
    return (
        f"In brackets: 95 % intervals from a paired bootstrap over blocks of the test genome and from the spread "
        f"of the {n_seeds} training seeds of each network."
    )


def lead_sentence(pairs, n_seeds):
    """Answer the report's question by the comparison with the twin that costs the same.

    A difference between networks of a single seed each is told as such: another seed may turn it round.
    """
    pair = next((pair for pair in pairs if (pair.a, pair.b) == ("danq", "danq_conv")), None)
    if pair is None:
        return (
            "This run cannot say what the recurrent layer adds: it does not compare DanQ with DanQ-conv, its "
            "twin without one."
        )
    reach = _reach_sentence(pairs)
    mean, trained, caution = pair.mean, f"With {n_seeds} training seeds each", ""
    if n_seeds == 1:
        trained, caution = "With a single training seed each", "; another seed may turn this round"
    return {
        # What was measured, and not why: the twin lacks the recurrence, and the reach that comes with it.
        "above": f"{trained}, the network with the recurrent layer has a higher mean AUPRC, by "
        f"{number(mean['difference'])} {interval(mean['low'], mean['high'])}, than its twin with a "
        f"convolution of equal cost in that place{caution}.{reach}",
        "below": f"{trained}, the twin with a convolution of equal cost in the recurrent layer's place has a higher "
        f"mean AUPRC, by {number(-mean['difference'])} {interval(-mean['high'], -mean['low'])}{caution}."
        f"{reach}",
        "around": f"{trained}, no difference was detected between the network with the recurrent layer and its twin "
        f"with a convolution of equal cost in that place.{reach}",
        "": "This run cannot say what the recurrent layer adds: its difference from a convolution of equal cost "
        "has no interval.",
    }[verdict(mean["low"], mean["high"])]


def _reach_sentence(pairs):
    """Say how the recurrent layer compares with convolutions that see as far, if they were trained (from a blank on).

    Against a local convolution it may win by recurrence or by reach; against these only by recurrence.
    """
    pair = next((pair for pair in pairs if (pair.a, pair.b) == ("danq", "danq_dilated")), None)
    if pair is None:
        return ""
    mean = pair.mean
    return {
        "above": f" Than the twin whose convolutions see the whole window, as it does, it is higher by "
        f"{number(mean['difference'])} {interval(mean['low'], mean['high'])}.",
        "below": f" The twin whose convolutions see the whole window, as it does, is higher by "
        f"{number(-mean['difference'])} {interval(-mean['high'], -mean['low'])}.",
        "around": " From the twin whose convolutions see the whole window, as it does, no difference was detected.",
        "": "",
    }[verdict(mean["low"], mean["high"])]


def seed_sentence(pair, metrics):
    """Say how far the mean difference of a pair depends on the seed; the empty text for a single seed."""
    values = metrics[metrics["model"].isin([pair.a, pair.b])].set_index(
        ["seed", "target", "model"]
    )["auprc"]
    table = values.unstack("model").dropna()
    if pair.a not in table or pair.b not in table:
        return ""
    means = (table[pair.a] - table[pair.b]).groupby("seed").mean()
    if len(means) < 2:
        return ""
    ending = (
        "the same sign in every seed"
        if (means > 0).all() or (means < 0).all()
        else "not one sign in all seeds"
    )
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
                found.append(
                    f"{title(network)} is below the {title(baseline)} baseline on {len(lost)} of "
                    f"{plural(len(both), 'target')} ({listed(labels[lost])}); mean AUPRC on the "
                    f"{len(both)}: {number(both[network].mean())} against {number(both[baseline].mean())}."
                )
            elif len(both):
                clean.append(title(network))
        if clean:
            found.append(
                f"Never below the {title(baseline)} baseline on a target: {listed(clean)}."
            )
    return found


def na_sentence(targets, scores):
    """Count the targets on which no network's AUPRC is defined; the empty text when there is none."""
    undefined = targets[scores.isna().all(axis=1)]
    if undefined.empty:
        return ""
    none, all_ = undefined["n_positive"] == 0, undefined["n_positive"] == undefined["n"]
    reasons = [
        f"{count} of {plural(len(targets), 'target')} {'has' if count == 1 else 'have'} {reason}"
        for count, reason in (
            (none.sum(), "no positive window in the test split"),
            (all_.sum(), "no negative window in the test split"),
            ((~none & ~all_).sum(), "no defined AUPRC"),
        )
        if count
    ]
    return (
        f"NA: {' and '.join(reasons)} ({listed(undefined['label'])}); undefined values are left out of every mean "
        "and count."
    )


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


def undertrained_sentence(trained):
    """Name the trainings that may be undertrained; the empty text when there is none."""
    names = [
        f"{title(one.model)} (seed {one.seed})"
        for one in trained
        if not one.history.empty and undertrained(one.history)
    ]
    if not names:
        return ""
    return (
        f"May be undertrained: {listed(names)}. The best epoch is the last, and validation AUPRC still rose by "
        f"more than {100 * RISE:g} % in it (or there was only one); more epochs may change the comparison."
    )


def single_seed_sentence(trained):
    """Name the models that were trained once; the empty text when there is none."""
    models = [one.model for one in trained]
    single = [title(model) for model in dict.fromkeys(models) if models.count(model) == 1]
    return (
        f"Trained with a single seed: {listed(single)}. How far results move from seed to seed is unknown."
        if single
        else ""
    )


def methods_paragraphs(run):
    """Describe a run as the methods section of a paper would: one paragraph each on data, networks and statistics.

    Parameters
    ----------
    run : danq.report.results.Run

    Returns
    -------
    list of str
        What the run does not tell is left out.
    """
    return [
        " ".join(filter(None, part))
        for part in (_data_methods(run), _network_methods(run), _test_methods(run))
    ]


def _data_methods(run):
    facts, regions = run.facts, run.source.get("splits", {})
    if not facts:
        return
    sizes = [
        f"{run.windows[split]:,} {name}{_regions(regions.get(split))}"
        for split, name in (("train", "training"), ("valid", "validation"), ("test", "test"))
    ]
    if (
        not run.chromosomes
    ):  # windows that were given with their labels: how these were made, and split, is not known
        yield (
            f"Windows of {facts['window']:,} bp were given with their labels for "
            f"{plural(len(run.targets), 'target')}: {sizes[0]}, {sizes[1]} and {sizes[2]} windows."
        )
        return
    yield (
        f"Windows of {facts['window']:,} bp were labelled for {plural(len(run.targets), 'target')}: positive when "
        f"more than half of the {facts['bin_size']:,} bp in the middle lie in the target's peaks."
    )
    yield (
        f"There are {sizes[0]}, {sizes[1]} and {sizes[2]} windows; no base of a training window lies in another "
        "split."
    )


def _regions(names):
    return f" ({listed(map(str, names), 6)})" if names else ""


def _network_methods(run):
    trained = [one for one in run.trained if one.facts]
    for model in dict.fromkeys(one.model for one in trained):
        facts = next(one.facts for one in trained if one.model == model)
        yield (
            f"{title(model)} ({NAMES.get(model, ('', ''))[1]}; {plain(facts.get('parameters'))} parameters) "
            f"was trained {_seeds([one.seed for one in trained if one.model == model])}."
        )
    recipes = {}  # a published recipe has other numbers for other models
    for one in trained:
        recipes.setdefault(_recipe(one.facts.get("options", {})), {})[title(one.model)] = None
    for recipe, models in recipes.items():
        yield f"{recipe}{f' ({listed(models)})' if len(recipes) > 1 else ''}."
    if trained:
        yield "The weights of the best epoch on the validation split were kept."
        versions = trained[0].facts.get("versions", {})
        yield (
            f"Software: {', '.join(f'{name} {version}' for name, version in versions.items())}."
            if versions
            else ""
        )


def _recipe(options):
    return (
        f"Recipe {options.get('recipe', 'unknown')}: batches of {plain(options.get('batch_size'))}, at most "
        f"{plain(options.get('epochs'))} epochs, learning rate {plain(options.get('lr'))}, dropout "
        f"{plain(options.get('dropout'))} and layer widths {plain(options.get('scale'))} times the published ones"
    )


def _seeds(seeds):
    return (
        f"from seed {seeds[0]}" if len(seeds) == 1 else f"from seeds {listed(map(str, seeds), 12)}"
    )


def _test_methods(run):
    blocks = "blocks of at least 50 kb" if run.chromosomes else "blocks of neighbouring windows"
    yield (
        "Predictions are means over the two strands. AUPRC is average precision. Models were compared on the same "
        f"test windows, seeds averaged; standard errors of differences in AUPRC come from a bootstrap over {blocks} "
        "(1,000 replicates), those of differences in AUROC from DeLong's variance with the same blocks as clusters, "
        "both with the variance between training seeds added where there were several; intervals are Student's with "
        "Satterthwaite's degrees of freedom, p-values of targets adjusted by Benjamini and Hochberg, and "
        "differences over targets tested by Wilcoxon's signed-rank test."
    )


CITATION = """Please cite danq, and the papers of what it rests on:

danq {version}: what does a recurrent layer add to a convolutional network that reads DNA? (its CITATION.cff)
Zhou J, Troyanskaya OG (2015). Predicting effects of noncoding variants with deep learning-based sequence model. Nature
  Methods 12:931-934. doi:10.1038/nmeth.3547
Quang D, Xie X (2016). DanQ: a hybrid convolutional and recurrent deep neural network for quantifying the function of
  DNA sequences. Nucleic Acids Research 44:e107. doi:10.1093/nar/gkw226
Rauluseviciute I and others (2024). JASPAR 2024: 20th anniversary of the open-access database of transcription factor
  binding profiles. Nucleic Acids Research 52:D174-D182. doi:10.1093/nar/gkad1059
Gupta S, Stamatoyannopoulos JA, Bailey TL, Noble WS (2007). Quantifying similarity between motifs. Genome Biology 8:R24.
  doi:10.1186/gb-2007-8-2-r24"""
