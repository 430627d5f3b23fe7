import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from danq.genome.bed import MOST_DIGITS, BedText, read_numbers


def numbers_of(words):
    """Read words as numbers, one tab before and behind each."""
    raw = ("0" * 40 + "\t" + "\t".join(words) + "\t").encode()
    tabs = np.array([position for position, byte in enumerate(raw) if byte == ord("\t")])
    return read_numbers(np.frombuffer(raw, dtype=np.uint8), tabs[:-1] + 1, tabs[1:])


@given(st.lists(st.text("0123456789", min_size=1, max_size=18), min_size=1, max_size=20))
def test_numbers_are_read_as_python_reads_them(words):
    numbers = numbers_of(words)
    assert numbers.value.tolist() == [int(word) for word in words] and not numbers.bad.any()


@given(st.lists(st.text("09/:x -", max_size=20), min_size=1, max_size=20))
def test_what_is_not_a_whole_number_is_bad(words):
    good = [word.isdigit() and len(word) <= MOST_DIGITS for word in words]
    assert (~numbers_of(words).bad).tolist() == good


def test_lines_keep_their_file_and_number():
    text = BedText([b"#x\nc\t1\t2\r\n\nd\t3\t4", b"", b"track a\ne\t5\t6\tp\n"])
    assert [text.line(row) for row in range(3)] == [b"c\t1\t2", b"d\t3\t4", b"e\t5\t6\tp"]
    assert text.lines.file.tolist() == [0, 0, 2]
    assert [text.line_number(row) for row in range(3)] == [2, 4, 2]
    assert [dict(counts) for counts in text.counts] == [
        {"crlf_lines": 1, "comment_track_and_blank_lines": 2},
        {},
        {"comment_track_and_blank_lines": 1},
    ]


def test_columns_end_at_tabs_or_at_the_end_of_the_line():
    text = BedText([b"c\t1\t2\td\ne\t3\t4\nf\t5\n"])
    columns = text.columns()
    start = text.lines.start
    assert (columns.tab1 - start).tolist() == [1, 1, 1]
    assert (columns.tab2 - start).tolist() == [3, 3, 3]
    assert (columns.tab3 - start).tolist() == [5, 5, 3]
    assert columns.short.tolist() == [False, False, True]


def test_names_are_those_of_runs_of_lines():
    text = BedText([b"chr1\t1\t2\nchr1\t3\t4\nlong_chromosome\t5\t6\n", b"long_chromosome\t7\t8\n"])
    names = text.names(text.columns().tab1, np.zeros(4, dtype=bool))
    assert names.names == [b"chr1", b"long_chromosome", b"long_chromosome"]
    assert names.lengths.tolist() == [2, 1, 1] and names.run.tolist() == [0, 0, 1, 2]
