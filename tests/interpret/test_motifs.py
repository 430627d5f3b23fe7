import contextlib

import numpy as np
import pytest
import torch

from danq import config
from danq.errors import DanqError
from danq.files import read_table
from danq.interpret import motifs as module
from danq.interpret.motifs import RECIPES, Cutoffs, motifs
from danq.motif.meme import read_meme, write_meme
from tests.conftest import MOTIF_WINDOW as LENGTH
from tests.conftest import layer_of


class FakeDataset:
    path = "dataset.h5"

    def __init__(self, X, labels):
        self.X, self._labels, self.names = X, labels, [*"ABCDEFGHI"][: labels.shape[1]]
        self.attributes, self.chromosomes = {"coordinates": "genome"}, {"chr1": 10**6}

    def packed_labels(self, split):
        assert split in ("train", "test")
        return np.packbits(self._labels, axis=1)

    def labels_of(self, split, targets):
        return self._labels[:, targets]

    def length(self, split):
        return len(self.X)

    def positions(self, split):
        return np.zeros(len(self.X), int), np.arange(len(self.X)) * LENGTH

    def one_hot(self, split, rows):
        assert split in ("train", "test")
        return self.X[rows]


class FakeModel:
    def __init__(self, conv, initialised_from):
        self.conv = conv
        self.facts = {"model": "danq", "filters_initialised_from": initialised_from}

    def motif_layers(self):
        return [layer_of(self.conv)]

    def refuse_other_data(self, data):
        pass

    def inputs(self, data):
        return []


@pytest.fixture
def run(tmp_path, monkeypatch, conv, known, X):
    """Give a function that runs the stage on `labels` and returns the folder it wrote to."""
    trained = FakeModel(conv, ["", "MA0138.3"])
    monkeypatch.setattr(module, "load", lambda path, **options: trained)
    write_meme(tmp_path / "known.meme", known)

    def run(folder="out", labels=None, **knobs):
        labels = np.ones((len(X), 1), np.uint8) if labels is None else labels
        monkeypatch.setattr(
            module, "open_dataset", lambda path: contextlib.nullcontext(FakeDataset(X, labels))
        )
        motifs(
            "model.ckpt",
            "dataset.h5",
            tmp_path / "known.meme",
            tmp_path / folder / "motifs.meme",
            tmp_path / folder / "matches.tsv",
            tmp_path / folder / "clusters.meme",
            tmp_path / folder / "sites.bed",
            settings=config.Motifs(**knobs),
        )
        return tmp_path / folder

    return run


def test_step(run, capsys):
    folder = run()
    printed = capsys.readouterr().err
    assert (
        "7 filters; of 6 motifs 3 are compared with known motifs, 3 are named, after 3 factors"
        in printed
    )
    table, written = read_table(folder / "matches.tsv"), read_meme(folder / "motifs.meme")
    assert [motif.name for motif in written] == table["name"].unique().tolist()
    assert [motif.alias for motif in written][:3] == ["CTCF", "REST", "TP53"]
    assert [motif.n_sites for motif in written] == table.drop_duplicates("filter")[
        "n_sites"
    ].tolist()
    assert [len(motif.matrix) for motif in written] == table.drop_duplicates("filter")[
        "width"
    ].tolist()
    header, first, *_ = (folder / "matches.tsv").read_text().splitlines()
    assert table["initialised_from"].dropna().to_dict() == {
        4: "MA0138.3",
        5: "MA0138.3",
        6: "MA0138.3",
        7: "MA0138.3",
    }
    assert first.split("\t")[:4] == ["filter", "0", "NA", "filter0"]
    assert all(
        len(line.split("\t")) == len(header.split("\t"))
        for line in (folder / "matches.tsv").read_text().splitlines()
    )


def test_step_depends_on_nothing_but_its_seed(run):
    folders = [run("a", windows=300), run("b", windows=300), run("c", windows=300, seed=1)]
    tables = [(folder / "matches.tsv").read_bytes() for folder in folders]
    assert tables[0] == tables[1] != tables[2]


def test_step_looks_in_labelled_training_windows_only(run, X, monkeypatch):
    labels, rows_read = np.zeros((len(X), 9), np.uint8), []
    labels[100:200, 8] = 1
    monkeypatch.setattr(
        FakeDataset, "one_hot", lambda self, split, rows: rows_read.extend(rows) or self.X[rows]
    )
    run(labels=labels)
    assert set(rows_read) == set(range(100, 200))
    rows_read.clear()
    run(labels=labels, windows=30)
    assert len(set(rows_read)) == 30
    assert set(rows_read) < set(range(100, 200))


def test_step_without_a_labelled_window(run, X):
    with pytest.raises(DanqError, match=r"^dataset.h5: no train window has a label"):
        run(labels=np.zeros((len(X), 1), np.uint8))


def test_step_looks_where_a_target_has_its_label(run, X, monkeypatch):
    labels, rows_read = np.zeros((len(X), 2), np.uint8), []
    labels[:, 0], labels[50:90, 1] = 1, 1
    monkeypatch.setattr(
        FakeDataset, "one_hot", lambda self, split, rows: rows_read.extend(rows) or self.X[rows]
    )
    run(labels=labels, split="test", target="B")
    assert set(rows_read) == set(range(50, 90))
    with pytest.raises(DanqError, match="no target is called 'C'"):
        run(labels=labels, target="C")


def test_clusters_and_sites_are_written(run, X):
    folder = run()
    table = read_table(folder / "matches.tsv")
    clusters = read_meme(folder / "clusters.meme")
    assert {motif.name for motif in clusters} == set(table["cluster"].dropna())
    assert sum(motif.n_sites for motif in clusters) == table[table["rank"] == 1]["n_sites"].sum()
    lines = [line.split("\t") for line in (folder / "sites.bed").read_text().splitlines()]
    widths = dict(table.drop_duplicates("name")[["name", "width"]].itertuples(index=False))
    assert all(int(end) - int(start) == widths[name] for _, start, end, name, *_ in lines)
    counts = table.drop_duplicates("name").set_index("name")["n_sites"]
    assert len(lines) == counts.sum()
    # The bases under a motif's sites are its matrix.
    starts = [int(start) for _, start, _, name, *_ in lines if name == "filter0"]
    bases = sum(X[start // LENGTH, :, start % LENGTH :][:, : widths["filter0"]] for start in starts)
    motif = read_meme(folder / "motifs.meme")[0]
    np.testing.assert_allclose(bases.T / len(starts), motif.matrix, atol=1e-5)


def test_published_recipe_counts_every_site_and_trims_nothing(run, X, conv):
    table = read_table(run(recipe="published", windows=900) / "matches.tsv").drop_duplicates("name")
    activations = torch.relu(conv(torch.from_numpy(X))).amax(dim=2).detach().numpy()
    assert table.set_index("filter")["n_sites"].to_dict() == {
        k: int((activations[:, k] > 0).sum()) for k in range(6)
    }
    assert set(table["width"]) == set(conv.kernel_size) and set(table["tested"]) == {"yes"}
    assert RECIPES["published"] == Cutoffs(activation=0, trim_bits=0, min_bits=0)
    trimmed = read_table(
        run(folder="trimmed", recipe="published", trim_bits=0.25) / "matches.tsv"
    ).drop_duplicates("name")
    assert trimmed["width"].min() < conv.kernel_size[0]


def test_filters_initialised_from_motifs_make_no_room_for_others(
    X, known, planted, tmp_path, monkeypatch
):
    """Filters that were not initialised from motifs are judged apart from those that were."""
    torch.manual_seed(0)
    conv = torch.nn.Conv1d(4, 40, 24)
    with torch.no_grad():
        for number in range(39):  # 39 that are a known motif, one of random weights
            odds = np.log2(planted[number % 3].matrix + 0.01) - np.log2(0.26)
            conv.weight[number], conv.bias[number] = 0, -5
            conv.weight[number, :, 2 : 2 + len(odds)] = torch.from_numpy(odds.T.copy())
    write_meme(tmp_path / "known.meme", known)
    monkeypatch.setattr(
        module,
        "open_dataset",
        lambda path: contextlib.nullcontext(FakeDataset(X, np.ones((len(X), 1), np.uint8))),
    )
    q = []
    for initialised_from in ([], ["MA"] * 39):
        trained = FakeModel(conv, initialised_from)
        monkeypatch.setattr(module, "load", lambda path, trained=trained, **options: trained)
        motifs(
            "m",
            "d",
            tmp_path / "known.meme",
            tmp_path / "o.meme",
            tmp_path / "o.tsv",
            None,
            None,
            settings=config.Motifs(min_bits=0),
        )
        last = read_table(tmp_path / "o.tsv").query("filter == 39 and rank == 1").iloc[0]
        q.append(last["q"])
    sidak = 1 - (1 - last["p"]) ** len(known)
    assert (
        q[1] == pytest.approx(sidak) and q[0] <= q[1]
    )  # alone, it is corrected for no other filter


def test_a_model_without_filters(run, monkeypatch):
    monkeypatch.setattr(FakeModel, "motif_layers", lambda self: [])
    message = "^model.ckpt: danq has no filters to read motifs from; name another model$"
    with pytest.raises(DanqError, match=message):
        run()


def test_a_model_without_any_site(run, conv, monkeypatch):
    with torch.no_grad():
        bias = conv.bias.clone()
        conv.bias -= 1e4
        try:
            folder = run()
        finally:
            conv.bias.copy_(bias)
    assert read_table(folder / "matches.tsv").empty and (folder / "sites.bed").read_text() == ""
    with pytest.raises(DanqError, match="holds no motif"):
        read_meme(folder / "motifs.meme")
