import argparse
import os
import subprocess
import sys

import pytest
import yaml

from danq import cli, config
from danq.files import hold_outputs, read_table
from danq.motif.meme import Motif, jaspar, write_meme
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


def test_own_windows_become_a_dataset(tmp_path):
    (tmp_path / "own.fa").write_text(">a\nACGTACGT\n>b\nTTTTACGT\n>c\nGGGGACGT\n")
    (tmp_path / "own.tsv").write_text("name\tsplit\tbound\na\ttrain\t1\nb\tvalid\t0\nc\ttest\t1\n")
    inputs = ["--fasta", f"{tmp_path}/own.fa", "--windows", f"{tmp_path}/own.tsv"]
    assert cli.main(["encode", *inputs, "--output", f"{tmp_path}/dataset.h5"]) == 0
    assert (tmp_path / "dataset.h5").exists()


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


def test_motifs_of_a_file_are_named_and_exported(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (ctcf,) = jaspar("JASPAR2024", names=["MA0139.2"])
    write_meme("M.meme", [Motif("M0", "O0", ctcf.matrix, 300)])
    assert cli.main(["annotate", "M.meme"]) == 0
    best = read_table("M.matches.tsv").loc[0, ["name", "match", "factor", "named"]]
    assert best.tolist() == ["M0", "MA0139.2", "CTCF", "yes"]
    assert cli.main(["export-motifs", "M.meme", "--format", "jaspar", "--output", "M.jaspar"]) == 0
    assert (tmp_path / "M.jaspar").read_text().startswith(">M0 O0\nA [")
    assert cli.main(["annotate", "gone.meme"]) == 2 and not (tmp_path / "gone.matches.tsv").exists()
    assert cli.main(["annotate", "M.meme", "--output", "M.meme"]) == 2
    assert "is both --queries and --output" in capsys.readouterr().err
    assert cli.main(["annotate", "M.meme", "--meme", "M.matches.tsv"]) == 2
    (tmp_path / "folder").mkdir()
    assert cli.main(["annotate", "M.meme", "--output", "folder"]) == 2
    assert capsys.readouterr().err.endswith("folder: --output is a folder; name a file to make\n")
    (tmp_path / "run.a.meme").write_bytes((tmp_path / "M.meme").read_bytes())
    assert cli.main(["annotate", "run.a.meme"]) == 0 and (tmp_path / "run.a.matches.tsv").exists()


def test_two_files_to_make_must_be_two(tmp_path, capsys):
    path = str(tmp_path / "a.npz")
    inputs = ["--checkpoint", "c", "--dataset", "d"]
    command = ["attribute", *inputs, "--output", "o.h5", "--npz", path, path]
    assert cli.main(command) == 2
    assert f"{path}: is --npz twice; name another file to make" in capsys.readouterr().err


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
    folders = {"simulate", "hub"}
    assert set(STEPS) - {step for step, _ in OUTPUTS} == folders


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


def test_a_configuration_is_completed_or_refused_with_its_line(tmp_path, capsys):
    path = tmp_path / "own.yaml"
    output = tmp_path / "all.yaml"
    path.write_text("run: 012\nextract: {valid: [chr1], test: [chr2]}\n")
    assert cli.main(["settings", "--configfile", str(path), "--output", str(output)]) == 0
    assert config.load(yaml.safe_load(output.read_text())).run == "012"
    output.unlink()
    path.write_text("run: 012\nseeds: !!python/tuple [1]\n")
    assert cli.main(["settings", "--configfile", str(path), "--output", str(output)]) == 2
    expected = f"danq: {path}:2: holds the tag '!!python/tuple', which asks for a type that no knob"
    assert expected in capsys.readouterr().err and not output.exists()
    for both in ([], ["--json", "{}", "--configfile", str(path)]):
        assert cli.main(["settings", *both, "--output", str(output)]) == 2
        assert "danq: give either --json or --configfile" in capsys.readouterr().err
