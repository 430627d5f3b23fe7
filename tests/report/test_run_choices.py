"""What steps chose is read from their facts, whatever else may be there."""

import pytest

from danq.config import Chosen
from danq.report.run_choices import recorded_choices, value_text


def test_value_and_reason_by_knob():
    recorded = {name: Chosen(value, "why")._asdict() for name, value in (("a", 1), ("b", None))}
    assert recorded_choices({"chosen": recorded}) == {
        "a": Chosen(1, "why"),
        "b": Chosen(None, "why"),
    }


@pytest.mark.parametrize(
    "facts",
    [{}, {"chosen": None}, {"chosen": ["lr"]}, {"chosen": {"lr": 3}}, {"chosen": {"lr": {}}}],
)
def test_facts_that_record_no_choice(facts):
    assert recorded_choices(facts) == {}


def test_a_value_of_another_program_is_text():
    assert value_text([1, 2]) == "[1, 2]" and value_text("pool") == "pool"
