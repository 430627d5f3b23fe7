"""The answer in words, by hand-made numbers."""

import pandas as pd
import pytest

from danq.catalog import twins
from danq.report import verdict_text as v
from danq.report.findings.claim import Claim, FailedCheck, conclude, joint_verdict, side
from danq.report.findings.pairs import Twins
from danq.report.findings.scores import Learnt
from danq.report.findings.where import Where
from danq.report.run_scores import Pair
from danq.report.words import title

NEAR = next(twin.name for twin in twins("danq") if twin.receptive_field == "local")
FAR = next(
    twin.name for twin in twins("danq") if twin.receptive_field == "window" and not twin.recurrent
)
KIND = next(twin.name for twin in twins("danq") if twin.recurrent)
ABOVE, AROUND, BELOW = (0.01, 0.03), (-0.01, 0.03), (-0.03, -0.01)
UNKNOWN = (float("nan"), float("nan"))


def pair(b, bounds, covers="windows and seeds"):
    low, high = bounds
    mean = {"difference": (low + high) / 2, "low": low, "high": high, "covers": covers}
    return Pair("danq", b, pd.DataFrame(), pd.Series(mean), pd.DataFrame())


def made_claim(local=ABOVE, reach=None, recurrent=None, covers="windows and seeds", **changes):
    compared = Twins(
        "danq",
        [pair(NEAR, local, covers)],
        [pair(FAR, reach, covers)] if reach else [],
        [pair(KIND, recurrent, covers)] if recurrent else [],
    )
    sides = [joint_verdict([side(p) for p in kind]) for kind in (compared.local, compared.reach)]
    claim = Claim(
        twins=compared,
        conclusion=conclude(*sides),
        judged=True,
        not_learnt=[],
        tuning="alike",
        n_trials=12,
        n_seeds=dict.fromkeys(compared.models, 3),
        failed=[],
    )
    return claim._replace(**changes)


@pytest.mark.parametrize(
    ("local", "reach", "expected"),
    [
        (ABOVE, ABOVE, "by 0.020 [0.010, 0.030], and than {far} by 0.020 [0.010, 0.030], which"),
        (ABOVE, AROUND, "; from {far}, which reads the whole window without recurrence, no differ"),
        (ABOVE, BELOW, ", but a lower one than {far}, which reads the whole window without recurr"),
        (ABOVE, UNKNOWN, "by 0.020 [0.010, 0.030]: by recurrence or by reach, which this run"),
        (ABOVE, None, "by 0.020 [0.010, 0.030]: by recurrence or by reach, which this run"),
        (AROUND, None, "no difference was detected between DanQ and {near}, its twin"),
        (AROUND, ABOVE, "that does not show that recurrence adds."),
        (BELOW, None, "{near}, the DanQ twin with a convolution of equal cost, has a higher mean"),
    ],
)
def test_the_verdict_follows_from_both_controls(local, reach, expected):
    text = v.verdict_sentence(made_claim(local, reach))
    assert text.startswith("With 3 training seeds each and 12 tuning trials each, ")
    assert expected.format(near=title(NEAR), far=title(FAR)) in text
    assert ("recurrence adds, not reach alone" in text) == (local == reach == ABOVE)
    assert ("reach explains the gain" in text) == (reach == BELOW)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (ABOVE, "the kind of recurrence matters"),
        (BELOW, "is higher by"),
        (AROUND, "No difference was detected from"),
    ],
)
def test_another_recurrence_follows(bounds, expected):
    text = v.verdict_sentence(made_claim(recurrent=bounds))
    assert expected in text
    assert "another recurrence" not in v.verdict_sentence(made_claim(recurrent=UNKNOWN))


@pytest.mark.parametrize(
    ("tuning", "expected"),
    [
        ("unlike", "each, after tuning that was not the same for all, DanQ"),
        (
            "one rate",
            "each, at one learning rate for all and without tuning in this run, DanQ",
        ),
        ("other rates", "each, at learning rates that were set for each and not tuned alike, DanQ"),
        ("unknown", "each, tuned nobody knows how, DanQ"),
    ],
)
def test_a_verdict_without_equal_tuning_says_so(tuning, expected):
    claim = made_claim(tuning=tuning, n_trials=0)
    assert expected in v.verdict_sentence(claim)
    assert "tune: {trials: 12}" in [gap.run for gap in v.gaps(claim)]


def test_a_single_seed_is_said_in_the_sentence_and_in_its_bracket():
    seeds = {"danq": 1, NEAR: 1}
    claim = made_claim(covers="windows", n_seeds=seeds)
    text = v.verdict_sentence(claim)
    assert text.startswith("With a single training seed each and 12")
    assert "[0.010, 0.030; test windows only]" in text
    assert text.endswith("Another seed may reverse this.")
    assert "seeds: [0, 1, 2]" in [gap.run for gap in v.gaps(claim)]
    mixed = v.verdict_sentence(claim._replace(n_seeds={"danq": 3, NEAR: 2}))
    assert mixed.startswith("With 2 to 3 training seeds") and "reverse" not in mixed


def test_with_few_seeds_a_conclusion_is_of_these_networks_only():
    for local, words in ((ABOVE, "recurrence adds"), (BELOW, "the recurrent layer does not pay")):
        many = made_claim(local, ABOVE)
        few = many._replace(n_seeds=dict.fromkeys(many.n_seeds, 2))
        assert f"in these trained networks {words}" in v.verdict_sentence(few)
        assert "in these trained networks" not in v.verdict_sentence(many)


def test_advice_is_for_the_family_of_the_run():
    compared = Twins("danq_jaspar", [], [pair(FAR, ABOVE)], [])
    claim = made_claim(twins=compared, conclusion="", n_seeds={"danq_jaspar": 3})
    assert v.gaps(claim)[0].run == "models: with danq_jaspar and danq_jaspar_conv"


def test_a_model_that_is_not_healthy_is_named_in_the_sentence():
    failed = [FailedCheck(NEAR, "silent filters", "a lower lr")]
    claim = made_claim(failed=failed)
    name = title(NEAR)
    text = v.verdict_sentence(claim)
    assert text.endswith(f"Checks of trainings that failed: {name} (silent filters).")
    assert v.gaps(claim)[-1].run == "a lower lr" and name in v.gaps(claim)[-1].what


@pytest.mark.parametrize(
    ("changes", "lacks", "run"),
    [
        ({"judged": False}, "a baseline", "baselines: [kmer]"),
        ({"not_learnt": [Learnt("danq", 1, 9, 0.1, 0.2)]}, "(not DanQ)", "more epochs"),
        ({"twins": Twins("", [], [], []), "n_seeds": {}, "conclusion": ""}, "beside its", "models"),
    ],
)
def test_no_word_on_recurrence_before_it_is_earned(changes, lacks, run):
    claim = made_claim(reach=ABOVE, **changes)
    text = v.verdict_sentence(claim)
    assert text == "This run cannot say what the recurrent layer adds."
    first = v.gaps(claim)[0]
    assert lacks in first.what and run in first.run


def test_a_difference_without_an_interval_is_no_verdict():
    claim = made_claim(local=UNKNOWN, reach=ABOVE)
    assert v.verdict_sentence(claim) == "This run cannot say what the recurrent layer adds."
    assert v.gaps(claim)[0].what.startswith("an interval of the difference between DanQ and ")
    unknown_reach = made_claim(reach=UNKNOWN)
    assert title(FAR) in v.gaps(unknown_reach)[0].what


def test_what_is_missing_is_one_sentence_and_nothing_where_nothing_is():
    assert v.gaps_sentence(made_claim(reach=ABOVE)) == ""
    text = v.gaps_sentence(made_claim(tuning="unlike"))
    assert text.startswith(
        "Missing: a twin that reads the whole window without recurrence (models: with " + FAR
    )
    assert text.endswith("for every network (tune: {trials: 12}).")


def where(**changes):
    groups = pd.DataFrame(columns=["difference", "low", "high"])
    targets = pd.DataFrame(columns=["difference", "label"])
    return Where(groups, targets, pd.DataFrame(columns=["a", "b"]))._replace(**changes)


def test_where_models_differ_is_told_by_group_target_and_rule():
    compared = pair("danq_conv", AROUND)
    assert v.where_sentence(compared, where()).endswith(
        ": in no group and on no target significantly."
    )
    assert v.where_sentence(pair("danq_conv", UNKNOWN), where()) == ""
    groups = pd.DataFrame({"difference": [0.1], "low": [0.05], "high": [0.15]}, index=["order"])
    targets = pd.DataFrame({"difference": [-0.2, 0.1], "label": ["SRF", "TFE3"]})
    rules = pd.DataFrame({"a": [0.9], "b": [0.6]}, index=["helix"])
    text = v.where_sentence(compared, where(groups=groups, targets=targets, rules=rules))
    assert text == (
        "Where DanQ and DanQ-conv differ: by group (each at 95 % by itself), order +0.100 [0.050, "
        "0.150]; higher on TFE3; lower on SRF; AUROC against decoys, which break the rule (no "
        "interval), helix 0.900 and 0.600."
    )


def test_what_intervals_cover_is_said_with_what_none_does():
    several, single = pair(NEAR, ABOVE), pair(FAR, ABOVE, "windows")
    assert "over test windows and training seeds" in v.interval_sentence([several])
    assert "that say so" in v.interval_sentence([several, single])
    only = v.interval_sentence([single])
    assert "over test windows only, for these trained networks" in only
    for pairs in ([several], [single]):
        assert v.interval_sentence(pairs).endswith(v.CHROMOSOMES)
    assert v.interval_sentence([]) == v.interval_sentence([pair(NEAR, UNKNOWN, "NA")]) == ""
