"""A session for IGV, read as XML and JSON."""

import json
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from danq.report import igv_session as s
from danq.report.hub_text import Assembly
from tests.report.test_hub_text import tracks

OWN = Assembly("danq_x", "x", False, "chr1:1-9")


@given(st.text(max_size=50))
def test_a_name_of_any_characters_is_well_formed_xml(name):
    root = ElementTree.fromstring(s.session_text(tracks([name]), OWN).encode())
    first = next(root.iter("Track")).get("name")
    assert first == "".join(c if c.isprintable() else "_" for c in name) + ": peaks"


def test_a_session_has_the_first_targets():
    n = s.MOST_TARGETS
    root = ElementTree.fromstring(s.session_text(tracks(map(str, range(n + 2))), OWN).encode())
    assert len(list(root.iter("Track"))) == len(list(root.iter("Resource"))) == 2 * n


def test_a_genome_of_its_own_is_named_by_its_file():
    root = ElementTree.fromstring(s.session_text(tracks(["a"]), OWN).encode())
    assert root.get("genome") == s.GENOME and root.get("locus") == "chr1:1-9"
    assert json.loads(s.genome_json(OWN))["id"] == "danq_x"
    hosted = OWN._replace(name="hg38", hosted=True)
    root = ElementTree.fromstring(s.session_text(tracks(["a"]), hosted).encode())
    assert root.get("genome") == "hg38"
