"""The script that writes bigWigs, on what `danq.data.bigwig` sends it."""

import io
import json

import numpy as np
import pyBigWig
import pytest

from danq.data.bigwig_writer import write


def test_stretches_and_single_bases_are_written(tmp_path):
    path = str(tmp_path / "a.bw")
    lines = [
        {"paths": [path], "sequences": [["chr1", 100], ["chr2", 50]]},
        {"sequence": "chr1", "start": 3, "n": 2, "single": True},
        {"sequence": "chr2", "start": 0, "n": 1, "single": False},
    ]
    header, single, stretch = [json.dumps(line).encode() + b"\n" for line in lines]
    stream = header + single + np.array([0.5, 1.5]).tobytes()
    stream += stretch + np.array([10, 20]).tobytes() + np.array([2.5]).tobytes()
    write(io.BytesIO(stream))
    with pyBigWig.open(path) as file:
        assert file.chroms() == {"chr1": 100, "chr2": 50}
        assert file.values("chr1", 3, 5) == [0.5, 1.5]
        assert file.intervals("chr2") == ((10, 20, 2.5),)


def test_numbers_that_are_cut_off_are_an_error(tmp_path):
    header = {"paths": [str(tmp_path / "a.bw")], "sequences": [["chr1", 100]]}
    part = {"sequence": "chr1", "start": 3, "n": 2, "single": True}
    stream = b"".join(json.dumps(line).encode() + b"\n" for line in (header, part))
    with pytest.raises(ValueError, match="reshape"):
        write(io.BytesIO(stream + np.array([0.5]).tobytes()))
