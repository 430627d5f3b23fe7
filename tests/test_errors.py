"""Messages say where, what, and what to do; foreign text in them is harmless."""

import pytest

from danq.errors import DanqError, DanqErrors, shown


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
