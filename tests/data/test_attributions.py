import h5py
import numpy as np
import pandas as pd
import pytest

from danq.data.attributions import Attributions, read_attributions, write_attributions, zoom
from danq.data.predictions import write_predictions
from danq.errors import DanqError
from tests.conftest import refuse


def made_up(rows=2, length=30, names=("Factor A", "日本"), seed=0):
    """Return attributions drawn at random, with an N in every window."""
    rng = np.random.default_rng(seed)
    one_hot = np.eye(4, dtype=np.uint8)[rng.integers(0, 4, (rows, length))].transpose(0, 2, 1)
    one_hot[:, :, 3] = 0
    hypothetical = rng.normal(size=(rows, 4, length)) * one_hot.any(axis=1, keepdims=True)
    hypothetical -= hypothetical.mean(axis=1, keepdims=True)
    starts = 100 + 1000 * np.arange(rows)
    table = pd.DataFrame(
        {
            "split": "test",
            "chrom": "chr2",
            "start": starts,
            "end": starts + length,
            "target": np.arange(rows) % 2,
            "name": [names[row % 2] for row in range(rows)],
            "probability": rng.random(rows).astype("f4"),
            "label": 1,
            "completeness_error": np.full(rows, np.nan, "f4"),
        }
    )
    facts = {
        "model": "danq",
        "seed": "0",
        "method": "mutagenesis",
        "steps": 0,
        "dataset": "abc",
        "window": length,
        "bin_size": 10,
        "assembly": "made up",
        "coordinates": "genome",
    }
    return Attributions(facts, table, one_hot, hypothetical.astype(np.float32))


def test_what_is_written_is_read(tmp_path):
    expected = made_up(3)
    write_attributions(tmp_path / "a.h5", expected)
    attributions = read_attributions(tmp_path / "a.h5")
    assert expected.facts.items() <= attributions.facts.items()
    assert (
        attributions.facts["format"],
        attributions.facts["format_version"],
        attributions.facts["alphabet"],
    ) == (
        "danq-attributions",
        2,
        "ACGT",
    )
    assert attributions.facts["created_by"].startswith("danq ")
    pd.testing.assert_frame_equal(
        attributions.table[expected.table.columns], expected.table, check_dtype=False
    )
    for array in ("one_hot", "hypothetical", "scores"):
        np.testing.assert_array_equal(getattr(attributions, array), getattr(expected, array))
    assert (attributions.one_hot.dtype, attributions.hypothetical.dtype) == (np.uint8, np.float32)
    with h5py.File(tmp_path / "a.h5") as file:
        np.testing.assert_array_equal(file["scores"], expected.scores)


def test_scores_are_those_of_the_bases_that_are_there():
    attributions = made_up()
    for row, position in ((0, 0), (1, 29)):
        base = attributions.one_hot[row, :, position].argmax()
        assert attributions.scores[row, position] == attributions.hypothetical[row, base, position]
    assert (attributions.scores[:, 3] == 0).all()


def test_differences_of_mutagenesis_come_back():
    rng, random = np.random.default_rng(1), made_up()
    # What a model makes of each base, by the definition of the hypothetical score: less the mean
    # of the others.
    logits = rng.normal(size=(2, 4, 30)) * random.one_hot.any(axis=1, keepdims=True)
    mean_of_others = (logits.sum(axis=1, keepdims=True) - logits) / 3
    attributions = Attributions(
        random.facts, random.table, random.one_hot, (logits - mean_of_others).astype(np.float32)
    )
    reference = (logits * random.one_hot).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        attributions.differences(),
        (logits - reference) * random.one_hot.any(axis=1, keepdims=True),
        atol=1e-5,
    )


def test_other_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.h5"
    write_predictions(path, np.zeros((2, 2)), "danq", "0", "test", "abc")
    refuse(
        f"{path}: not a file of attributions; make it with danq attribute", read_attributions, path
    )
    write_attributions(path, made_up())
    with h5py.File(path, "r+") as file:
        del file["hypothetical"]
    with pytest.raises(DanqError, match=r"is not the file that .*; make it again with danq attrib"):
        read_attributions(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(DanqError, match=r"has no record .*; make it again with danq attribute"):
        read_attributions(path)


def test_zoom():
    scores = np.zeros(100)
    scores[[40, 45]] = 1
    start, end = zoom(scores, width=30)
    assert end - start == 30 and start + 9 <= 40 and 45 < end - 9
    scores[3] = 5
    assert zoom(scores, width=30) == (0, 30)  # the ends of the window are the ends of the stretch
    assert zoom(scores, width=200) == (0, 100)
