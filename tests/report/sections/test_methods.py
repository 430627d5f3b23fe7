"""How a made-up run was made."""

import dataclasses

from danq import read_run
from danq.report.methods_text import methods_paragraphs
from danq.report.sections import methods as m
from tests.report.toy_run import write_run


def test_methods_read_like_those_of_a_paper(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1, 2)))
    section = m.methods(run, "")
    [text] = [details.text for details in section.details if details.title.startswith("Methods")]
    for part in (
        "Windows of 1,000 bp were labelled for 16 targets",
        "40,213 training, 4,410 validation (chrV, chrIX) "
        "and 9,107 test (chrIII, chrXI, chrXIII) windows",
        "from seeds 0, 1, 2",
        "batches of 128",
        "torch 2.13.0",
        "Satterthwaite",
    ):
        assert part in text, part
    # Models of other numbers are told apart; windows that came with their labels are not said to
    # be labelled by us.
    run.trained[0].facts["options"]["batch_size"] = 16
    text = "\n".join(methods_paragraphs(run))
    assert "batches of 16" in text and "(DeepSEA)." in text and "batches of 128" in text
    text = methods_paragraphs(dataclasses.replace(run, chromosomes={}))[0]
    assert "were given with their labels" in text and "peaks" not in text and "no base" not in text
    [citation] = [details.text for details in section.details if details.title == "How to cite"]
    assert "10.1038/nmeth.3547" in citation and "10.1093/nar/gkw226" in citation
