"""Two tables of scores per target, by numbers made by hand."""

import itertools

import pytest

from danq.errors import DanqError
from danq.files import read_table
from danq.records import Made, recorded
from danq.report.compare import compare

ONE = (
    "name\tgroup\tauroc\n"
    "CTCF\tTF\t0.9\nH3K4me3\thistone\t0.7\nDNase\tDNase\t0.8\nDNase\tDNase\t0.6\n"
)
OTHER = "name,AUC,auroc\nCTCF,2,0.8\nonly here,4,0.5\nH3K4me3,5,NA\nDNase,1,0.7\nDNase,3,0.7\n"


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "one.tsv").write_text(ONE)
    (tmp_path / "other.csv").write_text(OTHER)
    return tmp_path / "one.tsv", tmp_path / "other.csv"


def compared(tables, tmp_path, **options):
    compare(*tables, tmp_path / "c.html", table=tmp_path / "c.tsv", **options)
    return read_table(tmp_path / "c.tsv"), (tmp_path / "c.html").read_text()


def test_targets_are_matched_by_name_and_where_it_is_said_by_order(tables, tmp_path):
    table, page = compared(tables, tmp_path, in_order=True)
    assert table["target"].tolist() == ["CTCF", "H3K4me3", "DNase", "DNase"]
    assert table["a"].tolist() == [0.9, 0.7, 0.8, 0.6]
    assert table["b"].fillna(-1).tolist() == [0.8, -1, 0.7, 0.7]
    assert table["difference"].dropna().round(6).tolist() == [0.1, 0.1, -0.1]
    assert (
        "AUROC: one is higher on 2 of 3 targets and lower on 1; "
        "means 0.767 and 0.733, mean difference +0.033" in page
    )
    assert "1 target of other is not in the other table, and left out: only here." in page
    assert "AUROC: 1 score of other is unknown: H3K4me3." in page


def test_columns_are_chosen_and_a_missing_one_is_refused(tables, tmp_path):
    tables[0].write_text(ONE.replace("auroc", "AUC"))
    options = {"in_order": True, "models": ["A", "B"]}
    table, page = compared(tables, tmp_path, metrics=["AUC"], **options)
    assert set(table["metric"]) == {"AUC"}
    assert "AUC: A is higher on 0 of 4 targets and lower on 4" in page
    with pytest.raises(
        DanqError, match=r"one\.tsv:1: has no column 'auprc'; it has name, group, AUC"
    ):
        compared(tables, tmp_path, metrics=["auprc"], in_order=True)
    with pytest.raises(DanqError, match=r"one\.tsv:1: has none of the columns auroc"):
        compared(tables, tmp_path, in_order=True)


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
            r"one\.tsv: names none of the targets of .*other\.csv \('CTCF', \.\.\.\)",
        ),
        ("name\tauprc\nCTCF\t0.5\n", r"one\.tsv: has no metric in common with .*other\.csv"),
    ],
)
def test_what_is_wrong_is_refused_with_its_line_and_nothing_is_made(
    tables, tmp_path, text, message
):
    tables[0].write_text(text)
    with pytest.raises(DanqError, match=message):
        compared(tables, tmp_path, in_order=True)
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
    _, first = compared(tables, tmp_path, in_order=True)
    _, second = compared(tables, tmp_path, in_order=True)
    assert first == second


def test_cells_of_a_csv_may_be_quoted(tables, tmp_path):
    tables[0].write_text('name,auroc\n"8988T|DNase, rep ""1""",0.5\n')
    tables[1].write_text('name\tauroc\n8988T|DNase, rep "1"\t0.4\n')
    assert compared(tables, tmp_path)[0]["target"].tolist() == ['8988T|DNase, rep "1"']


# The table of a paper: four rows of one factor, told apart by cell and treatment, three scores.
PUBLISHED = [
    ("CTCF", "GM12878", "None", "0.95", "0.70"),
    ("CTCF", "K562", "None", "0.94", "0.60"),
    ("CTCF", "K562", "Dex", "0.93", "0.50"),
    ("NRF1", "K562", "None", "NA (No positive in Test region)", "0.40"),
]


def published(path, rows, header="name\tcell\ttreatment\tauroc\tPR AUC\n"):
    lines = ["\t".join(row) for row in rows]
    path.write_text(header + "\n".join(lines) + "\n")
    return path


def test_repeated_names_are_refused_with_what_tells_them_apart(tables, tmp_path):
    one = published(tables[0], PUBLISHED)
    two = published(tmp_path / "two.tsv", PUBLISHED[::-1])
    message = r"one\.tsv:3: 'CTCF' again: 2 rows with the name of an earlier one; tell them apart"
    with pytest.raises(DanqError, match=message):
        compared((one, two), tmp_path)
    message = r"'CTCF · K562' again: 1 row with the name and cell .* --key name cell 'treatment'"
    with pytest.raises(DanqError, match=message):
        compared((one, two), tmp_path, key=["name", "cell"])


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_no_order_of_the_rows_changes_a_comparison_by_a_whole_key(tables, tmp_path, order):
    one = published(tables[0], PUBLISHED)
    two = published(tmp_path / "two.tsv", [PUBLISHED[row] for row in order])
    key = ["name", "cell", "treatment"]
    table, page = compared((one, two), tmp_path, key=key, metrics=["auroc", "PR AUC"])
    assert (table["difference"].dropna() == 0).all()
    assert table["target"].tolist() == [" · ".join(row[:3]) for row in PUBLISHED] * 2
    # The cell that says why it has no number is named, with its line and its reason.
    assert "AUROC: 1 score of one is unknown: NRF1 · K562 · None." in page
    assert "line 5: &#39;NA (No positive in Test region)&#39;" in page
    if order[3] != 3:  # else the names alone are in one order
        with pytest.raises(DanqError, match=r"another order than|again"):
            compared((one, two), tmp_path, in_order=True)


def test_rows_of_one_key_are_not_matched_by_order_where_one_table_lacks_some(tables, tmp_path):
    one = published(tables[0], PUBLISHED)
    two = published(tmp_path / "two.tsv", PUBLISHED[1:])
    with pytest.raises(DanqError, match=r"'CTCF' has 3 and 2 rows in this table and in .*two\.tsv"):
        compared((one, two), tmp_path, in_order=True)


@pytest.mark.parametrize(
    ("header", "separator"),
    [
        ("{0}auroc{0}n", "\t"),
        ("auroc{0}n", "\t"),
        ("Unnamed: 0{0}auroc{0}n", "\t"),
        ('""{0}"auroc"{0}"n"', ","),
    ],
)
def test_a_first_column_without_a_name_holds_the_targets(tables, tmp_path, header, separator):
    text = header.format(separator) + "\n" + separator.join(["CTCF", "0.5", "1"]) + "\n"
    tables[0].write_text(text)
    tables[1].write_text("name\tauroc\nCTCF\t0.4\n")
    table, _ = compared(tables, tmp_path)
    assert table["target"].tolist() == ["CTCF"] and table["a"].tolist() == [0.5]


def test_columns_may_have_another_name_in_each_table(tables, tmp_path):
    rows = [("A", "0.9", "0.8"), ("B", "0.5", "0.7")]
    one = published(tables[0], rows, "name\tDeepSEA PR AUC\tDanQ PR AUC\n")
    metric = "DeepSEA PR AUC=DanQ PR AUC"
    table, page = compared((one, one), tmp_path, metrics=[metric])
    assert table["difference"].round(6).tolist() == [0.1, -0.2]
    assert set(table["metric"]) == {metric} and "is higher on 1 of 2 targets" in page
    with pytest.raises(DanqError, match="has no column 'auroc'; it has name, DeepSEA PR AUC"):
        compared((one, one), tmp_path, metrics=["DeepSEA PR AUC=auroc"])


def test_targets_of_one_name_in_danqs_own_tables_are_told_apart_by_their_number(tmp_path):
    rows = ["0\tX\t0.8", "1\tX\t0.6", "2\tY\t0.4"]
    paths = []
    for name, order in (("a.tsv", rows), ("b.tsv", rows[::-1])):
        (tmp_path / name).write_text("\n".join(["target\tname\tauroc", *order]) + "\n")
        paths.append(tmp_path / name)
    assert compared(paths, tmp_path)[0]["difference"].tolist() == [0, 0, 0]


def test_every_cell_that_is_no_number_is_named(tables, tmp_path):
    wrong = ["0,5", "inf", "high", "1_0", "0x1", "1e999", "NA?"]
    rows = [(f"t{number}", cell) for number, cell in enumerate(wrong)]
    published(tables[0], rows, "name\tauroc\n")
    with pytest.raises(DanqError) as caught:
        compared(tables, tmp_path, in_order=True)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(wrong)
    for number, (line, cell) in enumerate(zip(lines, wrong, strict=True), 2):
        assert f"one.tsv:{number}: column auroc: {cell!r} is not a number" in line


@pytest.mark.parametrize("cell", ["", "NA", "nan", "N/A", "-", ".", "null", "none", "NA (why)"])
def test_an_unknown_score_is_left_out_and_told(tables, tmp_path, cell, capsys):
    for path in tables:
        path.write_text(f"name\tauroc\nx\t{cell}\ny\t0.5\n")
    table, _ = compared(tables, tmp_path, models=["A", "B"])
    assert table["a"].isna().tolist() == [True, False]
    assert "warning: AUROC: 1 score of A is unknown: x." in capsys.readouterr().err


def test_a_row_without_a_name_is_refused(tables, tmp_path):
    tables[0].write_text("name\tauroc\nCTCF\t0.5\n\t0.4\n")
    with pytest.raises(DanqError, match=r"one\.tsv:3: has no name in column 'name'"):
        compared(tables, tmp_path, in_order=True)


def test_a_damaged_table_of_a_run_is_refused_and_a_foreign_one_is_not(tables, tmp_path):
    with recorded(tmp_path / "metrics.tsv", Made("evaluate")) as file:
        file.write_text(ONE)
    compare(tmp_path / "metrics.tsv", tables[1], tmp_path / "page.html", in_order=True)
    (tmp_path / "metrics.tsv").write_text(ONE.replace("0.", "0.1", 1))
    with pytest.raises(DanqError, match="is not the file that danq evaluate wrote"):
        compare(tmp_path / "metrics.tsv", tables[1], tmp_path / "page.html")
