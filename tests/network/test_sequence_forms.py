"""Text, one-hot, texts by name and files are told apart, and DNA from what is none."""

import numpy as np
import pytest
import torch

from danq.genome.sequence import encode
from danq.network.sequence_forms import as_texts, encode_by_name, is_file, one_hot_of
from tests.conftest import refuse


def test_a_file_is_told_from_dna(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("x.fa", "ACGT"):
        (tmp_path / name).write_text(">a\nACGT\n")
    assert is_file("x.fa") and is_file(tmp_path / "x.fa") and is_file(tmp_path / "not there")
    assert not is_file("ACGT")  # text of bases is DNA, whatever else is called so
    assert not is_file("not there.fa") and not is_file(["x.fa"]) and not is_file(3)


def test_texts_by_name_are_encoded_in_their_order():
    found = encode_by_name({"b": "ACGTN", 2: "acgt"})
    assert list(found) == ["b", "2"]
    assert found["b"].tolist() == encode("ACGTN").tolist()


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        ({}, "there is no sequence to predict; give one or more"),
        ({"a": ""}, "sequence 'a' is not text of bases; give DNA"),
        ({"a": 3}, "sequence 'a' is not text of bases; give DNA"),
        (
            {"a": "ACGT", "b": "AC-T"},
            "sequence 'b' holds '-'; give A, C, G, T, and N for an unknown base",
        ),
    ],
)
def test_what_is_no_dna_is_refused_by_name(sequences, message):
    refuse(message, encode_by_name, sequences)


def test_text_and_one_hot_are_the_same_and_their_lengths_are_asked_about():
    asked = []
    texts = ["ACGTN", "TTTTT"]
    X = one_hot_of(texts, asked.append)
    assert X.shape == (2, 4, 5) and X.dtype == torch.float32
    assert X[0].sum(dim=0).tolist() == [1, 1, 1, 1, 0]
    assert X[0].argmax(dim=0).tolist()[:4] == [0, 1, 2, 3]
    for form in (X, X.numpy(), X.numpy().astype(np.int8)):
        assert torch.equal(one_hot_of(form, asked.append), X)
    assert asked == [[5, 5]] * 4
    assert as_texts("ACGT") == ["ACGT"] and as_texts(iter(texts)) == texts
