"""Two tables of scores per target, by numbers made by hand."""

import pytest

from danq.errors import DanqError
from danq.files import read_table
from danq.report.compare import compare

ONE = (
    "name\tgroup\tauroc\n"
    "CTCF\tTF\t0.9\nH3K4me3\thistone\t0.7\nDNase\tDNase\t0.8\nDNase\tDNase\t0.6\n"
)
OTHER = "name,AUC,auroc\nDNase,1,0.7\nCTCF,2,0.8\nDNase,3,0.7\nonly here,4,0.5\nH3K4me3,5,NA\n"


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "one.tsv").write_text(ONE)
    (tmp_path / "other.csv").write_text(OTHER)
    return tmp_path / "one.tsv", tmp_path / "other.csv"


def compared(tables, tmp_path, **options):
    compare(*tables, tmp_path / "c.html", table=tmp_path / "c.tsv", **options)
    return read_table(tmp_path / "c.tsv"), (tmp_path / "c.html").read_text()


def test_targets_are_matched_by_name_and_order(tables, tmp_path):
    table, page = compared(tables, tmp_path)
    assert table["target"].tolist() == ["CTCF", "H3K4me3", "DNase", "DNase"]
    assert table["a"].tolist() == [0.9, 0.7, 0.8, 0.6]
    assert table["b"].fillna(-1).tolist() == [0.8, -1, 0.7, 0.7]
    assert table["difference"].dropna().round(6).tolist() == [0.1, 0.1, -0.1]
    assert (
        "AUROC: one is higher on 2 of 3 targets and lower on 1; "
        "means 0.767 and 0.733, mean difference +0.033" in page
    )
    assert "1 target of other is not in the other table, and left out." in page


def test_columns_are_chosen_and_a_missing_one_is_refused(tables, tmp_path):
    tables[0].write_text(ONE.replace("auroc", "AUC"))
    table, page = compared(tables, tmp_path, metrics=["AUC"], models=["A", "B"])
    assert set(table["metric"]) == {"AUC"}
    assert "AUC: A is higher on 0 of 4 targets and lower on 4" in page
    with pytest.raises(
        DanqError, match=r"one\.tsv:1: has no column 'auprc'; it has name, group, AUC"
    ):
        compared(tables, tmp_path, metrics=["auprc"])
    with pytest.raises(DanqError, match=r"one\.tsv:1: has none of the columns auroc"):
        compared(tables, tmp_path)


def test_a_runs_own_table_gives_one_model_with_its_seeds_averaged(tmp_path):
    path = tmp_path / "metrics.tsv"
    path.write_text(
        "model\tseed\ttarget\tname\tauroc\n"
        "danq\t0\t0\tX\t0.8\n"
        "danq\t0\t1\tX\t0.6\n"
        "danq\t1\t0\tX\t0.9\n"
        "danq\t1\t1\tX\t0.7\n"
        "scan\tNA\t0\tX\t0.5\n"
        "scan\tNA\t1\tX\t0.5\n"
    )
    table, page = compared((path, path), tmp_path, models=["danq", "scan"])
    assert table["a"].tolist() == pytest.approx([0.85, 0.65])
    assert table["b"].tolist() == [0.5, 0.5]
    assert "DanQ against motif scan" in page
    for models in (None, ["danq", "gone"]):
        with pytest.raises(
            DanqError, match=r"metrics\.tsv: holds the models danq, scan; choose one of each table"
        ):
            compared((path, path), tmp_path, models=models)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\tauroc\n", r"one\.tsv: holds no row below its header"),
        ("what\tauroc\nx\t0.5\n", r"one\.tsv:1: has no column name"),
        (
            "name\tauroc\nx\t0.5\ny\t0,5\n",
            r"one\.tsv:3: column auroc: '0,5' is not a number; give NA where it is unknown",
        ),
        ("name\tauroc\nx\t0.5\t1\n", r"one\.tsv:2: has 3 cells where the header has 2"),
        ("name\tauroc\tauroc\nx\t0.5\t1\n", r"one\.tsv:1: has two columns of one name"),
        (
            "name\tauroc\nctcf\t0.5\n",
            r"one\.tsv: names none of the targets of .*other\.csv \('DNase', \.\.\.\)",
        ),
        ("name\tauprc\nCTCF\t0.5\n", r"one\.tsv: has no metric in common with .*other\.csv"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_nothing_is_made(
    tables, tmp_path, text, message
):
    tables[0].write_text(text)
    with pytest.raises(DanqError, match=message):
        compared(tables, tmp_path)
    assert not (tmp_path / "c.html").exists()
    assert not (tmp_path / "c.tsv").exists()


def test_hostile_names_stay_text(tables, tmp_path):
    name = "<script>window.hacked = 1</script>"
    for path in tables:
        path.write_text(f"name\tauroc\n{name}\t0.5\n")
    _, page = compared(tables, tmp_path, models=["<b>A</b>", "B"])
    assert name not in page
    assert "<b>A</b>" not in page
    assert "&lt;script&gt;window" in page


def test_the_same_tables_give_the_same_page(tables, tmp_path):
    _, first = compared(tables, tmp_path)
    _, second = compared(tables, tmp_path)
    assert first == second


def test_cells_of_a_csv_may_be_quoted(tables, tmp_path):
    tables[0].write_text('name,auroc\n"8988T|DNase, rep ""1""",0.5\n')
    tables[1].write_text('name\tauroc\n8988T|DNase, rep "1"\t0.4\n')
    assert compared(tables, tmp_path)[0]["target"].tolist() == ['8988T|DNase, rep "1"']
