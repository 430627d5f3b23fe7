"""What is asked for is checked before work begins, and made from one file."""

import pytest

from danq.data.bin_outputs import Outputs, refuse_outputs, write_outputs
from danq.data.stretches import Skipped
from tests.conftest import refuse
from tests.data.test_bins import write

NOTHING = Outputs(None, None, None, None, None)


def test_the_first_output_is_one_that_is_asked_for(tmp_path):
    assert NOTHING._replace(peaks="p", table="t").first.name == "t"
    assert NOTHING._replace(bigwig="b", skipped="s").first.name == "b"


def test_what_cannot_be_made_is_refused(tmp_path):
    message = "nothing is to be written; give --table, --h5, --bigwig or --peaks"
    refuse(message, refuse_outputs, NOTHING._replace(skipped="s"), ["a"], None)
    file = tmp_path / "file"
    file.write_text("")
    for name in ("bigwig", "peaks"):
        outputs = NOTHING._replace(**{name: file})
        refuse(f"{file}: is a file; name a folder", refuse_outputs, outputs, ["a"], None)
    message = (
        "peaks need a threshold for each target; make a table with danq thresholds, and give "
        "--thresholds"
    )
    refuse(message, refuse_outputs, NOTHING._replace(peaks=tmp_path / "p"), ["a"], None)


def test_thresholds_are_read_for_peaks_only(tmp_path):
    path = tmp_path / "thresholds.tsv"
    path.write_text("target\tthreshold\na\t0.5\n")
    assert refuse_outputs(NOTHING._replace(table="t"), ["a", "b"], path) == {}
    assert refuse_outputs(NOTHING._replace(peaks=tmp_path / "p"), ["a"], path) == {"a": 0.5}
    with pytest.raises(Exception, match="has no row for the target 'b'"):
        refuse_outputs(NOTHING._replace(peaks=tmp_path / "p"), ["b"], path)


def test_all_that_is_asked_for_is_made(tmp_path):
    write(tmp_path / "b.h5")
    outputs = Outputs(*(tmp_path / name for name in ("t.tsv", "x.h5", "s.tsv", "bw", "peaks")))
    skipped = [Skipped("chr1", 0, 5, "", "why")]
    write_outputs(outputs, tmp_path / "b.h5", skipped, {"a": 0.5})
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*"))
    assert found == [
        "b.h5",
        "bw/README.tsv",
        *(f"bw/{name}" for name in ("a.bw", "a.spread.bw", "b.bw", "b.spread.bw")),
        *(f"bw/{name}" for name in ("target.bw", "target.spread.bw")),  # of the target "ä %"
        "peaks/README.tsv",
        "peaks/a.narrowPeak",
        "s.tsv",
        "t.tsv",
    ]
