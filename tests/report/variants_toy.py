"""Made-up variants of a run, as its steps leave them."""

import numpy as np
import pandas as pd

from danq.cli import main

N = 400
TARGETS = ("CTCF", "SRF")


def changes(noise, effects, seed):
    rng = np.random.default_rng(seed)
    return effects + noise * rng.standard_normal((3, *effects.shape))


def write_variants(folder, models, name="simulated", noise=(0.3, 2.0)):
    """Score variants of which a quarter has an effect, the first model better than the others."""
    rng = np.random.default_rng(0)
    effects = rng.choice([-1, 0, 1], (N, 2), p=[0.2, 0.75, 0.05])
    pos = np.sort(rng.choice(1_500_000, N, replace=False)) + 1
    places = pd.DataFrame({"chrom": "chr1", "pos": pos})
    places["id"] = [f"v{row}" for row in range(N)]
    places["ref"] = "A"
    places["alt"] = "C"
    truth = places.assign(kind="break", factor="CTCF")
    for target, effect in zip(TARGETS, effects.T, strict=True):
        truth[f"effect_{target}"] = effect
    truth.to_csv(folder / "truth.tsv", sep="\t", index=False)
    for number, model in enumerate(models):
        values = changes(noise[min(number, 1)], effects, number)
        own = folder / "variants" / name / model
        own.mkdir(parents=True)
        _write(own / "table.tsv", places, values)
        best = np.abs(values.mean(axis=0)).argmax(axis=1)
        rows = np.arange(N)
        summary = places.assign(status="scored", target=np.array(TARGETS)[best])
        summary["log_odds_change"] = values.mean(axis=0)[rows, best]
        summary["e_value"] = 0.01
        for seed in range(3):
            summary[f"change_seed{seed}"] = values[seed, rows, best]
        summary.to_csv(own / "summary.tsv.gz", sep="\t", index=False)
    where = folder / "variants" / name
    tables = [str(where / model / "table.tsv") for model in models]
    outputs = []
    for option in ("metrics", "comparison", "agreement"):
        outputs += [f"--{option}", str(where / f"{option}.tsv")]
    words = ["evaluate-variants", "--scores", *tables, "--truth", str(folder / "truth.tsv")]
    assert main([*words, *outputs]) == 0
    return folder


def _write(path, places, values):
    tables = []
    for target, name in enumerate(TARGETS):
        table = places.assign(status="scored", target=name)
        table["log_odds_change"] = values[:, :, target].mean(axis=0)
        for seed in range(3):
            table[f"change_seed{seed}"] = values[seed, :, target]
        tables.append(table)
    pd.concat(tables).to_csv(path, sep="\t", index=False)
