"""How a run was made: machines, software, input files."""

from collections.abc import Sequence

import pandas as pd

from danq.report.run import Run
from danq.report.run_trainings import Trained

MACHINE = ("parameters", "scale", "threads", "device", "hardware", "precision")
"""Facts of train.json that say on what a model was trained."""


def machines(trained: Sequence[Trained]) -> pd.DataFrame:
    """Return model, seed, the facts of `MACHINE` and seconds of each training of the run.

    Without facts, or where weights were imported, there is none.
    Of a run in folds the fold is beside the seed. What train.json does not have is None.
    """
    rows = []
    for training in trained:
        if training.facts and training.imported is None:
            facts = {name: training.facts.get(name) for name in (*MACHINE, "seconds")}
            rows.append({**training.place, **facts})
    place = trained[0].place if trained else ["model", "seed"]
    columns = [*place, *MACHINE, "seconds"]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def software(run: Run) -> pd.DataFrame:
    """Return name and version of the software that made a run.

    Versions that differ between trainings are separated by commas.
    """
    versions: dict[str, set[str]] = {}
    if "created_by" in run.facts:
        versions["dataset_made_by"] = {run.facts["created_by"]}
    for training in run.trained:
        used = training.facts.get("versions")
        if isinstance(used, dict):
            for name, version in used.items():
                versions.setdefault(name, set()).add(str(version))
    rows = []
    for name, texts in versions.items():
        rows.append((name, ", ".join(sorted(texts))))
    return pd.DataFrame(rows, columns=["name", "version"])


def input_files(run: Run) -> pd.DataFrame:
    """Return role, path and checksum of the files that dataset.h5 was made from, but for peaks."""
    files = [file for file in run.files() if file.role != "peaks"]
    return pd.DataFrame(files, columns=["role", "path", "checksum"])
