import pytest

from danq.errors import DanqError
from danq.genome import tables
from danq.reading import read_lines
from tests.conftest import refuse


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "", "is empty; it needs a header with name, file"),
        ("name\tfile\nA\rB\ta.bed\n", ":2", "holds the control character '\\r'; remove it"),
        ("name\tfile\nA\0B\ta.bed\n", ":2", "holds the control character '\\x00'; remove it"),
        (
            "name file\nA a.bed\n",
            ":1",
            "no column 'name' among 'name file'; add it, separated by tabs",
        ),
        (
            "name\tfile\nA\ta.bed\tTF\n",
            ":2",
            "3 columns where the header has 2; separate them by tabs",
        ),
        ("name\tfile\n\ta.bed\n", ":2", "a target needs a name and a file; complete the row"),
        ("name\tname\tfile\n", ":1", "a column name is used twice; rename one"),
        ("name\tfile\n", "", "holds no target; add a row"),
    ],
)
def test_a_broken_targets_table_is_refused(tmp_path, text, where, what):
    (tmp_path / "a.bed").write_text("chr1\t1\t2\n")
    path = tmp_path / "targets.tsv"
    path.write_text(text)
    refuse(f"{path}{where}: {what}", tables.read_targets, path)


def test_a_missing_peak_file_is_named_with_its_row(tmp_path):
    path = tmp_path / "targets.tsv"
    path.write_text("name\tfile\nA\tnowhere.bed\n")
    with pytest.raises(
        DanqError, match=r"targets\.tsv:2: there is no file '.*nowhere\.bed'; paths are relative"
    ):
        tables.read_targets(path)


def test_targets_are_read_with_defaults(tmp_path):
    (tmp_path / "a.bed").write_text("chr1\t1\t2\n")
    path = tmp_path / "targets.tsv"
    path.write_text(
        "# a comment\nname\tjaspar\tfile\tpanel\nA\t.\ta.bed\tx\nA\tMA0139.2\ta.bed\ty\n"
    )
    file = str(tmp_path / "a.bed")
    checksums = {"sha256": "", "md5": ""}
    assert tables.read_targets(path) == [
        tables.Target("A", "all", file, "", "a.bed", checksums, 0),
        tables.Target("A", "all", file, "MA0139.2", "a.bed", checksums, 0),
    ]
    assert [target.jaspar for target in tables.read_targets(path, {"panel": "y"})] == ["MA0139.2"]


def test_text_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "targets.tsv"
    path.write_bytes("name\tfile\nÄ\ta.bed\n".encode("latin-1"))
    refuse(
        f"{path}:2: not UTF-8 text; save the file as UTF-8",
        lambda: list(tables.read_rows(path, ["name"])),
    )


def test_lines_are_numbered_from_one(tmp_path):
    (tmp_path / "a").write_bytes(b"x\r\n\ny")
    assert list(read_lines(tmp_path / "a")) == [(1, b"x"), (2, b""), (3, b"y")]


def test_every_missing_peak_file_is_named(tmp_path):
    path = tmp_path / "targets.tsv"
    path.write_text("name\tfile\nA\tx.bed\nB\ty.bed\n")
    with pytest.raises(DanqError) as caught:
        tables.read_targets(path)
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [
        f"{path}:2",
        f"{path}:3",
    ]


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("sha256", "abc", "sha256 'abc' is not 64 hexadecimal digits; fix it"),
        ("md5", "g" * 32, f"md5 '{'g' * 32}' is not 32 hexadecimal digits; fix it"),
        ("widen", "-5", "widen '-5' is not a whole number of bp; fix it"),
        ("widen", ".5", "widen '.5' is not a whole number of bp; fix it"),
        (
            "file",
            "ftp://example.org/a.bed",
            "'ftp://example.org/a.bed': only http:// and https:// can be fetched; give "
            "such an address, or download the file and give its path",
        ),
    ],
)
def test_what_a_target_cannot_have_is_refused(tmp_path, column, value, what):
    (tmp_path / "a.bed").write_text("chr1\t1\t2\n")
    row = {"name": "A", "file": "a.bed"} | {column: value}
    path = tmp_path / "targets.tsv"
    path.write_text("\t".join(row) + "\n" + "\t".join(row.values()) + "\n")
    refuse(f"{path}:2: {what}", tables.read_targets, path)


def test_a_target_may_come_from_an_address(tmp_path):
    path = tmp_path / "targets.tsv"
    path.write_text(
        f"name\tfile\tmd5\twiden\tsha256\nA\thttps://example.org/a.bed.gz\t{'A' * 32}\t100\t.\n"
    )
    (target,) = tables.read_targets(path)
    assert (target.file, target.widen) == ("https://example.org/a.bed.gz", 100)
    assert target.checksums == {"sha256": "", "md5": "A" * 32}
    (fetched,) = tables.read_targets(path, downloads="down")
    assert (
        fetched.file.startswith("down/")
        and fetched.file.endswith("/a.bed.gz")
        and fetched.source == target.source
    )


def test_a_target_is_found_by_name_or_index():
    names = ["a", "b", "a", "1"]
    assert (
        tables.find_target("b", names) == 1
        and tables.find_target("2", names) == 2
        and tables.find_target("1", names) == 3
    )
    for word, message in (
        ("c", "no target is called 'c'"),
        ("4", "no target is called '4'"),
        ("a", "2 targets are"),
    ):
        with pytest.raises(DanqError, match=message):
            tables.find_target(word, names)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("chr7:30508600-35296800", ("chr7", 30_508_600, 35_296_800)),
        ("HLA-A*01:01:5-9", ("HLA-A*01:01", 5, 9)),
        ("chr7", None),
        ("chr7:5", None),
        (":5-9", None),
        ("chr7:-5-9", None),
        ("chr7:5-9 ", None),
        ("chr7:5-1234567890123456789", None),
    ],
)
def test_regions_are_parsed_or_are_none(text, region):
    assert tables.parse_region(text) == region


def test_a_chromosome_may_be_called_like_a_region():
    assert tables.read_regions(["a:1-2", "a:1-3"], {"a:1-2": 9, "a": 5}) == [
        ("a:1-2", 0, 9),
        ("a", 1, 3),
    ]
