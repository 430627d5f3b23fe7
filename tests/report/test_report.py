"""The whole page of a made-up run."""

import dataclasses
import gzip
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from danq.data.attributions import Attributions, write_attributions
from danq.data.dataset import create_dataset
from danq.errors import DanqError
from danq.files import read_table, write_table, write_text
from danq.motif.meme import Motif, write_meme
from danq.motif.sites import ARRANGEMENTS
from danq.report import report as r
from danq.report.results import read_run
from danq.report.words import signed
from danq.simulation.truth import truth

YEAST = [
    "Abf1",
    "Reb1",
    "Rap1",
    "Cbf1",
    "Mcm1",
    "Ume6",
    "Sko1",
    "Fkh1",
    "Cin5",
    "Tbf1",
    "Phd1",
    "Spt15",
    "Cyc8",
    "Tup1",
    "Esa1",
    "Spt16",
]
GROUPS = ["sequence_specific"] * 11 + [
    "general_factor",
    "cofactor",
    "cofactor",
    "chromatin",
    "elongation",
]
NETWORKS = {"deepsea": 0.0, "danq": 0.035, "danq_conv": 0.02}
HOSTILE = [
    "<script>alert(1)</script>",
    '"onmouseover="alert(1)',
    "javascript:alert(1)",
    "</title></style><b>",
    "<img src=x onerror=alert(1)>",
    "$\\frac{1}$",
    "日本\u202ek",
    "NA",
    "a&amp;b",
    "{{ 7 * 7 }}",
    "same",
    "same",
    "'--><svg/onload=alert(1)>",
    "\x1b[2J",
    "100 %",
    "_hidden",
]


# --- a made-up run ---


def write_run(
    folder,
    *,
    names=YEAST,
    groups=GROUPS,
    seeds=(0,),
    undefined=(13,),
    simulated=False,
    factors=("ABF1", "REB1"),
    n_filters=30,
):
    """Write what the stages leave in a run's folder, with numbers drawn at random."""
    rng = np.random.default_rng(0)
    facts = pd.DataFrame({"target": range(len(names)), "name": names, "group": groups})
    facts["n"], facts["n_positive"] = 9107, rng.integers(30, 900, len(names))
    facts.loc[list(undefined), "n_positive"] = 0
    facts["prevalence"] = facts["n_positive"] / facts["n"]
    metrics = _metrics(rng, facts, seeds, simulated)
    write_table(folder / "metrics.tsv", metrics)
    write_table(folder / "comparison.tsv", _comparison(rng, facts, metrics))
    _write_dataset(folder / "dataset.h5", rng, facts, simulated)
    for model in NETWORKS:
        for seed in seeds:
            _write_training(
                folder / model / f"seed{seed}",
                rng,
                model,
                seed,
                factors,
                n_filters,
                list(facts["name"]),
            )
    if simulated:
        (folder / "simulated").mkdir()
        with gzip.open(folder / "simulated" / "sites.tsv.gz", "wt") as out:
            out.write(
                "chrom\tstart\tend\tstrand\tmotif\tfactor\nchr1\t5\t15\t+\tMA0265.3\tABF1\n"
                "chr1\t9\t17\t+\tMA0363.3\tREB1\nchr1\t20\t31\t-\tMA0359.3\tRAP1\n"
                "chr2\t5\t15\t+\tMA0265.3\tABF1\n"
            )
    write_text(
        folder / "config.yaml",
        "run: yeast\nmotifs: JASPAR2024:fungi\ntrain:\n  scale: 0.25\n  epochs: 12\n",
    )
    write_text(folder / "logs" / "train_danq.log", "$ danq train --model danq --seed 0\nepoch 1\n")
    return folder


def _metrics(rng, facts, seeds, simulated):
    base = rng.uniform(0.05, 0.45, len(facts))
    rows = [
        (model, seed, base + gain * (1 + base) + rng.normal(0, 0.02, len(facts)))
        for model, gain in NETWORKS.items()
        for seed in seeds
    ]
    rows += [
        ("kmer", "NA", base * 0.7 + rng.normal(0, 0.06, len(facts))),
        ("scan", "NA", base * 0.8 + 0.03),
    ]
    if simulated:
        rows += [
            ("oracle_rule", "NA", np.full(len(facts), 0.99)),
            ("oracle_parts", "NA", np.full(len(facts), 0.6)),
        ]
    tables = []
    for model, seed, areas in rows:
        table = facts.assign(
            auroc=0.6 + areas / 2,
            auprc=areas.clip(0.01, 1),
            auprc_trapezoid=areas.clip(0.01, 1),
            lift=areas.clip(0.01, 1) / facts["prevalence"],
            recall_at_fdr50=areas.clip(0, 1),
        )
        table.loc[
            facts["n_positive"] == 0,
            ["auroc", "auprc", "auprc_trapezoid", "lift", "recall_at_fdr50"],
        ] = np.nan
        table["brier"], table["ece"] = (np.nan, np.nan) if model == "scan" else (0.02, 0.005)
        if simulated:
            table["decoy_auroc"] = 0.5 + areas / 3
        table.insert(0, "model", model)
        table.insert(1, "seed", seed)
        tables.append(table[:11] if model == "scan" else table)
    return pd.concat(tables)


def _comparison(rng, facts, metrics):
    areas = metrics.groupby(["model", "target"])[["auprc", "auroc"]].mean()
    tables, groups = [], facts["group"]
    for a, b in (("danq", "deepsea"), ("danq", "danq_conv"), ("danq_conv", "deepsea")):
        table = facts[["target", "name", "group"]].astype({"target": str})
        for metric in ("auprc", "auroc"):
            for side, model in (("a", a), ("b", b)):
                table[f"{metric}_{side}"] = areas.loc[model, metric].to_numpy()
        own = table.copy()
        for target, name in (
            ("mean", "all"),
            *(("group", group) for group in dict.fromkeys(groups)),
        ):
            part = own if target == "mean" else own[own["group"] == name]
            row = {
                "target": target,
                "name": "mean",
                "group": name,
                "n_targets": len(part),
                "wilcoxon_p": 0.01,
                **part.select_dtypes("number").mean(),
            }
            table = pd.concat([table, pd.DataFrame([row])], ignore_index=True)
        table["difference"] = table["auprc_a"] - table["auprc_b"]
        half = np.append(
            rng.uniform(0.015, 0.05, len(facts)), np.full(len(table) - len(facts), 0.012)
        )
        table["low"], table["high"] = table["difference"] - half, table["difference"] + half
        table["p"] = np.exp(-np.abs(table["difference"]) / half)
        table["q"] = table["p"].where(table.index < len(facts))
        table["auroc_difference"] = table["auroc_a"] - table["auroc_b"]
        table["auroc_low"], table["auroc_high"] = (
            table["auroc_difference"] + side for side in (-0.01, 0.01)
        )
        table["auroc_q"], table["sampling_sd"] = table["q"], half / 2
        table["seed_sd"] = half if metrics["seed"].nunique() > 2 else np.nan
        table["median"], table["improved"] = table["difference"], 0.75
        tables.append(table.assign(pair=f"{a} - {b}", a=a, b=b))
    return pd.concat(tables)


def _write_dataset(path, rng, facts, simulated):
    source = {
        "genome": {"path": "sacCer3.fa.gz", "sha256": "ab" * 32},
        "targets": {"path": "targets.tsv", "sha256": "cd" * 32},
        "peaks": [{"path": f"peaks/{name}.bed", "sha256": "ef" * 32} for name in facts["name"]],
        "counts": {
            "sacCer3.fa.gz": {"bases in lower case": 7, "blank lines": 0},
            "peaks/ABF1.bed": {"intervals": 41, "intervals on other chromosomes, left out": 3},
        },
        "dropped": {
            "beyond chromosome end": 68,
            "blacklist": 1032,
            "border": 40,
            "N": 3,
            "unlabelled": 0,
        },
        "splits": {"valid": ["chrV", "chrIX"], "test": ["chrIII", "chrXI", "chrXIII"]},
    }
    sizes = {"train": 40213, "valid": 4410, "test": 9107}
    targets = [(name, group, "") for name, group in zip(facts["name"], facts["group"], strict=True)]
    with create_dataset(
        path,
        window=1000,
        bin_size=200,
        targets=targets,
        rows=np.diag(list(sizes.values())),
        chromosomes={"chrI": 9_000_000, "chrV": 1_000_000, "chrIII": 2_157_105},
        source=source,
        assembly="unknown" if simulated else "sacCer3",
    ) as writer:
        for split, n in sizes.items():
            labels = rng.random((n, len(facts))) < facts["prevalence"].to_numpy()
            writer.append(
                split, np.zeros((n, 125, 4), np.uint8), np.packbits(labels, axis=1), np.arange(n)
            )


def _write_training(folder, rng, model, seed, factors, n_filters, targets):
    epochs = np.arange(1, 13)
    areas = 0.05 + (0.2 + NETWORKS[model]) * (1 - np.exp(-epochs / 4)) + rng.normal(0, 0.004, 12)
    loss = 0.09 - NETWORKS[model] / 9 + 0.05 * np.exp(-epochs / 3)
    write_table(
        folder / "history.tsv",
        pd.DataFrame(
            {
                "epoch": epochs,
                "train_loss": loss - 0.002 * epochs,
                "valid_loss": loss,
                "valid_auprc": areas,
                "valid_auroc": 0.8,
                "lr": 0.001,
                "samples_per_s": 1500.0,
                "seconds": 3.7,
                "best": np.where(areas == areas.max(), "yes", "no"),
            }
        ),
    )
    facts = {
        "model": model,
        "parameters": 925_120,
        "scale": 0.25,
        "seed": seed,
        "epochs": 12,
        "device": "cpu",
        "hardware": "x86_64",
        "precision": "bfloat16",
        "threads": 1,
        "seconds": 151.3,
        "versions": {"danq": "0.1.0", "python": "3.12.3", "torch": "2.13.0", "numpy": "2.4.6"},
        "options": {"lr": 0.001, "batch_size": 128},
    }
    write_text(folder / "train.json", json.dumps(facts))
    motifs = [
        Motif(
            f"filter{k}",
            "",
            rng.dirichlet([0.25] * 4, size=int(rng.integers(7, 20))),
            int(rng.integers(20, 900)),
        )
        for k in range(0, 2 * n_filters, 2)
    ]
    write_meme(folder / "motifs.meme", motifs)
    write_table(
        folder / "matches.tsv", pd.concat([_matches(rng, motif, factors) for motif in motifs])
    )
    keys = pd.MultiIndex.from_product(
        [[motif.name for motif in motifs], range(len(targets))]
    ).to_frame(index=False)
    write_table(
        folder / "ablation.tsv",
        pd.DataFrame(
            {
                "filter": keys[0].str.removeprefix("filter").astype(int),
                "motif": keys[0],
                "target": keys[1],
                "name": np.array(targets)[keys[1]],
                "group": "g",
                "effect": rng.normal(0, 0.3, len(keys)).round(6),
                "se": 0.01,
                "n": 50,
            }
        ),
    )


def _matches(rng, motif, factors):
    known = {"ABF1": "MA0265.3", "REB1": "MA0363.3", "RAP1": "MA0359.3", "GAL4": "MA0299.1"}
    number = int(motif.name.removeprefix("filter"))
    facts = {
        "layer": "filter",
        "filter": number,
        "initialised_from": None,
        "name": motif.name,
        "n_sites": motif.n_sites,
        "width": len(motif.matrix),
        "bits": 9.5,
        "cluster": f"filter{number - number % 4}",
    }
    if number % 5 == 0:
        return pd.DataFrame(
            [
                facts
                | dict.fromkeys(
                    [
                        "rank",
                        "match",
                        "factor",
                        "family",
                        "p",
                        "e",
                        "q",
                        "empirical_fdr",
                        "strand",
                        "offset",
                        "overlap",
                    ]
                )
                | {"tested": "no", "named": "no", "cluster": None}
            ]
        )
    factor = factors[number // 2 % len(factors)]
    return pd.DataFrame(
        [
            facts
            | {
                "tested": "yes",
                "rank": rank,
                "match": known.get(factor, factor),
                "factor": factor,
                "family": "C2H2 <zinc>",
                "p": 1e-7,
                "e": 1e-5,
                "q": 10.0 ** -rng.integers(3, 9) * rank,
                "empirical_fdr": 0.02,
                "strand": "+-"[number % 4 // 2],
                "offset": int(rng.integers(-4, 5)),
                "overlap": 7,
                "named": "yes" if rank == 1 and number % 3 else "no",
            }
            for rank in (2, 1)
        ]
    )


# --- the page ---


class Page(HTMLParser):
    """Collects elements with the names of their attributes, links, and text."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.links, self.words = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, *sorted(name for name, _ in attributes)))
        self.links += [
            value
            for name, value in attributes
            if name in ("src", "href", "xlink:href", "action", "srcset")
        ]

    def handle_data(self, data):
        self.words.append(data)


def page_of(folder, **options):
    write_run(folder, **options)
    r.report(folder, folder / "report.html", config=folder / "config.yaml")
    return Page(folder / "report.html")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("runs") / "yeast")


def test_page_leads_nowhere_but_to_references(page):
    allowed = re.compile(
        r"#[\w-]+|data:,|https://doi\.org/10\.[\w./-]+|https://jaspar\.elixir\.no/matrix/MA[\d.]+/"
    )
    assert [link for link in page.links if not allowed.fullmatch(link)] == []
    assert {
        "https://doi.org/10.1093/nar/gkw226",
        "https://jaspar.elixir.no/matrix/MA0265.3/",
    } <= set(page.links)
    assert {element[0] for element in page.elements}.isdisjoint(
        {"img", "iframe", "object", "image", "form"}
    )


def test_page_says_its_numbers(page):
    for words in (
        "DanQ has a higher AUPRC than DeepSEA on 15 of 15 targets",
        "1 of 16 targets has no positive window",
        "Trained with a single seed",
        "is below the k-mer baseline on 2 of 15 targets (Ume6, Fkh1)",
        "12,157,105 bp on 3 chromosomes",
        "blacklisted 1,032",
        "bases in lower case 7",
        "left out 3 1",
        "danq train --model danq --seed 0",
        "scale: 0.25",
        "ab" * 32,
        "925,120",
        "2 min 31 s",
    ):
        assert words in page.text


def test_points_and_marks_carry_titles(page):
    assert "Reb1 (sequence_specific): DanQ 0." in page.text
    assert "DanQ, seed 0: epoch 1" in page.text


def test_intervals_are_not_broken_over_lines(tmp_path):
    folder = write_run(tmp_path / "run")
    r.report(folder, folder / "report.html")
    html = (folder / "report.html").read_text()
    paragraphs = " ".join(re.findall(r"<(?:p|li)\b[^>]*>([^<]*)<", html))
    intervals = re.findall(r"\[−?\d\.\d{3},(.)−?\d\.\d{3}\]", paragraphs)
    assert len(intervals) >= 4 and set(intervals) == {"\N{NO-BREAK SPACE}"}


def test_every_inner_reference_has_one_target(page, tmp_path):
    text = "".join(map(str, page.links))
    assert text
    write_run(tmp_path / "run")
    r.report(tmp_path / "run", tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    targets = re.findall(r'\bid="([^"]+)"', html)
    wanted = set(re.findall(r'href="#([^"]+)"', html)) | set(re.findall(r"url\(#([^)]+)\)", html))
    assert len(targets) == len(set(targets)) and wanted <= set(targets)


def test_hostile_names_are_inert_text(tmp_path):
    plain = [f"x{min(k, 10) if k in (10, 11) else k}" for k in range(len(HOSTILE))]
    pages = [
        page_of(tmp_path / name, names=names, groups=names, factors=names)
        for name, names in (("hostile", HOSTILE), ("plain", plain))
    ]
    assert pages[0].elements == pages[1].elements
    assert [link for link in pages[0].links if "alert" in link] == []
    for name in (
        "<script>alert(1)</script>",
        '"onmouseover="alert(1)',
        "javascript:alert(1)",
        "{{ 7 * 7 }}",
        "日本\N{REPLACEMENT CHARACTER}k",
        "a&amp;b",
        "same (#10)",
        "\N{REPLACEMENT CHARACTER}[2J",
    ):
        assert name in pages[0].text


def test_undefined_values_are_shown_and_not_averaged(tmp_path):
    run = read_run(write_run(tmp_path / "run", undefined=(13, 14)))
    rows = {
        row[0].text: [cell.text for cell in row]
        for row in r._means_table(run, run.scores("auprc")).rows
    }
    areas = run.metrics.query("model == 'danq'")["auprc"]
    assert areas.isna().sum() == 2
    assert rows["DanQ"][1:4] == ["1", "14", "2"] and rows["DanQ"][5] == f"{areas.sum() / 14:.3f}"
    assert rows["motif scan"][2:4] == ["11", "5"]
    by_target = {row[0].text: row for row in r._scores_table(run, run.scores("auprc")).rows}
    assert [cell.text for cell in by_target["Tup1"][3:]] == ["NA"] * 5


def test_differences_begin_with_their_mean(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    [table] = r._difference_table(run)
    assert table.columns == ["target", "DanQ − DanQ-conv", "DanQ − DeepSEA", "DanQ-conv − DeepSEA"]
    assert [row[0].text for row in table.rows] == ["mean over targets", *YEAST]
    assert [cell.text for cell in table.rows[0][1:]] == [
        f"{pair.mean['difference']:+.3f}" for pair in run.pairs
    ]
    assert [cell.mark for cell in table.rows[14]] == ["", "na", "na", "na"]


def test_best_filter_of_each_factor_is_drawn_first(tmp_path):
    run = read_run(
        write_run(tmp_path / "run", factors=("ABF1", "REB1", "RAP1", "GAL4"), n_filters=90)
    )
    gallery = r._galleries("filter", run.trained[0], {})[0]
    assert len(gallery.logos) == r.SHOWN < len(run.trained[0].named())
    assert {logo.title for logo in gallery.logos[:4]} == {"ABF1", "REB1", "RAP1", "GAL4"}


def test_what_a_filter_does_is_told_beside_its_logo(tmp_path):
    run = read_run(write_run(tmp_path / "run", factors=("ABF1", "REB1")))
    one = run.trained[0]
    table = one.ablation[one.ablation["motif"] == one.named()["name"].iloc[0]]
    loudest = table.loc[table["effect"].abs().idxmax()]
    logo = r._galleries("filter", one, {})[0].logos[0]
    assert f"ablated: {loudest['name']} {signed(-loudest['effect'])} in log-odds" in logo.facts
    assert logo.ranks["effect"] == pytest.approx(abs(loudest["effect"])) and logo.ranks["sites"] > 0
    members = (one.best_matches()["cluster"] == one.named()["cluster"].iloc[0]).sum()
    assert ("cop" in logo.facts[0]) == (members > 1)
    text = page_of(tmp_path / "run").text
    assert "What ablation a filter costs: DanQ, seed 0" in text and "C2H2 <zinc>" in text


def test_factors_by_model(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    named = pd.DataFrame(
        {
            "layer": "filter",
            "name": ["filter0"],
            "filter": 0,
            "tested": "yes",
            "named": "yes",
            "q": 0.01,
            "rank": 1,
            "match": "MA1",
            "factor": ["ABF1"],
            "cluster": "filter0",
        }
    )
    none = named.assign(named="no")
    found = {"danq": [named, none], "danq_conv": [none, none], "deepsea": [none, none]}
    trained = [one._replace(matches=found[one.model][one.seed]) for one in run.trained]
    expected = pd.DataFrame({"motif": ["MA1", "MA2"], "factor": ["Abf1", "Rap1"]})
    [table] = r._factor_table(dataclasses.replace(run, expected=expected), trained, {})
    rows = [[cell.text for cell in row] for row in table.rows]
    counts = {"danq": "1 of 2", "danq_conv": "0 of 2", "deepsea": "0 of 2"}
    order = list(dict.fromkeys(one.model for one in run.trained))
    assert rows == [
        ["ABF1", "yes", *(counts[model] for model in order), "only with recurrence"],
        ["Rap1", "yes", "0 of 2", "0 of 2", "0 of 2", "none"],
    ]
    # Targets that are not called as their motif is.
    known = {
        name: Motif(name, alias, np.eye(4)) for name, alias in (("MA1", "ABF1"), ("MA2", "RAP1"))
    }
    named_otherwise = expected.assign(factor=["K562|ABF1", "K562|RAP1"])
    [table] = r._factor_table(dataclasses.replace(run, expected=named_otherwise), trained, known)
    assert [[cell.text for cell in row[:2]] for row in table.rows] == [
        ["ABF1", "yes"],
        ["RAP1", "yes"],
    ]
    assert (
        r._found_by(pd.Series({"danq": 0, "deepsea": 2}), ["danq"], ["danq", "deepsea"])
        == "only without"
    )
    assert (
        r._found_by(pd.Series({"danq": 1, "deepsea": 2}), ["danq"], ["danq", "deepsea"])
        == "with and without"
    )


def test_best_network_and_better_baseline_are_marked(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    values = pd.Series({"deepsea": 0.2, "danq": 0.3, "danq_conv": 0.1, "kmer": 0.4, "scan": np.nan})
    assert [r._mark(values, model, run) for model in values.index] == [
        "",
        "best",
        "",
        "beats",
        "na",
    ]


def test_simulated_run(tmp_path):
    text = page_of(tmp_path / "sim", simulated=True, seeds=(0, 1), factors=("ABF1", "GAL4")).text
    assert "AUROC against decoys" in text and "oracle: rule" in text and "Seed by seed" in text
    assert "Trained with a single seed" not in text
    assert re.search(r"DanQ 0 1 of 3 (ABF1|GAL4)", text)
    assert "(GAL4)" in text and "Relative: it is itself like a planted motif" in text


def test_tables_of_the_evaluation_are_enough(tmp_path):
    folder = write_run(tmp_path / "run")
    kept = {path.name: path.read_bytes() for path in folder.glob("*.tsv")}
    bare = tmp_path / "bare"
    bare.mkdir()
    for name, content in kept.items():
        (bare / name).write_bytes(content)
    r.report(bare, bare / "report.html")
    text = Page(bare / "report.html").text
    assert "no training history" in text and "no motifs" in text and "Means over targets" in text
    assert not any(
        title in text
        for title in ("Splits", "Dropped", "Models and machines", "Software", "Input files")
    )


def test_one_network_alone(tmp_path):
    folder = write_run(tmp_path / "run")
    metrics = read_table(folder / "metrics.tsv")
    write_table(folder / "metrics.tsv", metrics[metrics["model"].isin(["danq", "kmer"])])
    write_table(folder / "comparison.tsv", read_table(folder / "comparison.tsv")[:0])
    r.report(folder, folder / "report.html")
    assert "This run cannot say what the recurrent layer adds" in Page(folder / "report.html").text


def test_same_run_gives_same_bytes(tmp_path):
    folder = write_run(tmp_path / "run")
    for name in ("one.html", "two.html"):
        r.report(folder, tmp_path / name, config=folder / "config.yaml")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_size(tmp_path):
    page_of(
        tmp_path / "run",
        names=[f"T{k}" for k in range(100)],
        groups=["TF", "DNase"] * 50,
        n_filters=60,
    )
    html = (tmp_path / "run" / "report.html").read_text()
    assert html.count('class="logo"') > 3 * 2 * 24 and len(html) < 3e6


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("metrics.tsv", lambda frame: frame.drop(columns="auprc"), "no column auprc"),
        (
            "metrics.tsv",
            lambda frame: frame.assign(auroc="high"),
            "metrics.tsv:2: column auroc: 'high' is not a number",
        ),
        (
            "metrics.tsv",
            lambda frame: frame.assign(model="../../etc"),
            "is not the name of a model",
        ),
        ("metrics.tsv", lambda frame: frame[:0], "holds no row"),
        ("comparison.tsv", lambda frame: frame[frame["target"] != "mean"], "no row of target mean"),
    ],
)
def test_unfit_tables_are_refused(tmp_path, name, change, words):
    folder = write_run(tmp_path / "run")
    write_table(folder / name, change(read_table(folder / name)))
    with pytest.raises(DanqError, match=re.escape(words)):
        r.report(folder, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_missing_table_is_named(tmp_path):
    with pytest.raises(DanqError, match=r"metrics\.tsv: not a table"):
        r.report(tmp_path, tmp_path / "report.html")


# --- the comparison's tables ---


def cells(table):
    return {row[0].text: dict(zip(table.columns[1:], row[1:], strict=True)) for row in table.rows}


def test_every_metric_has_its_mean_and_its_count_of_undefined_targets(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    table = cells(r._measures_table(run))
    own = run.metrics[run.metrics["model"] == "danq"]
    for column, name in (("auroc", "AUROC"), ("lift", "lift"), ("brier", "Brier score")):
        mean = own.groupby("target")[column].mean().mean()
        assert table["DanQ"][name].text == f"{mean:.3f}"
    assert table["DanQ"]["AUPRC"].note == "NA: 1" and table["DanQ"]["Brier score"].note == ""
    # Undefined for every target is NA in place of the mean, and no number of targets.
    assert (
        table["motif scan"]["Brier score"] == ("NA", "", "", "")
        and table["motif scan"]["AUPRC"].note == "NA: 5"
    )


def test_differences_are_shown_by_group_and_bold_where_sure(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    table = cells(r._group_differences_table(run)[0])
    own = run.pairs[0].groups
    assert list(table) == list(dict.fromkeys(GROUPS)) and table["cofactor"]["targets"].text == "2"
    value = table["cofactor"]["DanQ − DanQ-conv"].text.replace("−", "-")
    assert float(value) == pytest.approx(own.loc["cofactor", "difference"], abs=5e-4)
    by_target = cells(r._difference_table(run)[0])
    for label, q in zip(run.targets["label"], run.pairs[0].rows["q"], strict=True):
        assert ("sure" in by_target[label]["DanQ − DanQ-conv"].mark) == (q < 0.05)


def test_the_cost_of_a_model_is_the_mean_over_its_seeds(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1)))
    table = cells(r._cost_table(run.trained))
    best = [
        int(np.flatnonzero(one.history["best"] == "yes")[0]) + 1
        for one in run.trained
        if one.model == "danq"
    ]
    assert (
        table["DanQ"]["time to best epoch"].text == f"{round(np.mean(best) * 3.7)} s"
    )  # 3.7 s an epoch
    assert table["DanQ"]["training windows per second"].text == "1,500"
    assert (
        table["DanQ"]["parameters"].text == "925,120"
        and table["DanQ"]["multiply-adds per window"].text == "NA"
    )


def test_methods_are_told_as_a_paper_would(tmp_path):
    run = read_run(write_run(tmp_path / "run", seeds=(0, 1, 2)))
    section = r.methods(run, "")
    [text] = [one.text for one in section.details if one.title.startswith("Methods")]
    for part in (
        "Windows of 1,000 bp were labelled for 16 targets",
        "40,213 training, 4,410 validation (chrV, chrIX) "
        "and 9,107 test (chrIII, chrXI, chrXIII) windows",
        "from seeds 0, 1, 2",
        "batches of 128",
        "torch 2.13.0",
        "Satterthwaite",
    ):
        assert part in text, part
    # Models of other numbers are told apart; windows that came with their labels are not said to be labelled by us.
    run.trained[0].facts["options"]["batch_size"] = 16
    text = "\n".join(r.words.methods_paragraphs(run))
    assert "batches of 16" in text and "(DeepSEA)." in text and "batches of 128" in text
    text = r.words.methods_paragraphs(dataclasses.replace(run, chromosomes={}))[0]
    assert "were given with their labels" in text and "peaks" not in text and "no base" not in text
    [citation] = [one.text for one in section.details if one.title == "How to cite"]
    assert "10.1038/nmeth.3547" in citation and "10.1093/nar/gkw226" in citation


def test_interactions_are_held_against_the_planted_rule(tmp_path):
    folder = write_run(tmp_path / "run", simulated=True)
    cases = pd.DataFrame(
        [
            ("MA0757.2", "MA1494.2", *arrangement, distance)
            for arrangement in ARRANGEMENTS
            for distance in (0, 100, 300)
        ],
        columns=["a", "b", "order", "orientation", "distance"],
    )
    rule = truth(cases, 1000)
    for model, strength in (("danq", 3), ("deepsea", 0)):
        write_table(
            folder / model / "seed0" / "grammar.tsv",
            rule.assign(
                model=model,
                seed=0,
                pair="ONECUT3+HNF4A",
                effect=strength * rule["effect"] + 0.5,
                se=0.1,
                n=32,
            ),
        )
    run = read_run(folder)
    # ONECUT3 and HNF4A, on one strand in this order, 40 to 160 bp apart: one of twelve cases, target 3.
    [table] = r._rule_tables(run)
    rows = {row[2].text: [cell.text for cell in row] for row in table.rows}
    assert rows["DanQ"] == ["ONECUT3+HNF4A", YEAST[3], "DanQ", "+3.500", "+0.500", "NA"]
    assert rows["DeepSEA"][3:] == ["+0.500", "+0.500", "NA"]
    assert [figure.title for figure in r.probe(run)[0].figures] == [
        f"ONECUT3+HNF4A: what the pair does to {YEAST[3]}"
    ]
    assert r.probe(read_run(write_run(tmp_path / "without"))) == []


def test_auroc_differences_are_shown_with_their_intervals(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    table, own = cells(r._auroc_table(run)[0]), run.pairs[0]
    for label, row in [("mean over targets", own.mean), (YEAST[2], own.rows.loc[2])]:
        cell = table[label]["DanQ − DanQ-conv"]
        assert float(cell.text.replace("−", "-")) == pytest.approx(
            row["auroc_difference"], abs=5e-4
        )
        assert [
            float(part) for part in re.findall(r"-?\d\.\d+", cell.note.replace("−", "-"))
        ] == pytest.approx([row["auroc_low"], row["auroc_high"]], abs=5e-4)
    assert table[YEAST[13]]["DanQ − DanQ-conv"].text == "NA"


# --- attributions ---


def with_attributions(folder, *, method="mutagenesis", targets=range(10), **options):
    """Write a run in which two models, and a second seed of one, explained windows of some targets."""
    write_run(folder, **options)
    length, rng = 300, np.random.default_rng(3)
    for model, seed, place in (("danq", 0, 100), ("deepsea", 0, 200), ("danq", 1, 900)):
        rows = pd.DataFrame(
            [
                ("chr1", place + rank, target, 0.9 - rank / 10)
                for target in targets
                for rank in (1, 0)
            ],
            columns=["chrom", "start", "target", "probability"],
        )
        one_hot = np.eye(4)[rng.integers(0, 4, (len(rows), length))].transpose(0, 2, 1)
        hypothetical = np.zeros((len(rows), 4, length), np.float32)
        hypothetical[:, :, 140:150] = 1 if model == "danq" else -0.5
        table = rows.assign(
            split="test",
            end=rows["start"] + length,
            name="x",
            label=1,
            completeness_error=0.0123 if method == "gradients" else np.nan,
        )
        facts = {
            "model": model,
            "seed": str(seed),
            "method": method,
            "window": length,
            "bin_size": 200,
        }
        (folder / model / f"seed{seed}").mkdir(exist_ok=True)
        write_attributions(
            folder / model / f"seed{seed}" / "attributions.h5",
            Attributions(facts, table, one_hot.astype(np.uint8), hypothetical),
        )
    return read_run(folder)


def test_loci_show_the_best_window_of_each_target_and_model(tmp_path):
    run = with_attributions(tmp_path / "run", seeds=(0, 1))
    (section,) = r.loci(run)
    assert "replaced by each of the other three" in section.text[0]
    assert "The first 8 of 10 targets are shown." in section.text[1]
    assert [figure.title for figure in section.figures] == YEAST[:8]
    columns, rows = section.figures[0].table
    assert columns == ["model", "chrom", "position", "base", "score"]
    # Rank 0 is the better window; the first seed is shown, and 60 bp about the ten bases that count.
    places = {model: [row[2] for row in rows if row[0] == model] for model in ("DanQ", "DeepSEA")}
    assert len(rows) == 120 and len(places["DanQ"]) == 60
    assert places["DanQ"][0] + 9 <= 240 and places["DanQ"][-1] - 9 >= 249
    assert {row[4] for row in rows if row[0] == "DanQ" and 240 <= row[2] < 250} == {1.0}
    assert "DanQ, chr1:" in section.figures[0].svg and "(0.900)" in section.figures[0].svg
    # DeepSEA has only negative scores: its first 60 bp are drawn, of which the bin has the last ten.
    assert '<rect x="500" y="26" width="100"' in section.figures[0].svg
    assert (
        "planted" not in section.figures[0].note and "completeness" not in section.figures[0].note
    )


def test_loci_of_a_simulated_run_show_what_was_planted(tmp_path):
    run = with_attributions(tmp_path / "run", simulated=True)
    run = dataclasses.replace(
        run,
        sites=pd.DataFrame(
            {
                "chrom": ["chr1", "chr1", "chr2", "chr1"],
                "start": [238, 900, 238, 100],
                "end": [251, 910, 251, 110],
                "strand": ["-", "+", "+", "+"],
                "factor": ["ABF1", "REB1", "RAP1", "TBF1"],
            }
        ),
    )
    figure = r.loci(run)[0].figures[0]
    assert "ABF1 ←" in figure.svg and not any(
        name in figure.svg for name in ("REB1", "RAP1", "TBF1")
    )
    assert "Under the bases: planted sites" in figure.note


def test_loci_of_gradients_tell_how_complete_they_are(tmp_path):
    (section,) = r.loci(with_attributions(tmp_path / "run", method="gradients", targets=[2]))
    assert "integrated gradients" in section.text[0] and "The first" not in section.text[1]
    assert [figure.title for figure in section.figures] == [YEAST[2]]
    assert "Largest completeness error: 1.23 %." in section.figures[0].note


def test_a_run_without_attributions_has_no_loci(tmp_path):
    assert r.loci(read_run(write_run(tmp_path / "run"))) == []


def test_loci_stand_on_the_page(tmp_path):
    with_attributions(tmp_path / "run", targets=[0], names=HOSTILE, groups=GROUPS)
    r.report(tmp_path / "run", tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="loci"' in text and "<script>alert(1)" not in text
    assert {match for match in re.findall(r'href="#base-(.)"', text)} <= set("ACGT")
