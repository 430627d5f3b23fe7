"""Whether the files of a run are those that its steps left, and belong together."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from danq.data.join import PREDICTIONS
from danq.errors import DanqError, DanqErrors
from danq.records import Record, combined, read_head, verified
from danq.report.run_predicted import LIST

_OF_TRAININGS = (
    "history.tsv",
    "motifs.meme",
    "matches.tsv",
    "sites.bed.gz",
    "ablation.tsv",
    "grammar.tsv",
)  # those of a training that have a record beside them, but for train.json

_OF_EVALUATION = ("comparison.tsv", "curves.tsv.gz", "reliability.tsv")  # made with metrics.tsv

IMPORT = "import-weights"
"""The step whose checkpoint was not trained on the run's dataset."""

_ADVICE = "make it again"


@dataclass
class RunRecords:
    """The records of a run's files, read one after the other.

    Attributes
    ----------
    folder : pathlib.Path
        ``results/<run>``.
    dataset : str
        Checksum of its dataset.h5; empty where that is missing.
    genome : str
        Checksum of the genome that the dataset was made from; empty when unknown.
    records : dict of pathlib.Path to danq.records.Record
        Of every file that fits.
    errors : list of DanqError
        What does not fit, file by file.
    """

    folder: Path
    dataset: str
    genome: str = ""
    records: dict[Path, Record] = field(default_factory=dict)
    errors: list[DanqError] = field(default_factory=list)

    def read(self, trainings: Sequence[Path], baselines: Sequence[str]) -> None:
        """Read the records of all files that `danq.report.run.read_run` reads.

        Parameters
        ----------
        trainings : sequence of path
            The folders of the trainings.
        baselines : sequence of str
            Names of the baselines and oracles.
        """
        made_from = {"dataset": self.dataset}
        self._read(self.folder / "config.yaml", {})
        self._read(self.folder / "dataset.json", made_from)
        metrics = self._read(self.folder / "metrics.tsv", made_from)
        for name in _OF_EVALUATION:
            self._read_beside(self.folder / name, metrics)
        self._read(self.folder / "learning_curve.tsv", {})
        self._read(self.folder / LIST, {})
        for path in sorted(self.folder.glob("variants/*/*.tsv")):
            self._read(path, {})
        for name in ("trials.tsv", "tuning.json"):
            for pattern in (f"*/{name}", f"fold*/*/{name}"):
                for path in sorted(self.folder.glob(pattern)):
                    self._read(path, {})
        self._read(self.folder / "simulated" / "sites.tsv.gz", {"genome": self.genome})
        self._read_trainings(trainings, metrics)
        for name in baselines:
            self._read_sealed(self.folder / "baselines" / f"{name}.h5", made_from, metrics)

    def accepted(self) -> list[str]:
        """Return the files that were edited by hand, relative to the folder."""
        paths = [path for path, record in self.records.items() if record.accepted]
        return sorted(str(path.relative_to(self.folder)) for path in paths)

    def has_current_tracks(self) -> bool:
        """Return whether tracks for genome browsers are there, of this genome and these trainings.

        Older ones are no error: a run that no longer predicts anything may have them.
        """
        tracks = self.records.get(self.folder / LIST)
        if tracks is None:
            return False
        trained = set()
        for path, record in self.records.items():
            if path.name == "train.json":
                trained |= set(record.checksums("checkpoint"))
        predicting = set(tracks.checksums("checkpoint"))
        return self.genome in ("", *tracks.checksums("genome")) and predicting <= trained

    def refuse(self) -> None:
        """Raise what does not fit, all at once, if there is anything."""
        if self.errors:
            raise DanqErrors(self.errors)

    def _read_trainings(self, trainings: Sequence[Path], metrics: Record | None) -> None:
        """Read the records of all trainings; those of a model and seed in folds are one."""
        in_folds: dict[Path, list[Path]] = {}
        for training in trainings:
            own = training.parent.parent
            if own == self.folder:
                self._read_training(training, metrics, self.dataset)
            else:
                joined = self.folder / training.relative_to(own)
                in_folds.setdefault(joined, []).append(training)
        for joined, folds in in_folds.items():
            self._read_folds(joined, folds, metrics)

    def _read_folds(self, joined: Path, folds: Sequence[Path], metrics: Record | None) -> None:
        """Read the records of the trainings of a model and seed, and of what joins them."""
        path = joined / "predictions.h5"
        record = self._read_sealed(path, {"dataset": self.dataset}, metrics)
        heads = []
        for training in folds:
            head = self._read_sealed(training / "predictions.h5", {})
            datasets = [] if head is None else head.checksums("dataset")
            self._read_training(training, None, datasets[0] if datasets else "")
            heads += [head] if head is not None else []
        if record is None or len(heads) < len(folds):
            return
        checksum = combined(PREDICTIONS, folds, [head.sha256 for head in heads]).checksum
        if record.inputs and checksum not in record.checksums(PREDICTIONS):
            what = "was not made from the predictions of the folds that are there"
            self._refuse(path, f"{what}; make it again with danq join-folds")

    def _read_training(self, training: Path, metrics: Record | None, dataset: str) -> None:
        """Read the records in the folder of a training, all of which must be of one checkpoint."""
        facts = self._read(training / "train.json", {"dataset": dataset})
        checkpoints = [] if facts is None else facts.checksums("checkpoint")
        checkpoint = checkpoints[0] if checkpoints else ""
        made_from = {"dataset": dataset, "checkpoint": checkpoint}
        for name in _OF_TRAININGS:
            self._read(training / name, made_from)
        self._read_sealed(training / "predictions.h5", made_from, metrics)
        self._read_sealed(training / "attributions.h5", made_from)
        evaluated = [] if metrics is None else metrics.checksums("checkpoint")
        if checkpoint and evaluated and checkpoint not in evaluated:
            what = f"is of another training than that which {self.folder / 'metrics.tsv'} is about"
            self._refuse(training / "train.json", f"{what}; make both again")

    def _read(self, path: Path, made_from: Mapping[str, str]) -> Record | None:
        """Check a file, where it is there; return its record if it fits."""
        if not path.exists():
            return None
        try:
            record = verified(path)
        except DanqError as error:
            self.errors.append(error)
            return None
        return record if self._fits(path, record, made_from) else None

    def _read_beside(self, path: Path, metrics: Record | None) -> None:
        """Check a table that was made together with metrics.tsv."""
        record = self._read(path, {"dataset": self.dataset})
        if record is None or metrics is None or not record.inputs or not metrics.inputs:
            return
        if record.made_from() != metrics.made_from():
            what = f"was not made from the same predictions as {self.folder / 'metrics.tsv'}"
            self._refuse(path, f"{what}; make both again with danq evaluate")

    def _read_sealed(
        self, path: Path, made_from: Mapping[str, str], metrics: Record | None = None
    ) -> Record | None:
        """Check an HDF5 file by what its head says; its content is checked by whoever reads it."""
        if not path.exists():
            return None
        try:
            record = read_head(path, _ADVICE)
        except DanqError as error:
            self.errors.append(error)
            return None
        if not self._fits(path, record, made_from):
            return None
        evaluated = [] if metrics is None else metrics.checksums("predictions")
        if evaluated and record.sha256 not in evaluated:
            where = self.folder / "metrics.tsv"
            what = f"is not among the predictions that {where} was made from"
            self._refuse(path, f"{what}; make it again with danq evaluate, or remove this file")
        return record

    def _fits(self, path: Path, record: Record, made_from: Mapping[str, str]) -> bool:
        """Check what a file was made from; remember its record if that is of this run."""
        for role, checksum in made_from.items():
            of_role = [entry for entry in record.inputs if entry.role == role]
            unknown = record.accepted and not record.inputs
            # Imported weights are of no dataset of this run.
            unknown |= record.step == IMPORT and role == "dataset"
            if not checksum or unknown or checksum in record.checksums(role):
                continue
            other = f" ({_place(path, of_role[0].path)})" if of_role else ""
            what = f"was made from another {role}{other} than the run's"
            self._refuse(path, f"{what}; make it again with danq {record.step}, or remove it")
            return False
        self.records[path] = record
        return True

    def _refuse(self, path: Path, what: str) -> None:
        self.errors.append(DanqError(what, path))


def _place(path: Path, seen: str) -> str:
    """Return where an input of a file is, as messages name it."""
    return os.path.normpath(path.parent / seen)
