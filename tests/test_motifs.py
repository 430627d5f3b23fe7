import contextlib
import types

import numpy as np
import pytest
import torch

from danq import checkpoint, config, dataset
from danq.errors import DanqError
from danq.files import read_table
from danq.meme import TAXA, Motif, information, jaspar, read_meme, write_meme
from danq.motifs import (
    core_bits,
    empirical_fdr,
    filter_motifs,
    filter_q_values,
    filter_sites,
    match_table,
    motifs,
    named,
    trim,
)

PLANTED = ["MA0139.2", "MA0138.3", "MA0106.3"]    # CTCF, REST, TP53
WIDTH, LENGTH = 24, 200
KNOBS = config.Motifs().model_dump()


@pytest.fixture(scope="module")
def planted():
    return jaspar("JASPAR2024", names=PLANTED)


@pytest.fixture(scope="module")
def known(planted):
    others = [motif for motif in jaspar("JASPAR2024", TAXA[0])[:400:5] if motif.name not in PLANTED]
    return [*planted, *others]


def random_letters(rng, n, length):
    return np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))].transpose(0, 2, 1)


@pytest.fixture(scope="module")
def X(planted):
    """Random windows (900, 4, LENGTH); each third holds instances of one planted motif, every other one reversed."""
    rng = np.random.default_rng(0)
    X = random_letters(rng, 900, LENGTH)
    for number, window in enumerate(X):
        matrix = planted[number % 3].matrix
        site = np.array([rng.multinomial(1, row / row.sum()) for row in matrix]).T
        start = rng.integers(0, LENGTH - len(matrix))
        window[:, start : start + len(matrix)] = site if number % 2 else site[::-1, ::-1]
    return X


@pytest.fixture(scope="module")
def conv(planted):
    """Log-odds filters of the planted motifs, one reverse complemented, then three random ones and a dead one."""
    torch.manual_seed(0)
    conv = torch.nn.Conv1d(4, 7, WIDTH)
    with torch.no_grad():
        conv.weight[:3] = 0
        for number, motif in enumerate(planted):
            matrix = motif.matrix[::-1, ::-1] if number == 1 else motif.matrix
            odds = np.log2(matrix + 0.01) - np.log2(0.26)
            conv.weight[number, :, 2 : 2 + len(odds)] = torch.from_numpy(odds.T.copy())
            conv.bias[number] = -5
        conv.bias[6] = -100
    return conv


@pytest.fixture(scope="module")
def found(conv, X):
    return filter_motifs(*filter_sites(conv, X.__getitem__, np.arange(len(X)), 0.5), 0.25)


def slow_sites(conv, X, activation):
    activations = torch.relu(conv(torch.from_numpy(X))).detach().numpy()
    width = conv.kernel_size[0]
    counts, n_sites = np.zeros((len(conv.weight), width, 4), int), np.zeros(len(conv.weight), int)
    for number in range(len(conv.weight)):
        for window, letters in enumerate(X):
            start = activations[window, number].argmax()
            if activations[window, number, start] > activation * activations[:, number].max():
                counts[number] += letters[:, start : start + width].T.astype(int)
                n_sites[number] += 1
    return counts, n_sites


@pytest.mark.parametrize("activation", [0, 0.5, 0.9])
def test_sites_are_those_of_a_slow_reference(activation):
    rng = np.random.default_rng(1)
    torch.manual_seed(1)
    conv = torch.nn.Conv1d(4, 5, 8)
    with torch.no_grad():
        conv.bias[3] = -50
    X = random_letters(rng, 150, 60)
    X[:, :, 20:25] = 0    # letters other than ACGT
    rows = rng.permutation(150)[:130]
    counts, n_sites = filter_sites(conv, X.__getitem__, rows, activation)
    expected, expected_sites = slow_sites(conv, X[rows], activation)
    assert (counts == expected).all()
    assert (n_sites == expected_sites).all()
    assert n_sites[3] == 0 < n_sites[:3].min()
    assert (counts.sum(axis=2) <= n_sites[:, None]).all()


def test_only_one_batch_of_windows_is_held(conv):
    X = random_letters(np.random.default_rng(2), 500, 60)
    asked = []

    def one_hot(rows):
        asked.append(rows)
        return X[rows]

    filter_sites(conv, one_hot, np.arange(500), 0.5)
    assert max(map(len, asked)) < 100
    assert np.concatenate(asked).tolist() == [*range(500), *range(500)]


def test_filters_without_a_site_are_left_out():
    counts = np.zeros((3, 2, 4), int)
    counts[1] = [[6, 2, 0, 0], [0, 0, 0, 0]]
    motif, = filter_motifs(counts, np.array([0, 8, 0]), 0)
    assert (motif.name, motif.alias, motif.n_sites) == ("filter1", "", 8)
    assert motif.matrix.tolist() == [[0.75, 0.25, 0, 0], [0.25, 0.25, 0.25, 0.25]]


def test_trim():
    flat, half, sure = [0.25] * 4, [0.5, 0.5, 0, 0], [0, 1, 0, 0]    # 0, 1 and 2 bits
    matrix = np.array([flat, half, flat, sure, half, flat])
    assert trim(matrix, 0).tolist() == matrix.tolist()
    assert trim(matrix, 0.5).tolist() == matrix[1:5].tolist()
    assert trim(matrix, 1).tolist() == matrix[1:5].tolist()
    assert trim(matrix, 1.5).tolist() == [sure]
    assert trim(np.array([flat, half, flat]), 2).tolist() == [half]


def test_core_bits():
    sure, flat = np.eye(4)[[0]], np.full((1, 4), 0.25)
    assert core_bits(np.concatenate([sure] * 5)) == 10
    assert core_bits(np.concatenate([sure] * 4 + [flat] * 6 + [sure] * 4)) == 8
    assert core_bits(np.concatenate([sure] * 4 + [flat] * 3 + [sure] * 4)) == 10


def test_planted_motifs_are_recovered(found, planted):
    assert [motif.name for motif in found] == [f"filter{i}" for i in range(6)]    # not the dead one
    for number, (motif, truth) in enumerate(zip(found, planted, strict=False)):
        matrix = motif.matrix[::-1, ::-1] if number == 1 else motif.matrix
        core = trim(truth.matrix, 0.25)
        assert abs(len(matrix) - len(core)) <= 2
        alike = [np.corrcoef(matrix[3:11].flat, core[start : start + 8].flat)[0, 1] for start in (2, 3, 4)]
        assert max(alike) > 0.95
        assert 100 < motif.n_sites < 500


@pytest.mark.parametrize("min_bits", [0, 8])
def test_planted_motifs_are_named_and_random_filters_are_not(found, known, planted, min_bits):
    table = match_table(found, known, min_bits=min_bits, q_value=0.05, shuffles=20, rng=np.random.default_rng(0))
    best = table[table["rank"].fillna(1) == 1].set_index("filter")
    assert best.index.tolist() == [0, 1, 2, 3, 4, 5]
    assert best["tested"].tolist() == ["yes"] * 3 + ["no" if min_bits else "yes"] * 3
    assert best["named"].tolist() == ["yes"] * 3 + ["no"] * 3
    assert best.loc[:2, "match"].tolist() == PLANTED
    assert best.loc[:2, "factor"].tolist() == [motif.alias for motif in planted]
    assert best.loc[:1, "strand"].tolist() == ["+", "-"]    # as the filters read them
    assert (best.loc[:2, "empirical_fdr"] < 0.2).all()
    aliases = [motif.alias for motif in named(found, table)]
    assert aliases == ["CTCF", "REST", "TP53", "", "", ""]


def test_table(found, known):
    table = match_table(found, known, min_bits=8, q_value=0.05, shuffles=0, rng=np.random.default_rng(0))
    assert table.columns.tolist() == ["filter", "name", "n_sites", "width", "bits", "tested", "rank", "match", "factor",
                                      "p", "e", "q", "empirical_fdr", "strand", "offset", "overlap", "named"]
    compared = table[table["tested"] == "yes"]
    for _, rows in compared.groupby("filter"):
        assert rows["rank"].tolist() == [1, 2, 3, 4]
        assert rows["p"].is_monotonic_increasing
        assert (rows["named"] == "yes").sum() <= 1
    np.testing.assert_allclose(compared["e"], compared["p"] * len(known))
    first = compared["rank"] == 1
    assert (compared.loc[first, "q"] >= compared.loc[first, "p"]).all() and compared.loc[~first, "q"].isna().all()
    assert table["empirical_fdr"].isna().all()
    first = table.iloc[0]
    assert (first["width"], first["n_sites"]) == (len(found[0].matrix), found[0].n_sites)
    assert first["bits"] == pytest.approx(information(found[0].matrix).sum(), abs=1e-3)


def test_motifs_with_little_information_are_not_compared(found, known):
    table = match_table(found, known, min_bits=16.1, q_value=0.05, shuffles=2, rng=np.random.default_rng(0))
    assert table["filter"].tolist() == [0, 1, 2, 3, 4, 5]
    assert set(table["tested"]) == set(table["named"]) == {"no"}
    assert table[["rank", "match", "factor", "p", "e", "q", "empirical_fdr", "strand", "offset", "overlap"]].isna().all(
        axis=None)


def test_motifs_of_few_sites_are_not_compared(known):
    few = [Motif(f"filter{n_sites}", "", known[0].matrix, n_sites) for n_sites in (1, 9, 10)]
    table = match_table(few, known, min_bits=8, q_value=0.05, shuffles=0, rng=np.random.default_rng(0))
    assert table.drop_duplicates("filter")["tested"].tolist() == ["no", "no", "yes"]


def test_aliases_are_one_word(found, known):
    spaced = [Motif(motif.name, "two words" if number else "", motif.matrix) for number, motif in enumerate(known)]
    table = match_table(found, spaced, min_bits=8, q_value=0.05, shuffles=0, rng=np.random.default_rng(0))
    assert table.loc[table["rank"] == 1, "factor"].tolist()[:2] == [PLANTED[0], "two_words"]


def test_shuffling_keeps_the_columns(found, known, monkeypatch):
    compared = []
    monkeypatch.setattr("danq.motifs.tomtom", lambda queries, targets, real=match_table.__globals__["tomtom"]:
                        compared.append(queries) or real(queries, targets))
    match_table(found, known, min_bits=0, q_value=0.05, shuffles=2, rng=np.random.default_rng(0))
    real, *shuffled = compared
    assert len(shuffled) == 2
    for copies in shuffled:
        for matrix, copy in zip(real, copies, strict=True):
            assert sorted(map(tuple, copy)) == sorted(map(tuple, matrix))
        assert any((matrix != copy).any() for matrix, copy in zip(real, copies, strict=True))


def test_empirical_fdr_by_hand():
    best, null = np.array([1e-6, 1e-5, 1e-3, 0.5]), np.array([1e-3, 1e-2, 0.2, 0.6] * 2)
    p = np.array([1e-5, 1e-3, 0.01, 0.9, 1e-6])
    # Null share over real share: 0, (1/4)/(3/4), (1/2)/(3/4) but (3/4)/1 beyond, 1/1.
    np.testing.assert_allclose(empirical_fdr(p, best, null), [0, 1 / 3, 2 / 3, 1, 0])
    # A threshold that lets more real motifs pass at the same cost serves the smaller p as well.
    np.testing.assert_allclose(empirical_fdr(np.array([0.1]), np.array([0.1, 0.2, 0.3]), np.array([0.05, 0.9])), [0.5])


class FakeDataset:
    def __init__(self, X, labels):
        self.X, self.labels = X, labels

    def facts(self):
        return {"names": ["A"]}

    def packed_labels(self, split):
        assert split == "train"
        return np.packbits(self.labels, axis=1)

    def one_hot(self, split, rows):
        assert split == "train"
        return self.X[rows]


@pytest.fixture
def run(tmp_path, monkeypatch, conv, known, X):
    """Give a function that runs the stage on `labels` and returns the folder it wrote to."""
    monkeypatch.setattr(checkpoint, "load_checkpoint", lambda path: (types.SimpleNamespace(first=conv),
                                                               {"dataset": {"names": ["A"]}}))
    write_meme(tmp_path / "known.meme", known)

    def run(folder="out", labels=None, **knobs):
        labels = np.ones((len(X), 1), np.uint8) if labels is None else labels
        monkeypatch.setattr(dataset, "open_dataset", lambda path: contextlib.nullcontext(FakeDataset(X, labels)))
        motifs("model.ckpt", "dataset.h5", tmp_path / "known.meme", tmp_path / folder / "motifs.meme",
               tmp_path / folder / "matches.tsv", **(KNOBS | knobs))
        return tmp_path / folder
    return run


def test_stage(run, capsys):
    folder = run()
    assert "of 7 filters 6 have sites, 3 are compared with known motifs, 3 are named" in capsys.readouterr().err
    table, written = read_table(folder / "matches.tsv"), read_meme(folder / "motifs.meme")
    assert [motif.name for motif in written] == table["name"].unique().tolist()
    assert [motif.alias for motif in written][:3] == ["CTCF", "REST", "TP53"]
    assert [motif.n_sites for motif in written] == table.drop_duplicates("filter")["n_sites"].tolist()
    assert [len(motif.matrix) for motif in written] == table.drop_duplicates("filter")["width"].tolist()
    header, first, *_ = (folder / "matches.tsv").read_text().splitlines()
    assert first.split("\t")[:3] == ["0", "filter0", str(written[0].n_sites)]
    assert all(len(line.split("\t")) == len(header.split("\t"))
               for line in (folder / "matches.tsv").read_text().splitlines())


def test_stage_depends_on_nothing_but_its_seed(run):
    folders = [run("a", windows=300), run("b", windows=300), run("c", windows=300, seed=1)]
    tables = [(folder / "matches.tsv").read_bytes() for folder in folders]
    assert tables[0] == tables[1] != tables[2]


def test_stage_looks_in_labelled_training_windows_only(run, X, monkeypatch):
    labels, asked = np.zeros((len(X), 9), np.uint8), []
    labels[100:200, 8] = 1
    monkeypatch.setattr(FakeDataset, "one_hot", lambda self, split, rows: asked.extend(rows) or self.X[rows])
    run(labels=labels)
    assert set(asked) == set(range(100, 200))
    asked.clear()
    run(labels=labels, windows=30)
    assert len(set(asked)) == 30
    assert set(asked) < set(range(100, 200))


def test_stage_without_a_labelled_window(run, X):
    with pytest.raises(DanqError, match=r"^dataset.h5: no training window has a label"):
        run(labels=np.zeros((len(X), 1), np.uint8))


def test_filter_q_values_by_hand():
    # Best of two p-values: 1 - 0.99**2 and 1 - 0.8**2; then Benjamini-Hochberg over the two filters.
    np.testing.assert_allclose(filter_q_values(np.array([[0.5, 0.01], [0.2, 0.9]])), [2 * 0.0199, 0.36])
    assert filter_q_values(np.array([[1.0, 1.0]])).tolist() == [1.0]
