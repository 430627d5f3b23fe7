"""Tables of danq variants, read back."""

import numpy as np
import pytest

from danq.data.scored_variants import model_of, read_scored
from danq.errors import DanqError

HEAD = "chrom\tpos\tid\tref\talt\tstatus\ttarget\tlog_odds_change\tchange_seed0\tchange_seed4\n"


def row(pos, target, *values, chrom="1"):
    cells = [chrom, str(pos), "NA", "A", "T", "scored", target, *map(str, values)]
    return "\t".join(cells) + "\n"


def test_changes_by_variant_target_and_seed(tmp_path):
    path = tmp_path / "danq" / "table.tsv"
    path.parent.mkdir()
    rows = [
        row(5, "NA", 1, 2, 3),
        row(5, "b", 4, 5, 6),
        row(9, "NA", -1, 0, 1),
        row(9, "b", 7, 8, 9),
    ]
    path.write_text(HEAD + "".join(rows + rows[:2]))
    scored = read_scored(path, by_target=True)
    path.write_text(HEAD + "".join(rows[::2] + rows[1::2]))  # target by target
    assert (read_scored(path, by_target=True).together == scored.together).all()
    assert scored.targets == ["NA", "b"] and model_of(path) == "danq"
    assert scored.together.tolist() == [[1, 4], [-1, 7]]
    assert scored.changes["4"].tolist() == [[3, 6], [1, 9]]
    assert scored.places["chrom"].tolist() == ["1", "1"]
    assert scored.places["pos"].tolist() == [5, 9]


def test_one_row_a_variant(tmp_path):
    path = tmp_path / "summary.tsv"
    path.write_text(HEAD + row(5, "x", 1, 2, 3) + row(6, "y", 4, 5, 6))
    scored = read_scored(path, by_target=False)
    assert scored.targets == [] and scored.together.tolist() == [[1], [4]]
    assert scored.changes["0"].tolist() == [[2], [5]]


def test_a_single_training_has_no_seed(tmp_path):
    path = tmp_path / "summary.tsv"
    short = [line.rsplit("\t", 2)[0] + "\n" for line in (HEAD, row(5, "x", 1, 2, 3))]
    path.write_text("".join(short))
    scored = read_scored(path, by_target=False)
    assert list(scored.changes) == ["NA"] and np.array_equal(scored.changes["NA"], scored.together)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chrom\tpos\n1\t2\n", "has no column id; make it again with danq variants"),
        (HEAD + row(5, "x", "much", 2, 3), "holds text where a number belongs"),
        (HEAD + row(5, "x", 1, 2, 3) + row(6, "y", 1, 2, 3), "does not have every target of every"),
    ],
)
def test_what_is_no_such_table_is_refused(tmp_path, text, message):
    path = tmp_path / "t.tsv"
    path.write_text(text)
    with pytest.raises(DanqError, match=message):
        read_scored(path, by_target=True)
