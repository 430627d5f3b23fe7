"""What scores say, by hand-made numbers."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from danq import read_run
from danq.report.findings import scores as s
from tests.report.toy_run import write_run


def test_best_network_and_better_baseline_are_marked(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    values = pd.Series({"deepsea": 0.2, "danq": 0.3, "danq_conv": 0.1, "kmer": 0.4, "scan": np.nan})
    assert [s.standing(values, model, run) for model in values.index] == [
        "",
        "best",
        "",
        "beats",
        "na",
    ]


def test_losses_are_counted_on_targets_that_both_have():
    scores = pd.DataFrame({"danq": [0.3, 0.2, np.nan], "mlp": np.nan, "scan": [0.2, 0.4, 0.1]})
    (loss,) = s.losses(scores, ["danq", "mlp"], "scan")
    assert loss.network == "danq" and loss.targets.tolist() == [1] and loss.n_compared == 2
    assert (loss.network_mean, loss.baseline_mean) == pytest.approx((0.25, 0.3))


def test_a_network_has_learnt_when_it_beats_the_strongest_baseline_on_two_thirds(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    rows = [
        ("danq", 0, [0.3, 0.3, 0.1, 0.9]),
        ("danq", 1, [0.5, 0.5, 0.1, 0.9]),  # means 0.4, 0.4, 0.1, 0.9
        ("mlp", 0, [0.4, 0.35, 0.1, np.nan]),
        ("kmer", np.nan, [0.35, 0.1, 0.2, np.nan]),
        ("scan", np.nan, [np.nan, 0.35, np.nan, np.nan]),  # the strongest: 0.35, 0.35, 0.2, none
        ("oracle_rule", np.nan, [1.0, 1.0, 1.0, 1.0]),
    ]
    metrics = [
        {"model": model, "seed": seed, "target": target, "auprc": value}
        for model, seed, values in rows
        for target, value in enumerate(values)
    ]
    run = dataclasses.replace(
        run,
        metrics=pd.DataFrame(metrics),
        targets=run.targets[:4],
        networks=["danq", "mlp"],
        oracles=["oracle_rule"],
    )
    danq, mlp = s.learnt(run)
    assert (danq.network, danq.n_higher, danq.n_compared) == ("danq", 2, 3) and danq.has_learnt
    assert (danq.network_mean, danq.baseline_mean) == pytest.approx((0.3, 0.3))
    assert (mlp.n_higher, mlp.n_compared, mlp.has_learnt) == (1, 3, False)  # equal is not higher
    assert s.learnt(dataclasses.replace(run, baselines=[])) == []


def test_undefined_targets_by_reason():
    targets = pd.DataFrame({"n": 10, "n_positive": [0, 10, 3, 4], "label": list("ABCD")})
    undefined = s.undefined_targets(targets, pd.DataFrame({"danq": [np.nan] * 3 + [0.5]}))
    assert undefined.labels.tolist() == ["A", "B", "C"]
    assert undefined[1:] == (1, 1, 1)


def test_means_of_a_run(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    means = s.model_means(run).set_index("model")
    assert means.loc["danq", "seeds"] == 2 and means.loc["kmer", "seeds"] == 0
    assert means.loc["danq", "low"] < means.loc["danq", "auprc"] < means.loc["danq", "high"]
    (shared,) = s.shared_means(run)
    assert shared.baseline == "scan" and shared.n_targets == 11
    expected = run.scores("auprc")["danq"][:11].mean()
    assert shared.means["danq"] == pytest.approx(expected)
    assert s.ranked_networks(run).index[0] == "danq"
    groups = s.group_means(run, "auprc")
    assert groups.sizes["cofactor"] == 2 and groups.defined.loc["cofactor", "danq"] == 1
