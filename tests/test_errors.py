"""Messages say where, what, and what to do; foreign text in them is harmless."""

import re
from pathlib import Path

import pytest

from danq.errors import DanqError, DanqErrors, one_line, shown, warn


@pytest.mark.parametrize(
    ("path", "line", "message"),
    [(None, None, "what"), ("a.bed", None, "a.bed: what"), ("a.bed", 3, "a.bed:3: what")],
)
def test_a_message_begins_with_file_and_line(path, line, message):
    assert str(DanqError("what", path, line)) == message


def test_several_errors_are_a_line_each():
    errors = DanqErrors([DanqError("what", "a.bed", 1), "another"])
    assert str(errors) == "a.bed:1: what\nanother"
    assert isinstance(errors, DanqError)


def test_foreign_text_cannot_move_the_cursor_or_fill_the_screen():
    assert shown("\x1b[2J\n") == r"'\x1b[2J\n'"
    assert shown("x" * 61) == repr("x" * 60 + "...")
    assert shown("x" * 60) == repr("x" * 60)


FORGED = [
    "\n2026 INFO well",
    "\r",
    "\x1b[2J",
    "\u2028$ danq",
    "\x85x",
    "\x0b",
    "\u202etxt",
    "\udcff",
]


@pytest.mark.parametrize("text", FORGED)
def test_no_text_makes_a_second_line_or_moves_the_cursor(text):
    for error in (
        DanqError("what", f"a{text}.bed", 3),
        DanqError(f"what {text}", "a.bed"),
        DanqErrors([f"a{text}"]),
        DanqErrors([DanqError("what", f"a{text}.bed")]),
    ):
        assert str(error).isprintable() and len(str(error).splitlines()) == 1
    nested = DanqErrors([DanqErrors(["a", f"b{text}"]), "c"])
    assert len(str(nested).splitlines()) == 3
    assert one_line(one_line(text)) == one_line(text)


@pytest.mark.parametrize("text", ["a b.bed", "chr1:1-2", "Überraschung/ünï.bed", "染色体", "a\\nb"])
def test_text_that_can_be_printed_stays(text):
    assert one_line(text) == text


@pytest.mark.parametrize("text", FORGED)
def test_a_warning_is_one_line(text, capsys):
    warn(f"target {text}; rename it")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: target ") and line.endswith("; rename it")


def test_every_warning_goes_through_one_door():
    for path in (Path(__file__).parents[1] / "danq").rglob("*.py"):
        text = path.read_text()
        assert path.name == "errors.py" or not re.search(r"print\(\s*f?\"warning", text), path
