import argparse
import os
import subprocess
import sys

import pytest

from danq import cli
from danq.files import hold_outputs
from tests.conftest import SPLITS, self_describing, write_bed

STEPS = next(
    action
    for action in cli.build_parser()._actions
    if isinstance(action, argparse._SubParsersAction)
).choices


@pytest.mark.parametrize("step", sorted(STEPS))
def test_every_step_explains_itself(step, capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main([step, "--help"])
    assert exit_.value.code == 0
    text = capsys.readouterr().out
    assert "usage: danq " + step in text
    assert "(default: None)" not in text and "(default: )" not in text
    for action in STEPS[step]._actions:
        assert action.help


def test_help_loads_nothing_heavy():
    code = (
        "import sys, danq.cli; danq.cli.build_parser(); sys.exit(any(name in sys.modules for name "
        "in ('torch', 'h5py', 'sklearn', 'pandas', 'snakemake')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def extract(folder, **changes):
    """Run danq extract; return the exit status."""
    options = {
        "genome": folder / "genome.fa",
        "targets": folder / "targets.tsv",
        "output": folder / "out/dataset.h5",
        "table": folder / "out/targets.tsv",
        "window": 400,
        "valid": SPLITS["valid"][0],
        "test": SPLITS["test"][0],
    } | changes
    words = ["extract"]
    for name, value in options.items():
        words += [f"--{name}", str(value)]
    return cli.main(words)


@pytest.fixture
def user(tmp_path):
    """Return the folder of a user with a small genome and good peaks."""
    (tmp_path / "genome.fa").write_text(
        "".join(f">chr{i}\n{self_describing(i, 6000)}\n" for i in (1, 2, 3))
    )
    write_bed(tmp_path / "a.bed", [(f"chr{i}", 2000, 2900) for i in (1, 2, 3)])
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\n")
    return tmp_path


def test_good_input_is_taken(user):
    assert extract(user) == 0
    assert sorted(path.name for path in (user / "out").iterdir()) == ["dataset.h5", "targets.tsv"]


def duplicate_name(user):
    (user / "genome.fa").write_text(">chr1\nACGT\n>chr1\nACGT\n")
    return "genome.fa:3: the name 'chr1' is used again (first on line 1); rename or remove one"


def other_names(user):
    (user / "genome.fa").write_text((user / "genome.fa").read_text().replace(">chr", ">"))
    return {"valid": "2", "test": "3"}, (
        "a.bed:1: 3 of 3 intervals lie on chromosomes that the genome lacks: 'chr1' is not in the "
        "genome, which has '1', '2', '3'; remove 'chr' from the names"
    )


def beyond_the_end(user):
    write_bed(user / "a.bed", [("chr1", 100, 200), ("chr1", 5900, 4294967296)])
    return "a.bed:2: the interval 5900-4294967296 ends 4,294,961,296 bp beyond 'chr1' (6,000 bp)"


def spaces(user):
    (user / "a.bed").write_text("chr1 100 200\n")
    return (
        "a.bed:1: expected at least 3 tab-separated columns, not 'chr1 100 200'; separate the "
        "columns by tabs"
    )


def empty(user):
    (user / "a.bed").write_text("")
    return "a.bed: holds no interval; give a file that has some, or leave it out"


def truncated(user):
    import gzip

    compressed = gzip.compress((user / "genome.fa").read_bytes())
    (user / "genome.fa").write_bytes(compressed[:-100])
    return "the gzip file is cut off or damaged here; download or compress it again"


def bad_bounds(user):
    return {"max-n": "7"}, "--max-n: Input should be less than or equal to 1"


@pytest.mark.parametrize(
    "breaks", [duplicate_name, other_names, beyond_the_end, spaces, empty, truncated, bad_bounds]
)
def test_broken_input_gets_one_line_and_leaves_nothing(breaks, user, capsys):
    answer = breaks(user)
    changes, line = answer if isinstance(answer, tuple) else ({}, answer)
    assert extract(user, **changes) == 2
    messages = [text for text in capsys.readouterr().err.splitlines() if not text.startswith("$ ")]
    assert len(messages) == 1 and messages[0].startswith("danq: ") and line in messages[0]
    assert not (user / "out").exists() or list((user / "out").iterdir()) == []


def test_no_right_to_write_is_one_line(user, capsys):
    (user / "out").write_text("a file where the folder should be")
    assert extract(user) == 2
    assert "out" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("changes", "both"),
    [
        ({"output": "genome.fa"}, "--genome and --output"),
        ({"table": "targets.tsv"}, "--targets and --table"),
        ({"table": "out/../out/dataset.h5"}, "--output and --table"),
    ],
)
def test_no_input_is_overwritten(user, capsys, changes, both):
    before = {path.name: path.read_bytes() for path in user.iterdir() if path.is_file()}
    assert extract(user, **{option: user / name for option, name in changes.items()}) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert all(option in message for option in both.split(" and "))
    assert "name another file to make" in message
    assert {path.name: path.read_bytes() for path in user.iterdir() if path.is_file()} == before


def test_a_checksum_of_no_file_is_refused(user, capsys):
    assert extract(user, sha256=f"{user}/nofile={'0' * 64}") == 2
    assert (
        "nofile: a checksum is given for this file, which is not among the files"
        in capsys.readouterr().err
    )
    assert extract(user, sha256=f"{user}/./genome.fa={'0' * 64}") == 2
    assert "not the expected" in capsys.readouterr().err
    assert extract(user, sha256=f"{user}/a.bed={'0' * 64}") == 2


def test_a_value_of_where_may_hold_an_equals_sign(user):
    (user / "targets.tsv").write_text("name\tfile\tpanel\nA\ta.bed\tk=1\nB\tnone.bed\tk=2\n")
    assert extract(user, where="panel=k=1") == 0


OUTPUTS = [
    (step, name) for step, parser in sorted(STEPS.items()) for name in parser.get_default("outputs")
]


def words_of(step, folder, **given):
    """Return a command with a value for each required option, and the given files."""
    words = [step]
    for action in STEPS[step]._actions:
        if action.dest in given:
            values = [given[action.dest]]
        elif not action.required:
            continue
        elif action.choices:
            values = list(action.choices)[:1]
        else:
            values = ["1" if action.type else str(folder / "new" / action.dest)]
        n_more = (action.nargs or 1) - 1 if isinstance(action.nargs, int) else 0
        values += [folder / "new" / f"{action.dest}{number}" for number in range(n_more)]
        words += [*action.option_strings[-1:], *map(str, values)]
    return words


def test_every_step_says_which_files_it_makes():
    folders = {"export-weights", "init", "simulate", "hub"}
    assert set(STEPS) - {step for step, _ in OUTPUTS} == {*folders, "run"}


@pytest.mark.parametrize(("step", "name"), OUTPUTS)
def test_no_two_commands_make_one_file_at_once(step, name, tmp_path, capsys):
    path = tmp_path / "made.svg"
    # A training locks its checkpoint by a file of its own, which test_train.py tries.
    held = "history" if (step, name) == ("train", "checkpoint") else name
    words = words_of(step, tmp_path, **{held: path})
    with hold_outputs([path]):
        assert cli.main(words) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        what = "another danq makes this file now; wait until it ends, or name another output"
        assert message == f"danq: {path}: {what}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", sorted(STEPS))
def test_no_step_takes_a_path_that_forges_lines_of_its_log(step, tmp_path, capsys):
    words = words_of(step, tmp_path)
    for place in range(1, len(words)):
        forged = [*words]
        forged[place] = "a\n$ danq train --seed 1\x1b[2J"
        assert cli.main(forged) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(r"danq: 'a\n$ danq train --seed 1\x1b[2J' holds a line break")


def test_a_file_whose_name_is_not_utf8_is_read(user):
    genome = user / os.fsdecode(b"g\xff.fa")
    (user / "genome.fa").rename(genome)
    assert extract(user, genome=genome) == 0
    assert cli.main(["describe", str(user / "out/dataset.h5"), "--json", str(user / "d.json")]) == 0
    assert cli.main(["check", *map(str, check_words(user, genome))]) == 0


def check_words(user, genome):
    words = ["--genome", genome, "--targets", user / "targets.tsv", "--window", 400]
    return [*words, "--valid", "chr2", "--test", "chr3", "--output", user / "check.json"]
