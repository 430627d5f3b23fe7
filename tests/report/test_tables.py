"""Tables and texts of a run's folder."""

from danq.report.tables import read_text


def test_text_is_read_whatever_its_bytes(tmp_path):
    (tmp_path / "odd").write_bytes(b"a\xff\r\nb")
    assert read_text(tmp_path / "odd") == "a\N{REPLACEMENT CHARACTER}\nb"
