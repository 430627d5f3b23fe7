import pytest

from danq.data.deepsea_targets import targets_from_names
from danq.errors import DanqError
from danq.files import read_table


def test_each_line_is_a_row_of_its_facts(tmp_path, capsys):
    names = ["8988T|DNase|None"] * 125 + ["K562|CTCF|None"] * 690 + ["H1|H3K4me3|None"] * 104
    (tmp_path / "predictor.names").write_text("\n".join(names) + "\n")
    targets_from_names(tmp_path / "predictor.names", tmp_path / "targets.tsv")
    table = read_table(tmp_path / "targets.tsv")
    assert list(table) == ["target", "name", "cell", "feature", "treatment", "group"]
    assert table["target"].tolist() == list(range(919)) and table["name"].tolist() == names
    assert (table["cell"] + "|" + table["feature"] + "|" + table["treatment"]).tolist() == names
    assert table.groupby("group").size().to_dict() == {"DNase": 125, "TF": 690, "histone": 104}
    assert table["feature"][table["group"] == "TF"].unique().tolist() == ["CTCF"]
    assert "919 targets; 916 repeat a name before them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "holds no name"), ("a|b\n", "'a|b' is not cell|target|treatment")],
)
def test_wrong_names_are_refused(text, message, tmp_path):
    (tmp_path / "names").write_text(text)
    with pytest.raises(DanqError) as caught:
        targets_from_names(tmp_path / "names", tmp_path / "targets.tsv")
    assert message in str(caught.value) and not (tmp_path / "targets.tsv").exists()
