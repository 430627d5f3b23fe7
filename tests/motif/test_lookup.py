import pytest

from danq.motif.lookup import find_motif, refuse_unknown
from tests.conftest import refuse
from tests.interpret.helpers import ALPHA, word_motif


@pytest.fixture
def known():
    names = [("MA1.2", "SRF"), ("MA2.1", "Hnf4a"), ("MA3.1", "HNF4A"), ("MA4.2", "GATA1::TAL1")]
    return [word_motif(name, ALPHA, alias) for name, alias in names]


@pytest.mark.parametrize(
    ("name", "index"), [("ma1.2", 0), ("srf", 0), ("MA3.1", 2), ("Gata1::Tal1", 3)]
)
def test_a_motif_is_found_by_identifier_or_factor(known, name, index):
    assert find_motif(known, name) is known[index]


def test_a_name_of_none_or_of_several_motifs_is_refused(known):
    several = "2 known motifs are called 'HNF4A': MA2.1, MA3.1; give the identifier of one"
    none = "no known motif is called 'MYC'; give the identifier or factor of one of --motifs"
    refuse(several, find_motif, known, "HNF4A")
    refuse(none, find_motif, known, "MYC")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MA1.1", " (did you mean MA1.2?)"),
        ("MA1", " (did you mean MA1.2?)"),
        ("ma1.2", " (did you mean MA1.2?)"),
        ("srf", " (did you mean MA1.2?)"),
        ("HNF4A", " (did you mean MA2.1 or MA3.1?)"),
        ("MYC", ""),
        ("", ""),
    ],
)
def test_what_is_no_identifier_is_refused_with_what_may_be_meant(known, name, meant):
    what = f"no known motif has the identifier {name!r}{meant}"
    fix = "correct it, or give the motifs that have it"
    refuse(f"{what}; {fix}", refuse_unknown, known, name)
    for motif in known:
        refuse_unknown(known, motif.name)
