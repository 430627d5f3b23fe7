"""The help of the command line beside its options: groups of subcommands, an example of each."""

from collections.abc import Mapping

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Start, run and read a run": ("init", "run", "check", "describe", "report", "plot", "compare"),
    "Put a trained model to use": (
        "predict",
        "thresholds",
        "contrast",
        "hub",
        "variants",
        "saturate",
        "attribute",
    ),
    "Bring in, take out": (
        "targets",
        "encode",
        "import-deepsea",
        "import-weights",
        "export-weights",
        "import-predictions",
        "export-predictions",
        "export-motifs",
        "annotate",
    ),
    "Steps of the workflow": (
        "settings",
        "simulate",
        "fetch",
        "extract",
        "windows",
        "subset",
        "tune",
        "train",
        "baseline",
        "join-folds",
        "evaluate",
        "learning-curve",
        "motifs",
        "ablate",
        "probe",
        "simulate-variants",
        "evaluate-variants",
    ),
}
"""Subcommands in the order of the help."""

EXAMPLES: Mapping[str, str] = {
    "init": "danq init study",
    "run": "danq run --configfile mine.yaml -- --keep-going",
    "check": (
        "danq check --genome hg38.fa.gz --targets targets.tsv --valid chr7 --test chr8 chr9 "
        "--output inputs.json"
    ),
    "describe": "danq describe results/mine/dataset.h5 --figure dataset.svg",
    "report": "danq report --folder results/mine --output report.html",
    "plot": "danq plot --folder results/mine --figure scatter --output scatter.svg",
    "compare": "danq compare results/mine/metrics.tsv published.tsv --output compared.html",
    "predict": (
        "danq predict --checkpoint results/mine/danq/seed*/model.ckpt --genome hg38.fa.gz "
        "--bed regions.bed --table predicted.tsv.gz"
    ),
    "thresholds": (
        "danq thresholds --dataset dataset.h5 --predictions valid.h5 --fdr 0.1 "
        "--output thresholds.tsv"
    ),
    "contrast": "danq contrast --bins bins.h5 --targets CTCF_A CTCF_B --table contrast.tsv",
    "hub": (
        "danq hub --tracks predicted/genome/danq/tracks --genome hg38.fa.gz --targets targets.tsv "
        "--assembly hg38 --output predicted/hub"
    ),
    "variants": (
        "danq variants --checkpoint results/mine/danq/seed*/model.ckpt --genome hg38.fa.gz "
        "--input variants.vcf.gz --table scores.tsv.gz --refused refused.tsv"
    ),
    "saturate": (
        "danq saturate --checkpoint model.ckpt --genome hg38.fa.gz --regions chr1:10000-10100 "
        "--figure saturated.svg"
    ),
    "attribute": (
        "danq attribute --checkpoint model.ckpt --dataset dataset.h5 --output attributions.h5"
    ),
    "targets": "danq targets --folder peaks --output targets.tsv",
    "encode": "danq encode --fasta windows.fa --windows windows.tsv --output dataset.h5",
    "import-deepsea": (
        "danq import-deepsea train.mat valid.mat test.mat --names predictor.names "
        "--output dataset.h5"
    ),
    "import-weights": "danq import-weights DanQ_bestmodel.hdf5 --output danq.ckpt",
    "export-weights": "danq export-weights model.ckpt --output exported",
    "import-predictions": (
        "danq import-predictions --pred pred.h5 --dataset dataset.h5 --model danq "
        "--output predictions.h5"
    ),
    "export-predictions": ("danq export-predictions --predictions predictions.h5 --output pred.h5"),
    "export-motifs": "danq export-motifs motifs.meme --format jaspar --output motifs.jaspar",
    "annotate": "danq annotate motifs.meme --motifs JASPAR2024:vertebrates",
    "settings": "danq settings --configfile config.yaml mine.yaml --output whole.yaml",
    "simulate": "danq simulate --chromosomes 21 --seed 0 --output simulated",
    "fetch": (
        "danq fetch --file hg38.fa.gz --url https://example.org/hg38.fa.gz --output "
        "resources/hg38.fa.gz"
    ),
    "extract": (
        "danq extract --genome hg38.fa.gz --targets targets.tsv --valid chr7 --test chr8 chr9 "
        "--output dataset.h5 --table used.tsv"
    ),
    "windows": (
        "danq windows --dataset dataset.h5 --genome hg38.fa.gz --table windows.tsv "
        "--fasta windows.fa.gz"
    ),
    "subset": "danq subset --dataset dataset.h5 --share 0.25 --output quarter.h5",
    "tune": (
        "danq tune --dataset dataset.h5 --model danq --trials 12 --folder search "
        "--table trials.tsv --output tuned.yaml --facts tuning.json"
    ),
    "train": (
        "danq train --dataset dataset.h5 --model danq --seed 0 --checkpoint model.ckpt "
        "--history history.tsv --facts train.json"
    ),
    "baseline": "danq baseline --kind kmer --dataset dataset.h5 --output kmer.h5",
    "join-folds": (
        "danq join-folds --dataset dataset.h5 --folds fold0/dataset.h5 fold1/dataset.h5 "
        "fold2/dataset.h5 --predictions fold0.h5 fold1.h5 fold2.h5 --output predictions.h5"
    ),
    "evaluate": (
        "danq evaluate --dataset dataset.h5 --predictions danq.h5 deepsea.h5 kmer.h5 "
        "--metrics metrics.tsv --comparison comparison.tsv --curves curves.tsv.gz "
        "--reliability reliability.tsv"
    ),
    "learning-curve": (
        "danq learning-curve --datasets half.h5 dataset.h5 --metrics half.tsv metrics.tsv "
        "--comparisons half_comparison.tsv comparison.tsv --output learning_curve.tsv"
    ),
    "motifs": (
        "danq motifs --checkpoint model.ckpt --dataset dataset.h5 --meme motifs.meme "
        "--matches matches.tsv"
    ),
    "ablate": "danq ablate --checkpoint model.ckpt --dataset dataset.h5 --output ablation.tsv",
    "probe": "danq probe --checkpoint model.ckpt --dataset dataset.h5 --output grammar.tsv",
    "simulate-variants": (
        "danq simulate-variants --on chr20 chr21 --vcf variants.vcf --table effects.tsv"
    ),
    "evaluate-variants": (
        "danq evaluate-variants --scores danq/summary.tsv.gz deepsea/summary.tsv.gz "
        "--input variants.vcf.gz --label CAUSAL --metrics variant_metrics.tsv"
    ),
}
"""A command of each, which the parser takes."""
