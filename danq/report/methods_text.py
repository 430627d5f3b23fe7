"""A run as the methods section of a paper describes it, and what to cite."""

from collections.abc import Sequence
from typing import Any

from danq.catalog import MODELS
from danq.report.findings.training import by_model
from danq.report.run import Run
from danq.report.run_trainings import Trained
from danq.report.words import description, listed, plain, plural, sentence, title


def methods_paragraphs(run: Run) -> list[str]:
    """Describe a run as a paper would: a paragraph each on data, networks and statistics.

    What is unknown of the run is left out.
    """
    return [_data_methods(run), _network_methods(run), _test_methods(run)]


def _data_methods(run: Run) -> str:
    if not run.facts:
        return ""
    window = f"{_genome(run)}Windows of {run.facts['window']:,} bp"
    targets = plural(len(run.targets), "target")
    if not run.chromosomes:
        # How such windows were labelled and split is not known.
        return f"{window} were given with their labels for {targets}: {_split_sizes(run)} windows."
    windows = f"There are {_split_sizes(run)} windows"
    if run.folds:
        windows = _folds_sentence(run)
    return sentence(
        f"{window} were labelled for {targets}: positive when more than half of the "
        f"{run.facts['bin_size']:,} bp in the middle lie in the target's peaks.",
        training_bins_sentence(run),
        f"{windows}; no base of a training window lies in another split.",
    )


def _genome(run: Run) -> str:
    """Name the genome; an empty string where nothing is known of it."""
    assembly = run.facts.get("assembly", "unknown")
    if not run.chromosomes or assembly == "unknown":
        return ""
    return f"Genome: {assembly}, {sum(run.chromosomes.values()):,} bp. "


def motif_paragraph(run: Run) -> str:
    """Describe how filters became motifs with names; empty for a run without any."""
    if all(training.matches.empty for training in run.trained):
        return ""
    ablated = any(not training.ablation.empty for training in run.trained)
    ablation = (
        "The effect of a filter is the mean change of a target's logit over its positive windows "
        "when the filter never fires."
    )
    return sentence(
        "The motif of a filter is made of the sites that activate it, and was compared with known "
        "motifs as Tomtom does (Gupta and others 2007); it was named where the q-value of its best "
        "match (Benjamini and Hochberg) was low enough, beside the empirical false discovery rate "
        "of motifs with shuffled columns.",
        ablation if ablated else "",
    )


def training_bins_sentence(run: Run) -> str:
    """Say which bins training windows show, and how far apart they are; "" where it is unknown."""
    stride = run.source.get("stride")
    kept = run.source.get("train_bins")
    bin_size = run.facts.get("bin_size")
    if not isinstance(stride, int) or kept not in _TRAIN_BINS:
        return ""
    apart = f"begin every {stride:,} bp" if stride != bin_size else "lie side by side"
    return f"Training bins {apart}: {_TRAIN_BINS[kept]}."


_TRAIN_BINS = {
    "all": "all that can be used",
    "labelled": "those with a label",
    "sampled": "those with a label, and sampled ones without",
}
"""What `extract.train_bins` means."""


def _split_sizes(run: Run) -> str:
    """Return how many windows each split has, and in which regions they lie."""
    regions = run.source.get("splits", {})
    names = {"train": "training", "valid": "validation", "test": "test"}
    sizes = []
    for split, name in names.items():
        size = f"{run.windows[split]:,} {name}"
        if regions.get(split):
            size += f" ({listed(map(str, regions[split]), 6)})"
        sizes.append(size)
    return f"{sizes[0]}, {sizes[1]} and {sizes[2]}"


def _folds_sentence(run: Run) -> str:
    """Say in how many folds windows were tested, and what each has."""
    sets = [f"{listed(tested.regions, 6)}: {tested.windows:,}" for tested in run.folds]
    return (
        f"The {run.windows['test']:,} test windows were tested in {len(run.folds)} folds "
        f"({'; '.join(sets)}), each by networks that had been trained on what the other folds "
        "test, less the next one's, which served for validation"
    )


def _network_methods(run: Run) -> str:
    trained = [training for training in run.trained if training.facts]
    if not trained:
        return ""
    networks = [_network_sentence(trainings) for trainings in by_model(trained).values()]
    versions = trained[0].facts.get("versions", {})
    trained = [training for training in trained if training.imported is None]
    if not trained:
        return sentence(*networks, _software_sentence(versions))
    recipes = _recipe_sentences(trained)
    if run.n_folds:
        recipes = _recipe_sentences([training for training in trained if training.fold == 0])
        recipes.append("What follows from the training windows is that of fold 0.")
    weights = (
        "Training stopped after the last epoch, or when mean validation AUPRC had not risen for as "
        "many epochs as its patience; the weights of the epoch of highest mean validation AUPRC "
        "were kept. The test split took part in no choice."
    )
    return sentence(*networks, *recipes, weights, _software_sentence(versions))


def _network_sentence(trainings: Sequence[Trained]) -> str:
    first = trainings[0]
    parameters = plain(first.facts.get("parameters"))
    what = f"{description(first.model)}; {parameters} parameters"
    if first.imported is not None:
        return f"{title(first.model)} ({what}) has {imported_text(first.imported)}."
    return f"{title(first.model)} ({what}) was trained {_seeds(trainings)}."


def imported_text(source: dict[str, Any]) -> str:
    """Say where imported weights came from: a clause without a verb.

    The argument is `danq.network.facts.ImportedFact` as plain values.
    """
    known = source.get("known_as")
    whose = f"published weights ({known})" if known else "weights"
    file = f"{source.get('file')} ({source.get('format')}, MD5 {source.get('md5')})"
    text = f"{whose} imported from {file}, and was not trained in this run"
    if source.get("reverse"):
        text += f"; its backward half is taken to read the {source['reverse']} from its end"
    return text


def _seeds(trainings: Sequence[Trained]) -> str:
    seeds = list(dict.fromkeys(str(training.seed) for training in trainings))
    noun = "seed" if len(seeds) == 1 else "seeds"
    text = f"from {noun} {listed(seeds, 12)}"
    folds = {training.fold for training in trainings if training.fold is not None}
    return f"in each of {len(folds)} folds, {text}" if folds else text


def _recipe_sentences(trained: Sequence[Trained]) -> list[str]:
    """Return each recipe, with its models where there are several.

    A published recipe has other numbers for other models.
    """
    models: dict[str, dict[str, None]] = {}
    for training in trained:
        recipe = _recipe(training)
        models.setdefault(recipe, {})[title(training.model)] = None
    if len(models) == 1:
        return [f"{recipe}." for recipe in models]
    sentences = []
    for recipe, names in models.items():
        sentences.append(f"{recipe} ({listed(names)}).")
    return sentences


def _recipe(training: Trained) -> str:
    """Return the recipe of a training; what is not known of it is left out."""
    options = training.facts.get("options", {})
    name = options.get("recipe", "unknown")
    clauses = [_text("head {}", options.get("head")), *_first_filters(training.model, options)]
    clauses.append(_shown(options))
    clauses.append(_text("batches of {}", options.get("batch_size")))
    clauses.append(_text("patience {} epochs", options.get("patience")))
    clauses.append(_text("highest learning rate {}", options.get("lr")))
    clauses.append(_text("weight decay {}", options.get("weight_decay")))
    clauses.append(_text("dropout {} times the published one", options.get("dropout")))
    clauses.append(_text("layer widths {} times the published ones", options.get("scale")))
    if options.get("filter_scale") != 1:
        clauses.append(_text("first filters {} times as many again", options.get("filter_scale")))
    clauses += _start_clauses(training)
    known = [clause for clause in clauses if clause]
    how = _OPTIMISERS.get(name, [])
    return f"{_RECIPES.get(name, f'Recipe {name}')}: {', '.join([*how, *known])}"


def _start_clauses(training: Trained) -> list[str]:
    """Say with what weights a training began, and which were frozen."""
    clauses = []
    start = training.start
    if start:
        taken = _TAKEN.get(str(start.get("up_to")), "weights")
        model = title(str(start.get("model")))
        checksum = str(start.get("sha256"))[:12]
        targets = start.get("targets")
        clauses.append(f"{taken} from {model} trained on {targets} targets (SHA-256 {checksum}...)")
        clauses.append(_seen_clause(start.get("seen")))
    frozen = training.facts.get("options", {}).get("freeze")
    if frozen:
        clauses.append(f"not trained: {listed(frozen)}")
    return clauses


_TAKEN = {
    "stem": "first filters",
    "body": "all weights but those of the output layer",
    "head": "all weights",
}
"""What `train.start_up_to` means."""


def _seen_clause(seen: list[str] | None) -> str:
    """Say whether a checkpoint may have been trained on what this run holds out."""
    if seen is None:
        return "whether that training saw windows that are held out here is not known"
    if seen:
        return f"that training may have seen windows that are held out here ({listed(seen, 12)})"
    return "that training saw none of the regions that are held out here"


_RECIPES = {"auto": "Automatic recipe", "published": "Published recipe"}
"""What a recipe is called in text."""

_OPTIMISERS = {
    "auto": [
        "AdamW under a one-cycle learning rate",
        "binary cross-entropy, the mean over targets and windows",
    ],
    "published": ["each paper's own optimiser, initial weights, constraints and loss"],
}
"""Optimiser, schedule and loss of a recipe, in text."""


def _text(template: str, value: Any) -> str:
    """Return a clause on a value; an empty string where it is not known."""
    return "" if value is None else template.format(plain(value))


def _first_filters(model: str, options: dict[str, Any]) -> list[str]:
    """Say what the first filters are, and how they were initialised, of a model that has some."""
    if model in MODELS and not MODELS[model].has_filters:
        return []
    clauses = [_text("stem {}", options.get("stem"))]
    clauses.append(_text("first filters of {} bp", options.get("filter_width")))
    source = options.get("initialise_from")
    if source in _INITIAL_FILTERS:
        clauses.append(f"first filters initialised {_INITIAL_FILTERS[source]}")
    return clauses


_INITIAL_FILTERS = {
    "random": "at random",
    "enriched": (
        "at random, but up to half of them from words of bases enriched in the training windows "
        "of a target"
    ),
    "targets": "from the targets' own known motifs",
    "known": "from all known motifs",
    "checkpoint": "as another training left them",
}
"""What `train.initialise_from` means."""


def _shown(options: dict[str, Any]) -> str:
    """Say how many windows a training shows."""
    epochs = options.get("epochs")
    size = options.get("epoch_size")
    windows = "" if size is None else f" of {size:,} windows"
    if epochs is None:
        return f"epochs{windows}, none the last" if windows else ""
    total = "" if size is None else f" ({epochs * size:,} in all)"
    return f"at most {plural(epochs, 'epoch')}{windows}{total}"


def _software_sentence(versions: dict[str, str]) -> str:
    names = [f"{name} {version}" for name, version in versions.items()]
    return f"Software: {', '.join(names)}." if names else ""


def _test_methods(run: Run) -> str:
    if run.n_folds:
        return _fold_methods(run)
    blocks = "blocks of at least 50 kb" if run.chromosomes else "blocks of neighbouring windows"
    return (
        "Predictions are means over the two strands. AUPRC is average precision. Models were "
        "compared on the same test windows, seeds averaged; standard errors of differences in "
        f"AUPRC come from a bootstrap over {blocks} (1,000 replicates), those of differences in "
        "AUROC from DeLong's variance with the same blocks as clusters. Where both models had "
        "three training seeds or more, the variance between seeds was added, and what each seed's "
        "own luck with the windows adds was counted once (as readers and cases, Obuchowski and "
        "Rockette 1995); with fewer, intervals are over test windows only, for these trained "
        "networks. None covers the choice of training chromosomes. Intervals are Student's with "
        "Satterthwaite's degrees of freedom, p-values of targets adjusted by Benjamini and "
        "Hochberg, and differences over targets tested by Wilcoxon's signed-rank test, which "
        "takes them for independent although they share windows, genome and seeds."
    )


def _fold_methods(run: Run) -> str:
    """Say how models were compared in folds."""
    return (
        "Predictions are means over the two strands, and every window was predicted out of fold. "
        "AUPRC is average precision; it and all other metrics were measured in each fold, and "
        f"averaged over the {run.n_folds} folds. Models were compared fold by fold, seeds "
        "averaged; the variance of the mean difference is the one over folds, times 1/K plus the "
        "ratio of tested to trained windows, as folds share training windows (Nadeau and Bengio "
        "2003, doi:10.1023/A:1024068626366). Intervals are Student's with K - 1 degrees of "
        "freedom, over test windows, training seeds and training chromosomes; p-values of targets "
        "were adjusted by Benjamini and Hochberg, and differences over targets tested by "
        "Wilcoxon's signed-rank test, which takes them for independent although they share "
        "windows, genome and seeds."
    )


CITATION = """Please cite danq, and the papers that it builds on:

danq {version}: what does a recurrent layer add to a convolutional network that reads DNA? \
(its CITATION.cff)
Zhou J, Troyanskaya OG (2015). Predicting effects of noncoding variants with deep learning-based \
sequence model. Nature
  Methods 12:931-934. doi:10.1038/nmeth.3547
Quang D, Xie X (2016). DanQ: a hybrid convolutional and recurrent deep neural network for \
quantifying the function of
  DNA sequences. Nucleic Acids Research 44:e107. doi:10.1093/nar/gkw226
Rauluseviciute I and others (2024). JASPAR 2024: 20th anniversary of the open-access database of \
transcription factor
  binding profiles. Nucleic Acids Research 52:D174-D182. doi:10.1093/nar/gkad1059
Gupta S, Stamatoyannopoulos JA, Bailey TL, Noble WS (2007). Quantifying similarity between motifs. \
Genome Biology 8:R24.
  doi:10.1186/gb-2007-8-2-r24"""
"""What to cite; ``{version}`` stands for that of danq."""
