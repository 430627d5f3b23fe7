"""Every kind of file under a full disk: one error that names it, the old file stays, nothing else.

A limit on the size of files stands for the full disk: it holds for libraries in C as well.
"""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from danq.config import Simulate
from danq.data.attributions import Attributions
from danq.data.deepsea_predictions import export_predictions
from danq.data.predictions import write_predictions
from danq.data.subset import subset
from danq.data.windows import windows
from danq.errors import DanqError
from danq.files import write_table, write_text
from danq.interpret.tracks import write_bigwig, write_npz, write_seqlets
from danq.plotting.drawing import save_figure
from danq.simulation.genome import simulate
from tests.conftest import file_limit

OLD = "the old file"
LENGTHS = {"chr1": 100_000, "chr2": 5000}


@pytest.fixture(scope="module")
def figure():
    figure = Figure(figsize=(3, 3))
    ax = figure.subplots()
    ax.plot(np.random.default_rng(0).random(500))
    ax.set_title("a title")
    return figure


@pytest.fixture(scope="module")
def attributions():
    """Made-up scores of windows, some of which overlap."""
    rng = np.random.default_rng(0)
    n, window = 300, 200
    starts = np.sort(rng.integers(0, LENGTHS["chr1"] - window, n))
    one_hot = np.eye(4, dtype=np.uint8)[rng.integers(0, 4, (n, window))].transpose(0, 2, 1)
    hypothetical = rng.normal(size=(n, 4, window)).astype(np.float32)
    hypothetical[:, :, 80:95] *= 20
    facts = {"window": window, "bin_size": window}
    table = pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + window})
    table = table.assign(target=0, name="T", label=1, probability=0.5)
    return Attributions(facts, table, one_hot, hypothetical)


@pytest.fixture(scope="module")
def predictions(tmp_path_factory):
    path = tmp_path_factory.mktemp("predictions") / "p.h5"
    scores = np.random.default_rng(0).random((300, 3))
    write_predictions(path, scores, "danq", "0", "test", "0" * 64)
    return path


@pytest.fixture
def writers(figure, attributions, predictions, toy, toy_dataset):
    """Return what writes each kind of file, by the file's name."""
    table = pd.DataFrame({"x": np.random.default_rng(0).random(3000)})
    settings = Simulate(chromosomes=3, chromosome_length=20_000)
    return {
        "t.txt": lambda path: write_text(path, "text " * 2000),
        "t.tsv": lambda path: write_table(path, table),
        "t.tsv.gz": lambda path: write_table(path, table),
        "f.svg": lambda path: save_figure(figure, path),
        "f.png": lambda path: save_figure(figure, path),
        "f.pdf": lambda path: save_figure(figure, path),
        "p.h5": lambda path: write_predictions(
            path, np.ones((3000, 3)) / 2, "danq", "0", "test", "0" * 64
        ),
        "pred.h5": lambda path: export_predictions(predictions, path),
        "s.h5": lambda path: subset(toy_dataset, path, share=0.5, seed=0),
        "a.bw": lambda path: write_bigwig(path, attributions, LENGTHS),
        "a.bed": lambda path: write_seqlets(path, attributions),
        "a.npz": lambda path: write_npz(path, path.with_name("b.npz"), attributions),
        "w.fa.gz": lambda path: windows(
            toy_dataset, toy / "genome.fa", path.with_name("w.tsv"), path
        ),
        "genome.fa.gz": lambda path: simulate(path.parent, settings=settings),
    }


NAMES = """t.txt t.tsv t.tsv.gz f.svg f.png f.pdf p.h5 pred.h5 s.h5 a.bw a.bed a.npz w.fa.gz
genome.fa.gz""".split()


def test_all_writers_are_tried(writers):
    assert list(writers) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_an_error_that_names_the_file_and_leaves_the_old_one(
    name, writers, tmp_path
):
    whole = tmp_path / "whole" / name
    whole.parent.mkdir()
    writers[name](whole)
    size = whole.stat().st_size
    shares = np.linspace(0, 1, 4)[:-1] * size
    for limit in sorted({0, 1, size - 1, *shares.astype(int).tolist()}):
        folder = tmp_path / str(limit)
        folder.mkdir()
        path = folder / name
        path.write_text(OLD)
        with file_limit(limit), pytest.raises((OSError, DanqError)) as caught:
            writers[name](path)
        assert path.read_text() == OLD and set(folder.iterdir()) == {path}, limit
        where = f"{caught.value} {getattr(caught.value, 'filename', '')}"
        assert str(folder) in where or "TMPDIR" in where, limit


def test_standard_output_that_cannot_be_written_is_one_line(toy_dataset):
    command = [sys.executable, "-m", "danq", "describe", str(toy_dataset)]
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 2
    (line,) = [line for line in result.stderr.splitlines() if not line.startswith("$ ")]
    assert line.startswith("danq: ") and "No space left on device" in line
