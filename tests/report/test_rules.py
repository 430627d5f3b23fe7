"""The drawings of rules keep to the planted grammar."""

import pytest

from danq.plotting.rule_svg import Gap, Site
from danq.report.rules import RULES
from danq.simulation.grammar import MOTIFS, TARGETS

HALVES = {"left half", "right half"}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_rule_is_drawn_with_planted_sites_of_its_target(target):
    rule = RULES[target.group]
    for parts in (rule.positive_parts, rule.decoy_parts):
        names = {part.name for part in parts if isinstance(part, Site)}
        assert names <= {*MOTIFS, *HALVES} and names
        if target.group != "single":
            assert target.name in names
    assert rule.positive_parts != rule.decoy_parts


def test_distances_are_drawn_between_sites_and_not_before_them():
    for rule in RULES.values():
        assert isinstance(rule.positive_parts[0], Site) and isinstance(rule.decoy_parts[-1], Site)
        assert not isinstance(rule.decoy_parts[0], Gap)
