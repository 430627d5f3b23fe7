"""Findings in words, by hand-made numbers."""

import numpy as np
import pandas as pd
import pytest

from danq.report import sentences
from danq.report.findings.scores import Learnt
from danq.report.run_scores import Pair
from danq.report.run_trainings import Trained


def pair(differences, low, high, a="danq", b="danq_conv", q=np.nan, **mean):
    rows = pd.DataFrame({"difference": differences, "q": q})
    mean = {"difference": rows["difference"].mean(), "low": low, "high": high, **mean}
    return Pair(a, b, rows, pd.Series(mean), pd.DataFrame())


@pytest.mark.parametrize(
    ("differences", "low", "high", "expected"),
    [
        (
            [0.03, 0.02, -0.01, np.nan],
            0.002,
            0.021,
            "DanQ has a higher AUPRC than DanQ-conv on 2 of 3 targets; mean difference +0.013 "
            "[0.002, 0.021], an interval "
            "above 0.",
        ),
        (
            [-0.03, -0.02],
            -0.04,
            -0.01,
            "DanQ has a higher AUPRC than DanQ-conv on 0 of 2 targets; mean difference −0.025 "
            "[−0.040, −0.010], an interval "
            "below 0.",
        ),
        (
            [0.05],
            -0.01,
            0.11,
            "DanQ has a higher AUPRC than DanQ-conv on 1 of 1 target; mean difference +0.050 "
            "[−0.010, 0.110]: the interval "
            "contains 0, so no difference was detected.",
        ),
        (
            [0.05],
            np.nan,
            np.nan,
            "DanQ has a higher AUPRC than DanQ-conv on 1 of 1 target; mean difference +0.050, for "
            "which no interval could be "
            "computed.",
        ),
        (
            [np.nan],
            np.nan,
            np.nan,
            "DanQ and DanQ-conv cannot be compared: no target has a defined AUPRC.",
        ),
    ],
)
def test_pair_sentence(differences, low, high, expected):
    assert sentences.pair_sentence(pair(differences, low, high)) == expected


def test_a_bracket_says_that_it_covers_test_windows_only():
    windows = pair([0.02], 0.01, 0.03, covers="windows")
    assert "[0.010, 0.030; test windows only], an interval" in sentences.pair_sentence(windows)


@pytest.mark.parametrize(
    ("low", "high", "p", "expected"),
    [
        (-0.01, 0.05, 0.001, "the interval does not: the interval leads. All targets share"),
        (0.01, 0.05, 0.3, "finds nothing: the interval leads. It is of the mean"),
        (-0.01, 0.05, 0.3, ""),
        (0.01, 0.05, 0.001, ""),
        (np.nan, np.nan, 0.001, ""),
        (0.01, 0.05, np.nan, ""),
    ],
)
def test_the_interval_leads_where_wilcoxons_test_disagrees(low, high, p, expected):
    text = sentences.disagreement_sentence(pair([0.02], low, high, wilcoxon_p=p))
    assert expected in text
    assert bool(text) == bool(expected)
    assert ("share the same windows, genome and seeds" in text) == bool(expected)


def test_sure_sentence_counts_targets_below_the_false_discovery_rate():
    sentence = sentences.sure_sentence(
        pair(
            [0.1, 0.2, -0.3, -0.1, np.nan],
            0,
            0,
            q=[0.04, 0.06, 0.001, 0.9, np.nan],
            wilcoxon_p=0.0123,
        )
    )
    assert sentence == (
        "Target by target, at a false discovery rate of 5 %, it is higher on 1 and lower on 1; "
        "Wilcoxon's "
        "signed-rank test over targets: p = 0.012."
    )
    assert sentences.sure_sentence(pair([0.1], 0, 0, wilcoxon_p=np.nan)) == ""
    assert sentences.sure_sentence(pair([0.1], 0, 0, q=0.01, wilcoxon_p=np.nan)).endswith(
        "higher on 1 and lower on 0."
    )


@pytest.mark.parametrize(
    ("windows", "seeds", "expected"),
    [
        (
            0.01,
            0.02,
            "from the training seed (standard error 0.020 from seeds, 0.010 from test windows)",
        ),
        (0.02, 0.01, "comes from the choice of test windows (standard error 0.010 from seeds"),
        (0.01, 0.014, "Training seeds and test windows add about equally to the uncertainty"),
    ],
)
def test_spread_sentence_says_which_dominates(windows, seeds, expected):
    assert expected in sentences.spread_sentence(
        pair([0.1], 0, 0, sampling_sd=windows, seed_sd=seeds)
    )


def test_spread_sentence_needs_both():
    assert sentences.spread_sentence(pair([0.1], 0, 0, sampling_sd=0.1, seed_sd=np.nan)) == ""


def test_seed_sentence():
    rows = [
        (model, seed, 0, area)
        for model, areas in {"danq": [0.3, 0.2], "danq_conv": [0.2, 0.25]}.items()
        for seed, area in enumerate(areas)
    ]
    metrics = pd.DataFrame(rows, columns=["model", "seed", "target", "auprc"])
    assert sentences.seed_sentence(pair([0.0], 0, 0), metrics) == (
        "Seed by seed, DanQ − DanQ-conv is +0.100, −0.050: the sign differs between seeds."
    )
    assert sentences.seed_sentence(pair([0.0], 0, 0), metrics[metrics["seed"] == 0]) == ""
    assert sentences.seed_sentence(pair([0.0], 0, 0, a="deepsea"), metrics) == ""


def test_loss_sentences_name_the_targets_and_skip_undefined_ones():
    scores = pd.DataFrame(
        {"danq": [0.3, 0.2, np.nan], "deepsea": [0.1, 0.2, 0.3], "scan": [0.2, np.nan, 0.1]}
    )
    assert sentences.loss_sentences(
        scores, pd.Series(["A", "B", "C"]), ["danq", "deepsea"], ["scan"]
    ) == [
        "DeepSEA is below the motif scan baseline on 1 of 2 targets (A); mean AUPRC on the 2: "
        "0.200 against 0.150.",
        "Never below the motif scan baseline on any target: DanQ.",
    ]


def test_the_networks_that_did_not_learn_are_named_with_their_numbers():
    danq = Learnt("danq", 10, 15, 0.3, 0.2)
    twin = Learnt("danq_conv", 9, 15, 0.21, 0.25)
    assert sentences.learnt_sentence([danq, twin]) == (
        "Not learnt, which would be to beat the strongest baseline on at least two thirds of the "
        "targets: DanQ-conv on 9 of 15 (mean AUPRC 0.210 against 0.250)."
    )
    assert sentences.learnt_sentence([danq, danq._replace(network="mlp", n_higher=15)]) == (
        "Every network beats the strongest baseline on at least two thirds of the targets: DanQ on "
        "10 of 15, MLP on 15 of 15."
    )
    assert "shares a target with a baseline" in sentences.learnt_sentence([])


def test_na_sentence():
    targets = pd.DataFrame({"n": 10, "n_positive": [0, 0, 10, 3, 4], "label": list("ABCDE")})
    scores = pd.DataFrame({"danq": [np.nan, np.nan, np.nan, 0.5, 0.2]})
    assert sentences.na_sentence(targets, scores) == (
        "NA: 2 of 5 targets have no positive window in the test split and 1 of 5 targets has no "
        "negative window in "
        "the test split (A, B, C); undefined values are left out of every mean and count."
    )
    assert sentences.na_sentence(targets[3:], scores[3:]) == ""


def test_single_seed_sentence_names_each_model_once():
    trained = [
        Trained(model, seed, *[None] * 5)
        for model, seed in [("danq", 0), ("deepsea", 0), ("danq", 1)]
    ]
    assert sentences.single_seed_sentence(trained).startswith(
        "Trained with a single seed: DeepSEA. "
    )
    assert sentences.single_seed_sentence(trained[::2]) == ""


def test_tally():
    assert (
        sentences.tally(pair([0.1, 0.0, -0.2, np.nan], 0, 0))
        == "higher on 1, lower on 1, equal on 1 of 3 targets"
    )
