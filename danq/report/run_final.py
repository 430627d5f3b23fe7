"""The final models of a run: trained once more on everything, which no number measures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from danq.records import verified
from danq.report.run_tables import read_json

FOLDER = "final"
"""Where they are, in the folder of a run."""

STEPS = "steps"
"""Name of the check of steps: `danq.training.health.STEPS`, whose module loads PyTorch."""


class FinalModel(NamedTuple):
    """A final model.

    Attributes
    ----------
    model : str
        Name of the model.
    seed : int
        Training seed.
    steps : int or None
        Steps of its training; None where train.json does not say.
    best_epochs : list of int
        The best epoch of each fold, whose median says for how long it was trained.
    checkpoint : str
        Path of its checkpoint in the folder of the run.
    """

    model: str
    seed: int
    steps: int | None
    best_epochs: list[int]
    checkpoint: str


def read_final_models(
    folder: Path, trainings: Sequence[Path], dataset: str = ""
) -> list[FinalModel]:
    """Read which final models a run has.

    Parameters
    ----------
    folder : pathlib.Path
        ``results/<run>``.
    trainings : sequence of pathlib.Path
        The folders of its trainings, ``<fold>/<model>/seed<k>``.
    dataset : str
        Checksum of its dataset.h5; empty when unknown.

    Returns
    -------
    list of FinalModel
        In the order of models and seeds. Those that were trained on another dataset are left out: a
        run that no longer asks for any may have older ones.

    Raises
    ------
    DanqError
        The facts of one were edited or damaged.
    """
    found = []
    for path in _facts_files(folder, trainings):
        record = verified(path)
        is_other = dataset and record.inputs and dataset not in record.checksums("dataset")
        facts = read_json(path)
        final = facts.get("final")
        if is_other or not isinstance(final, dict):
            continue
        training = path.parent
        checkpoint = training / "model.ckpt"
        model = FinalModel(
            model=training.parent.name,
            seed=int(training.name.removeprefix("seed")),
            steps=_steps(facts),
            best_epochs=list(final.get("best_epochs", [])),
            checkpoint=checkpoint.relative_to(folder).as_posix(),
        )
        found.append(model)
    return found


def _facts_files(folder: Path, trainings: Sequence[Path]) -> Iterator[Path]:
    """Yield train.json of each final model that is there."""
    places = [Path(training.parent.name) / training.name for training in trainings]
    for place in dict.fromkeys(places):  # once, of all folds
        training = folder / FOLDER / place
        path = training / "train.json"
        if path.exists() and (training / "model.ckpt").exists():
            yield path


def _steps(facts: Mapping[str, Any]) -> int | None:
    """Return how many steps a training took, as the check of its steps says."""
    for check in facts.get("health", []):
        if check.get("name") == STEPS:
            return int(check["value"])
    return None
