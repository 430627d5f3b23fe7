"""Interactions of motifs, against the rule that was planted."""

import pandas as pd

from danq import read_run
from danq.files import write_table
from danq.motif.sites import ARRANGEMENTS
from danq.report.sections import probe as p
from danq.simulation.truth import truth
from tests.report.toy_run import YEAST, make_records, write_run


def test_interactions_are_compared_with_the_planted_rule(tmp_path):
    folder = write_run(tmp_path / "run", simulated=True)
    cases = pd.DataFrame(
        [
            ("MA0757.2", "MA1494.2", *arrangement, distance)
            for arrangement in ARRANGEMENTS
            for distance in (0, 100, 300)
        ],
        columns=["a", "b", "order", "orientation", "distance"],
    )
    rule = truth(cases, 1000)
    for model, strength in (("danq", 3), ("deepsea", 0)):
        write_table(
            folder / model / "seed0" / "grammar.tsv",
            rule.assign(
                model=model,
                seed=0,
                pair="ONECUT3+HNF4A",
                effect=strength * rule["effect"] + 0.5,
                se=0.1,
                n=32,
            ),
        )
    run = read_run(make_records(folder))
    # ONECUT3 and HNF4A, on one strand in this order, 40 to 160 bp apart: one of twelve cases,
    # target 3.
    table = p.rule_table(run)
    rows = {row[2].text: [cell.text for cell in row] for row in table.rows}
    assert rows["DanQ"] == ["ONECUT3+HNF4A", YEAST[3], "DanQ", "+3.500", "+0.500", "NA"]
    assert rows["DeepSEA"][3:] == ["+0.500", "+0.500", "NA"]
    assert [figure.title for figure in p.probe(run)[0].figures] == [
        f"ONECUT3+HNF4A: what the pair does to {YEAST[3]}"
    ]
    assert p.probe(read_run(write_run(tmp_path / "without"))) == []
