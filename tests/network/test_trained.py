import numpy as np
import pandas as pd
import pytest
import torch

import danq
from danq.data.dataset import open_dataset
from danq.data.predictions import read_predictions
from danq.errors import DanqError
from danq.genome.sequence import decode
from danq.network.checkpoint import write_checkpoint
from danq.network.models import build
from danq.network.predict_dataset import predict_dataset
from danq.network.strands import strand_probabilities
from danq.network.trained import load
from tests.conftest import WINDOW, refuse

TARGETS = ["Factor A", "<b>B</b>"]
OPTIONS = {
    "model": "danq",
    "scale": 0.05,
    "dropout": 1.0,
    "head": "dense",
    "gates": "sigmoid",
    "stem": "relu",
    "filter_width": None,
    "filter_scale": 1.0,
    "recipe": "auto",
}
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")


@pytest.fixture
def checkpoint(toy_dataset, tmp_path):
    """Give a function that writes an untrained model of the toy dataset; it returns the path."""

    def write(**changes):
        options = OPTIONS | changes
        with open_dataset(toy_dataset) as data:
            data_facts = data.facts()
        torch.manual_seed(0)
        network = build(options["model"], WINDOW, 2, scale=options["scale"], head=options["head"])
        facts = {"model": options["model"], "seed": 4, "options": options}
        write_checkpoint(tmp_path / "model.ckpt", network.state_dict(), facts, data_facts)
        return tmp_path / "model.ckpt"

    return write


def random_texts(n, length=WINDOW, seed=0):
    indices = np.random.default_rng(seed).integers(0, 4, (n, length)).astype(np.uint8)
    return [decode(row) for row in indices]


def one_hot_of(texts):
    channels = [
        [[float(character == base) for character in text] for base in "ACGT"] for text in texts
    ]
    return np.array(channels, dtype=np.float32)


def test_a_trained_model_knows_its_training(checkpoint, toy_dataset):
    model = load(checkpoint(), device="cpu")
    with open_dataset(toy_dataset) as data:
        assert model.data_facts == data.facts()
    assert model.facts == {"model": "danq", "seed": 4, "options": OPTIONS}
    assert (model.targets, model.window, model.device) == (TARGETS, WINDOW, torch.device("cpu"))
    assert not model.network.training
    assert {weight.dtype for weight in model.network.parameters()} == {torch.float32}


def test_threads_are_set_where_they_are_given(checkpoint):
    before = torch.get_num_threads()
    try:
        load(checkpoint(), device="cpu")
        assert torch.get_num_threads() == before
        load(checkpoint(), device="cpu", threads=before + 1)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2"])
def test_what_is_no_number_of_threads_is_refused(checkpoint, threads):
    message = f"threads is {threads!r}; give a whole number of at least 1"
    refuse(message, load, checkpoint(), device="cpu", threads=threads)


@pytest.mark.parametrize("path", [None, 3, b"model.ckpt"])
def test_what_is_no_path_is_refused(path):
    refuse(f"{path!r} is not a path; give the model.ckpt of a training", load, path)


def test_a_trained_model_shows_what_it_is(checkpoint):
    model = load(checkpoint(), device=torch.device("cpu"))
    assert repr(model) == "<TrainedModel danq seed 4: 400 bp to 2 targets, on cpu>"


def test_danq_load_is_the_same(checkpoint):
    texts = random_texts(2)
    path = checkpoint()
    expected = load(path, device="cpu").predict(texts)
    pd.testing.assert_frame_equal(danq.load(path, device="cpu").predict(texts), expected)


def test_a_trained_model_has_layers_to_read_motifs_from(checkpoint):
    model = load(checkpoint(), device="cpu")
    [layer] = model.motif_layers()
    assert layer.n_filters == model.network.stem.conv.out_channels
    assert load(checkpoint(model="mlp"), device="cpu").motif_layers() == []


@pytest.mark.parametrize("method", ["predict", "logits"])
def test_text_list_array_and_tensor_give_the_same_numbers(checkpoint, method):
    function = getattr(load(checkpoint(), device="cpu"), method)
    texts = random_texts(3)
    expected = function(texts)
    assert expected.shape == (3, 2) and expected.columns.tolist() == TARGETS
    array = one_hot_of(texts)
    lower_case = [text.lower() for text in texts]
    as_text = [tuple(texts), lower_case, np.array(texts), pd.Series(texts), iter(texts)]
    reversed_twice = array[:, :, ::-1].copy()[:, :, ::-1]
    as_numbers = [array, array.astype(np.uint8), array.astype(">f4"), reversed_twice]
    for sequences in [*as_text, *as_numbers, torch.from_numpy(array)]:
        pd.testing.assert_frame_equal(function(sequences), expected)
    alone = pd.concat([function(text) for text in texts], ignore_index=True)
    pd.testing.assert_frame_equal(alone, expected, rtol=1e-5)


@pytest.mark.parametrize("model", ["danq", "deepsea", "danq_conv"])
def test_a_sequence_and_its_reverse_complement_give_the_same_predictions(checkpoint, model):
    trained = load(checkpoint(model=model), device="cpu")
    texts = random_texts(4)
    reverse = [text.translate(COMPLEMENT)[::-1] for text in texts]
    expected = trained.predict(texts)
    pd.testing.assert_frame_equal(trained.predict(reverse), expected, rtol=1e-6)
    pd.testing.assert_frame_equal(trained.logits(reverse), trained.logits(texts), rtol=1e-6)
    strands = trained.strand_logits(torch.from_numpy(one_hot_of(texts)))
    assert not torch.allclose(strands[0], strands[1], atol=1e-6)


def test_predictions_are_mean_probabilities_and_logits_their_log_odds(checkpoint):
    model, texts = load(checkpoint(), device="cpu"), random_texts(3)
    X = torch.from_numpy(one_hot_of(texts))
    expected = strand_probabilities(model.network, X).mean(dim=0)
    probabilities, logits = model.predict(texts), model.logits(texts)
    assert (probabilities.to_numpy() == expected.numpy()).all()
    odds = probabilities.to_numpy() / (1 - probabilities.to_numpy())
    assert np.allclose(logits, np.log(odds), atol=1e-5)
    assert set(probabilities.dtypes) == {np.dtype("float32")}
    assert set(logits.dtypes) == {np.dtype("float64")}


def test_logits_do_not_saturate(checkpoint):
    model = load(checkpoint(), device="cpu")
    with torch.no_grad():
        model.network.head.out.bias += torch.tensor([100.0, -200.0])
    (row,) = model.logits(random_texts(1)).to_numpy()
    assert row == pytest.approx([100, -200], abs=1)


def test_an_unknown_base_is_four_zeros(checkpoint):
    model, (text,) = load(checkpoint(), device="cpu"), random_texts(1)
    X = one_hot_of([text])
    X[:, :, 100:103] = 0
    unknown = text[:100] + "Nnn" + text[103:]
    pd.testing.assert_frame_equal(model.predict(unknown), model.predict(X))


def test_windows_of_a_dataset_get_what_danq_predict_writes(checkpoint, toy_dataset, tmp_path):
    path = checkpoint()
    predict_dataset([path], toy_dataset, tmp_path / "p.h5", split="test", device="cpu", threads=1)
    with open_dataset(toy_dataset) as data:
        texts = [decode(row) for row in data.base_indices("test")]
    assert any("N" not in text for text in texts)
    predicted = load(path, device="cpu", threads=1).predict(texts)
    assert (predicted.to_numpy() == read_predictions(tmp_path / "p.h5").scores).all()


def test_more_sequences_than_a_batch_are_predicted_in_parts(checkpoint, monkeypatch):
    model, texts = load(checkpoint(), device="cpu"), random_texts(7)
    expected = model.predict(texts)
    monkeypatch.setattr("danq.network.trained.BATCH", 3)
    pd.testing.assert_frame_equal(model.predict(texts), expected, rtol=1e-5)


FORMS = "give text, a list of texts, or one one-hot array (N, 4, L)"
SECOND_SHORT = [["A" * WINDOW, "A" * (WINDOW - 2)], "sequence 2 has 398 bp; this model reads 400"]


@pytest.mark.parametrize(
    ("sequences", "message"),
    [
        SECOND_SHORT,
        ["A" * 1234, "sequence 1 has 1,234 bp; this model reads 400"],
        [np.zeros((2, 4, 10)), "sequence 1 has 10 bp; this model reads 400"],
        ["", "sequence 1 has 0 bp; this model reads 400"],
        [[], "there is no sequence to predict; give one or more"],
        [
            ["A" * WINDOW, "A" * 399 + "-"],
            "sequence 2 holds '-'; give A, C, G, T, and N for an unknown base",
        ],
        [
            "A" * 399 + "\n",
            "sequence 1 holds '\\n'; give A, C, G, T, and N for an unknown base",
        ],
        [
            "é" * WINDOW,
            "sequence 1 holds 'é'; give A, C, G, T, and N for an unknown base",
        ],
        [
            "A" * WINDOW + "\n",
            "sequence 1 holds '\\n'; give A, C, G, T, and N for an unknown base",
        ],
        [
            np.full((1, 4, WINDOW), np.nan),
            "an array with values outside 0 to 1 is not one-hot DNA; give 1 for the base, and 0 "
            "for the three others",
        ],
        [
            np.zeros((1, 4, WINDOW), complex),
            "an array of complex numbers is not one-hot DNA; give real ones, 0 to 1",
        ],
        [b"A" * WINDOW, f"sequences of type bytes cannot be predicted; {FORMS}"],
        [None, f"sequences of type NoneType cannot be predicted; {FORMS}"],
        [{1, 2}, f"sequences of type set cannot be predicted; {FORMS}"],
        [["A" * WINDOW, b"A" * WINDOW], f"sequence 2 is of type bytes; {FORMS}"],
        [[np.zeros((4, WINDOW))], f"sequence 1 is of type ndarray; {FORMS}"],
        [
            np.zeros((2, WINDOW, 4)),
            "an array of shape (2, 400, 4) is not one-hot DNA; give sequences, 4 channels (A, C, "
            "G, T), bases",
        ],
        [
            torch.zeros(4, WINDOW),
            "an array of shape (4, 400) is not one-hot DNA; give sequences, 4 channels (A, C, G, "
            "T), bases",
        ],
    ],
)
def test_what_is_no_sequence_of_the_model_is_refused_in_one_line(checkpoint, sequences, message):
    model = load(checkpoint(), device="cpu")
    refuse(message, model.predict, sequences)
    refuse(message, model.logits, sequences)


def test_a_pooling_head_reads_any_one_length(checkpoint):
    model = load(checkpoint(head="pool"), device="cpu")
    for length in (300, 800):
        assert model.predict(random_texts(2, length)).shape == (2, 2)
    mixed = random_texts(1, 300) + random_texts(1, 310)
    refuse("sequence 2 has 310 bp; the first has 300", model.predict, mixed)
    refuse(
        "windows of 20 bp do not fit this model; use those that it was trained on",
        model.predict,
        "A" * 20,
    )


def test_the_data_of_the_training_are_accepted(checkpoint, toy_dataset):
    with open_dataset(toy_dataset) as data:
        load(checkpoint(), device="cpu").refuse_other_data(data)


@pytest.mark.parametrize("head", ["dense", "pool"])
def test_other_data_are_refused(checkpoint, head, toy, run_extract, tmp_path):
    model = load(checkpoint(head=head), device="cpu")
    other = run_extract(toy, tmp_path / "other", valid=["chr3"], test=["chr2"]) / "dataset.h5"
    with open_dataset(other) as data, pytest.raises(DanqError) as caught:
        model.refuse_other_data(data)
    what = "training windows: not what the model was trained on"
    assert str(caught.value) == f"{other}: {what}; use the dataset of that training"


def test_windows_of_another_length_are_for_heads_that_pool(checkpoint, toy, run_extract, tmp_path):
    longer = run_extract(toy, tmp_path / "longer", window=600) / "dataset.h5"
    with open_dataset(longer) as data:
        load(checkpoint(head="pool"), device="cpu").refuse_other_data(data)
        with pytest.raises(DanqError, match="window: not what the model was trained on"):
            load(checkpoint(), device="cpu").refuse_other_data(data)
