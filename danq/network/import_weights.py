"""danq import-weights: published weights become a checkpoint, on which all of danq works."""

import json
import sys
from pathlib import Path
from typing import Any

import torch

import danq
from danq.data.deepsea import BIN_SIZE, name_targets
from danq.data.schema import VERSION
from danq.errors import DanqError
from danq.files import PathLike, checksums, refuse_overwriting
from danq.genome.sources import verify
from danq.network.checkpoint import build_from, write_checkpoint
from danq.network.cost import count_multiply_adds, count_parameters
from danq.network.facts import KNOBS
from danq.network.imported import Imported, Request, Reverse
from danq.network.models import Network
from danq.network.published_weights import KNOWN, Published, read_published
from danq.network.recipes import AS_PUBLISHED
from danq.records import Made, file_input, record_text

REVERSE_OF: dict[str, Reverse] = {
    "danq": "sequence",
    "danq_jaspar": "sequence",
    "danq_forward": "batch",
}
"""What the backward half of each model with a recurrent layer reads, for ``model`` in place of
``reverse``."""

OTHER_NAMES = ("beluga", "basset")
"""Models whose names of targets are not ``cell|target|treatment``."""


def import_weights(
    file: PathLike,
    output: PathLike,
    *,
    names: PathLike | None = None,
    reverse: Reverse | None = None,
    model: str | None = None,
    window: int | None = None,
    alphabet: str | None = None,
    assembly: str = "hg19",
    facts: PathLike | None = None,
    sha256: str = "",
    md5: str = "",
) -> None:
    """Make a checkpoint of published weights.

    Parameters
    ----------
    file : str or path-like
        The weights, in one of the formats of docs/published.md; recognised by its content.
    output : str or path-like
        The checkpoint to make.
    names : str or path-like, optional
        ``predictor.names`` of DeepSEA; for Beluga and Basset a name of any form in each line.
        Without it, targets are named ``target 0``, ``target 1``, ...
    reverse : {"sequence", "batch"}, optional
        What the backward half of DanQ's recurrent layer read, which its file does not say; None:
        what the evidence says.
    model : str, optional
        Which model it must be, a key of `danq.catalog.MODELS`; says `reverse`, too.
    window : int, optional
        Length of the sequences (bp); None: that of the publication.
    alphabet : {"ACGT", "AGCT"}, optional
        Order of the bases in the weights; None: that of the format.
    assembly : str
        The genome that the model was trained on.
    facts : str or path-like, optional
        What the checkpoint says of itself, to be written as JSON.
    sha256, md5 : str
        Checksums that the file must have; empty for unknown ones.

    Raises
    ------
    DanqError
        The file is of no known format or not whole, is another model than the one that was asked
        for, or its names do not fit.
    """
    outputs = [path for path in (output, facts) if path is not None]
    inputs = [path for path in (file, names) if path is not None]
    refuse_overwriting(outputs, inputs, "a file to import")
    verify(file, {"sha256": sha256, "md5": md5})
    request = Request(_reverse(reverse, model), window, alphabet)
    found = read_published(file, request)
    _refuse_other_model(found, model, file)
    network = _network(found.imported, file)
    told = _facts(found, network, file)
    data_facts = _data_facts(found.imported, names, assembly)
    write_checkpoint(output, network.state_dict(), told, data_facts)
    if facts is not None:
        made = Made("import-weights", [file_input("checkpoint", output)])
        record_text(facts, json.dumps(told, indent=1) + "\n", made)
    _say(found, told, output)


def _reverse(reverse: Reverse | None, model: str | None) -> Reverse | None:
    """Return what the backward half read, by either way of saying it."""
    implied = None if model is None else REVERSE_OF.get(model)
    if reverse is not None and model is not None and reverse != implied:
        raise DanqError(f"--reverse {reverse} is not {model}; give one of the two")
    return reverse or implied


def _refuse_other_model(found: Published, model: str | None, file: PathLike) -> None:
    if model is not None and found.imported.model != model:
        what = f"is {found.format}, which is the model {found.imported.model}, not {model}"
        raise DanqError(f"{what}; give the weights of {model}, or that name", file)


def _options(imported: Imported) -> dict[str, Any]:
    """Return the options that `danq.network.checkpoint.build_from` needs: all as published."""
    options: dict[str, Any] = {name: AS_PUBLISHED.get(name) for name in KNOBS}
    options["gates"] = imported.gates
    options["model"] = imported.model
    options["recipe"] = imported.recipe
    return options


def _network(imported: Imported, file: PathLike) -> Network:
    """Build the model with its weights, in evaluation mode."""
    options = _options(imported)
    n_targets = imported.n_targets
    network = build_from(options, imported.window, n_targets, imported.other_sizes)
    try:
        network.load_state_dict(imported.weights)
    except RuntimeError as error:
        what = f"its arrays do not fit windows of {imported.window} bp"
        raise DanqError(f"{what}; give --window as it was trained", file) from error
    return network.eval()


def _facts(found: Published, network: Network, file: PathLike) -> dict[str, Any]:
    """Return what the checkpoint says of its model, see `danq.network.facts.TrainingFacts`."""
    imported = found.imported
    facts: dict[str, Any] = {"model": imported.model, "seed": 0}
    facts["options"] = _options(imported)
    facts["parameters"] = count_parameters(network)
    facts["multiply_adds"] = count_multiply_adds(network, imported.window)
    facts["reach"] = network.reach or imported.window
    facts["versions"] = {"danq": danq.__version__, "torch": str(torch.__version__)}
    facts["sizes"] = imported.other_sizes
    facts["imported"] = _source(found, file)
    return facts


def _source(found: Published, file: PathLike) -> dict[str, Any]:
    """Return where the weights came from, see `danq.network.facts.ImportedFact`."""
    imported = found.imported
    source: dict[str, Any] = {"file": Path(file).name}
    source |= checksums(file, ("md5", "sha256"))
    source["format"] = found.format
    source["known_as"] = KNOWN.get(source["md5"], "")
    source["alphabet"] = imported.alphabet
    source["reverse"] = imported.reverse
    source["note"] = imported.note
    return source


def _data_facts(imported: Imported, names: PathLike | None, assembly: str) -> dict[str, Any]:
    """Return what is known of the data that the model was trained on."""
    has_other_names = imported.model in OTHER_NAMES
    targets = name_targets(imported.n_targets, names, any_form=has_other_names)
    facts: dict[str, Any] = {"format_version": VERSION, "alphabet": "ACGT"}
    facts["window"] = imported.window
    facts["bin_size"] = BIN_SIZE
    facts["assembly"] = assembly
    facts["names"] = [name for name, _, _ in targets]
    facts["groups"] = [group for _, group, _ in targets]
    facts["training_windows"] = None
    facts["splits"] = None
    return facts


def _say(found: Published, facts: dict[str, Any], output: PathLike) -> None:
    """Say what was recognised, and what the user must know."""
    source = facts["imported"]
    known = f"the file of {source['known_as']}" if source["known_as"] else f"md5 {source['md5']}"
    imported = found.imported
    task = f"{imported.window:,} bp to {imported.n_targets} targets"
    lines = [f"{imported.model}: {found.format}, {known}; {task}"]
    if imported.other_sizes:
        sizes = [f"{name} {size}" for name, size in imported.other_sizes.items()]
        lines.append(f"sizes other than the published ones: {', '.join(sizes)}")
    if imported.reverse is not None:
        what = f"the backward half read the {imported.reverse} from its end"
        lines.append(f"{what}; docs/published.md says how to settle that")
    if imported.note:
        lines.append(imported.note)
    for line in lines:
        print(f"{output}: {line}", file=sys.stderr)
