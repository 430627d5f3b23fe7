"""The sentences on a learning curve follow from its intervals."""

import pytest

from danq import read_run
from danq.report.learning_text import learning_sentences
from tests.report.learning_toy import write_learning_curve
from tests.report.toy_run import write_run

ABOVE, BELOW, AROUND = (0.01, 0.03), (-0.03, -0.01), (-0.01, 0.01)


@pytest.fixture
def folder(tmp_path):
    return write_run(tmp_path / "run", seeds=(0, 1))


@pytest.mark.parametrize(
    ("intervals", "text"),
    [
        (
            (AROUND, ABOVE, ABOVE),
            "The interval of DanQ − DanQ-conv first excludes 0 with 400 training windows: ",
        ),
        ((AROUND, ABOVE, ABOVE), ", and lies on that side of 0 with more, up to 800 training"),
        ((BELOW, AROUND, AROUND), ", but does not do so on that side with every larger number."),
        ((AROUND, AROUND, BELOW), " excludes 0 only with all 800 training windows: "),
        (
            (AROUND, AROUND, AROUND),
            "DanQ − DanQ-conv contains 0 at every number of windows, up to 800 training windows.",
        ),
        (((None, None),) * 3, "DanQ − DanQ-conv has no interval at any number of training"),
    ],
)
def test_where_the_interval_first_excludes_0_is_said(folder, intervals, text):
    write_learning_curve(folder, intervals)
    (paragraph,) = learning_sentences(read_run(folder))
    assert text in paragraph and paragraph.startswith("Learning curve. ")
    assert "DanQ − DeepSEA" in paragraph and "Targets without" not in paragraph


ONLY, BOTH = "windows", "windows and seeds"


@pytest.mark.parametrize("limited", [True, False])
def test_a_bracket_says_what_it_covers_at_its_own_share(folder, limited):
    """All seeds may be there at one share and not, or not yet, at another."""
    covers = (BOTH, ONLY, BOTH) if limited else (ONLY, BOTH, ONLY)
    write_learning_curve(folder, (AROUND, ABOVE, ABOVE), covers=covers)
    (paragraph,) = learning_sentences(read_run(folder))
    assert ("[0.010, 0.030; test windows only]" in paragraph) == limited
    assert ("[0.010, 0.030]" in paragraph) != limited


def test_targets_that_a_share_lacks_are_counted(folder):
    write_learning_curve(folder, n_unseen=3)
    (paragraph,) = learning_sentences(read_run(folder))
    assert paragraph.endswith("which count in the means: 3 among 100.")


def test_a_run_without_a_curve_has_no_sentence(folder):
    assert learning_sentences(read_run(folder)) == []
