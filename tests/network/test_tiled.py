"""Sequences of any length: each row is the mean over windows that are cut by hand."""

import numpy as np
import pytest

from danq.data.stretches import sequences_of_records, sequences_of_texts
from danq.genome.sequence import encode
from danq.genome.tiles import Stretch, make_tiling
from danq.network.tiled import cover_stretches, pieces, predict_covered, predict_frame
from tests.conftest import refuse
from tests.network.tiled_toy import BIN, TARGETS, WINDOW, bases, load_model, write_fasta

FLANK = (WINDOW - BIN) // 2


@pytest.fixture
def model(tmp_path):
    return load_model(tmp_path / "model.ckpt")


def by_hand(model, text, start):
    """Return the prediction of the bin that begins at a base; None where its window leaves."""
    low = start - FLANK
    if low < 0 or low + WINDOW > len(text):
        return None
    return model.predict(text[low : low + WINDOW]).to_numpy()[0]


@pytest.mark.parametrize("step", [BIN, 20, 8])
def test_every_row_is_the_mean_of_the_windows_around_its_bins(model, step):
    sequences = {"long": bases(700), "short": bases(150), "window": bases(WINDOW)}
    tiling = make_tiling(WINDOW, BIN, step, 0.5)
    records = {name: encode(text) for name, text in sequences.items()}
    table = predict_frame(model, sequences_of_records(records, tiling), tiling)
    padded = {**sequences, "short": "N" * 25 + sequences["short"] + "N" * 25}
    shifts = {"short": 25}
    seen = dict.fromkeys(sequences, 0)
    for (name, start, end), found in zip(table.index, table.to_numpy(), strict=True):
        assert end - start == step
        first = start + shifts.get(name, 0)
        starts = range(first - BIN + step, first + 1, step)
        predicted = [by_hand(model, padded[name], bin_start) for bin_start in starts]
        known = [values for values in predicted if values is not None]
        # Bins lie a whole number of steps behind the first one, whose window begins the sequence.
        assert (first - FLANK) % step == 0
        np.testing.assert_allclose(found, np.mean(known, axis=0), atol=1e-6)
        seen[name] += 1
    assert seen == {
        "long": (700 - WINDOW + BIN) // step,
        "short": BIN // step,
        "window": BIN // step,
    }


def test_a_reverse_complemented_sequence_has_the_mirrored_rows(model):
    # Of a length that windows cover to the last base, so that bins lie at the same places.
    text = bases(WINDOW + 9 * BIN)
    other = text.translate(str.maketrans("ACGT", "TGCA"))[::-1]
    forward = model.predict({"x": text})
    backward = model.predict({"x": other})
    np.testing.assert_allclose(forward.to_numpy(), backward.to_numpy()[::-1], atol=1e-6)


@pytest.mark.parametrize("offset", [0, 1, 7, 39])
def test_a_fasta_and_the_regions_of_the_same_bases_give_the_same_numbers(model, tmp_path, offset):
    text = bases(900)
    genome = write_fasta(tmp_path / "genome.fa", {"chr1": text})
    part = text[offset : offset + 500]
    alone = model.predict({"part": part})
    first = offset + FLANK
    region = f"chr1:{first}-{first + len(alone) * BIN}"
    within = model.predict([region], genome=genome)
    np.testing.assert_allclose(alone.to_numpy(), within.to_numpy(), atol=1e-6)
    assert within.index.get_level_values("start")[0] == first
    bed = tmp_path / "r.bed"
    bed.write_text(region.replace(":", "\t").replace("-", "\t") + "\n")
    assert model.predict(bed, genome=genome).equals(within)


def test_stretches_are_cut_without_changing_a_row(model, tmp_path):
    genome = write_fasta(tmp_path / "genome.fa", {"chr1": bases(900), "chr2": bases(400)})
    tiling = make_tiling(WINDOW, BIN, 20, 0.5)
    texts = ["chr1:100-800", "chr2:0-400", "chr1:5-6"]
    sequences = sequences_of_texts(genome, texts, tiling)
    expected = predict_frame(model, sequences, tiling).to_numpy()
    for most in (1, 3, 7):
        found = []
        for group in pieces(sequences.stretches, 20, most):
            covered = cover_stretches(sequences, group, tiling)
            columns = range(len(TARGETS))
            found.append(
                predict_covered([model], sequences, covered, tiling, columns).probabilities
            )
            assert len(covered.rows.start) <= most
        np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-6)


def test_several_models_are_averaged_and_their_spread_is_kept(tmp_path):
    models = [load_model(tmp_path / f"{seed}.ckpt", seed) for seed in range(3)]
    tiling = make_tiling(WINDOW, BIN, 20, 0.5)
    text = bases(400)
    sequences = sequences_of_records({"x": encode(text)}, tiling)
    covered = cover_stretches(sequences, sequences.stretches, tiling)
    found = predict_covered(models, sequences, covered, tiling, [2, 0])
    alone = [model.predict({"x": text}, step=20).to_numpy()[:, [2, 0]] for model in models]
    np.testing.assert_allclose(found.probabilities, np.mean(alone, axis=0), atol=1e-6)
    np.testing.assert_allclose(found.spread, np.std(alone, axis=0, ddof=1), atol=1e-6)
    single = predict_covered(models[:1], sequences, covered, tiling, [2, 0])
    assert single.spread is None


def test_rows_with_too_few_known_bases_are_skipped(model):
    text = bases(300) + "N" * 300 + bases(300, 1)
    tiling = make_tiling(WINDOW, BIN, None, 0.6)
    sequences = sequences_of_records({"x": encode(text)}, tiling)
    covered = cover_stretches(sequences, sequences.stretches, tiling)
    lost = sum(part.end - part.start for part in covered.skipped)
    assert lost + len(covered.start) * BIN == 720  # bins of windows at 0, 40, ..., 680
    for start in covered.start:
        window = text[start - FLANK : start - FLANK + WINDOW]
        assert window.count("N") <= 0.4 * WINDOW
    assert [part.reason for part in covered.skipped] == ["too few known bases"]
    assert list(pieces([Stretch("x", 0, 40)], 40, 5)) == [[Stretch("x", 0, 40)]]


def test_a_loaded_model_takes_sequences_by_name_and_files(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sequences = {"x": bases(500), "y": bases(300)}
    expected = model.predict(sequences)
    write_fasta(tmp_path / "s.fa", sequences)
    assert model.predict(tmp_path / "s.fa").equals(expected)
    assert model.predict("s.fa").equals(expected)
    assert expected.index.names == ["sequence", "start", "end"]
    window = model.predict(sequences["x"][:WINDOW])
    np.testing.assert_allclose(window.to_numpy(), expected.to_numpy()[:1], atol=1e-6)
    refuse(
        "region 'z': 'z' is not in the genome, which has 'x', 'y'; use files of one assembly, or "
        "give a table of aliases",
        model.predict,
        ["z"],
        genome="s.fa",
    )
