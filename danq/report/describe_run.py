"""Whether the files of a finished run are as its steps left them, and belong together."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from danq.data.dataset import open_dataset
from danq.errors import DanqError, DanqErrors
from danq.files import PathLike, sha256
from danq.records import FOLDER, Record, accept, record_path, sealed, verified
from danq.report.hub_text import how_to_open
from danq.report.run import read_run
from danq.report.run_predicted import LIST

SEALED = ("predictions.h5", "attributions.h5", "valid.h5", "bins.h5")
"""Files with a record at their head, beside those in the folder ``baselines``."""


class Verified(NamedTuple):
    """A file of a run that fits.

    Attributes
    ----------
    path : str
        Relative to the run.
    made : str
        What made it.
    """

    path: str
    made: str


def describe_run(folder: PathLike, *, accepted: Sequence[PathLike] = ()) -> list[Verified]:
    """Check every file that the steps of a run left for one another, and print what fits.

    Parameters
    ----------
    folder : path
        ``results/<run>``.
    accepted : sequence of path
        Files of it that were edited by hand and are as they should be: they are recorded so, and
        the report names them.

    Returns
    -------
    list of Verified
        The files that fit, in the order of their paths.

    Raises
    ------
    DanqErrors
        Every file that is damaged, edited, or made from something else than the run's, a line each.
    DanqError
        A file to accept is none of this run's that can be accepted.
    """
    folder = Path(folder)
    for path in accepted:
        _accept(folder, Path(path))
    errors: list[DanqError] = []
    found: list[Verified] = []
    for path, check in _checks(folder):
        try:
            made = check(path)
        except DanqError as error:
            errors.append(error)
        else:
            found.append(Verified(str(path.relative_to(folder)), made))
    known = {str(error) for error in errors}
    errors += [DanqError(line) for line in _run_problems(folder) if line not in known]
    for entry in found:
        print(f"fits  {entry.path}  ({entry.made})")
    if errors:
        raise DanqErrors(errors)
    print(f"{folder}: {len(found)} files are as their steps left them, and belong together")
    if (folder / LIST).exists():
        for line in how_to_open((folder / LIST).parent):
            print(line)
    return found


def _accept(folder: Path, path: Path) -> None:
    """Accept an edited file of a run."""
    if folder.resolve() not in path.resolve().parents:
        raise DanqError(f"is not a file of {folder}; name one of its files", path)
    if path.suffix in (".h5", ".ckpt"):
        what = "holds a checksum of its own, and cannot be accepted after a change"
        raise DanqError(f"{what}; make it again", path)
    accept(path)


def _checks(folder: Path) -> list[tuple[Path, Callable[[Path], str]]]:
    """Return every file of a run that can be checked by itself, and what checks it."""
    checks: dict[Path, Callable[[Path], str]] = {}
    for path in folder.rglob("dataset.h5"):
        checks[path] = _check_dataset
    for name in SEALED:
        checks |= dict.fromkeys(folder.rglob(name), _check_sealed)
    checks |= dict.fromkeys(folder.glob("baselines/*.h5"), _check_sealed)
    checks |= dict.fromkeys(folder.rglob("model.ckpt"), _check_checkpoint)
    for record in folder.rglob(f"{FOLDER}/*.json"):
        path = record.parent.parent / record.name.removesuffix(".json")
        if path.exists() and record_path(path) == record:
            checks[path] = _check_recorded
    return sorted(checks.items())


def _check_dataset(path: Path) -> str:
    with open_dataset(path) as data:
        return str(data.attributes["created_by"])


def _check_sealed(path: Path) -> str:
    return _made(sealed(path, "make it again"))


def _check_recorded(path: Path) -> str:
    return _made(verified(path))


def _check_checkpoint(path: Path) -> str:
    """Compare a checkpoint with what train.json beside it was made with."""
    facts = path.with_name("train.json")
    if not facts.exists():
        return "checkpoint of no finished training"
    record = verified(facts)
    if record.checksums("checkpoint") != [sha256(path)]:
        raise DanqError(f"is not the checkpoint that {facts} tells of; train the model again", path)
    return _made(record)


def _made(record: Record) -> str:
    """Say what made a file."""
    edited = ", edited by hand and accepted" if record.accepted else ""
    return f"danq {record.step}, {record.danq}{edited}"


def _run_problems(folder: Path) -> Iterator[str]:
    """Yield what the report would refuse in a run."""
    try:
        read_run(folder)
    except DanqError as error:
        yield from str(error).splitlines()
