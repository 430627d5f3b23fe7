"""A run as the methods section of a paper describes it, and what to cite."""

from collections.abc import Sequence
from typing import Any

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
    window = f"Windows of {run.facts['window']:,} bp"
    targets = plural(len(run.targets), "target")
    sizes = _split_sizes(run)
    if not run.chromosomes:
        # How such windows were labelled and split is not known.
        return f"{window} were given with their labels for {targets}: {sizes} windows."
    return (
        f"{window} were labelled for {targets}: positive when more than half of the "
        f"{run.facts['bin_size']:,} bp in the middle lie in the target's peaks. "
        f"There are {sizes} windows; no base of a training window lies in another split."
    )


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


def _network_methods(run: Run) -> str:
    trained = [training for training in run.trained if training.facts]
    if not trained:
        return ""
    networks = [_network_sentence(trainings) for trainings in by_model(trained).values()]
    recipes = _recipe_sentences(trained)
    weights = "The weights of the best epoch on the validation split were kept."
    versions = trained[0].facts.get("versions", {})
    return sentence(*networks, *recipes, weights, _software_sentence(versions))


def _network_sentence(trainings: Sequence[Trained]) -> str:
    first = trainings[0]
    parameters = plain(first.facts.get("parameters"))
    what = f"{description(first.model)}; {parameters} parameters"
    return f"{title(first.model)} ({what}) was trained {_seeds(trainings)}."


def _seeds(trainings: Sequence[Trained]) -> str:
    seeds = [str(training.seed) for training in trainings]
    noun = "seed" if len(seeds) == 1 else "seeds"
    return f"from {noun} {listed(seeds, 12)}"


def _recipe_sentences(trained: Sequence[Trained]) -> list[str]:
    """Return each recipe, with its models where there are several.

    A published recipe has other numbers for other models.
    """
    models: dict[str, dict[str, None]] = {}
    for training in trained:
        recipe = _recipe(training.facts.get("options", {}))
        models.setdefault(recipe, {})[title(training.model)] = None
    if len(models) == 1:
        return [f"{recipe}." for recipe in models]
    sentences = []
    for recipe, names in models.items():
        sentences.append(f"{recipe} ({listed(names)}).")
    return sentences


def _recipe(options: dict[str, Any]) -> str:
    numbers = {name: plain(options.get(name)) for name in _RECIPE_NUMBERS}
    recipe = options.get("recipe", "unknown")
    return (
        f"Recipe {recipe}: batches of {numbers['batch_size']}, at most {numbers['epochs']} epochs, "
        f"learning rate {numbers['lr']}, dropout {numbers['dropout']} and layer widths "
        f"{numbers['scale']} times the published ones"
    )


_RECIPE_NUMBERS = ("batch_size", "epochs", "lr", "dropout", "scale")
"""Options of a training that describe its recipe."""


def _software_sentence(versions: dict[str, str]) -> str:
    names = [f"{name} {version}" for name, version in versions.items()]
    return f"Software: {', '.join(names)}." if names else ""


def _test_methods(run: Run) -> str:
    blocks = "blocks of at least 50 kb" if run.chromosomes else "blocks of neighbouring windows"
    return (
        "Predictions are means over the two strands. AUPRC is average precision. Models were "
        "compared on the same test windows, seeds averaged; standard errors of differences in "
        f"AUPRC come from a bootstrap over {blocks} (1,000 replicates), those of differences in "
        "AUROC from DeLong's variance with the same blocks as clusters, both with the variance "
        "between training seeds added where there were several; intervals are Student's with "
        "Satterthwaite's degrees of freedom, p-values of targets adjusted by Benjamini and "
        "Hochberg, and differences over targets tested by Wilcoxon's signed-rank test."
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
