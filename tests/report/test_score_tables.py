"""Tables of scores read and joined, by numbers made by hand."""

import numpy as np
import pytest

from danq.errors import DanqError
from danq.report.score_tables import join, read_scores


def written(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def test_targets_of_one_name_are_matched_by_their_order_where_it_is_said(tmp_path):
    path = written(tmp_path, "scores.csv", "Name,AUROC,auroc\nx,1,0.5\ny,2,NA\nx,3,0.7\n")
    with pytest.raises(DanqError, match=r"scores\.csv:4: 'x' again: 1 row with the name"):
        read_scores(path, None, [])
    table = read_scores(path, None, [], in_order=True)
    assert table.unknown.to_numpy().tolist() == [["auroc", "y", 3, "NA"]]
    assert table.name == "scores" and list(table.scores) == ["auroc", "group"]
    assert list(table.scores.index) == [("x", 0), ("y", 0), ("x", 1)]
    np.testing.assert_array_equal(table.scores["auroc"], [0.5, np.nan, 0.7])


def test_seeds_are_averaged_and_a_model_has_its_title(tmp_path):
    rows = "danq\t0\tx\t0.5\ndanq\t1\tx\t0.7\nmine\t0\tx\t0.1\n"
    path = written(tmp_path, "m.tsv", f"model\tseed\tname\tauroc\n{rows}")
    table = read_scores(path, "danq", [])
    assert table.name == "DanQ" and table.scores["auroc"].tolist() == pytest.approx([0.6])
    with pytest.raises(DanqError, match=r"m\.tsv: holds the models danq, mine; choose one of each"):
        read_scores(path, None, [])


def test_comments_and_empty_lines_are_passed_over_but_counted(tmp_path):
    path = written(tmp_path, "m.tsv", "# made by hand\n\nname\tauroc\n\nx\thigh\n")
    with pytest.raises(DanqError, match=r"m\.tsv:5: column auroc: 'high' is not a number"):
        read_scores(path, None, [])


def test_only_shared_targets_and_metrics_are_joined(tmp_path):
    first = written(tmp_path, "a.tsv", "name\tauroc\tauprc\nx\t0.9\t0.5\ny\t0.8\t0.4\n")
    second = written(tmp_path, "b.tsv", "name\tgroup\tauroc\ny\tTF\t0.6\nz\tTF\t0.1\n")
    tables = [read_scores(path, None, []) for path in (first, second)]
    both = join(*tables)
    assert list(both) == ["metric", "target", "group", "a", "b", "difference"]
    assert both.drop(columns="difference").to_numpy().tolist() == [["auroc", "y", "TF", 0.8, 0.6]]
    assert both["difference"].tolist() == pytest.approx([0.2])
