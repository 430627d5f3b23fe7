"""Damage the files of a finished run, one at a time, and see what is believed.

Every file that one step leaves for another, or for the report, is changed in a copy of the run:
each byte of a small one (or as many places as --places says of a larger one) is flipped; it is cut,
emptied, made longer, and swapped with the same file of another run, with and without its record,
and with that of another training of the same run. After each change the file is read as danq reads
it, in a process of its own with a time limit. What should come of it is a refusal in one line, or
what was read before; anything else is counted: believed (read, with other content), traceback,
crash (the process died), hang.

    snakemake --cores 2 --configfile tests/toy.yaml --directory here
    snakemake --cores 2 --configfile tests/toy.yaml --config seeds='[1]' run=other --directory here
    python benchmarks/damage.py here/results/toy --other here/results/other [--places 1000]
"""

import argparse
import contextlib
import dataclasses
import faulthandler
import hashlib
import os
import pathlib
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from danq.data.attributions import read_attributions
from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.genome.bins import SPLITS
from danq.report.run import read_run, read_settings

OUTCOMES = ("refused", "same", "believed", "traceback", "crash", "hang")

RECORDS = ".made"

KINDS = (
    "metrics.tsv",
    "comparison.tsv",
    "curves.tsv.gz",
    "reliability.tsv",
    "learning_curve.tsv",
    "dataset.h5",
    "dataset.json",
    "config.yaml",
    "simulated/sites.tsv.gz",
    "simulated/elements.tsv.gz",
    "danq/trials.tsv",
    "danq/tuning.json",
    "danq/tuned.yaml",
    "danq/seed*/history.tsv",
    "danq/seed*/train.json",
    "danq/seed*/model.ckpt",
    "danq/seed*/motifs.meme",
    "danq/seed*/matches.tsv",
    "danq/seed*/ablation.tsv",
    "danq/seed*/grammar.tsv",
    "danq/seed*/predictions.h5",
    "danq/seed*/attributions.h5",
    "baselines/kmer.h5",
)
"""The files, as far as a run has them."""


class Case(NamedTuple):
    """A change of a file: what is done, its new content, and the record that lies beside it."""

    what: str
    content: bytes
    record: bytes | None


def main() -> None:
    """Damage a run, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=pathlib.Path, help="results/<run>")
    parser.add_argument("--other", type=pathlib.Path, help="another run, to swap files with")
    parser.add_argument("--places", type=int, default=1000, help="places of a large file")
    parser.add_argument("--small", type=int, default=2000, help="every byte of files up to this")
    parser.add_argument("--seconds", type=float, default=20, help="time limit of a case")
    parser.add_argument("--kinds", nargs="+", default=KINDS, help="which files")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = pathlib.Path(folder) / options.run.name
        shutil.copytree(options.run, run)
        totals = dict.fromkeys(OUTCOMES, 0)
        print("| file | bytes | cases | " + " | ".join(OUTCOMES) + " |", flush=True)
        print("|---|" + "---|" * (len(OUTCOMES) + 2))
        for path in files_of(run, options.kinds):
            name = str(path.relative_to(run))
            cases = cases_of(run, path, options.other, options.places, options.small)
            counts = damage(run, path, cases, options.seconds)
            print(row(name, path.stat().st_size, counts), flush=True)
            totals = {outcome: totals[outcome] + counts[outcome] for outcome in OUTCOMES}
        print(row("all", 0, totals))
    sys.exit(any(totals[outcome] for outcome in OUTCOMES[2:]))


def files_of(run: pathlib.Path, kinds: Any = KINDS) -> list[pathlib.Path]:
    """Return the first file of each kind that a run has."""
    files = []
    for kind in kinds:
        files += sorted(run.glob(kind))[:1]
    return files


def row(name: str, size: int, counts: dict[str, int]) -> str:
    """Return a row of the table."""
    cells = [name, size or "", sum(counts.values()), *counts.values()]
    return "| " + " | ".join(map(str, cells)) + " |"


# --- what is done to a file ---


def cases_of(
    run: pathlib.Path, path: pathlib.Path, other: pathlib.Path | None, places: int, small: int
) -> Iterator[Case]:
    """Yield every change of a file."""
    content = path.read_bytes()
    record = read_record(path)
    yield from flips(content, record, places, small)
    yield from cuts(content, record)
    if record is not None:
        for case in flips(record, None, places, small):
            yield Case(f"record {case.what}", content, case.content)
        yield Case("no record", content, None)
    twins = [other / path.relative_to(run)] if other else []
    if path.parent.name.startswith("seed"):
        twins += sorted(run.glob(f"*/seed*/{path.name}"))
    for twin in twins:
        if twin.exists() and twin != path and twin.read_bytes() != content:
            yield Case("swapped", twin.read_bytes(), record)
            yield Case("swapped with its record", twin.read_bytes(), read_record(twin))


def flips(content: bytes, record: bytes | None, places: int, small: int) -> Iterator[Case]:
    """Flip a bit of each byte of a small file, of evenly spread ones of a large one."""
    n = len(content) if len(content) <= small else min(places, len(content))
    rng = np.random.default_rng(len(content))
    for place in np.linspace(0, len(content) - 1, n).astype(int).tolist():
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        yield Case(f"byte {place}", bytes(changed), record)


def cuts(content: bytes, record: bytes | None) -> Iterator[Case]:
    """Cut a file, empty it, and make it longer."""
    lines = content.splitlines(keepends=True)
    for what, changed in {
        "empty": b"",
        "one byte": content[:1],
        "half": content[: len(content) // 2],
        "without its last byte": content[:-1],
        "two lines": b"".join(lines[:2]),
        "without its last line": b"".join(lines[:-1]),
        "twice": content * 2,
        "with a line end more": content + b"\n",
        "with zeros more": content + bytes(512),
        "zeros": bytes(len(content)),
    }.items():
        if changed != content:
            yield Case(what, changed, record)


def read_record(path: pathlib.Path) -> bytes | None:
    """Return the record of a file, where it has one beside it."""
    beside = path.parent / RECORDS / f"{path.name}.json"
    return beside.read_bytes() if beside.exists() else None


def damage(
    run: pathlib.Path, path: pathlib.Path, cases: Iterator[Case], seconds: float
) -> dict[str, int]:
    """Read a file in each of its changes; return how many had which outcome."""
    content = path.read_bytes()
    beside = path.parent / RECORDS / f"{path.name}.json"
    record = read_record(path)
    read = reader_of(run, path)
    expected = digest(read())
    counts = dict.fromkeys(OUTCOMES, 0)
    for case in cases:
        path.write_bytes(case.content)
        put(beside, case.record)
        outcome = in_child(lambda: outcome_of(read, expected), seconds)
        counts[outcome] += 1
        if outcome not in ("refused", "same"):
            print(f"{path.relative_to(run)}: {case.what}: {outcome}", file=sys.stderr)
    path.write_bytes(content)
    put(beside, record)
    return counts


def put(path: pathlib.Path, content: bytes | None) -> None:
    """Write a record, or remove it."""
    if content is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    else:
        path.unlink(missing_ok=True)


# --- how it is read ---


def reader_of(run: pathlib.Path, path: pathlib.Path) -> Callable[[], Any]:
    """Return how danq reads a file: with all of its run, unless another step reads it alone."""
    if path.name == "dataset.h5":
        return lambda: (read_run(run), contents_of(path))
    if path.name == "model.ckpt":
        return lambda: (described(run), checkpoint_of(path))
    if path.name == "tuned.yaml":
        return lambda: knobs_of(path)
    if path.name == "elements.tsv.gz":
        return lambda: elements_of(run, path)
    if path.name == "config.yaml":
        return lambda: (read_run(run), read_settings(path))
    if path.name in ("predictions.h5", "kmer.h5"):
        return lambda: (read_run(run), read_predictions(path))
    if path.name == "attributions.h5":
        return lambda: (read_run(run), read_attributions(path))
    return lambda: read_run(run)


def contents_of(path: pathlib.Path) -> Any:
    """Return what a dataset holds."""
    with open_dataset(path) as data:
        windows = [data.packed_windows(split) for split in SPLITS]
        return data.attributes, data.names, data.groups, data.source, windows


def described(run: pathlib.Path) -> None:
    """Look at a run as a whole, where this danq can."""
    with contextlib.suppress(ImportError):
        from danq.report.describe_run import describe_run

        describe_run(run)


def checkpoint_of(path: pathlib.Path) -> Any:
    """Return what a checkpoint holds."""
    from danq.network.checkpoint import load_checkpoint

    network, facts, data_facts = load_checkpoint(path)
    weights = {name: values.numpy() for name, values in network.state_dict().items()}
    return weights, facts, data_facts


def knobs_of(path: pathlib.Path) -> Any:
    """Return what the knobs of a search make of the options of a training."""
    from danq.config import Train
    from danq.training.knobs import with_knobs

    return with_knobs(Train(), path).model_dump()


def elements_of(run: pathlib.Path, path: pathlib.Path) -> Any:
    """Return what the planted elements of a simulated genome cover."""
    from danq.simulation.truth import element_coverage

    with open_dataset(run / "dataset.h5") as data:
        return element_coverage(data, path, ("positive", "decoy"))


def digest(value: Any) -> str:
    """Return a checksum of anything that was read."""
    checksum = hashlib.sha256()
    for piece in pieces(value):
        checksum.update(piece)
    return checksum.hexdigest()


def pieces(value: Any) -> Iterator[bytes]:
    """Yield everything in a value as bytes."""
    if isinstance(value, pd.DataFrame | pd.Series):
        yield value.to_csv().encode("utf-8", "backslashreplace")
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}".encode()
        yield value.tobytes()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from pieces(getattr(value, field.name))
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield repr(key).encode()
            yield from pieces(entry)
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from pieces(entry)
    else:
        yield repr(value).encode("utf-8", "backslashreplace")


def outcome_of(read: Callable[[], Any], expected: str) -> str:
    """Read, and say what came of it."""
    try:
        value = read()
    except DanqError as error:
        return "refused" if str(error).strip() else "traceback"
    except Exception:
        return "traceback"
    return "same" if digest(value) == expected else "believed"


def in_child(call: Callable[[], str], seconds: float) -> str:
    """Return what a call in a child process returns; crash or hang where it does not."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            faulthandler.disable()  # a test's would print the crash that is looked for
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            os.write(writing, call().encode())
        os._exit(0)
    os.close(writing)
    deadline = time.monotonic() + seconds
    ready, _, _ = select.select([reading], [], [], max(0.0, deadline - time.monotonic()))
    answer = os.read(reading, 100).decode() if ready else "hang"
    os.close(reading)
    if not ready:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return answer or "crash"


if __name__ == "__main__":
    main()
