"""Every table that users write is read by one reader: comments, byte-order marks and quotes."""

import gzip

import pytest

from danq.data.dataset import open_dataset
from danq.data.encode import encode
from danq.errors import DanqError
from danq.genome.aliases import read_aliases
from danq.genome.encode_metadata import targets_from_encode
from danq.genome.fields import Fields, read_fields
from danq.genome.tables import read_targets
from danq.report.score_tables import read_scores
from tests.conftest import read_tsv, refuse


def targets_names(path):
    for name in ("a.bed", "b.bed"):
        (path.parent / name).write_text("chr1\t1\t2\n")
    return [target.name for target in read_targets(path)]


def windows_labels(path):
    """Return the names of the targets and the labels of the three windows, in their order."""
    fasta = path.parent / "windows.fa"
    fasta.write_text(">w1\nACGT\n>w2\nAAGT\n>w3\nCCGT\n")
    encode(fasta, path, path.parent / "dataset.h5")
    with open_dataset(path.parent / "dataset.h5") as dataset:
        labels = [dataset.labels(split)[0, 0] for split in ("train", "valid", "test")]
        return [*dataset.names, *labels]


def aliases_of(path):
    return read_aliases(path, ["chr1", "chr2"])


def encode_names(path):
    targets_from_encode(path, path.parent / "made.tsv")
    return [row["accession"] for row in read_tsv(path.parent / "made.tsv")]


def score_items(path):
    scores = read_scores(path, None, []).scores
    return [(name, score) for (name, _), score in scores["auroc"].items()]


def encode_line(accession, experiment):
    url = f"https://example.org/{accession}.bed.gz"
    values = [accession, "bed narrowPeak", "peaks", "GRCh38", experiment, "TF ChIP-seq", "K562"]
    return "\t".join([*values, "CTCF-human", url, "released"])


ENCODE_HEADER = (
    "File accession\tFile format\tOutput type\tFile assembly\tExperiment accession\tAssay\t"
    "Biosample term name\tExperiment target\tFile download URL\tFile Status"
)
SCORES = [("x", 0.5), ("y", 0.75)]
# Reader, lines of the table (the header first), and what is read.
TABLES = {
    "targets": (targets_names, ["name\tfile", "A\ta.bed", "B\tb.bed"], ["A", "B"]),
    "windows": (
        windows_labels,
        ["name\tsplit\tbound", "w1\ttrain\t1", "w2\tvalid\t0", "w3\ttest\t1"],
        ["bound", 1, 0, 1],
    ),
    "aliases": (
        aliases_of,
        ["ucsc\tother", "chr1\tI", "chr2\tII"],
        {"I": "chr1", "II": "chr2"},
    ),
    "encode": (
        encode_names,
        [ENCODE_HEADER, encode_line("F1", "E1"), encode_line("F2", "E2")],
        ["F1", "F2"],
    ),
    "scores": (score_items, ["name\tauroc", "x\t0.5", "y\t0.75"], SCORES),
    "scores_csv": (score_items, ["name,auroc", "x,0.5", "y,0.75"], SCORES),
}
ALL = pytest.mark.parametrize(("reader", "lines", "expected"), TABLES.values(), ids=TABLES)
ALL_OR_NONE = pytest.mark.parametrize("table", ["targets", "windows", "aliases", "scores"])


def written(folder, lines):
    path = folder / "table.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def quoted(line):
    """Return a line with every field but numbers in quotes, as R's write.table does."""
    cells = [cell if cell[0].isdecimal() else f'"{cell}"' for cell in line.split("\t")]
    return "\t".join(cells)


@ALL
def test_a_good_table_is_read(tmp_path, reader, lines, expected):
    assert reader(written(tmp_path, lines)) == expected


@ALL
@pytest.mark.parametrize("mark", ["#", "  # ", "\t#"])
def test_a_comment_never_becomes_data(tmp_path, reader, lines, expected, mark):
    header, first, *rows = lines
    comments = [f"{mark}{first}", f'{mark}a "remark', f"{mark}{header}"]
    path = written(tmp_path, [*comments, header, *comments, first, "", *comments, *rows, *comments])
    assert reader(path) == expected


@ALL
def test_a_byte_order_mark_is_ignored(tmp_path, reader, lines, expected):
    assert reader(written(tmp_path, ["\ufeff" + lines[0], *lines[1:]])) == expected
    assert reader(written(tmp_path, ["\ufeff# a comment", *lines])) == expected


@ALL
@pytest.mark.parametrize("mark", ["#", "# "])
def test_a_header_may_begin_with_a_hash(tmp_path, reader, lines, expected, mark):
    header, *rows = lines
    path = written(tmp_path, ["# a comment", f"{mark}{header}", "## another", *rows])
    assert reader(path) == expected
    assert reader(written(tmp_path, [f"\ufeff{mark}{header}", *rows])) == expected


@pytest.mark.parametrize("table", ["targets", "windows", "aliases", "encode", "scores"])
def test_a_table_in_quotes_is_unwrapped(tmp_path, table):
    reader, lines, expected = TABLES[table]
    path = written(tmp_path, ["# made by R", *map(quoted, lines)])
    assert reader(path) == expected


@ALL_OR_NONE
def test_quotes_in_a_part_of_a_table_are_refused(tmp_path, table):
    reader, lines, _ = TABLES[table]
    header, first, *rows = lines
    fix = "write the table without quotes (in R: quote = FALSE)"
    cell = quoted(first).split("\t")[0]
    path = written(tmp_path, ["# a comment", header, quoted(first), *rows])
    what = f"'{cell}' is in double quotes, but not every field of the header is"
    refuse(f"{path}:3: {what}; {fix}", reader, path)
    name, rest = header.split("\t", 1)
    path = written(tmp_path, [f'"{name}"\t{rest}', first, *rows])
    what = f"""'"{name}"' is in double quotes, but not every field of the header is"""
    refuse(f"{path}:1: {what}; {fix}", reader, path)


@ALL_OR_NONE
@pytest.mark.parametrize("cell", ['"a', 'a"', '"a""b"', '"a\\"b"'])
def test_quotes_inside_a_table_in_quotes_are_refused(tmp_path, table, cell):
    reader, lines, _ = TABLES[table]
    header, first, *rows = map(quoted, lines)
    broken = "\t".join([cell, *first.split("\t")[1:]])
    path = written(tmp_path, [header, broken, *rows])
    what = (
        f"{cell!r} has a double quote inside, or at one end only; write the table without quotes "
        "(in R: quote = FALSE)"
    )
    refuse(f"{path}:2: {what}", reader, path)


@pytest.mark.parametrize("table", ["encode", "scores_csv"])
def test_quotes_that_do_not_match_are_refused(tmp_path, table):
    reader, lines, _ = TABLES[table]
    path = written(tmp_path, [*lines[:-1], '"' + lines[-1]])
    with pytest.raises(DanqError) as caught:
        reader(path)
    what = "the double quotes of this row do not match (unexpected end of data)"
    fix = "fix the row, or download or write the table again"
    assert str(caught.value) == f"{path}:3: {what}; {fix}"


def test_a_score_in_quotes_stays_in_its_line(tmp_path):
    path = written(tmp_path, ["name,auroc", '"x,0.5', 'y",0.75'])
    what = "a cell in double quotes goes on in the next line; end it in its own line"
    refuse(f"{path}:2: {what}", score_items, path)


def test_a_hash_in_a_field_of_encodes_that_goes_over_lines_is_no_comment(tmp_path):
    path = tmp_path / "metadata.tsv.gz"
    path.write_bytes(gzip.compress(b'a\tb\n"x\n# y"\t1\n# z\nw\t"2"\n'))
    assert list(read_fields(path, csv_quotes=True)) == [
        Fields(1, ["a", "b"]),
        Fields(2, ["x\n# y", "1"]),
        Fields(5, ["w", "2"]),
    ]


def test_quotes_in_the_middle_of_a_text_are_text(tmp_path):
    path = written(tmp_path, ["name\tfile", '5"\t3" "x'])
    assert list(read_fields(path)) == [Fields(1, ["name", "file"]), Fields(2, ['5"', '3" "x'])]
