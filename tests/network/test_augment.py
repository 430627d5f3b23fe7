import numpy as np
import pytest
import torch

from danq.data.dataset import open_dataset
from danq.genome.sequence import decode, encode, one_hot, reverse_complement
from danq.network import batches
from danq.network.augment import augment, shift_line
from danq.network.batches import Loader
from tests.conftest import write_bed, write_fasta

CPU = torch.device("cpu")
LENGTHS = {"chr1": 9_003, "chr2": 3_000, "chr3": 3_000}
HELD_OUT = [(4_003, 5_501)]
REGIONS = {"valid": ["chr1:4003-5501", "chr2"], "test": ["chr3"]}


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    """Return the folder of a random genome with a few N, and its bases by chromosome."""
    rng = np.random.default_rng(3)
    folder = tmp_path_factory.mktemp("genome")
    bases = {}
    for name, length in LENGTHS.items():
        bases[name] = "".join(rng.choice(list("ACGTN"), length, p=[0.245] * 4 + [0.02]))
    write_fasta(folder / "genome.fa", bases)
    peaks = [(name, start, start + 300) for name in LENGTHS for start in range(500, 2_900, 700)]
    write_bed(folder / "a.bed", peaks)
    (folder / "targets.tsv").write_text("name\tfile\na\ta.bed\n")
    return folder, bases


def reference(bases, start, window, move, reverse, reach):
    """Cut a shifted window out of a chromosome; N where nothing may be known.

    `move`: how far it begins behind `start`, along the strand that is shown.
    """
    begin = start - move if reverse else start + move
    text = ""
    for place in range(begin, begin + window):
        in_reach = start - reach <= place < start + window + reach
        hidden = any(first <= place < last for first, last in HELD_OUT)
        known = in_reach and 0 <= place < len(bases) and not hidden
        text += bases[place] if known else "N"
    indices = encode(text)
    return reverse_complement(indices) if reverse else indices


@pytest.mark.parametrize(
    ("shift", "margin", "window", "memory"),
    [
        (10, 16, 400, 1e9),
        (10, 16, 406, 30_000),
        (16, 16, 406, 1e9),
        (21, 8, 400, 1e9),
        (9, 0, 406, 1e9),
        (0, 16, 400, 1e9),
    ],
)
def test_a_shifted_window_is_the_genome_at_the_shifted_place(
    genome, run_extract, tmp_path, monkeypatch, shift, margin, window, memory
):
    monkeypatch.setattr(batches, "BLOCK", 32)
    folder, bases = genome
    settings = {"window": window, "stride": 20, "max_n": 1.0, "margin": margin}
    run_extract(folder, tmp_path, **settings, **REGIONS)
    with open_dataset(tmp_path / "dataset.h5") as data:
        loader = Loader(data, CPU, memory, shift=shift)
        schedule = loader.schedule(1, 0)
        X = loader.batch(schedule, 0, len(schedule)).X
        starts = data.positions("train").start
        labels = data.labels("train")[schedule.rows.numpy()]
        assert (loader.batch(schedule, 0, len(schedule)).y.numpy() == labels).all()
    assert (len(schedule.groups) > 1) == (memory < 1e9)
    assert X.dtype == torch.float32 and X.shape == (len(starts), 4, window)
    moves = (schedule.shifts - shift).tolist()
    shown = zip(
        schedule.rows.tolist(),
        moves,
        schedule.reverse_complemented.tolist(),
        X.numpy(),
        strict=True,
    )
    for row, move, reverse, image in shown:
        expected = reference(bases["chr1"], int(starts[row]), window, move, reverse, margin)
        assert (image == one_hot(expected).T).all(), decode(expected)
    assert min(moves) == -shift and max(moves) == shift


def test_margins_count_in_the_memory_of_a_group(genome, run_extract, tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "BLOCK", 16)
    run_extract(genome[0], tmp_path, margin=96, stride=20, max_n=1.0, **REGIONS)
    memory = 20_000
    held = []
    with open_dataset(tmp_path / "dataset.h5") as data:
        for shift in (0, 10):
            loader = Loader(data, CPU, memory, shift=shift)
            schedule = loader.schedule(1, 0)
            loader.batch(schedule, 0, 5)
            [group] = loader.in_memory.values()
            parts = [group.sequences, group.labels]
            if shift:
                parts.append(group.margins)
            else:
                assert group.margins is None  # nothing is read that is not shown
            held.append(sum(part.nbytes for part in parts))
            loader.reader.shutdown()
    assert 2 * max(held) <= memory
    assert 2 * min(held) > memory / 2


def test_without_flanks_only_strands_change():
    X = torch.from_numpy(one_hot(encode("ACGGTNA")).T[None].copy())
    for reverse in (False, True):
        shown = augment(X, torch.tensor([reverse]), torch.tensor([0]), 7)
        expected = "TNACCGT" if reverse else "ACGGTNA"
        assert (shown[0].numpy() == one_hot(encode(expected)).T).all()


@pytest.mark.parametrize(
    ("shift", "margin", "what"),
    [(0, 0, None), (10, 16, None), (16, 16, None), (10, 0, "no margins"), (20, 16, "of 16 bp")],
)
def test_unknown_bases_are_announced(shift, margin, what):
    line = shift_line(shift, margin)
    assert (line is None) if what is None else (f"shift {shift}:" in line and what in line)
