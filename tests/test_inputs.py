import gzip

import pytest

from danq import inputs
from danq.errors import DanqError
from danq.files import read_lines

LENGTHS = {"chr1": 1_000, "chr2": 500}


def refuse(message, function, *arguments):
    """Assert that a call is refused with exactly this message."""
    with pytest.raises(DanqError) as caught:
        function(*arguments)
    assert str(caught.value) == message
    assert "\n" not in message


def read_all(path):
    return list(inputs.read_fasta(path))


@pytest.mark.parametrize(("text", "line", "what"), [
    (">chr1\nACGT\n>chr2\nAC\n>chr1\nAC\n", 5,
     "the name 'chr1' is used again (first on line 1); rename or remove one"),
    ("ACGT\n>chr1\nACGT\n", 1, "sequence before the first '>' header; is this a FASTA file?"),
    (">chr1\nAC-T\n", 2, "'-' is not a DNA letter; only ACGT, N and IUPAC codes can be read"),
    (">chr1\nAC GT\n", 2, "' ' is not a DNA letter; only ACGT, N and IUPAC codes can be read"),
    (">chr1\nMKVLE\n", 2, "'L' is not a DNA letter; only ACGT, N and IUPAC codes can be read"),
    (">chr1\n>chr2\nAC\n", 1, "'chr1' has no sequence; complete or remove it"),
    (">\nACGT\n", 1, "'>' without a name; name the record"),
    (">chr1\rACGT\r", 1, "'chr1' has no sequence; complete or remove it"),
])
def test_broken_fasta_is_refused_by_line(tmp_path, text, line, what):
    path = tmp_path / "genome.fa"
    path.write_text(text, newline="")
    refuse(f"{path}:{line}: {what}", read_all, path)


def test_an_empty_fasta_is_refused(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text("")
    refuse(f"{path}: no FASTA record in the file; give a FASTA file", read_all, path)


def test_a_gzip_file_that_is_cut_off_is_refused(tmp_path, bgzip):
    text = ">chr1\n" + "ACGTTGCATT" * 40_000 + "\n"
    ordinary = gzip.compress(text.encode())
    (tmp_path / "cut.fa.gz").write_bytes(ordinary[:len(ordinary) // 2])
    refuse(f"{tmp_path / 'cut.fa.gz'}:2: the gzip file is cut off or damaged here; download or compress it again",
           read_all, tmp_path / "cut.fa.gz")
    blocks = bgzip(tmp_path / "whole.fa.gz", text).read_bytes()
    # Cut between two blocks, where gzip itself sees a clean end.
    (tmp_path / "blocks.fa.gz").write_bytes(blocks[:-28])
    assert gzip.decompress(blocks[:-28]).decode() == text
    refuse(f"{tmp_path / 'blocks.fa.gz'}: the BGZF file is cut off (its end mark is missing); download or compress it "
           "again", read_all, tmp_path / "blocks.fa.gz")


def test_a_missing_file_is_told(tmp_path):
    refuse(f"{tmp_path / 'no.fa'}: cannot be read (No such file or directory); check the path", read_all,
           tmp_path / "no.fa")


@pytest.mark.parametrize(("text", "line", "what"), [
    ("chr1 10 20\n", 1, "expected at least 3 tab-separated columns, not 'chr1 10 20'; separate the columns by tabs"),
    ("chr1\t10\n", 1, "expected at least 3 tab-separated columns, not 'chr1\\t10'; give chrom, start and end"),
    ("chr1\t10\t20\nchr1\t30\t1e3\n", 2, "start and end must be whole numbers, not '30' and '1e3'; mend the line"),
    ("chr1\t-5\t20\n", 1, "start and end must be whole numbers, not '-5' and '20'; mend the line"),
    ("chr1\t1_0\t20\n", 1, "start and end must be whole numbers, not '1_0' and '20'; mend the line"),
    ("chr1\t20\t20\n", 1, "start 20 is not before end 20; mend the line"),
    ("# made by hand\nchr1\t900\t1001\n", 2, "end 1001 is beyond the end of 'chr1' (1000 bp); check that the peaks and "
     "the genome are of the same assembly, or clip the peaks"),
    ("1\t10\t20\n", 1, "'1' is not in the genome, which has 'chr1', 'chr2'; put 'chr' before the names, or use a "
     "genome without it"),
    ("chr\x1b[2J\t10\t20\n", 1, "holds the control character '\\x1b'; remove it"),
    ("chrUn\t10\t20\n", 1, "'chrUn' is not in the genome, which has 'chr1', 'chr2'; use files of one assembly"),
])
def test_broken_bed_is_refused_by_line(tmp_path, text, line, what):
    path = tmp_path / "peaks.bed"
    path.write_text(text)
    refuse(f"{path}:{line}: {what}", inputs.read_bed, path, LENGTHS)


@pytest.mark.parametrize("text", ["", "track name=x\n#chr1\t1\t2\n\n"])
def test_a_bed_without_intervals_is_refused(tmp_path, text):
    path = tmp_path / "peaks.bed"
    path.write_text(text)
    refuse(f"{path}: holds no interval; give a file that has some, or leave it out", inputs.read_bed, path, LENGTHS)


def test_bed_and_narrowpeak_read_alike_plain_or_gzip(tmp_path):
    plain, packed = tmp_path / "a.bed", tmp_path / "a.narrowPeak.gz"
    plain.write_text("chr2\t0\t500\r\nchr1\t10\t20\r\n")
    packed.write_bytes(gzip.compress(b"track type=narrowPeak\nchr2\t0\t500\tp\t0\t.\t1\t2\t3\t4\nchr1\t10\t20\t.\n"))
    for path in (plain, packed):
        assert {chrom: rows.tolist() for chrom, rows in inputs.read_bed(path, LENGTHS).items()} == {
            "chr2": [[0, 500]], "chr1": [[10, 20]]}


@pytest.mark.parametrize(("text", "place", "what"), [
    ("", "", "is empty; it needs a header with name, file"),
    ("name\tfile\nA\rB\ta.bed\n", ":2", "holds the control character '\\r'; remove it"),
    ("name\tfile\nA\0B\ta.bed\n", ":2", "holds the control character '\\x00'; remove it"),
    ("name file\nA a.bed\n", ":1", "no column 'name' among 'name file'; add it, separated by tabs"),
    ("name\tfile\nA\ta.bed\tTF\n", ":2", "3 columns where the header has 2; separate them by tabs"),
    ("name\tfile\n\ta.bed\n", ":2", "a target needs a name and a file; complete the row"),
    ("name\tname\tfile\n", ":1", "a column name is used twice; rename one"),
    ("name\tfile\n", "", "holds no target; add a row"),
])
def test_a_broken_targets_table_is_refused(tmp_path, text, place, what):
    (tmp_path / "a.bed").write_text("chr1\t1\t2\n")
    path = tmp_path / "targets.tsv"
    path.write_text(text)
    refuse(f"{path}{place}: {what}", inputs.read_targets, path)


def test_a_missing_peak_file_is_told_with_its_row(tmp_path):
    path = tmp_path / "targets.tsv"
    path.write_text("name\tfile\nA\tnowhere.bed\n")
    with pytest.raises(DanqError, match=r"targets\.tsv:2: there is no file '.*nowhere\.bed'; paths are relative"):
        inputs.read_targets(path)


def test_targets_are_read_with_defaults(tmp_path):
    (tmp_path / "a.bed").write_text("chr1\t1\t2\n")
    path = tmp_path / "targets.tsv"
    path.write_text("# a comment\nname\tjaspar\tfile\tpanel\nA\t.\ta.bed\tx\nA\tMA0139.2\ta.bed\ty\n")
    file = str(tmp_path / "a.bed")
    assert inputs.read_targets(path) == [inputs.Target("A", "all", file, ""), inputs.Target("A", "all", file,
                                                                                            "MA0139.2")]
    assert [target.jaspar for target in inputs.read_targets(path, {"panel": "y"})] == ["MA0139.2"]


def test_a_key_is_found_where_it_was_given_last(tmp_path):
    (tmp_path / "a.yaml").write_text("run: x\ntrain:\n  lr: 1\n  epochs: 2\n")
    (tmp_path / "b.yaml").write_text("# more\ntrain:\n  lr: 3\n")
    files = [tmp_path / "a.yaml", tmp_path / "b.yaml"]
    assert inputs.find_key(files, ("train", "lr")) == (str(files[1]), 3)
    assert inputs.find_key(files, ("train", "epochs")) == (str(files[0]), 4)
    assert inputs.find_key(files, ("run",)) == (str(files[0]), 1)
    assert inputs.find_key(files, ("nothing",)) == (str(files[1]), None)


def test_text_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "targets.tsv"
    path.write_bytes("name\tfile\nÄ\ta.bed\n".encode("latin-1"))
    refuse(f"{path}:2: not UTF-8 text; save the file as UTF-8", lambda: list(inputs.read_rows(path, ["name"])))


def test_lines_are_numbered_from_one(tmp_path):
    (tmp_path / "a").write_bytes(b"x\r\n\ny")
    assert list(read_lines(tmp_path / "a")) == [(1, b"x"), (2, b""), (3, b"y")]


def test_a_contig_may_be_called_like_a_header_line(tmp_path):
    path = tmp_path / "peaks.bed"
    path.write_text("track name=x\nbrowser position\ntrack2\t10\t20\n \n")
    assert {chrom: rows.tolist() for chrom, rows in inputs.read_bed(path, {"track2": 50}).items()} == {
        "track2": [[10, 20]]}


def test_a_key_given_twice_is_refused_with_its_line(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("run: x\ntrain: {lr: 1}\nextract:\n  window: 3\ntrain: {epochs: 2}\n")
    refuse(f"{path}:5: the key 'train' is given twice; remove one", inputs.refuse_double_keys, [path])
    path.write_text("run: x\ntrain: {lr: 1}\nextract: {train: 3}\n")
    inputs.refuse_double_keys([path])


def test_two_bytes_of_gzip_are_a_cut_file(tmp_path):
    path = tmp_path / "a.bed.gz"
    path.write_bytes(b"\x1f\x8b")
    refuse(f"{path}:1: the gzip file is cut off or damaged here; download or compress it again", inputs.read_bed, path,
           LENGTHS)
