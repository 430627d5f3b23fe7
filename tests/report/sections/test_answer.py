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
    assert "DanQ-conv is DanQ with a convolution" in section.text[0]
    assert "DanQ-conv is" not in section.text[1] and section.text[-1].startswith("In brackets")
    card = pair_card(run.pairs[0])
    assert card.value == signed(run.pairs[0].mean["difference"]) and card.mark == "above"
    assert card.chip == "higher" and card.svg.startswith("<svg")
    highest, beaten = score_cards(run)
    assert highest.value == number(run.scores("auprc")["danq"].mean())
    assert highest.detail == "DanQ" and beaten.value.endswith("of 15")
    assert len(score_cards(dataclasses.replace(run, baselines=[]))) == 1
