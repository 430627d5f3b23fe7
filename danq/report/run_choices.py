"""What a step chose because the configuration left it out, as its facts record it."""

from collections.abc import Mapping
from typing import Any

from danq.config import Chosen


def recorded_choices(facts: Mapping[str, Any]) -> dict[str, Chosen]:
    """Return the values that a step chose and their reasons, by knob.

    They are only displayed: facts that record none, or an entry of another form, cost no more than
    that entry. The argument is the content of train.json, or the source of dataset.h5.

    Examples
    --------
    >>> recorded_choices({"chosen": {"lr": {"value": 0.0025, "reason": "for all"}}})
    {'lr': Chosen(value=0.0025, reason='for all')}
    >>> recorded_choices({})
    {}
    """
    recorded = facts.get("chosen")
    if not isinstance(recorded, dict):
        return {}
    choices = {}
    for knob, entry in recorded.items():
        if isinstance(entry, dict) and "value" in entry:
            reason = str(entry.get("reason", ""))
            choices[knob] = Chosen(entry["value"], reason)
    return choices


def value_text(value: Any) -> str:
    """Return the value of a knob as text; what has no value is none.

    Examples
    --------
    >>> value_text(60000), value_text(0.0025), value_text(True), value_text(None)
    ('60,000', '0.0025', 'true', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:,}" if isinstance(value, int) else str(value)
