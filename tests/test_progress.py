import io
import sys

import pytest

from danq import progress
from danq.progress import Bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def often(monkeypatch):
    """Let a log have a line after every update."""
    monkeypatch.setattr(progress, "LOG_EVERY", 0.0)


def test_a_log_gets_lines_with_what_is_done_and_left(often, capsys):
    assert list(Bar(range(4), "work", unit="step")) == [0, 1, 2, 3]
    lines = capsys.readouterr().err.splitlines()
    assert lines and all(line.startswith("work: ") for line in lines)
    assert " 1/4 [" in lines[0] and "25%" in lines[0] and "<" in lines[0]
    assert not any("\r" in line for line in lines)


def test_a_log_gets_no_line_of_quick_work(capsys):
    with Bar(total=3, desc="work") as bar:
        bar.update(3)
    assert capsys.readouterr().err == ""


def test_work_that_goes_on_says_nothing_before_it_has_moved(often, capsys):
    with Bar(total=10, initial=4, desc="work") as bar:
        assert capsys.readouterr().err == ""
        bar.update(1)
    assert " 5/10 " in capsys.readouterr().err


def test_a_hidden_bar_says_nothing(often, capsys):
    assert sum(Bar(range(4), disable=True)) == 6
    assert capsys.readouterr().err == ""


def test_a_terminal_has_a_bar_that_leaves_no_line(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    for _ in Bar(range(3), "work", mininterval=0):
        pass
    assert "work:   0%" in terminal.getvalue() and "\n" not in terminal.getvalue()
