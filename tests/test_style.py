"""Words that were retired are used nowhere that a user meets (docs/style.md)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STYLE = ROOT / "docs" / "style.md"
FOLDERS = {
    "danq": ("*.py", "*.html", "*.js", "*.css"),
    "docs": ("*.md", "*.py"),
    "workflow": ("*.smk", "Snakefile"),
    "configs": ("*.yaml",),
    "profiles": ("*.yaml",),
    "notebooks": ("*.ipynb",),
}
FILES = ("README.md", "CONTRIBUTING.md", "config.yaml", "benchmarks/README.md")


def retired() -> list[str]:
    """Return the retired words and phrases."""
    _, _, table = STYLE.read_text(encoding="utf-8").partition("## Retired words")
    return re.findall(r"^\| `([^`]+)` \|", table, flags=re.MULTILINE)


def sources() -> Iterator[Path]:
    """Yield every file whose words a user may meet, but the page that lists the retired ones."""
    for folder, patterns in FOLDERS.items():
        for pattern in patterns:
            for path in (ROOT / folder).rglob(pattern):
                if "generated" not in path.parts:  # copies, made while the site is built
                    yield path
    yield from (ROOT / file for file in FILES)


def words_of(path: Path) -> str:
    """Return the text of a file in one line: of a notebook its cells, strings of Python joined."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
    joined = re.sub(r"\"\s*\n\s*[rf]?\"", "", text)
    without_comment_signs = re.sub(r"\n\s*#", " ", joined)
    return " ".join(without_comment_signs.lower().split())


def pattern_of(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(phrase.lower())}(?!\w)")


def test_the_list_is_read_and_finds_a_phrase_across_lines(tmp_path):
    assert "sees only" in retired()
    file = tmp_path / "a.py"
    file.write_text('TEXT = (\n    "a layer that sees "\n    "only its neighbours"\n)\n')
    assert pattern_of("sees only").search(words_of(file))
    file.write_text("# a layer that sees\n# only its neighbours\n")
    assert pattern_of("sees only").search(words_of(file))


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    found = {path: words_of(path) for path in sources() if path != STYLE}
    assert len(found) > 200
    return found


@pytest.mark.parametrize("phrase", retired())
def test_a_retired_word_is_used_nowhere(texts, phrase):
    pattern = pattern_of(phrase)
    likely = {path: text for path, text in texts.items() if phrase.lower() in text}
    places = [str(path.relative_to(ROOT)) for path, text in likely.items() if pattern.search(text)]
    assert not places, f"{phrase!r} is retired (docs/style.md), and used in {', '.join(places)}"
