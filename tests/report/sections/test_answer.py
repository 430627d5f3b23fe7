"""The first screen of a made-up run."""

import dataclasses

from danq import read_run
from danq.report.sections.answer import answer, pair_card, score_cards
from danq.report.words import number, signed
from tests.report.toy_run import write_run


def test_the_first_screen(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    section = answer(run)
    assert section.lead.startswith("With a single training seed each, ")
    assert section.text[0].startswith("Where DanQ and DanQ-conv differ: ")
    assert "DanQ-conv is DanQ with a convolution" in section.text[1]
    assert "DanQ-conv is" not in section.text[2] and section.text[-1].startswith("In brackets")
    assert section.cautions[0].startswith("Missing: ")
    card = pair_card(run.pairs[0])
    assert card.value == signed(run.pairs[0].mean["difference"]) and card.mark == "above"
    assert card.chip == "higher" and card.svg.startswith("<svg")
    highest, beaten = score_cards(run)
    assert highest.value == number(run.scores("auprc")["danq"].mean())
    assert highest.detail == "DanQ" and beaten.value.endswith("of 15")
    assert len(score_cards(dataclasses.replace(run, baselines=[]))) == 1


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
