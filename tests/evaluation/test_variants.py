"""danq evaluate-variants from the command line."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from danq.cli import main
from danq.files import read_table
from danq.records import verified

N = 300
RNG = np.random.default_rng(0)
PLACES = [f"chr1\t{pos}" for pos in np.sort(RNG.choice(1_500_000, N, replace=False)) + 1]
EFFECTS = RNG.choice([-1, 0, 1], (N, 2), p=[0.3, 0.6, 0.1])
HEAD = "chrom\tpos\tid\tref\talt\tstatus\ttarget\tlog_odds_change\tchange_seed0\tchange_seed1"


def write_scores(folder, model, noise):
    """Write both tables of danq variants for a model of two seeds; return the seeds' changes."""
    rng = np.random.default_rng(int(10 * noise))
    changes = EFFECTS + noise * rng.standard_normal((2, N, 2))
    (folder / model).mkdir()
    table = [HEAD]
    summary = [HEAD]
    for row, place in enumerate(PLACES):
        start = f"{place}\tv{row}\tA\tC\tscored"
        for target, name in enumerate(("CTCF", "SRF")):
            own = changes[:, row, target]
            table.append(f"{start}\t{name}\t{own.mean()}\t{own[0]}\t{own[1]}")
        largest = changes[:, row, 0]
        summary.append(f"{start}\tCTCF\t{largest.mean()}\t{largest[0]}\t{largest[1]}")
    (folder / model / "table.tsv").write_text("\n".join(table) + "\n")
    (folder / model / "summary.tsv").write_text("\n".join(summary) + "\n")
    return changes


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder with the scores of two models, the truth, and a labelled VCF."""
    monkeypatch.chdir(tmp_path)
    write_scores(tmp_path, "danq", 0.5)
    write_scores(tmp_path, "danq_conv", 2.0)
    head = "id\tchrom\tpos\tref\talt\tkind\tfactor\teffect_SRF\teffect_CTCF\n"
    lines = []
    body = []
    for row, place in enumerate(PLACES):
        ctcf, srf = EFFECTS[row]
        lines.append(f"v{row}\t{place}\tA\tC\tbreak\tCTCF\t{srf}\t{ctcf}\n")
        known = "." if row % 10 == 0 else f"HIT={int(ctcf != 0)};BETA={2.0 * ctcf}"
        body.append(f"{place}\tv{row}\tA\tC\t.\t.\t{known}\n")
    (tmp_path / "truth.tsv").write_text(head + "".join(lines))
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (tmp_path / "a.vcf").write_text(f"##fileformat=VCFv4.2\n{columns}" + "".join(body))
    return tmp_path


def evaluate(*words, kind="summary"):
    scores = [f"danq/{kind}.tsv", f"danq_conv/{kind}.tsv"]
    return main(["evaluate-variants", "--scores", *scores, *words])


def test_simulated_variants_by_target_beside_the_oracles(folder):
    outputs = ["--metrics", "m.tsv", "--comparison", "c.tsv", "--agreement", "a.tsv"]
    assert evaluate("--truth", "truth.tsv", *outputs, kind="table") == 0
    metrics = read_table(folder / "m.tsv")
    assert set(metrics["model"]) == {"danq", "danq_conv", "oracle_rule", "oracle_parts"}
    table = read_table(folder / "danq" / "table.tsv")
    change = table[table["target"] == "SRF"]["change_seed1"].to_numpy()
    own = metrics[(metrics["model"] == "danq") & (metrics["name"] == "SRF")].set_index("seed")
    expected = roc_auc_score(EFFECTS[:, 1] != 0, np.abs(change))
    assert own.loc["1", "auroc"] == pytest.approx(expected)
    assert own.loc["mean", "auroc"] == pytest.approx(own.loc[["0", "1"], "auroc"].mean())
    assert own.loc["mean", "auroc_low"] < own.loc["mean", "auroc"] < own.loc["mean", "auroc_high"]
    rule = metrics[(metrics["model"] == "oracle_rule") & (metrics["target"] == "mean")].iloc[0]
    assert rule["auroc"] == rule["sign"] == rule["auprc"] == 1
    comparison = read_table(folder / "c.tsv")
    mean = comparison[(comparison["target"] == "mean") & (comparison["metric"] == "auroc")].iloc[0]
    assert mean["pair"] == "danq - danq_conv" and mean["low"] > 0 and mean["covers"] == "windows"
    assert mean["difference"] == pytest.approx(mean["value_a"] - mean["value_b"])
    agreement = read_table(folder / "a.tsv")
    assert len(agreement) == 3 and (agreement["n"] == N).all()
    for name in ("m.tsv", "c.tsv", "a.tsv"):
        assert len(verified(name).checksums("scores")) == 2


def test_labels_of_0_and_1_and_numbers(folder):
    where = ["--input", "a.vcf", "--metrics", "m.tsv", "--comparison", "c.tsv"]
    assert evaluate(*where, "--label", "HIT") == 0
    metrics = read_table(folder / "m.tsv").set_index(["model", "seed"])
    known = np.arange(N) % 10 != 0
    summary = read_table(folder / "danq" / "summary.tsv")[known]
    hit = EFFECTS[known, 0] != 0
    expected = roc_auc_score(hit, summary["change_seed0"].abs())
    assert metrics.loc[("danq", "0"), "auroc"] == pytest.approx(expected)
    assert metrics.loc[("danq", "0"), "n"] == known.sum() and metrics["sign"].isna().all()
    assert set(read_table(folder / "c.tsv")["metric"]) == {"auroc", "auprc"}
    assert evaluate(*where, "--label", "BETA") == 0
    metrics = read_table(folder / "m.tsv").set_index(["model", "seed"])
    rho = stats.spearmanr(summary["change_seed0"], EFFECTS[known, 0]).statistic
    assert metrics.loc[("danq", "0"), "spearman"] == pytest.approx(rho)
    assert set(read_table(folder / "c.tsv")["metric"]) == {"sign", "spearman"}


def test_matched_controls_are_as_many_as_labelled_variants(folder, capsys):
    where = ["--input", "a.vcf", "--label", "HIT", "--metrics", "m.tsv"]
    assert evaluate(*where, "--match", "distance") == 0
    table = read_table(folder / "m.tsv")
    assert (table["n"] == 2 * table["n_positive"]).all()
    known = np.arange(N) % 10 != 0
    assert table["n_positive"].iloc[0] == (EFFECTS[known, 0] != 0).sum()
    assert "labelled variants have a control" in capsys.readouterr().err


def test_without_labels_there_is_agreement(folder):
    assert evaluate("--agreement", "a.tsv") == 0
    table = read_table(folder / "a.tsv")
    danq, conv = (read_table(folder / model / "summary.tsv") for model in ("danq", "danq_conv"))
    rho = stats.spearmanr(danq["log_odds_change"], conv["log_odds_change"]).statistic
    between = table[table["a"] != table["b"]].iloc[0]
    assert between["spearman"] == pytest.approx(rho) and between["low"] < rho < between["high"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--agreement", "a", "--label", "X"], "--label is a field of --input; give both"),
        (["--metrics", "m"], "no labels to measure on; give --truth"),
        (["--truth", "truth.tsv"], "nothing is to be written"),
        (["--truth", "truth.tsv", "--input", "a.vcf", "--metrics", "m"], "--truth has the labels"),
        (["--input", "a.vcf", "--label", "Y", "--metrics", "m"], "no variant has 'Y' in INFO"),
        (
            ["--input", "a.vcf", "--label", "BETA", "--match", "distance", "--metrics", "m"],
            "--match is for labels 0 and 1",
        ),
        (["--truth", "truth.tsv", "--metrics", "m"], "the scores of danq have no target SRF"),
    ],
)
def test_what_does_not_go_together_is_refused(folder, capsys, words, message):
    before = sorted(folder.rglob("*"))
    assert evaluate(*words) == 2
    *_, line = capsys.readouterr().err.splitlines()
    assert line.startswith("danq: ") and message in line
    assert sorted(folder.rglob("*")) == before


def test_scores_of_other_variants_are_refused(folder, capsys):
    text = (folder / "a.vcf").read_text().replace("chr1\t", "chr9\t")
    (folder / "b.vcf").write_text(text)
    assert evaluate("--input", "b.vcf", "--label", "HIT", "--metrics", "m") == 2
    assert "no variant with a label was scored" in capsys.readouterr().err
    assert not (folder / "m").exists()
