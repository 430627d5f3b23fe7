import os
import shutil
import tracemalloc

import numpy as np
import pytest

from danq import cli
from danq.config import Extract
from danq.data.check import check
from danq.data.dataset import open_dataset
from danq.data.inputs import read_files
from danq.errors import DanqError
from danq.genome.fasta import read_genome
from danq.genome.sources import Sources, local_path
from tests.conftest import BIN, SPLITS, WINDOW, refuse, write_bed, write_fasta
from tests.data.test_extract import rows_of


def test_where_chooses_targets(toy, run_extract, tmp_path):
    run_extract(toy, tmp_path, where={"name": "Factor A"})
    assert (tmp_path / "targets.tsv").read_text().splitlines()[1].startswith("Factor A\tTF\t.")
    assert len((tmp_path / "targets.tsv").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"valid": ["chr9"]}, "'chr9' is not in the genome, which has 'chr1', 'chr2', 'chr3'"),
        ({"valid": ["chr2:100-90000"]}, "is empty or leaves 'chr2'"),
        ({"valid": ["chr3:0-4000"], "test": ["chr3"]}, "overlap; separate them"),
        ({"valid": ["chr2:0-300"]}, "the valid split has no usable window"),
        (
            {"where": {"name": "nobody"}},
            "no target is left where name is 'nobody'; name has '<b>B</b>', 'Factor A'",
        ),
        ({"where": {"panel": "core"}}, "no column 'panel'"),
    ],
)
def test_what_cannot_be_split_is_refused(toy, run_extract, tmp_path, changes, message):
    with pytest.raises(DanqError, match=message):
        run_extract(toy, tmp_path, **(SPLITS | changes))
    assert list(tmp_path.iterdir()) == []


def test_peaks_may_call_the_chromosomes_otherwise(toy, run_extract, tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.bed").write_text((toy / f"{name}.bed").read_text().replace("chr", ""))
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\nB\tb.bed\n")
    (tmp_path / "aliases.tsv").write_text(
        "# ucsc\tensembl\tgenbank\nchr1\t1\t\nchr2\t2\tCM2\nchr3\t3\t\nchr4\t4\t\n"
    )
    run_extract(
        toy, tmp_path / "out", targets=tmp_path / "targets.tsv", aliases=tmp_path / "aliases.tsv"
    )
    assert rows_of(tmp_path / "out") == rows_of(run_extract(toy, tmp_path / "plain"))


def test_regions_may_call_the_chromosomes_otherwise(toy, run_extract, tmp_path):
    (tmp_path / "aliases.tsv").write_text("1\tchr1\tensembl\n2\tchr2\tensembl\n3\tchr3\tucsc\n")
    named = {"valid": ["2:0-6000"], "test": ["3"], "chromosomes": ["1", "chr2", "3"]}
    run_extract(toy, tmp_path / "out", aliases=tmp_path / "aliases.tsv", **named)
    own = {"valid": ["chr2:0-6000"], "test": ["chr3"], "chromosomes": ["chr1", "chr2", "chr3"]}
    run_extract(toy, tmp_path / "plain", **own)
    assert rows_of(tmp_path / "out") == rows_of(tmp_path / "plain")
    with open_dataset(tmp_path / "out" / "dataset.h5") as dataset:
        assert dataset.source["splits"] == {"valid": ["chr2:0-6000"], "test": ["chr3"]}


def test_all_that_is_wrong_is_said_at_once(toy, run_extract, tmp_path):
    (tmp_path / "genome.fa").write_text(">chr1\nACGT\nAC-T\n")
    write_bed(tmp_path / "a.bed", [("chr1", 5, 4)])
    (tmp_path / "b.bed").write_text("")
    write_bed(tmp_path / "black.bed", [("chr1", 9, 3)])
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\nB\tb.bed\nA again\ta.bed\n")
    with pytest.raises(DanqError) as caught:
        run_extract(tmp_path, tmp_path / "out", blacklist=[tmp_path / "black.bed"])
    assert str(caught.value).splitlines() == [
        f"{tmp_path}/genome.fa:3: '-' is not a DNA base; only ACGT, N and IUPAC codes can be read",
        f"{tmp_path}/a.bed:1: start 5 is after end 4; fix the line",
        f"{tmp_path}/b.bed: holds no interval; give a file that has some, or leave it out",
        f"{tmp_path}/black.bed:1: start 9 is after end 3; fix the line",
    ]
    assert not (tmp_path / "out").exists()


def test_a_changed_file_is_refused(toy, run_extract, tmp_path):
    (tmp_path / "targets.tsv").write_text(f"name\tfile\tsha256\nA\t{toy / 'a.bed'}\t{'0' * 64}\n")
    with pytest.raises(
        DanqError,
        match=r"a\.bed: its sha256 is [0-9a-f]{64}, not the expected 0{64}: the file has ch",
    ):
        run_extract(toy, tmp_path / "out", targets=tmp_path / "targets.tsv")
    with pytest.raises(DanqError, match=r"genome\.fa: its md5 is"):
        run_extract(toy, tmp_path / "out", checksums={str(toy / "genome.fa"): {"md5": "0" * 32}})


def test_memory_is_the_packed_genome_and_a_constant(run_extract, tmp_path):
    rng = np.random.default_rng(0)
    n = 8_000_000
    bases = np.frombuffer(b"ACGT", dtype=np.uint8)[rng.integers(0, 4, n)].tobytes().decode()
    write_fasta(
        tmp_path / "genome.fa", {"chr1": bases, "chr2": bases[:6_000], "chr3": bases[6_000:12_000]}
    )
    write_bed(tmp_path / "a.bed", [(f"chr{i}", 2_000, 2_900) for i in (1, 2, 3)])
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\n")
    sources = Sources(tmp_path / "genome.fa", tmp_path / "targets.tsv")
    settings = Extract(bin_size=200, **SPLITS)
    del bases
    tracemalloc.start()
    read_files(sources, settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Half a byte per base, twice while the pieces of a chromosome are joined, and the blocks of one
    # piece of text.
    assert peak < n + 60_000_000


@pytest.fixture
def inputs(toy, tmp_path):
    """Return a folder of inputs: one target by path, one that was fetched into downloads/."""
    folder = tmp_path / "inputs"
    (folder / "peaks").mkdir(parents=True)
    shutil.copy(toy / "genome.fa", folder)
    shutil.copy(toy / "a.bed", folder / "peaks")
    url = "https://example.org/b.bed"
    fetched = tmp_path / local_path(url, folder / "downloads")
    fetched.parent.mkdir(parents=True)
    shutil.copy(toy / "b.bed", fetched)
    (folder / "targets.tsv").write_text(f"name\tfile\nA\tpeaks/a.bed\nB\t{url}\n")
    return folder


def content(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("step", ["check", "extract"])
@pytest.mark.parametrize("pattern", ["peaks/a.bed", "downloads/*/b.bed"])
def test_a_step_overwrites_no_file_that_its_table_names(step, pattern, inputs, capsys):
    (output,) = inputs.glob(pattern)
    before = content(inputs)
    words = [step, "--genome", inputs / "genome.fa", "--targets", inputs / "targets.tsv"]
    words += ["--downloads", inputs / "downloads", "--bin-size", BIN, "--window", WINDOW]
    words += ["--valid", "chr2", "--test", "chr3", "--output", output]
    if step == "extract":
        words += ["--table", inputs / "table.tsv"]
    assert cli.main([str(word) for word in words]) == 2
    role = f"named in {inputs / 'targets.tsv'}"
    message = f"danq: {output}: is also an input, {role}; choose another output file"
    assert capsys.readouterr().err.splitlines()[-1] == message
    assert content(inputs) == before


def test_nor_is_the_file_of_a_target_that_is_not_chosen(inputs, tmp_path):
    table = inputs / "targets.tsv"
    rows = ["name\tfile\tpanel", "A\tpeaks/a.bed\tx", "B\tpeaks/b.bed\ty"]
    table.write_text("\n".join(rows) + "\n")
    output = inputs / "peaks" / "b.bed"
    output.write_text("precious")
    sources = Sources(inputs / "genome.fa", table, where={"panel": "x"})
    message = f"{output}: is also an input, named in {table}; choose another output file"
    refuse(message, read_files, sources, Extract(**SPLITS), [output])
    assert output.read_text() == "precious"


def test_the_table_of_an_extraction_overwrites_no_peaks(inputs, run_extract, tmp_path):
    table = inputs / "peaks" / "a.bed"
    changes = {"downloads": inputs / "downloads", "table": table}
    role = f"named in {inputs / 'targets.tsv'}"
    message = f"{table}: is also an input, {role}; choose another output file"
    refuse(message, run_extract, inputs, tmp_path / "out", **changes)
    assert not (tmp_path / "out").exists()


def test_a_file_named_directly_is_no_output_either(toy):
    sources = Sources(toy / "genome.fa", toy / "targets.tsv")
    output = toy / "genome.fa"
    message = f"{output}: is also an input, the file of genome; choose another output file"
    refuse(message, read_files, sources, Extract(**SPLITS), [output])


def change_a_base(path):
    """Change one letter of a file, and neither its size nor its time."""
    before = path.stat()
    text = path.read_text()
    path.write_text(text[:-2] + ("A" if text[-2] != "A" else "C") + text[-1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("name", ["genome.fa", "peaks/a.bed", "targets.tsv"])
def test_extraction_refuses_a_file_that_is_not_what_was_checked(inputs, tmp_path, name):
    sources = Sources(inputs / "genome.fa", inputs / "targets.tsv", downloads=inputs / "downloads")
    settings = Extract(bin_size=BIN, window=WINDOW, **SPLITS)
    check(sources, tmp_path / "inputs.json", settings=settings)
    again = sources._replace(checked=tmp_path / "inputs.json")
    read_files(again, settings)
    path = inputs / name
    if name == "genome.fa":
        change_a_base(path)
    else:
        path.write_text(path.read_text() + "# a comment\n")
    what = f"its content has changed since {tmp_path / 'inputs.json'} was made"
    refuse(f"{path}: {what}; check the files again", read_files, again, settings)


def test_a_file_that_changes_while_it_is_read_is_refused(inputs, monkeypatch):
    sources = Sources(inputs / "genome.fa", inputs / "targets.tsv", downloads=inputs / "downloads")

    def read_and_change(path):
        counted = read_genome(path)
        change_a_base(inputs / "genome.fa")
        return counted

    monkeypatch.setattr("danq.data.inputs.read_genome", read_and_change)
    what = "changed while it was read; start again when it is complete"
    settings = Extract(bin_size=BIN, window=WINDOW, **SPLITS)
    refuse(f"{inputs / 'genome.fa'}: {what}", read_files, sources, settings)
