import pytest

from danq.config import Extract
from danq.data.automatic import ENOUGH, MOST, fill_in, training_bases

SPLITS = {"valid": ["b"], "test": ["c:0-100"]}
LENGTHS = {"a": 1_000, "b": 300, "c": 250}


def bases(**changes):
    settings = Extract(**SPLITS | changes)
    return training_bases(settings, LENGTHS, [("b", 0, 300)], [("c", 0, 100)])


def test_bases_for_training_are_those_of_no_other_split():
    assert bases() == 1_000 + 300 + 250 - 300 - 100
    assert bases(chromosomes=["a", "b"]) == 1_000
    assert bases(chromosomes=["b"]) == 0


@pytest.mark.parametrize("bin_size", [200, 128, 50, 7, 1])
@pytest.mark.parametrize("genome", [1_000, 6_000_000, 12_345_678, 150_000_000, 3_000_000_000])
def test_the_stride_is_the_smallest_that_a_slow_search_allows(bin_size, genome):
    settings = fill_in(Extract(bin_size=bin_size, window=bin_size + 100, **SPLITS), genome).settings
    allowed = [
        stride
        for stride in range(1, bin_size + 1)
        if bin_size % stride == 0 and bin_size / stride <= 10 and genome // stride <= ENOUGH
    ]
    assert settings.stride == min(allowed, default=bin_size)


def test_a_large_genome_is_sampled_and_a_smaller_one_is_not():
    settings = Extract(**SPLITS)
    assert fill_in(settings, MOST * 200).settings.train_bins == "all"
    assert fill_in(settings, MOST * 200 + 200).settings.train_bins == "sampled"


def test_what_the_configuration_gives_stays_and_is_not_called_a_choice():
    given = Extract(stride=40, train_bins="labelled", **SPLITS)
    assert fill_in(given, 3_000_000_000) == (given, {})
    filled = fill_in(Extract(stride=40, **SPLITS), 1_000_000)
    assert list(filled.choices) == ["train_bins"]


def test_choices_and_their_reasons_are_kept_in_the_dataset(toy, run_extract, tmp_path):
    from danq.data.dataset import open_dataset

    run_extract(toy, tmp_path, stride=None)
    with open_dataset(tmp_path / "dataset.h5") as data:
        chosen = data.source["chosen"]
    # By hand: 20,050 bp of chr1 are for training, in bins of 200 bp; a tenth of a bin is the least.
    reason = "for 20,050 bp of training sequence: 1,002 windows"
    assert chosen["stride"] == {"value": 20, "reason": reason}
    assert chosen["train_bins"]["value"] == "all"
