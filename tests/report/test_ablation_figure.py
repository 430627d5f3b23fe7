"""The heat maps of ablation name what they show."""

from danq import read_run
from danq.report.ablation_figure import ablation_drawings
from danq.report.findings.training import first_trainings
from tests.report.toy_run import write_run


def test_a_drawing_for_each_model_with_targets_as_rows(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    drawings = ablation_drawings(run, first_trainings(run.trained))
    assert len(drawings) == len(run.networks)
    for drawing in drawings:
        ax = drawing.figure.axes[0]
        labels = [text.get_text() for text in ax.get_yticklabels()]
        assert labels == drawing.numbers["target"].tolist()
        assert set(labels) <= set(run.targets["label"])
    assert len({drawing.name for drawing in drawings}) == len(drawings)
