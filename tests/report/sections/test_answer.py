"""The first screen of a made-up run."""

import dataclasses

from danq import read_run
from danq.report.sections.answer import answer, score_cards
from danq.report.words import number
from tests.report.toy_run import write_run


def test_the_first_screen(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    section = answer(run)
    assert section.lead.startswith("DanQ is ahead of DanQ-conv on average (+0.")
    assert section.text[0].startswith("With a single training seed each, ")
    assert section.cautions[0].startswith("Missing: ")
    assert [figure.title for figure in section.overview] == [
        "DanQ − DanQ-conv, in short",
        "DanQ − DeepSEA, in short",
    ]
    words = section.folds[0].text
    assert words[0].startswith("Where DanQ and DanQ-conv differ: ")
    assert "DanQ-conv is DanQ with a convolution" in words[1]
    assert "DanQ-conv is" not in words[2] and words[-2].startswith("In brackets")
    assert words[-1].startswith("5 groups are 5 looks")
    highest, beaten = score_cards(run)
    assert highest.value == number(run.scores("auprc")["danq"].mean())
    assert highest.detail == "DanQ" and beaten.value.endswith("of 15")
    assert len(score_cards(dataclasses.replace(run, baselines=[]))) == 1


def test_a_run_that_cannot_say_anything_leads_with_that(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    section = answer(dataclasses.replace(run, baselines=[]))
    assert section.lead == "This run cannot say what the recurrent layer adds."
    assert section.text == []
    alone = answer(dataclasses.replace(run, pairs=[]))
    assert alone.overview == [] and alone.lead == section.lead


def test_the_first_screen_says_which_networks_have_not_learnt(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    learnt = answer(run)
    assert learnt.points[0].startswith("Every network beats the strongest baseline")
    assert not any("Not learnt" in text for text in learnt.cautions)
    metrics = run.metrics.copy()
    lost = metrics["model"] == "danq_conv"
    metrics.loc[lost, "auprc"] = 0.0
    section = answer(dataclasses.replace(run, metrics=metrics))
    assert section.cautions[1].startswith("Not learnt, which would be")
    assert "DanQ-conv on 0 of 15 (mean AUPRC 0.000 against" in section.cautions[1]
    assert not any("strongest" in text for text in section.points)
    without = answer(dataclasses.replace(run, baselines=[]))
    assert not any("strongest" in text for text in [*without.points, *without.cautions])
