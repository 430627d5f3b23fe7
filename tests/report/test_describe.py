"""The description of a dataset against unpacked arrays; damaged files; docs/dataset.md."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest

from danq.config import Extract
from danq.data.dataset import open_dataset
from danq.data.extract import extract
from danq.data.hdf5 import open_hdf5
from danq.data.schema import ATTRIBUTES, MARGINS, MARGINS_CHECKSUM, PARTS
from danq.data.verify import problems
from danq.errors import DanqError, DanqErrors
from danq.genome.sequence import encode, one_hot, pack, unpack_indices
from danq.genome.sources import Sources
from danq.report.describe import describe
from tests.conftest import write_bed, write_fasta
from tests.data.small_dataset import with_margins
from tests.data.test_audit import PLANTED, SPLITS, audited, plain, write

DOC = Path(__file__).parents[2] / "docs" / "dataset.md"
TARGETS = [("a", "TF", "MA0139.1"), ("b\x1b[2J\u202e", "TF", ""), ("$\\frac{", "_open", "")]
LABELS = {
    "train": [[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0]],
    "valid": [[0, 0, 1], [0, 0, 0], [1, 0, 1], [0, 0, 0]],
    "test": [[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0]],
}
SOURCE = {
    "genome": {"path": "g.fa", "sha256": "0"},
    "dropped": {"unlabelled": 1234, "blacklist": 0},
    "counts": {"a.bed": {"clipped": 2, "lines": 9}, "b.bed": {"lines": 1000, "empty": 0}},
}


@pytest.fixture
def dataset(tmp_path):
    return write(
        tmp_path / "d.h5",
        PLANTED,
        lengths=(300, 200, 50),
        targets=TARGETS,
        labels=LABELS,
        source=SOURCE,
        assembly="tiny\x07",
    )


class Random(NamedTuple):
    """A dataset of 3 x 30 windows of 21 bp with 13 targets in 9 groups, on 40 chromosomes."""

    path: Path
    texts: dict
    labels: dict


@pytest.fixture
def random(tmp_path):
    rng = np.random.default_rng(5)
    splits = {}
    for offset, split in enumerate(SPLITS):
        splits[split] = []
        for chromosome in range(offset, 40, 4):
            for _ in range(3):
                text = "".join(rng.choice(list("ACGTN"), 21))
                splits[split].append((chromosome, 0, text))
    texts = {split: [text for *_, text in splits[split]] for split in SPLITS}
    labels = {split: rng.random((30, 13)) < 0.2 for split in SPLITS}
    targets = [(f"t{row}", f"g{row % 9}", "") for row in range(13)]
    path = tmp_path / "r.h5"
    write(path, splits, lengths=[100] * 40, targets=targets, labels=labels)
    return Random(path, texts, labels)


def test_facts_splits_groups_and_targets_by_hand(dataset, tmp_path, capsys):
    described = describe(dataset, json=tmp_path / "d.json")
    assert json.loads((tmp_path / "d.json").read_text()) == described
    assert described["facts"] == {
        "format": "danq-dataset",
        "format_version": 2,
        "window": 8,
        "bin_size": 8,
        "alphabet": "ACGT",
        "assembly": "tiny\x07",
        "coordinates": "genome",
        "created_by": described["facts"]["created_by"],
        "targets": 3,
        "groups": 2,
        "windows": 13,
        "margin": 0,
        "chromosomes": 3,
        "genome_length": 550,
        "bytes": dataset.stat().st_size,
    }
    # 8 bp and 3 labels: 4 + 1 bytes, and 4 of the start. Train: GAATTCGN AACCGGTT and 16 A.
    assert described["splits"]["train"] == {
        "windows": 4,
        "share": 4 / 13,
        "bytes_per_window": 9,
        "labelled": 3,
        "labels_per_window": 1.0,
        "gc": 7 / 31,
        "unknown_bases": 1,
        "windows_by_labels": [1, 2, 1],
    }
    assert described["splits"]["test"]["windows_by_labels"] == [4, 1]
    first, second = described["groups"]
    assert (first["name"], first["targets"]) == ("TF", 2)
    assert first["splits"]["train"] == {
        "positives": 4,
        "prevalence": {"mean": 0.5, "min": 0.25, "max": 0.75},
        "without_positive": 0,
    }
    assert second["splits"]["test"] == {
        "positives": 0,
        "prevalence": {"mean": 0, "min": 0, "max": 0},
        "without_positive": 1,
    }
    assert described["targets"][0] == {
        "index": 0,
        "name": "a",
        "group": "TF",
        "jaspar": "MA0139.1",
        "positives": {"train": 3, "valid": 1, "test": 1},
        "prevalence": {"train": 0.75, "valid": 0.25, "test": 0.2},
    }
    assert described["chromosomes"] == [
        {"name": "chr1", "length": 300, "windows": {"train": 2, "valid": 2, "test": 2}},
        {"name": "chr2", "length": 200, "windows": {"train": 2, "valid": 2, "test": 3}},
    ]
    assert [list(row.values()) for row in described["audit"]] == plain(audited(dataset))
    assert described["source"] == SOURCE


def test_the_summary_says_the_same_and_is_safe_to_print(dataset, capsys):
    describe(dataset)
    text = capsys.readouterr().out
    rows = [" ".join(line.split()) for line in text.splitlines()]
    for row in [
        "format danq-dataset, version 2",
        r"assembly tiny\x07",
        "chromosomes 3, 550 bp",
        "coordinates genome",
        "train 4 30.769 % 9 3 1.000 22.581 % 1",
        "TF train 2 0 4 50.000 % 25.000 % 75.000 %",
        "_open test 1 1 0 0.000 % 0.000 % 0.000 %",
        r"b\x1b[2J\u202e TF 1 1 0 0 7.692 %",
        r"$\frac{ _open 2 0 2 0 15.385 %",
        "a TF 0 3 1 1 38.462 %",
        "valid train 4 1 2 2 3",
        "unlabelled 1,234",
        "blacklist 0",
        "clipped 2",
        "lines 1,009",
    ]:
        assert row in rows, row
    assert "empty" not in text
    assert text.replace("\n", "").isprintable()
    assert rows.index(r"b\x1b[2J\u202e TF 1 1 0 0 7.692 %") < rows.index(
        "a TF 0 3 1 1 38.462 %"
    )  # rarest first


@pytest.mark.parametrize("split", SPLITS)
def test_bases_and_labels_against_numpy(random, split):
    facts = describe(random.path)["splits"][split]
    bases = "".join(random.texts[split])
    n_known = len(bases) - bases.count("N")
    n_labels = random.labels[split].sum(axis=1)
    assert facts["unknown_bases"] == bases.count("N")
    assert facts["gc"] == (bases.count("G") + bases.count("C")) / n_known
    assert facts["windows_by_labels"] == np.bincount(n_labels).tolist()
    assert facts["labelled"] == (n_labels > 0).sum()
    assert facts["labels_per_window"] == pytest.approx(n_labels.mean())


@pytest.mark.parametrize("split", SPLITS)
def test_groups_targets_and_chromosomes_against_numpy(random, split):
    described = describe(random.path)
    shares = random.labels[split].mean(axis=0)
    for number, group in enumerate(described["groups"]):
        assert group["name"] == f"g{number}"
        facts = group["splits"][split]
        members = shares[number::9]
        assert facts["prevalence"]["mean"] == pytest.approx(members.mean())
        assert facts["prevalence"]["min"] == pytest.approx(members.min())
        assert facts["prevalence"]["max"] == pytest.approx(members.max())
        assert facts["without_positive"] == (members == 0).sum()
    prevalence = [target["prevalence"][split] for target in described["targets"]]
    assert prevalence == shares.tolist()
    windows = [chromosome["windows"][split] for chromosome in described["chromosomes"]]
    assert sum(windows) == 30


def test_blocks_change_nothing(random, monkeypatch):
    in_one_block = describe(random.path)
    monkeypatch.setattr("danq.report.dataset_contents.BLOCK", 50)
    assert describe(random.path) == in_one_block


def test_many_targets_show_both_ends(tmp_path, capsys):
    rows = range(1, 41)
    labels = [[row % (n + 1) == 0 for n in range(25)] for row in rows]
    windows = [(0, 9 * row, "ACGTACGTA") for row in range(40)]
    path = write(
        tmp_path / "d.h5",
        dict.fromkeys(SPLITS, windows),
        targets=[(f"t{n}", "g", "") for n in range(25)],
        labels=dict.fromkeys(SPLITS, labels),
    )
    describe(path)
    _, rarest, most_frequent = re.split("The 10 .*\n", capsys.readouterr().out)
    listed = re.findall(r"^  t(\d+)", rarest, re.M)
    assert [int(number) for number in listed] == [*range(20, 25), *range(13, 18)]
    listed = re.findall(r"^  t(\d+)", most_frequent, re.M)
    assert [int(number) for number in listed] == [*range(10)]


def test_windows_without_coordinates(tmp_path, capsys):
    path = write(tmp_path / "d.h5", PLANTED, lengths=(300, 200), coordinates="rows")
    described = describe(path, figure=tmp_path / "d.svg")
    assert described["facts"]["chromosomes"] is None
    assert described["facts"]["genome_length"] is None
    assert described["chromosomes"] == []
    assert [row["overlapping"] for row in described["audit"]] == [None] * 3
    assert re.search(r"valid +train +4 +NA +2 +2 +3", capsys.readouterr().out)


@pytest.mark.parametrize(
    "source", [{}, {"dropped": 3, "counts": {"a": 1}}, {"dropped": {"x\x07": "many"}}, None]
)
def test_any_source_will_do(tmp_path, source, capsys):
    path = write(tmp_path / "d.h5", PLANTED, lengths=(300, 200), source=source)
    assert describe(path)["source"] == (source or {})
    assert "\x07" not in capsys.readouterr().out


def test_only_unknown_bases(tmp_path, capsys):
    splits = {split: [(0, 0, "NNN")] for split in SPLITS}
    assert describe(write(tmp_path / "d.h5", splits))["splits"]["test"]["gc"] is None
    assert re.search(r"test .* NA +3\n", capsys.readouterr().out)


# --- what is wrong is named ---


def offset(path, name):
    with h5py.File(path) as file:
        return file[name].id.get_offset()


def flip(path, *names):
    content = bytearray(path.read_bytes())
    for name in names:
        content[offset(path, name)] ^= 1
    path.write_bytes(content)


def refused(path, tmp_path, kind=DanqErrors):
    """Describe a file that is to be refused, and check that nothing is made; return the lines."""
    before = sorted(tmp_path.iterdir())
    with pytest.raises(kind) as caught:
        describe(path, json=tmp_path / "no.json", figure=tmp_path / "no.svg")
    assert sorted(tmp_path.iterdir()) == before
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") and "; " in line for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_every_flipped_byte_is_named(dataset, tmp_path, capsys):
    flip(dataset, "train/sequences", "test/targets", "targets/name")
    assert refused(dataset, tmp_path) == [
        f"the bytes of {name} are not those that were written: the file is damaged; make it again"
        for name in ("train/sequences", "test/targets", "targets/name")
    ]
    assert capsys.readouterr().out == ""


def test_an_empty_mark_is_named(dataset, tmp_path):
    with h5py.File(dataset, "r+") as file:
        file["complete"][0] = b""
    assert refused(dataset, tmp_path) == [
        "was not finished (its mark `complete` is empty); make it again"
    ]


def test_a_cut_file_is_named(dataset, tmp_path):
    content = dataset.read_bytes()
    for size in (0, 100, len(content) // 2, len(content) - 1):
        dataset.write_bytes(content[:size])
        assert "HDF5" in refused(dataset, tmp_path, DanqError)[0]


def test_a_missing_file_is_named(tmp_path):
    assert refused(tmp_path / "none.h5", tmp_path, DanqError) == [
        "cannot be read (No such file or directory); check the path"
    ]


@pytest.mark.parametrize("link", [h5py.SoftLink("/train"), h5py.ExternalLink("other.h5", "/train")])
def test_links_are_named(dataset, tmp_path, link):
    with h5py.File(dataset, "r+") as file:
        file.move("train", "moved")
        file["train"] = link
        del file["targets/group"]
    lines = refused(dataset, tmp_path)
    assert [line for line in lines if "leads elsewhere" in line] == [
        f"{name} is a link that leads elsewhere; make it again"
        for name in PARTS
        if name.startswith("train/")
    ]
    assert "lacks targets/group; make it again" in lines


def test_wrong_types_are_all_named(dataset, tmp_path):
    with h5py.File(dataset, "r+") as file:
        for name in ("train/start", "test/chromosome_rows"):
            values = file[name][()].astype(float)
            del file[name]
            file[name] = values
    assert refused(dataset, tmp_path) == [
        f"{name} has the type float64, not that of docs/dataset.md; make it again"
        for name in ("train/start", "test/chromosome_rows")
    ]


def test_another_version_is_named(dataset, tmp_path):
    with h5py.File(dataset, "r+") as file:
        file.attrs.modify("format_version", 3)
    assert "('danq-dataset', 3, 'ACGT')" in refused(dataset, tmp_path)[0]


def spoil(arrays, name, value):
    arrays[name] = arrays[name].copy()
    arrays[name][0, -1] |= value


def test_bits_that_mean_nothing_are_named(dataset, tmp_path, doc):
    """Two bases at a place, and labels beyond the last, are found where checksums are right."""
    attributes, arrays = contents(dataset)
    spoil(arrays, "train/sequences", np.array([255, 0, 0, 0], dtype=np.uint8))
    spoil(arrays, "test/targets", 1)
    doc["write"](tmp_path / "foreign.h5", attributes, arrays)
    lines = refused(tmp_path / "foreign.h5", tmp_path)
    assert [line.split(",")[0] for line in lines] == [
        "train/sequences has more than one base at a position",
        "test/targets has labels beyond the last target",
    ]


def test_bases_beyond_the_end_are_named(random, tmp_path, doc):
    attributes, arrays = contents(random.path)
    spoil(
        arrays, "valid/sequences", np.array([0, 0, 0, 7], dtype=np.uint8)
    )  # 21 bp leave three bits
    doc["write"](tmp_path / "foreign.h5", attributes, arrays)
    assert refused(tmp_path / "foreign.h5", tmp_path) == [
        "valid/sequences has bases beyond the end of the window, 3 times; make it again"
    ]


def test_foreign_text_is_checked(dataset, tmp_path, doc):
    attributes, arrays = contents(dataset)
    wrong = {
        "targets/group": np.array([b"a", b"\xff", b"c"]),
        "source": np.frombuffer(b"{oops", dtype=np.uint8),
        "chromosomes/name": np.array([b"chr1", b"chr1", b"chr2"]),
    }
    doc["write"](tmp_path / "foreign.h5", attributes | {"bin_size": 0}, arrays | wrong)
    lines = refused(tmp_path / "foreign.h5", tmp_path)
    for line, start in zip(
        lines,
        [
            "chromosomes/name names a chromosome twice;",
            "targets/group is not UTF-8 text (",
            "source is not JSON (",
            "its attribute bin_size is 0;",
        ],
        strict=True,
    ):
        assert line.startswith(start)


@pytest.mark.parametrize("source", [b"[1]", b"", b"\xff", b"[" * 100_000])
def test_a_source_that_is_no_object_is_named(dataset, tmp_path, doc, source):
    attributes, arrays = contents(dataset)
    doc["write"](
        tmp_path / "foreign.h5",
        attributes,
        arrays | {"source": np.frombuffer(source, dtype=np.uint8)},
    )
    assert any("source" in line for line in refused(tmp_path / "foreign.h5", tmp_path))


# --- figures ---


@pytest.mark.parametrize("suffix", ["svg", "png", "PNG"])
def test_figures_are_made_and_repeat(dataset, random, tmp_path, suffix):
    for path in (dataset, random.path):
        figures = [tmp_path / f"{name}.{suffix}" for name in "ab"]
        for figure in figures:
            describe(path, figure=figure)
        first, second = (figure.read_bytes() for figure in figures)
        assert first == second and len(first) > 10_000
        assert first.startswith(b"\x89PNG" if suffix.lower() == "png" else b"<?xml")


def test_names_in_any_script_are_drawn(tmp_path):
    targets = [("目标", "组", ""), ("b", "--><x>", ""), ("c", "a\nb", "")]
    describe(
        write(tmp_path / "d.h5", PLANTED, lengths=(300, 200), targets=targets),
        figure=tmp_path / "d.svg",
    )
    assert (tmp_path / "d.svg").stat().st_size > 10_000


def test_other_figures_are_refused(dataset, tmp_path):
    with pytest.raises(
        DanqError,
        match=r"d\.jpg: a figure is written as \.svg, \.png or \.pdf; choose one of these suffixes",
    ):
        describe(dataset, json=tmp_path / "d.json", figure=tmp_path / "d.jpg")
    assert not (tmp_path / "d.json").exists()


def test_the_dataset_is_not_overwritten(dataset):
    content = dataset.read_bytes()
    with pytest.raises(
        DanqError, match=r"d\.h5: is the dataset itself; choose another output file"
    ):
        describe(dataset, json=dataset.parent / "." / "d.h5")
    assert dataset.read_bytes() == content


def test_matplotlib_waits_for_a_figure(dataset):
    code = (
        "import sys; from danq.report.describe import describe; describe(sys.argv[1]); "
        "sys.exit('matplotlib' in sys.modules or 'torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(dataset)], check=True, capture_output=True)


# --- the specification ---


@pytest.fixture(scope="module")
def doc():
    """Run the code of docs/dataset.md that needs no other library; return its names."""
    blocks = re.findall(r"```python\n(.*?)```", DOC.read_text(encoding="utf-8"), re.S)
    names = {}
    for block in blocks:
        if "selene" not in block:
            exec(block, names)
    return names


def contents(path):
    with open_dataset(path) as data, h5py.File(path) as file:
        return data.attributes, {name: file[name][()] for name in PARTS}


def test_the_specification_reads_what_we_write(doc, random):
    assert doc["PARTS"] == [*PARTS]
    assert doc["ATTRIBUTES"] == [*ATTRIBUTES]
    rows = slice(3, 9)
    with h5py.File(random.path) as file:
        doc["verify"](file)
        X, labels = doc["read"](file, "valid", rows)
    indices = np.stack([encode(text) for text in random.texts["valid"][rows]])
    assert (X == one_hot(indices)).all()
    assert (labels == random.labels["valid"][rows]).all()


def test_the_specification_refuses_what_is_damaged(doc, dataset):
    flip(dataset, "valid/start")
    with h5py.File(dataset) as file, pytest.raises(ValueError, match="damaged, or not finished"):
        doc["verify"](file)
    with h5py.File(dataset, "r+") as file:
        file.attrs.modify("format_version", 3)
        with pytest.raises(ValueError, match="version 2"):
            doc["verify"](file)


def test_what_the_specification_writes_is_a_dataset(doc, dataset, tmp_path):
    attributes, arrays = contents(dataset)
    foreign = attributes | {"created_by": "another program é\U0001f9ec", "assembly": 'say "x\\y"'}
    doc["write"](tmp_path / "foreign.h5", foreign, arrays)
    with open_hdf5(tmp_path / "foreign.h5") as file:
        assert list(problems(file)) == []
    ours, theirs = describe(dataset), describe(tmp_path / "foreign.h5")
    for described in (ours, theirs):
        for key in ("bytes", "created_by", "assembly"):
            del described["facts"][key]
    assert ours == theirs


def test_the_specification_says_how_bases_are_packed():
    """Position p is bit 7 - p mod 8 of byte p // 8, in the order A, C, G, T."""
    bases = "ACGTNACGTTA"
    packed = pack(encode(bases)[None])[0]
    for position, base in enumerate(bases):
        bits = [packed[position // 8, channel] >> 7 - position % 8 & 1 for channel in range(4)]
        assert bits == [code == base for code in "ACGT"]
    assert (unpack_indices(packed[None], 11)[0] == encode(bases)).all()


def test_the_specification_counts_the_bytes(tmp_path):
    splits = {split: [(0, 0, "ACGTACGTAC" * 100)] for split in SPLITS}
    targets = [(f"t{n}", "g", "") for n in range(919)]
    described = describe(write(tmp_path / "d.h5", splits, targets=targets))
    assert described["splits"]["train"]["bytes_per_window"] == 615 + 4
    assert "615 bytes" in DOC.read_text(encoding="utf-8")


def test_the_specification_names_every_part_and_its_type(tmp_path):
    text = DOC.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `/?([^`]+)` \| (uint8|uint32 or int64|int64|text) \|", text, re.M)
    kinds = {name.replace("{split}", split): kind for name, kind in rows for split in SPLITS}
    assert set(kinds) == {
        *PARTS,
        *ATTRIBUTES,
        "checksums",
        "complete",
        MARGINS,
        MARGINS_CHECKSUM,
    }
    with h5py.File(with_margins(tmp_path / "d.h5")) as file:
        for name, kind in kinds.items():
            dtype = file.attrs.get_id(name).dtype if name in ATTRIBUTES else file[name].dtype
            assert "text" == kind if dtype.kind == "S" else dtype.name in kind.split(" or "), name


def test_a_contig_that_repeats_held_out_sequence_is_named_with_what_to_do(tmp_path, capsys):
    rng = np.random.default_rng(0)
    names = {"chr1": 60_000, "chr2": 20_000, "chr3": 20_000}
    genome = {name: "".join(rng.choice(list("ACGT"), length)) for name, length in names.items()}
    genome["chr3_alt"] = genome["chr3"][4_003:15_003]
    write_fasta(tmp_path / "genome.fa", genome)
    peaks = [(name, start, start + 300) for name in names for start in range(2000, 18_000, 2000)]
    write_bed(tmp_path / "a.bed", peaks)
    (tmp_path / "targets.tsv").write_text("name\tfile\nA\ta.bed\n")
    sources = Sources(genome=tmp_path / "genome.fa", targets=tmp_path / "targets.tsv")
    settings = Extract(valid=["chr2"], test=["chr3"], stride=200, train_bins="all")
    extract(sources, tmp_path / "d.h5", tmp_path / "t.tsv", settings=settings)
    advice = "leave them out by naming the others, extract.chromosomes: [chr1, chr2, chr3]"
    warning = "warning: 1 contig is named as copies of others ('chr3_alt'): a model may be"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(warning) and line.endswith(advice)
    described = describe(tmp_path / "d.h5")
    out, err = capsys.readouterr()
    what = "warning: chr3_alt repeats sequence of the test split, by 50% or more"
    assert err.splitlines() == [f"{what}; {advice}"]
    similar = {
        row["split"] + row["against"]: row["similar"] for row in described["copies"]["windows"]
    }
    # Of 11,000 bp, a window begins every 200 bp: 51 lie inside, and 4 more by half.
    assert 51 <= similar["testtrain"] <= 56
    assert similar["validtrain"] == similar["testvalid"] == 0
    assert "Shared sequence (windows of which at least 50%" in out and "chr3_alt" in out
    settings = Extract(**settings.model_dump() | {"chromosomes": ["chr1", "chr2", "chr3"]})
    extract(sources, tmp_path / "d.h5", tmp_path / "t.tsv", settings=settings)
    described = describe(tmp_path / "d.h5")
    assert described["copies"]["chromosomes"] == [] and capsys.readouterr().err == ""
