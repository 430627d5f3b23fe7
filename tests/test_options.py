"""Options of the command line: knobs become options and sections; outputs are never overwritten."""

import argparse
import contextlib
import os
from typing import Literal

import pytest
from pydantic import Field

from danq import cli
from danq.config import Section
from danq.options import (
    Step,
    name_value_pairs,
    named_files,
    refuse_overwriting,
    refuse_pipes,
    refuse_unprintable,
    split_settings,
    whole_number,
)
from tests.conftest import refuse


class Knobs(Section):
    count: int = Field(3, ge=1, description="how many")
    lr: float | None = Field(None, description="rate")
    names: list[str] = Field([], description="which")
    quick: bool = Field(False, description="or slow")
    size: Literal["small", "large"] | None = Field(None, description="how large")
    hidden: int = Field(1, description="no option")


@pytest.fixture
def parser():
    """Return a parser with one step of every kind of option."""
    parser = argparse.ArgumentParser()
    steps = parser.add_subparsers()
    step = Step(steps, "step", print, "do a step", Knobs, leave_out=("hidden",))
    step.input("in_file", "what is read", required=False)
    step.output("table", "one row per window", required=False)
    step.output("figure", "the same drawn", required=False)
    return parser


def test_knobs_become_options_with_their_defaults(parser):
    options = vars(parser.parse_args(["step"]))
    assert {name: options[name] for name in ("count", "lr", "names", "quick")} == {
        "count": 3,
        "lr": None,
        "names": [],
        "quick": False,
    }
    assert "hidden" not in options


def test_knobs_are_read_by_their_kinds(parser):
    words = ["step", "--count", "5", "--lr", "0.1", "--names", "a", "b", "--quick"]
    words += ["--size", "large"]
    options = vars(parser.parse_args(words))
    settings = split_settings(Knobs, options).settings
    assert settings == Knobs(count=5, lr=0.1, names=["a", "b"], quick=True, size="large")


def test_outputs_are_declared_not_guessed_from_their_help(parser):
    options = vars(parser.parse_args(["step"]))
    assert options["outputs"] == ("table", "figure")


def test_what_is_no_knob_is_an_argument(parser):
    options = vars(parser.parse_args(["step", "--in-file", "x"]))
    arguments = split_settings(Knobs, options).arguments
    assert arguments["in_file"] == "x" and "count" not in arguments


def test_a_step_without_a_section_keeps_its_options():
    assert split_settings(None, {"a": 1}) == (None, {"a": 1})


def test_a_value_out_of_bounds_names_its_option():
    message = "--count: Input should be greater than or equal to 1; see --help"
    refuse(message, split_settings, Knobs, {"count": 0})


def test_an_output_may_not_be_an_input(tmp_path):
    file = tmp_path / "a.tsv"
    file.write_text("x")
    options = {"in_file": str(file), "table": str(file)}
    message = f"{file}: is both --in-file and --table; name another file to make"
    refuse(message, refuse_overwriting, options, ("table",))
    refuse_overwriting(options, ())


def test_two_inputs_may_be_one_file(tmp_path):
    file = tmp_path / "a.tsv"
    file.write_text("x")
    refuse_overwriting({"genome": str(file), "blacklist": [str(file)]}, ("output",))


def test_an_output_may_not_be_made_twice(tmp_path):
    path = str(tmp_path / "new.npz")
    message = f"{path}: is --npz twice; name another file to make"
    refuse(message, refuse_overwriting, {"npz": [path, path]}, ("npz",))


def test_an_output_may_not_be_a_folder(tmp_path):
    message = f"{tmp_path}: --table is a folder; name a file to make"
    refuse(message, refuse_overwriting, {"table": str(tmp_path)}, ("table",))


def test_an_output_may_not_be_a_device_or_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(os.devnull)
    for path in (os.devnull, str(pipe), str(link)):
        what = "--table is a device or a pipe, which would be replaced; name a file to make"
        refuse(f"{path}: {what}", refuse_overwriting, {"table": path}, ("table",))


def test_files_are_named_by_one_option_or_by_several(tmp_path):
    options = {"table": "a", "npz": ["b", "c"], "figure": None, "seed": 1}
    assert named_files(options, ("table", "npz", "figure")) == ["a", "b", "c"]


def test_pairs_are_split_at_their_first_or_last_equals_sign():
    assert name_value_pairs(["a=b=c"], "--where") == {"a": "b=c"}
    assert name_value_pairs(["a=b=c"], "--sha256", last=True) == {"a=b": "c"}


def test_words_that_are_not_pairs_are_refused():
    refuse("--where panel: expected NAME=VALUE", name_value_pairs, ["panel"], "--where")
    message = "--where names something twice; give one value for each"
    refuse(message, name_value_pairs, ["a=1", "a=2"], "--where")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", str(2**31)])
def test_numbers_that_are_no_count_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a whole number from 1"):
        whole_number(1)(text)


def test_counts_are_read():
    assert whole_number(0)("0") == 0 and whole_number(1)("2147483647") == 2**31 - 1


@pytest.mark.parametrize(
    "character", ["\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u2028", "\u202e"]
)
def test_a_word_that_would_forge_a_line_of_a_log_is_refused(character):
    word = f"a{character}b"
    what = f"{word!r} holds a line break or another control character"
    message = f"{what}; rename the file, or leave it out"
    refuse(message, refuse_unprintable, ["extract", "--genome", word])
    refuse_unprintable([f'{{"a":{character}1}}'] if character.isspace() else ["a"])


def test_words_in_any_language_are_taken():
    refuse_unprintable(["mein Genom/ä.fa", "染色体.fa", "a\xa0b", "x\udcffy", "=1+1", ""])


@pytest.mark.parametrize(
    "words",
    [
        ["describe", "PIPE"],
        ["import-deepsea", "PIPE", "PIPE", "PIPE", "--output", "new.h5"],
        ["annotate", "PIPE", "--output", "new.tsv"],
        ["encode", "--fasta", "PIPE", "--windows", "PIPE", "--output", "new.h5"],
        ["train", "--model", "danq", "--dataset", "PIPE", "--checkpoint", "a", "--history", "b"],
    ],
)
def test_no_step_waits_for_a_pipe(tmp_path, capsys, words):
    os.mkfifo(tmp_path / "pipe")
    pipe = str(tmp_path / "pipe")
    options = {"path": [pipe], "seed": 1, "output": "new"}
    what = "is a pipe or a device, which danq cannot read twice; write it to a file, and give that"
    refuse(f"{pipe}: {what}", refuse_pipes, options, ["output"])
    refuse_pipes({"folder": str(tmp_path), "output": pipe}, ["output"])
    command = [pipe if word == "PIPE" else word for word in words]
    if words[0] == "train":
        command += ["--facts", "c"]
    with contextlib.chdir(tmp_path):
        code = cli.main(command)
    lines = capsys.readouterr().err.splitlines()
    assert (code, lines[-1]) == (2, f"danq: {pipe}: {what}")
    assert os.listdir(tmp_path) == ["pipe"]
