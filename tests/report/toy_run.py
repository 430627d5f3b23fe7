"""A made-up run: what the stages leave in a run's folder, with numbers drawn at random."""

import gzip
import hashlib
import json
from html.parser import HTMLParser

import h5py
import numpy as np
import pandas as pd

from danq import read_run
from danq.data.attributions import Attributions, write_attributions
from danq.data.dataset_writer import create_dataset
from danq.files import read_table, write_table, write_text
from danq.motif.meme import Motif, write_meme
from danq.records import Input, Made, recorded
from danq.report.report import report

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
    return make_records(folder)


def make_records(folder):
    """Record the files of a made-up run as its steps would, as they are now."""
    for path in sorted(folder.rglob("*")):
        if path.name in RECORDED and "benchmarks" not in path.parts:
            content = path.read_bytes()
            with recorded(path, _made(folder, path)) as file:
                file.write_bytes(content)
    return folder


RECORDED = {
    "metrics.tsv",
    "comparison.tsv",
    "curves.tsv.gz",
    "reliability.tsv",
    "learning_curve.tsv",
    "config.yaml",
    "dataset.json",
    "sites.tsv.gz",
    "trials.tsv",
    "tuning.json",
    "train.json",
    "history.tsv",
    "matches.tsv",
    "motifs.meme",
    "ablation.tsv",
    "grammar.tsv",
}


def _made(folder, path):
    """Return how a file of a made-up run was made."""
    dataset = inputs_of(folder)
    if path.name == "sites.tsv.gz":
        return Made("simulate", [Input("genome", "genome.fa.gz", "ab" * 32)])
    if path.parent.name.startswith("seed"):
        return Made("train", inputs_of(folder, path.parent))
    if path.name in ("metrics.tsv", "comparison.tsv", "curves.tsv.gz", "reliability.tsv"):
        trainings = sorted(path.parent for path in folder.glob("*/seed*/train.json"))
        inputs = [entry for training in trainings for entry in inputs_of(folder, training)]
        return Made("evaluate", [*dataset, *inputs])
    return Made("describe", dataset)


def inputs_of(folder, training=None):
    """Return what the files of a run, or of one of its trainings, are made from."""
    inputs = []
    if training is not None:
        name = f"{training.parent.name} {training.name}"
        checksum = hashlib.sha256(name.encode()).hexdigest()
        inputs.append(Input("checkpoint", str(training / "model.ckpt"), checksum))
    if (folder / "dataset.h5").exists():
        with h5py.File(folder / "dataset.h5") as file:
            checksum = file["complete"][0].decode()
        inputs.append(Input("dataset", str(folder / "dataset.h5"), checksum))
    return inputs


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
        rows = table.copy()
        for target, name in (
            ("mean", "all"),
            *(("group", group) for group in dict.fromkeys(groups)),
        ):
            part = rows if target == "mean" else rows[rows["group"] == name]
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
        n_seeds = metrics["seed"].nunique()
        table["covers"] = "windows and seeds" if n_seeds > 2 else "windows"
        table["median"], table["improved"] = table["difference"], 0.75
        tables.append(table.assign(pair=f"{a} - {b}", a=a, b=b))
    return pd.concat(tables)


def _write_dataset(path, rng, facts, simulated):
    source = {
        "genome": {"path": "sacCer3.fa.gz", "sha256": "ab" * 32},
        "targets": {"path": "targets.tsv", "sha256": "cd" * 32},
        "peaks": [{"path": f"peaks/{name}.bed", "sha256": "ef" * 32} for name in facts["name"]],
        "counts": {
            "sacCer3.fa.gz": {"lower_case_bases": 7, "blank_lines": 0},
            "peaks/ABF1.bed": {"intervals": 41, "intervals_on_other_chromosomes": 3},
        },
        "dropped": {
            "beyond_chromosome_end": 68,
            "blacklist": 1032,
            "border": 40,
            "unknown_bases": 3,
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


def with_attributions(folder, *, method="mutagenesis", targets=range(10), **options):
    """Write a run in which two models, and a second seed of one, explained some windows."""
    write_run(folder, **options)
    length, rng = 300, np.random.default_rng(3)
    for model, seed, start in (("danq", 0, 100), ("deepsea", 0, 200), ("danq", 1, 900)):
        rows = pd.DataFrame(
            [
                ("chr1", start + rank, target, 0.9 - rank / 10)
                for target in targets
                for rank in (0, 1)
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
            inputs_of(folder, folder / model / f"seed{seed}"),
        )
    return read_run(folder)


def curves_of(folder, levels=51):
    """Return made-up precision-recall curves, on levels of recall, of all in metrics.tsv."""
    metrics = read_table(folder / "metrics.tsv").dropna(subset="auprc")
    known = (
        metrics.groupby(["model", "target"], sort=False)[["auprc", "prevalence"]]
        .mean()
        .reset_index()
    )
    recall = np.linspace(0, 1, levels)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "model": row.model,
                    "target": row.target,
                    "recall": recall,
                    "precision": row.prevalence
                    + (1 - row.prevalence) * (1 - recall ** (0.1 + 2 * row.auprc)),
                }
            )
            for row in known.itertuples()
        ]
    )


def write_four_networks(folder):
    """Give a run a network more, and all the comparisons that four networks have."""
    metrics, comparison = (read_table(folder / f"{name}.tsv") for name in ("metrics", "comparison"))
    twin = metrics[metrics["model"] == "danq_conv"].assign(model="danq_residual")
    write_table(folder / "metrics.tsv", pd.concat([metrics, twin]))
    rows = comparison[(comparison["a"] == "danq") & (comparison["b"] == "danq_conv")]
    more = [
        rows.assign(a=a, b=b, pair=f"{a} - {b}")
        for a, b in (("danq", "danq_residual"), ("danq_residual", "danq_conv"))
    ]
    write_table(folder / "comparison.tsv", pd.concat([comparison, *more]))
    make_records(folder)


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
    report(folder, folder / "report.html", config=folder / "config.yaml")
    return Page(folder / "report.html")


def cells(table):
    return {row[0].text: dict(zip(table.columns[1:], row[1:], strict=True)) for row in table.rows}


def with_words(training, words):
    """Return a training some of whose first filters began as words, by number of the filter."""
    initial = [words.get(number, "") for number in range(1 + max(words))]
    options = {**training.facts.get("options", {}), "initialise_from": "enriched"}
    facts = {**training.facts, "options": options, "filters_initialised_from": initial}
    return training._replace(facts=facts)
