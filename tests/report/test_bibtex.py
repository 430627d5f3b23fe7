"""The papers as BibTeX, which are those of the citation."""

import re

from danq.report.bibtex import BIBTEX
from danq.report.methods_text import CITATION


def test_entries_are_balanced_and_are_the_papers_of_the_citation():
    text = BIBTEX.format(version="1.2.3")
    assert "version = {1.2.3}" in text and text.count("{") == text.count("}")
    assert len(re.findall(r"^@\w+\{\w+,$", text, re.M)) == 5
    cited = set(re.findall(r"10\.\d{4}/[\w./-]*\w", CITATION))
    assert set(re.findall(r"doi = \{(.*?)\}", text)) == cited
