import gzip
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from danq.errors import DanqErrors
from danq.genome import peaks, plausible
from danq.genome.chromosomes import Chromosomes
from danq.genome.peaks import read_peaks
from tests.conftest import refuse

LENGTHS = {"chr1": 1_000, "chr2": 500}


def read(*paths, lengths=LENGTHS, aliases=None, **options):
    """Read files; return (file, chromosome, start, end) of each interval."""
    chromosomes = Chromosomes(lengths, aliases)
    return [
        (int(file), chromosomes.names[chrom], int(start), int(end))
        for group in read_peaks(list(paths), chromosomes, **options)
        for file, chrom, start, end in zip(*group[1:], strict=True)
    ]


MANY = "".join("chr2\t1\t2\n" for _ in range(200))


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (
            "chr1 10 20\n",
            1,
            "expected at least 3 tab-separated columns, not 'chr1 10 20'; separate the columns "
            "by tabs",
        ),
        (
            "chr1\t10\n",
            1,
            "expected at least 3 tab-separated columns, not 'chr1\\t10'; give chrom, start and end",
        ),
        (
            "chr1\n",
            1,
            "expected at least 3 tab-separated columns, not 'chr1'; give chrom, start and end",
        ),
        (
            "chr1\t10\t20\nchr1\t30\t1e3\n",
            2,
            "start and end must be whole numbers, not '30' and '1e3'; write all digits "
            "(in R: options(scipen = 999))",
        ),
        (
            "chr1\t-5\t20\n",
            1,
            "start and end must be whole numbers, not '-5' and '20'; clip the peaks (bedClip)",
        ),
        (
            "chr1\t+5\t20\n",
            1,
            "start and end must be whole numbers, not '+5' and '20'; fix the line",
        ),
        (
            "chr1\t1_0\t20\n",
            1,
            "start and end must be whole numbers, not '1_0' and '20'; fix the line",
        ),
        (
            "chr1\t1.0\t20\n",
            1,
            "start and end must be whole numbers, not '1.0' and '20'; fix the line",
        ),
        ("chr1\t \t20\n", 1, "start and end must be whole numbers, not ' ' and '20'; fix the line"),
        ("chr1\t\t20\n", 1, "start and end must be whole numbers, not '' and '20'; fix the line"),
        (
            "chr1\t5\t20 \n",
            1,
            "start and end must be whole numbers, not '5' and '20 '; fix the line",
        ),
        (
            'chr1\t5\t"20"\n',
            1,
            "start and end must be whole numbers, not '5' and '\"20\"'; write them without "
            "quotes (in R: quote = FALSE)",
        ),
        (
            "chr1\t5\t12345678901234567890\n",
            1,
            "start and end must be whole numbers, not '5' and '12345678901234567890'; fix the line",
        ),
        (
            "chr1\t5\t1234567890123456789012345\n",
            1,
            "start and end must be whole numbers, not '5' and '1234567890123456789012345'; fix "
            "the line",
        ),
        (
            "c" * 1_001 + "\t5\t9\n",
            1,
            f"the chromosome '{'c' * 60}...' is not a name; fix the line",
        ),
        (
            "chrom\tfrom\tto\nchr1\t1\t2\n",
            1,
            "start and end must be whole numbers, not 'from' and 'to'; fix the line",
        ),
        ("chr1\t21\t20\n", 1, "start 21 is after end 20; fix the line"),
        (
            "# made by hand\nchr1\t1000\t1001\n",
            2,
            "start 1000 is beyond the end of 'chr1' (1000 bp); check that the peaks "
            "and the genome are of the same assembly",
        ),
        (
            "# made by hand\nchr1\t1\t201\nchr1\t900\t4294967296\n",
            3,
            "the interval 900-4294967296 ends 4,294,966,296 bp beyond 'chr1' (1,000 bp), and 100 "
            "bp of it would be left (the file's median interval has 200 bp); check that both are "
            "of the same assembly, and fix the line",
        ),
        (
            "1\t10\t20\n",
            1,
            "1 of 1 intervals lie on chromosomes that the genome lacks: '1' is not in the "
            "genome, which has "
            "'chr1', 'chr2'; put 'chr' before the names, or use a genome without it",
        ),
        ("chr\x1b[2J\t10\t20\n", 1, "the chromosome 'chr\\x1b[2J' is not a name; fix the line"),
        ("\t10\t20\n", 1, "the chromosome '' is not a name; fix the line"),
        ("chr1 \t10\t20\n", 1, "the chromosome 'chr1 ' is not a name; fix the line"),
        (
            "chr1\t1\t2\nchrUn\t10\t20\nchrUn\t30\t40\n",
            2,
            "2 of 3 intervals lie on chromosomes that the genome lacks: 'chrUn' is not in "
            "the genome, which has 'chr1', 'chr2'; use files of one assembly, or give a table of "
            "aliases",
        ),
        (
            "chr1\t1\t2\n" + MANY + "chr1\t3\tx\n",
            202,
            "start and end must be whole numbers, not '3' and 'x'; fix the line",
        ),
    ],
)
def test_broken_bed_is_refused_by_line(tmp_path, text, line, what):
    path = tmp_path / "peaks.bed"
    path.write_text(text, encoding="utf-8")
    refuse(f"{path}:{line}: {what}", read, path)
    path.write_text(text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    refuse(f"{path}:{line}: {what}", read, path)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "holds no interval; give a file that has some, or leave it out"),
        (
            "track name=x\n#chr1\t1\t2\n\n",
            "holds no interval; give a file that has some, or leave it out",
        ),
        ("<!DOCTYPE html>\n<html><body>\n", "is a web page, not peaks; download the file itself"),
    ],
)
def test_a_bed_without_intervals_is_refused(tmp_path, text, what):
    path = tmp_path / "peaks.bed"
    path.write_text(text)
    refuse(f"{path}: {what}", read, path)


@pytest.mark.parametrize(
    "text",
    [
        "chr1\t1\t2\ta\t0\t+\rchr1\t5\t6\tb\t0\t+\r",
        "#x\rchr1\t5\t6\n",
        "chr1\t1\t2\ta\nchr1\t3\t4\tb\rchr1\t5\t6\tc\r\n",
    ],
)
def test_the_line_ends_of_an_old_macintosh_are_refused(tmp_path, text):
    path = tmp_path / "peaks.bed"
    path.write_text(text, newline="")
    line = 1 + text.count("\n", 0, text.index("\r"))
    refuse(
        f"{path}:{line}: a carriage return that is not at the end of a line (the line ends of an "
        "old Macintosh?); "
        "convert the line ends",
        read,
        path,
    )


def test_arabic_digits_are_refused(tmp_path):
    path = tmp_path / "peaks.bed"
    path.write_text("chr1\t٢٥\t٣٠\n", encoding="utf-8")
    with pytest.raises(DanqErrors, match="must be whole numbers"):
        read(path)


def test_two_bytes_of_gzip_are_a_cut_file(tmp_path):
    path = tmp_path / "a.bed.gz"
    path.write_bytes(b"\x1f\x8b")
    refuse(
        f"{path}: the gzip file is cut off or damaged here; download or compress it again",
        read,
        path,
    )


def test_every_bad_file_is_named_in_one_message(tmp_path):
    paths = [tmp_path / f"{index}.bed" for index in range(30)]
    for path in paths:
        path.write_text("chr1\t10\t20\n" * 50)
    paths[3].write_text("chr1\t10\t20\n" + "chr1\tx\t20\n" * 12)
    paths[17].unlink()
    paths[29].write_text("")
    with pytest.raises(DanqErrors) as caught:
        read(*paths)
    lines = str(caught.value).splitlines()
    assert len(lines) == 13
    assert [line.split(": ")[0] for line in lines[:10]] == [
        f"{paths[3]}:{number}" for number in range(2, 12)
    ]
    assert lines[10:] == [
        f"{paths[3]}: and 2 more faulty lines",
        f"{paths[17]}: cannot be read (No such file or directory); check the path",
        f"{paths[29]}: holds no interval; give a file that has some, or leave it out",
    ]


def test_bed_and_narrowpeak_read_alike_plain_or_gzip(tmp_path):
    plain, packed = tmp_path / "a.bed", tmp_path / "a.narrowPeak.gz"
    plain.write_bytes(b"chr2\t0\t500\r\nchr1\t10\t20")
    packed.write_bytes(
        gzip.compress(
            b"track type=narrowPeak\nchr2\t0\t500\tp\t0\t.\t1\t2\t3\t4\nchr1\t10\t20\t.\n"
        )
    )
    assert read(plain, packed) == [
        (0, "chr2", 0, 500),
        (0, "chr1", 10, 20),
        (1, "chr2", 0, 500),
        (1, "chr1", 10, 20),
    ]


def test_a_contig_may_be_called_like_a_header_line(tmp_path):
    path = tmp_path / "peaks.bed"
    path.write_text("track name=x\nbrowser position\ntrack2\t10\t20\n \n")
    assert read(path, lengths={"track2": 50}) == [(0, "track2", 10, 20)]


def test_what_is_tolerated_is_counted(tmp_path):
    path = tmp_path / "peaks.bed"
    counts = []
    rows = [
        "# x",
        *["chr1\t10\t20"] * 200,
        "chr1\t990\t1003",
        "chrM\t5\t9",
        "chr2\t7\t7",
        "chr2\t500\t500",
        "",
    ]
    path.write_text("\n".join(rows) + "\n")
    intervals = read(path, counts=counts)
    assert len(intervals) == 201 and intervals[-1] == (0, "chr1", 990, 1000)
    # By hand: 200 + 4 intervals; 199 of the 200 repeat the one before.
    assert dict(counts[0]) == {
        "intervals": 204,
        "comment_track_and_blank_lines": 2,
        "repeated_intervals": 199,
        "intervals_on_other_chromosomes": 1,
        "empty_intervals": 2,
        "clipped_intervals": 1,
    }


HONEST = [f"chr1\t{start}\t{start + 300}" for start in range(0, 600_000, 10_000)]
BIG = {"chr1": 700_000, "chr2": 50_000}


def written(folder, lines):
    path = folder / "peaks.bed"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("others", [[], HONEST[:3], HONEST])
@pytest.mark.parametrize("cut", [1, 5, 250, plausible.USUAL])
def test_a_peak_that_touches_the_end_is_clipped_in_the_smallest_file(tmp_path, others, cut):
    path = written(tmp_path, [*others, f"chr1\t699900\t{700_000 + cut}"])
    counts = []
    assert read(path, lengths=BIG, counts=counts)[-1] == (0, "chr1", 699_900, 700_000)
    assert counts[0]["clipped_intervals"] == 1


def test_tiles_that_go_over_the_end_are_clipped(tmp_path):
    path = written(
        tmp_path, [f"chr2\t{start}\t{start + 9_000}" for start in range(0, 50_000, 9_000)]
    )
    assert read(path, lengths=BIG)[-1] == (0, "chr2", 45_000, 50_000)


@pytest.mark.parametrize("others", [[], HONEST[:3], HONEST, HONEST * 100])
@pytest.mark.parametrize(
    "interval",
    [
        "chr1\t610000\t4294967296",  # an unsigned -1 or so
        "chr1\t699900\t702000",  # more is cut off than a fragment has
        "chr1\t5\t999999999999999999",
        "chr1\t0\t700001",  # little is cut off, and all of the chromosome left
        "chr2\t49990\t2147483647",
    ],
)
def test_an_absurd_interval_is_refused_in_the_largest_file(tmp_path, others, interval):
    path = written(tmp_path, [*others, interval])
    with pytest.raises(DanqErrors, match=f":{len(others) + 1}: the interval .* bp beyond 'chr"):
        read(path, lengths=BIG)
    with pytest.raises(DanqErrors, match="beyond 'chr"):
        read(path, lengths=BIG, regions=True)


@pytest.mark.parametrize("interval", ["chr1\t0\t700000", "chr1\t100000\t500000"])
def test_an_interval_far_longer_than_the_others_is_told(tmp_path, capsys, interval):
    path = written(tmp_path, [*HONEST, interval])
    counts = []
    assert len(read(path, lengths=BIG, counts=counts)) == len(HONEST) + 1
    assert counts[0]["long_intervals"] == 1
    warning = capsys.readouterr().err
    assert f"warning: {path}:{len(HONEST) + 1}: an interval covers " in warning
    # Lists of regions hold whole chromosomes, and files of domains nothing else.
    read(path, lengths=BIG, regions=True)
    read(written(tmp_path, [interval] * 3), lengths=BIG)
    assert "an interval covers" not in capsys.readouterr().err


def test_contigs_that_the_genome_lacks_are_left_out_and_told(tmp_path, capsys):
    path = written(tmp_path, [*HONEST[:14], "chrM\t5\t500"])
    counts = []
    assert len(read(path, lengths=BIG, counts=counts)) == 14
    assert counts[0]["intervals_on_other_chromosomes"] == 1
    share = "1 of 15 intervals lie on chromosomes that the genome lacks, and are left out"
    assert f"warning: {path}: {share}: 'chrM' (1)\n" in capsys.readouterr().err
    read(path, lengths=BIG, regions=True)
    read(written(tmp_path, [*HONEST, "chrM\t5\t500"]), lengths=BIG)  # one of many
    assert "left out" not in capsys.readouterr().err


def test_a_file_that_lies_mostly_elsewhere_is_refused(tmp_path):
    half = [*HONEST[:5], *["chr9\t5\t500"] * 5]
    assert len(read(written(tmp_path, half), lengths=BIG)) == 5
    path = written(tmp_path, [*half, "chr9\t5\t500"])
    with pytest.raises(DanqErrors, match=":6: 6 of 11 intervals lie on chromosomes that the"):
        read(path, lengths=BIG)
    assert len(read(path, lengths=BIG, regions=True)) == 5
    with pytest.raises(DanqErrors, match="1 of 1 intervals"):
        read(written(tmp_path, ["chr9\t5\t500"]), lengths=BIG, regions=True)


@pytest.mark.parametrize("regions", [False, True])
@pytest.mark.parametrize("name", ["1", "Chr1", "CHR1"])
def test_one_chromosome_under_another_spelling_is_refused(tmp_path, name, regions):
    path = written(tmp_path, [*HONEST, f"{name}\t5\t500"])
    with pytest.raises(DanqErrors, match=f":{len(HONEST) + 1}: 1 of .* lacks: '{name}' is not in"):
        read(path, lengths=BIG, regions=regions)


def test_aliases_lead_to_the_genomes_names(tmp_path):
    path = tmp_path / "peaks.bed"
    path.write_text("1\t10\t20\nNC_2\t30\t40\nchr1\t1\t2\n")
    assert read(path, aliases={"1": "chr1", "NC_2": "chr2"}) == [
        (0, "chr1", 10, 20),
        (0, "chr2", 30, 40),
        (0, "chr1", 1, 2),
    ]


def test_summits_are_widened_and_clipped(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text("chr2\t50\t51\nchr2\t480\t481\n")
    with open(tmp_path / "b", "a") as file:
        file.write("chr2\t90\t95\n")
    assert read(tmp_path / "a", tmp_path / "b", widen=[100, 0]) == [
        (0, "chr2", 0, 151),
        (0, "chr2", 380, 500),
        (1, "chr2", 50, 51),
        (1, "chr2", 480, 481),
        (1, "chr2", 90, 95),
    ]


@pytest.mark.parametrize("widen", [1, 100])
def test_summits_without_a_base_are_widened(tmp_path, widen):
    rows = [(50, 50), (0, 0), (500, 500)]
    path = written(tmp_path, [f"chr2\t{start}\t{end}" for start, end in rows])
    assert read(path, widen=[widen]) == [
        (0, "chr2", max(start - widen, 0), min(end + widen, 500)) for start, end in rows
    ]
    with pytest.raises(DanqErrors, match=":1: start 501 is beyond the end of 'chr2'"):
        read(written(tmp_path, ["chr2\t501\t501"]), widen=[widen])


@pytest.mark.parametrize("length", [0, 1])
def test_summits_that_are_not_widened_are_refused(tmp_path, length):
    lines = [f"chr2\t{start}\t{start + length}" for start in (5, 50, 450)]
    path = written(tmp_path, lines)
    what = (
        "all 3 intervals are of 1 bp or none: summits, which label no bin; give them a width in "
        "the column widen of the table, or give the peaks"
    )
    refuse(f"{path}: {what}", read, path, widen=[0])
    assert len(read(written(tmp_path, [*lines, "chr2\t5\t9"]), widen=[0])) == 3 * length + 1


def slow(text):
    """Read good BED text with the standard library alone."""
    intervals = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#") and not re.match(r"(track|browser)\s", line):
            chrom, start, end = line.split("\t")[:3]
            intervals.append((chrom, int(start), int(end)))
    return intervals


NAMES = [
    "c",
    "chr1",
    "chrUn_KI270742v1",
    "chromosome_with_a_rather_long_name_of_many_bases",
    "Ü",
    "2",
]
ROW = st.tuples(
    st.sampled_from(NAMES),
    st.integers(0, 3_000_000_000),
    st.integers(0, 999_999_999_999),
    st.sampled_from(["", "\tp", "\tp\t1\t.\t\t9"]),
)
LINE = st.one_of(
    ROW.map(lambda row: f"{row[0]}\t{row[1]}\t{row[1] + row[2]}{row[3]}"),
    st.sampled_from(["", " ", "#x\t1\t2", "track a=b", "browser x"]),
)


@given(
    st.lists(st.lists(LINE, max_size=20), min_size=1, max_size=5),
    st.booleans(),
    st.integers(1, 500),
)
def test_intervals_equal_those_of_a_slow_reader(tmp_path_factory, files, crlf, size):
    folder = tmp_path_factory.mktemp("peaks")
    texts = ["".join(f"{line}\n" for line in [*lines, "c\t0\t00012"]) for lines in files]
    paths = [folder / str(index) for index in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text.replace("\n", "\r\n") if crlf else text, encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(peaks, "_GROUP", size)
        intervals = read(*paths, lengths=dict.fromkeys(NAMES, 10**13))
    assert intervals == [
        (index, *row) for index, text in enumerate(texts) for row in slow(text) if row[1] < row[2]
    ]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("before", ["", "# a comment\ntrack name=x\n"])
@pytest.mark.parametrize(
    "header",
    [
        "",
        "chrom\tstart\tend\n",
        "chr\tchromStart\tchromEnd\tname\n",
        '"Chromosome"\t"Start"\t"End"\n',
    ],
)
@pytest.mark.parametrize("quote", ["", '"'])
def test_names_of_columns_quotes_and_a_byte_order_mark_are_read(
    tmp_path, mark, before, header, quote
):
    path = tmp_path / "peaks.bed"
    rows = [f"{quote}{chrom}{quote}\t5\t{end}\n" for chrom, end in (("chr1", 90), ("chr2", 80))]
    text = f"{mark}{before}{header}{''.join(rows)}"
    for packed in (False, True):
        content = text.encode()
        path.write_bytes(gzip.compress(content) if packed else content)
        counts = []
        assert read(path, counts=counts) == [(0, "chr1", 5, 90), (0, "chr2", 5, 80)]
        n_headers = before.count("\n") + header.count("\n")
        assert counts[0]["comment_track_and_blank_lines"] == n_headers
    line = n_headers + 2
    path.write_text(text.replace("80", "x"), encoding="utf-8")
    with pytest.raises(DanqErrors, match=f"peaks.bed:{line}: start and end must be whole numbers"):
        read(path)


@pytest.mark.parametrize("header", ["", "# a comment\n"])
@pytest.mark.parametrize(
    ("text", "what"),
    [
        (">chr1\nACGT\n", "is a FASTA file, not peaks; give BED or narrowPeak"),
        ("chr1,1,20\nchr1,5,30\n", "has commas between its columns, where BED has tabs; write"),
        ("fixedStep chrom=chr1 start=1 step=1\n5\n", "is a wiggle file: a signal, not peaks"),
        (
            "chr\tstart\tend\tlength\tabs_summit\nchr1\t2\t20\t19\t9\n",
            "is a table that counts from 1, as MACS's .xls; give its .narrowPeak or .broadPeak",
        ),
        (
            "chr\tstart\tend\tlength\tpileup\nchr1\t2\t20\t19\t9\n",
            "is a table that counts from 1, as MACS's .xls; give its .narrowPeak or .broadPeak",
        ),
        (
            "seqnames\tstart\tend\twidth\tstrand\nchr1\t2\t20\t19\t*\n",
            "is R's table of a GRanges, which counts from 1; write BED",
        ),
        (
            '"1"\t"chr1"\t2\t20\n',
            "has the interval in columns 2 to 4, not 1 to 3",
        ),
        ("585\tchr1\t2\t20\tx\n", "has the interval in columns 2 to 4, not 1 to 3"),
        (
            "chr1\tmacs\tpeak\t2\t20\t9\t+\t.\tID=1\n",
            "is GFF or GTF, which counts from 1; convert it to BED",
        ),
        ("chr1\t5\trs1\tA\tC\t9\n", "is a VCF: variants, not peaks; give BED or narrowPeak"),
    ],
)
def test_a_file_that_is_no_bed_says_what_it_is(tmp_path, header, text, what):
    path = tmp_path / "peaks.bed"
    path.write_text(header + text)
    with pytest.raises(DanqErrors) as caught:
        read(path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: {what}")
