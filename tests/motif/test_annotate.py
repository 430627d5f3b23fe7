import numpy as np
import pytest

from danq import config
from danq.errors import DanqError
from danq.files import read_table
from danq.interpret.filters import filter_motifs, read_layer
from danq.motif.annotate import (
    COLUMNS,
    annotate,
    core_bits,
    left_out,
    match_table,
    merge_clusters,
    renamed,
    trim,
)
from danq.motif.meme import (
    Motif,
    export_motifs,
    information,
    jaspar,
    read_meme,
    reverse_complement,
    write_meme,
)
from danq.records import Made, recorded
from tests.conftest import PLANTED, layer_of

SETTINGS = config.Naming()


@pytest.fixture(scope="module")
def discovered(conv, X):
    rng = np.random.default_rng(0)
    return filter_motifs(
        read_layer(layer_of(conv), X.__getitem__, np.arange(len(X)), 0.5, rng), 0.25
    )


def compare(discovered, known, shuffles=0, **knobs):
    options = {"min_bits": 8, "distance": "pearson", "q_value": 0.05} | knobs
    return match_table(
        discovered, known, shuffles=shuffles, rng=np.random.default_rng(0), **options
    )


def test_trim():
    flat, half, sure = [0.25] * 4, [0.5, 0.5, 0, 0], [0, 1, 0, 0]  # 0, 1 and 2 bits
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


@pytest.mark.parametrize("min_bits", [0, 8])
def test_planted_motifs_are_named_and_random_filters_are_not(discovered, known, planted, min_bits):
    table = compare(discovered, known, 20, min_bits=min_bits)
    best = table[table["rank"].fillna(1) == 1].reset_index(drop=True)
    assert best["name"].tolist() == [f"filter{k}" for k in range(6)]
    assert best["tested"].tolist() == ["yes"] * 3 + ["no" if min_bits else "yes"] * 3
    assert best["named"].tolist() == ["yes"] * 3 + ["no"] * 3
    assert best.loc[:2, "match"].tolist() == PLANTED
    assert best.loc[:2, "factor"].tolist() == [motif.alias for motif in planted]
    assert best.loc[:1, "strand"].tolist() == ["+", "-"]  # as the filters read them
    assert (best.loc[:2, "empirical_fdr"] < 0.2).all()
    aliases = [motif.alias for motif in renamed(discovered, table)]
    assert aliases == ["CTCF", "REST", "TP53", "", "", ""]


def test_table(discovered, known):
    table = compare(discovered, known, 0, min_bits=8)
    assert table.columns.tolist() == COLUMNS
    compared = table[table["tested"] == "yes"]
    for _, rows in compared.groupby("name"):
        assert rows["rank"].tolist() == [1, 2, 3, 4]
        assert rows["p"].is_monotonic_increasing
        assert (rows["named"] == "yes").sum() <= 1
    np.testing.assert_allclose(compared["e"], compared["p"] * len(known))
    first = compared["rank"] == 1
    assert (compared.loc[first, "q"] >= compared.loc[first, "p"]).all() and compared.loc[
        ~first, "q"
    ].isna().all()
    assert table["empirical_fdr"].isna().all()
    first = table.iloc[0]
    assert (first["width"], first["n_sites"]) == (len(discovered[0].matrix), discovered[0].n_sites)
    assert first["bits"] == pytest.approx(information(discovered[0].matrix).sum(), abs=1e-3)


def test_motifs_with_little_information_are_not_compared(discovered, known):
    table = compare(discovered, known, 2, min_bits=16.1)
    assert table["name"].tolist() == [f"filter{k}" for k in range(6)]
    assert set(table["tested"]) == set(table["named"]) == {"no"}
    assert (
        table[
            [
                "rank",
                "match",
                "factor",
                "p",
                "e",
                "q",
                "empirical_fdr",
                "strand",
                "offset",
                "overlap",
            ]
        ]
        .isna()
        .all(axis=None)
    )


def test_motifs_of_few_sites_are_not_compared(known):
    few = [Motif(f"filter{n_sites}", "", known[0].matrix, n_sites) for n_sites in (1, 9, 10)]
    table = compare(few, known, 0, min_bits=8)
    assert table.drop_duplicates("name")["tested"].tolist() == ["no", "no", "yes"]


def test_aliases_are_one_word(discovered, known):
    spaced = [
        Motif(motif.name, "two words" if number else "", motif.matrix)
        for number, motif in enumerate(known)
    ]
    table = compare(discovered, spaced, 0, min_bits=8)
    assert table.loc[table["rank"] == 1, "factor"].tolist()[:2] == [PLANTED[0], "two_words"]


def test_shuffling_keeps_the_columns(discovered, known, monkeypatch):
    compared = []
    monkeypatch.setattr(
        "danq.motif.annotate.tomtom",
        lambda queries, targets, real=match_table.__globals__["tomtom"], **how: (
            compared.append(queries) or real(queries, targets, **how)
        ),
    )
    compare(discovered, known, 2, min_bits=0)
    real, *shuffled = compared
    assert len(shuffled) == 2
    for copies in shuffled:
        for matrix, copy in zip(real, copies, strict=True):
            assert sorted(map(tuple, copy)) == sorted(map(tuple, matrix))
        assert any((matrix != copy).any() for matrix, copy in zip(real, copies, strict=True))


def test_tomtom_q_is_over_the_known_motifs_of_each_motif_alone(discovered, known):
    from scipy.stats import false_discovery_control

    from danq.motif.tomtom import tomtom

    table = compare(discovered, known)
    first = table[table["name"] == "filter0"]
    p = tomtom([discovered[0].matrix], [motif.matrix for motif in known]).p[0]
    np.testing.assert_allclose(first["tomtom_q"], np.sort(false_discovery_control(p))[:4])


def test_families_are_jaspars():
    ctcf, srf = jaspar("JASPAR2024", names=["MA0139.2", "MA0083.3"])
    # https://jaspar.elixir.no/matrix/MA0139.2/ and /MA0083.3/
    assert ctcf.family == "More than 3 adjacent zinc fingers"
    assert srf.family == "Responders to external signals (SRF/RLM1)"


def test_a_cluster_counts_the_sites_of_its_members_together(known, planted):
    matrix = planted[0].matrix
    reverse = reverse_complement(matrix)
    flank = np.full((3, 4), 0.25)
    motifs = [
        Motif("a", "", matrix, 100),
        Motif("b", "", np.vstack([flank, reverse]), 300),
        Motif("c", "", matrix[2:], 200),
    ]
    table = compare(motifs, known)
    assert table.drop_duplicates("name")["cluster"].tolist() == ["b"] * 3
    (merged,) = merge_clusters(motifs, table)
    assert (merged.name, merged.alias, merged.n_sites) == ("b", "CTCF", 300)
    np.testing.assert_allclose(merged.matrix, np.vstack([flank, reverse]), atol=1e-9)
    # Where members differ, each site counts once: column 0 of a and c, reverse-complemented, is
    # column -1 of b.
    relative = Motif("c", "", np.vstack([matrix[2:-1], np.eye(4)[[0]]]), 200)
    (merged,) = merge_clusters([*motifs[:2], relative], compare([*motifs[:2], relative], known))
    np.testing.assert_allclose(
        merged.matrix[3], (400 * reverse[0] + 200 * np.eye(4)[3]) / 600, atol=1e-9
    )


def test_any_meme_file_is_annotated(tmp_path, known, planted, capsys):
    """As the published DanQ motifs come: 26 columns, weak flanks, M0 to M319, no known alias."""
    rng = np.random.default_rng(1)
    flat = rng.dirichlet([50] * 4, size=(40, 26))
    for row in range(0, 40, 2):
        core = planted[row % 3].matrix[:20]
        flat[row, 3 : 3 + len(core)] = core
    write_meme(
        tmp_path / "filters.meme",
        [Motif(f"M{k}", f"O{k}", matrix, 0 if k == 4 else 2000) for k, matrix in enumerate(flat)],
    )
    write_meme(tmp_path / "known.meme", known)
    annotate(
        tmp_path / "filters.meme",
        tmp_path / "known.meme",
        tmp_path / "out.tsv",
        settings=SETTINGS,
        meme=tmp_path / "named.meme",
    )
    assert (
        "of 40 motifs 20 are compared with known motifs, 20 are named, after 3 factors"
        in capsys.readouterr().err
    )
    table = read_table(tmp_path / "out.tsv")
    assert table.columns.tolist() == COLUMNS
    best = table[table["rank"] == 1].set_index("name")
    assert best["match"].to_dict() == {f"M{k}": PLANTED[k % 3] for k in range(0, 40, 2)}
    assert [motif.alias for motif in read_meme(tmp_path / "named.meme")][1:3] == ["", "TP53"]
    annotate(
        tmp_path / "filters.meme", tmp_path / "known.meme", tmp_path / "out.tsv", settings=SETTINGS
    )


def test_at_most_three_in_a_hundred_shuffled_motifs_are_named():
    """As JASPAR's own motifs, trimmed, their columns shuffled, against the rest of their kind."""
    everything, rng = jaspar("JASPAR2024", "vertebrates"), np.random.default_rng(0)
    drawn = [everything[row] for row in rng.choice(len(everything), 200, replace=False)]
    shuffled = [
        Motif(motif.name, "", rng.permutation(trim(motif.matrix, 0.25)), 100) for motif in drawn
    ]
    table = compare(shuffled, everything)
    tested = table.drop_duplicates("name")["tested"] == "yes"
    assert tested.sum() > 100
    assert (table["named"] == "yes").sum() <= 0.03 * tested.sum()


def test_no_motif_at_all(known):
    table = compare([], known, 1)
    assert table.empty and table.columns.tolist() == COLUMNS


def test_annotate_says_why_motifs_are_not_compared(tmp_path, planted, capsys):
    sure, flat = np.eye(4), np.full((8, 4), 0.25)
    motifs = [
        *planted,
        Motif("few", "", sure, 9),
        Motif("few_poor", "", flat, 3),
        *(Motif(f"poor{number}", "", flat, 0) for number in range(7)),
    ]
    write_meme(tmp_path / "a.meme", motifs)
    write_meme(tmp_path / "known.meme", planted)
    settings = SETTINGS.model_copy(update={"min_bits": 8.0, "shuffles": 0})
    output = tmp_path / "matches.tsv"
    annotate(tmp_path / "a.meme", tmp_path / "known.meme", output, settings=settings)
    lines = capsys.readouterr().err.splitlines()
    assert "not compared: 2 that have fewer than 10 sites (nsites=): 'few', 'few_poor'" in lines
    poor = "7 that hold less than 8 bits in their best 8 columns (--min-bits)"
    listed = "'poor0', 'poor1', 'poor2', 'poor3', 'poor4', ..."
    assert f"not compared: {poor}: {listed}" in lines
    tested = read_table(output).drop_duplicates("name").set_index("name")["tested"]
    assert (tested == "no").sum() == 9 and left_out(planted, 8.0) == []


def test_damaged_motifs_of_a_run_are_refused_by_whoever_reads_them(tmp_path):
    path = tmp_path / "motifs.meme"
    motif = Motif("filter0", "", np.full((8, 4), 0.25), 20)
    with recorded(path, Made("motifs")) as file:
        write_meme(file, [motif])
    export_motifs(path, tmp_path / "out.jaspar", format="jaspar")
    path.write_text(path.read_text().replace("nsites= 20", "nsites= 21"))
    readers = (
        lambda: export_motifs(path, tmp_path / "none.jaspar", format="jaspar"),
        lambda: annotate(path, path, tmp_path / "none.tsv", settings=SETTINGS),
    )
    for read in readers:
        with pytest.raises(DanqError, match="is not the file that danq motifs wrote"):
            read()
    assert not list(tmp_path.glob("none*"))
