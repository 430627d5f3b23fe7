import pytest

from danq.genome.peak_faults import is_name, line_fault


@pytest.mark.parametrize(
    "line", [b"chr1\t0\t5", b"chr1\t0\t5\tx y\t\t", b"HLA-A*01:01:01:01\t1\t2"]
)
def test_nothing_is_wrong_with_a_good_line(line):
    assert line_fault(line) is None


@pytest.mark.parametrize("name", [b"", b" chr1", b"chr1 ", b"chr\x001", b"\xff"])
def test_what_cannot_name_a_chromosome(name):
    assert not is_name(name)
    assert "is not a name" in line_fault(name + b"\t1\t2")
