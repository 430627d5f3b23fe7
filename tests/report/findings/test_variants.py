"""What variants say of the recurrent layer."""

import json

import pytest

from danq.report.findings.variants import (
    agreements,
    by_model,
    by_target,
    differences,
    variant_answer,
    variant_results,
)
from danq.report.run_variants import read_variant_sets
from tests.report.variants_toy import write_variants

MODELS = ["deepsea", "danq", "danq_conv"]


def sets(folder, **options):
    write_variants(folder, ("danq", "danq_conv", "deepsea"), **options)
    return read_variant_sets(folder, MODELS)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    (one,) = sets(tmp_path_factory.mktemp("run"))
    return one


def test_the_recurrent_model_is_compared_with_its_twin(found):
    answer = variant_answer(found)
    (local,) = answer.local
    assert (local.a, local.b) == ("danq", "danq_conv") and answer.reach == []
    assert answer.conclusion == "open" and answer.metric == "auroc" and local.low > 0
    assert local.difference == pytest.approx(local.value_a - local.value_b)


def test_a_worse_recurrent_model_is_said_to_be_so(tmp_path):
    (worse,) = sets(tmp_path, noise=(2.0, 0.3))
    assert variant_answer(worse).conclusion == "less"


def test_without_labels_there_is_no_answer(found):
    unlabelled = found._replace(metrics=None, comparison=None)
    assert variant_answer(unlabelled) is None and variant_results([unlabelled]) == []
    for make in (by_target, by_model, differences):
        assert make(unlabelled).empty
    assert agreements(found._replace(agreement=None)).empty


def test_tables(found):
    targets = by_target(found)
    assert targets["name"].tolist() == ["CTCF", "SRF", "mean"]
    assert (targets["oracle_rule"] == 1).all()
    assert (targets["danq_low"] < targets["danq"]).all()
    assert set(by_model(found)["model"]) == {*MODELS, "oracle_rule", "oracle_parts"}
    assert len(differences(found)) == 3 * 4
    agree = agreements(found)
    assert len(agree) == 3 + 3
    seeds = agree[agree["a"] == agree["b"]]
    assert (seeds["n_pairs"] == 3).all() and (seeds["low"] <= seeds["spearman"]).all()


def test_results_are_plain(found):
    (result,) = variant_results([found])
    assert json.loads(json.dumps(result, allow_nan=False))["local"][0]["a"] == "danq"
