"""The report: its words by hand-made numbers, and the whole page of a made-up run."""

import json
import re
from html.parser import HTMLParser

import h5py
import numpy as np
import pandas as pd
import pytest

from danq import report as r
from danq.errors import DanqError
from danq.files import write_table, write_text
from danq.meme import Motif, write_meme

YEAST = ["Abf1", "Reb1", "Rap1", "Cbf1", "Mcm1", "Ume6", "Sko1", "Fkh1", "Cin5", "Tbf1", "Phd1", "Spt15", "Cyc8", "Tup1",
         "Esa1", "Spt16"]
GROUPS = ["sequence_specific"] * 11 + ["general_factor", "cofactor", "cofactor", "chromatin", "elongation"]
NETWORKS = {"deepsea": 0.0, "danq": 0.035, "danq_conv": 0.02}
HOSTILE = ["<script>alert(1)</script>", '"onmouseover="alert(1)', "javascript:alert(1)", "</title></style><b>",
           "<img src=x onerror=alert(1)>", "$\\frac{1}$", "日本\u202ek", "NA", "a&amp;b", "{{ 7 * 7 }}", "same", "same",
           "'--><svg/onload=alert(1)>", "\x1b[2J", "100 %", "_hidden"]


# --- a made-up run ---


def write_run(folder, *, names=YEAST, groups=GROUPS, seeds=(0,), undefined=(13,), simulated=False, factors=("ABF1", "REB1")):
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
            _write_training(folder / model / f"seed{seed}", rng, model, seed, factors)
    if simulated:
        write_table(folder / "simulated" / "sites.tsv.gz", pd.DataFrame(
            {"chrom": "chr1", "start": range(4), "motif": ["MA0265.3", "MA0363.3", "MA0359.3", "MA0265.3"],
             "factor": ["ABF1", "REB1", "RAP1", "ABF1"]}))
    write_text(folder / "config.yaml", "run: yeast\nmotifs: JASPAR2024:fungi\ntrain:\n  scale: 0.25\n  epochs: 12\n")
    write_text(folder / "logs" / "train_danq.log", "$ danq train --model danq --seed 0\nepoch 1\n")
    return folder


def _metrics(rng, facts, seeds, simulated):
    base = rng.uniform(0.05, 0.45, len(facts))
    rows = [(model, seed, base + gain * (1 + base) + rng.normal(0, 0.02, len(facts)))
            for model, gain in NETWORKS.items() for seed in seeds]
    rows += [("kmer", "NA", base * 0.7 + rng.normal(0, 0.06, len(facts))), ("scan", "NA", base * 0.8 + 0.03)]
    if simulated:
        rows += [("oracle_rule", "NA", np.full(len(facts), 0.99)), ("oracle_parts", "NA", np.full(len(facts), 0.6))]
    tables = []
    for model, seed, areas in rows:
        table = facts.assign(auroc=0.6 + areas / 2, auprc=areas.clip(0.01, 1))
        table.loc[facts["n_positive"] == 0, ["auroc", "auprc"]] = np.nan
        if simulated:
            table["decoy_auroc"] = 0.5 + areas / 3
        table.insert(0, "model", model)
        table.insert(1, "seed", seed)
        tables.append(table[:11] if model == "scan" else table)
    return pd.concat(tables)


def _comparison(rng, facts, metrics):
    areas = metrics.groupby(["model", "target"])[["auprc", "auroc"]].mean()
    tables = []
    for a, b in (("danq", "deepsea"), ("danq", "danq_conv"), ("danq_conv", "deepsea")):
        table = facts[["target", "name", "group"]].astype({"target": str})
        for metric in ("auprc", "auroc"):
            for side, model in (("a", a), ("b", b)):
                table[f"{metric}_{side}"] = areas.loc[model, metric].to_numpy()
        numbers = table.select_dtypes("number").mean()
        mean = pd.DataFrame([{"target": "mean", "name": "mean", "group": "all", **numbers}])
        table = pd.concat([table, mean], ignore_index=True)
        table["difference"] = table["auprc_a"] - table["auprc_b"]
        half = np.append(rng.uniform(0.015, 0.05, len(facts)), 0.012)
        table["low"], table["high"] = table["difference"] - half, table["difference"] + half
        table["auroc_difference"] = table["auroc_a"] - table["auroc_b"]
        tables.append(table.assign(pair=f"{a} - {b}", a=a, b=b))
    return pd.concat(tables)


def _write_dataset(path, rng, facts, simulated):
    source = {"genome": {"path": "sacCer3.fa.gz", "sha256": "ab" * 32}, "targets": {"path": "targets.tsv", "sha256": "cd" * 32},
              "chromosomes": 17, "genome_length": 12157105,
              "dropped": {"beyond chromosome end": 68, "blacklist": 1032, "border": 40, "N": 3, "unlabelled": 0},
              "splits": {"valid": ["chrV", "chrIX"], "test": ["chrIII", "chrXI", "chrXIII"]}}
    with h5py.File(path, "w") as file:
        file.attrs.update({"format": "danq-dataset", "format-version": 1, "window": 1000, "bin_size": 200, "alphabet": "ACGT",
                           "assembly": "unknown" if simulated else "sacCer3", "created-by": "danq 0.1.0",
                           "source": json.dumps(source)})
        for split, n in (("train", 40213), ("valid", 4410), ("test", 9107)):
            labels = rng.random((n, len(facts))) < facts["prevalence"].to_numpy()
            file[f"{split}/targets"] = np.packbits(labels, axis=1)
        file.create_dataset("targets/name", data=[name.encode() for name in facts["name"]])


def _write_training(folder, rng, model, seed, factors):
    epochs = np.arange(1, 13)
    areas = 0.05 + (0.2 + NETWORKS[model]) * (1 - np.exp(-epochs / 4)) + rng.normal(0, 0.004, 12)
    loss = 0.09 - NETWORKS[model] / 9 + 0.05 * np.exp(-epochs / 3)
    write_table(folder / "history.tsv", pd.DataFrame({
        "epoch": epochs, "train_loss": loss - 0.002 * epochs, "valid_loss": loss, "valid_auprc": areas, "valid_auroc": 0.8,
        "lr": 0.001, "samples_per_s": 1500.0, "seconds": 3.7,
        "best": np.where(areas == areas.max(), "yes", "no")}))
    facts = {"model": model, "parameters": 925_120, "scale": 0.25, "seed": seed, "epochs": 12, "device": "cpu",
             "hardware": "x86_64", "precision": "bfloat16", "threads": 1, "seconds": 151.3,
             "versions": {"danq": "0.1.0", "python": "3.12.3", "torch": "2.13.0", "numpy": "2.4.6"},
             "options": {"lr": 0.001, "batch_size": 128}}
    write_text(folder / "train.json", json.dumps(facts))
    motifs = [Motif(f"filter{k}", "", rng.dirichlet([0.25] * 4, size=int(rng.integers(7, 20))), int(rng.integers(20, 900)))
              for k in range(0, 60, 2)]
    write_meme(folder / "motifs.meme", motifs)
    write_table(folder / "matches.tsv", pd.concat([_matches(rng, motif, factors) for motif in motifs]))


def _matches(rng, motif, factors):
    known = {"ABF1": "MA0265.3", "REB1": "MA0363.3", "RAP1": "MA0359.3", "GAL4": "MA0299.1"}
    number = int(motif.name.removeprefix("filter"))
    facts = {"filter": number, "name": motif.name, "n_sites": motif.n_sites, "width": len(motif.matrix), "bits": 9.5}
    if number % 5 == 0:
        return pd.DataFrame([facts | dict.fromkeys(
            ["rank", "match", "factor", "p", "e", "q", "empirical_fdr", "strand", "offset", "overlap"])
            | {"tested": "no", "named": "no"}])
    factor = factors[number // 2 % len(factors)]
    return pd.DataFrame([facts | {
        "tested": "yes", "rank": rank, "match": known.get(factor, factor), "factor": factor, "p": 1e-7 * rank, "e": 1e-5,
        "q": 10.0 ** -rng.integers(3, 9) * rank, "empirical_fdr": 0.02, "strand": "+-"[number % 4 // 2],
        "offset": int(rng.integers(-4, 5)), "overlap": 7, "named": "yes" if rank == 1 and number % 3 else "no"}
        for rank in (2, 1)])
