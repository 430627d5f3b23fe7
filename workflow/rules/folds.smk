# Folds: every model is trained and tested once in each. Their predictions are joined, and evaluated as those of any run.


# Of the whole genome: made by the rules of this file, not by those of a run with one split.
ruleorder: extract_all > extract
ruleorder: join_predictions > predict
ruleorder: join_baseline > baseline
ruleorder: thresholds_out_of_fold > thresholds
ruleorder: thresholds_of_folds > thresholds_of_model
ruleorder: predict_input_by_fold > predict_input


wildcard_constraints:
    fold=r"\d+",


use rule extract as extract_all with:
    log:
        "<results>/logs/extract_all.log",
    benchmark:
        "<results>/benchmarks/extract_all.tsv"
    params:
        flags=f"{extract_flags} --fold all",
    message:
        "Extract and label the windows of the whole genome"


use rule extract as extract_fold with:
    output:
        dataset="<results>/fold{fold}/dataset.h5",
        table="<results>/fold{fold}/targets.tsv",
    log:
        "<results>/logs/extract_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/extract_fold{fold}.tsv"
    params:
        flags=lambda wildcards: f"{extract_flags} --fold {wildcards.fold}",
    message:
        "Extract and label the windows of fold {wildcards.fold}"


use rule tune as tune_fold with:
    input:
        dataset="<results>/fold{fold}/dataset.h5",
        motifs=motifs_of_training,
        start=start_of_training,
    output:
        table="<results>/fold{fold}/{model}/trials.tsv",
        knobs="<results>/fold{fold}/{model}/tuned.yaml",
        facts="<results>/fold{fold}/{model}/tuning.json",
    log:
        "<results>/logs/tune_{model}_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/tune_{model}_fold{fold}.tsv"
    message:
        "Tune {wildcards.model} in fold {wildcards.fold}"


use rule train as train_fold with:
    input:
        dataset="<results>/fold{fold}/dataset.h5",
        motifs=motifs_of_training,
        start=start_of_training,
        knobs=["<results>/fold{fold}/{model}/tuned.yaml"] if settings.tune else [],
    output:
        checkpoint="<results>/fold{fold}/{model}/seed{seed}/model.ckpt",
        history="<results>/fold{fold}/{model}/seed{seed}/history.tsv",
        facts="<results>/fold{fold}/{model}/seed{seed}/train.json",
    log:
        "<results>/logs/train_{model}_seed{seed}_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/train_{model}_seed{seed}_fold{fold}.tsv"
    message:
        "Train {wildcards.model}, seed {wildcards.seed}, in fold {wildcards.fold}"


# On every window, with the knobs of the folds and for as many steps as their best epochs had; nothing validates it.
use rule train as train_final with:
    input:
        dataset="<results>/dataset.h5",
        motifs=motifs_of_training,
        start=start_of_training,
        facts=[f"{fold}/{{model}}/seed{{seed}}/train.json" for fold in folds],
    output:
        checkpoint="<results>/final/{model}/seed{seed}/model.ckpt",
        history="<results>/final/{model}/seed{seed}/history.tsv",
        facts="<results>/final/{model}/seed{seed}/train.json",
    log:
        "<results>/logs/train_{model}_seed{seed}_final.log",
    benchmark:
        "<results>/benchmarks/train_{model}_seed{seed}_final.tsv"
    priority: 5
    params:
        knobs=lambda wildcards, input: option("--as-folds", input.facts),
    message:
        "Train {wildcards.model}, seed {wildcards.seed}, on everything"


use rule predict as predict_fold with:
    input:
        checkpoint="<results>/fold{fold}/{model}/seed{seed}/model.ckpt",
        dataset="<results>/fold{fold}/dataset.h5",
    output:
        "<results>/fold{fold}/{model}/seed{seed}/predictions.h5",
    log:
        "<results>/logs/predict_{model}_seed{seed}_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/predict_{model}_seed{seed}_fold{fold}.tsv"
    message:
        "Predict the test windows of fold {wildcards.fold} with {wildcards.model}, seed {wildcards.seed}"


use rule baseline as baseline_fold with:
    input:
        dataset="<results>/fold{fold}/dataset.h5",
        elements=elements,
        motifs=lambda wildcards: known_motifs if BASELINES[wildcards.baseline].needs_motifs else [],
    output:
        "<results>/fold{fold}/baselines/{baseline}.h5",
    log:
        "<results>/logs/baseline_{baseline}_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/baseline_{baseline}_fold{fold}.tsv"
    message:
        "Fit the baseline {wildcards.baseline} in fold {wildcards.fold}"


rule join_predictions:
    input:
        dataset="<results>/dataset.h5",
        folds=[f"{fold}/dataset.h5" for fold in folds],
        predictions=[f"{fold}/{{model}}/seed{{seed}}/predictions.h5" for fold in folds],
    output:
        "<results>/{model}/seed{seed}/predictions.h5",
    log:
        "<results>/logs/join_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/join_{model}_seed{seed}.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("join_predictions"),
        runtime=minutes("join_predictions"),
    message:
        "Join the predictions of all folds of {wildcards.model}, seed {wildcards.seed}"
    shell:
        "python -m danq join-folds --dataset {input.dataset:q} --folds {input.folds:q} "
        "--predictions {input.predictions:q} --output {output:q} 2>&1 | tee {log:q}"


use rule join_predictions as join_baseline with:
    input:
        dataset="<results>/dataset.h5",
        folds=[f"{fold}/dataset.h5" for fold in folds],
        predictions=[f"{fold}/baselines/{{baseline}}.h5" for fold in folds],
    output:
        "<results>/baselines/{baseline}.h5",
    log:
        "<results>/logs/join_{baseline}.log",
    benchmark:
        "<results>/benchmarks/join_{baseline}.tsv"
    message:
        "Join the scores of all folds of the baseline {wildcards.baseline}"


# What is predicted beside the test windows: each place by the networks that were not trained on it, with thresholds that
# follow from what they predict out of fold. (The validation split of all folds has the windows that they test.)


use rule thresholds as thresholds_out_of_fold with:
    input:
        dataset="<results>/dataset.h5",
        predictions="<results>/{model}/seed{seed}/predictions.h5",


use rule thresholds_of_model as thresholds_of_folds with:
    input:
        dataset="<results>/dataset.h5",
        predictions=expand("<results>/{{model}}/seed{seed}/predictions.h5", seed=settings.seeds),


use rule predict_input as predict_input_by_fold with:
    input:
        unpack(files_of_input),
        checkpoints=expand("{fold}/{{model}}/seed{seed}/model.ckpt", fold=folds, seed=settings.seeds),
        thresholds="<results>/{model}/thresholds.tsv",


# What is written and explained of the first fold, as of a run with one split.


use rule windows as windows_fold with:
    input:
        dataset="<results>/fold{fold}/dataset.h5",
        genome=genome,
    output:
        table="<results>/fold{fold}/windows.tsv",
        fasta="<results>/fold{fold}/windows.fa.gz",
    log:
        "<results>/logs/windows_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/windows_fold{fold}.tsv"
    message:
        "Write the windows of fold 0 as text, cut from the genome a second time"


use rule motifs as motifs_fold with:
    input:
        checkpoint="<results>/fold{fold}/{model}/seed{seed}/model.ckpt",
        dataset="<results>/fold{fold}/dataset.h5",
        motifs=known_motifs,
    output:
        meme="<results>/fold{fold}/{model}/seed{seed}/motifs.meme",
        matches="<results>/fold{fold}/{model}/seed{seed}/matches.tsv",
        clusters="<results>/fold{fold}/{model}/seed{seed}/clusters.meme",
        sites="<results>/fold{fold}/{model}/seed{seed}/sites.bed.gz",
    log:
        "<results>/logs/motifs_{model}_seed{seed}_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/motifs_{model}_seed{seed}_fold{fold}.tsv"


use rule ablate as ablate_fold with:
    input:
        checkpoint="<results>/fold{fold}/{model}/seed{seed}/model.ckpt",
        dataset="<results>/fold{fold}/dataset.h5",
    output:
        "<results>/fold{fold}/{model}/seed{seed}/ablation.tsv",
    log:
        "<results>/logs/ablate_{model}_seed{seed}_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/ablate_{model}_seed{seed}_fold{fold}.tsv"


use rule probe as probe_fold with:
    input:
        checkpoint="<results>/fold{fold}/{model}/seed{seed}/model.ckpt",
        dataset="<results>/fold{fold}/dataset.h5",
        motifs=known_motifs,
    output:
        "<results>/fold{fold}/{model}/seed{seed}/grammar.tsv",
    log:
        "<results>/logs/probe_{model}_seed{seed}_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/probe_{model}_seed{seed}_fold{fold}.tsv"


use rule attribute as attribute_fold with:
    input:
        checkpoint="<results>/fold{fold}/{model}/seed{seed}/model.ckpt",
        dataset="<results>/fold{fold}/dataset.h5",
    output:
        attributions="<results>/fold{fold}/{model}/seed{seed}/attributions.h5",
        npz=modisco_inputs_of("<results>/fold{fold}") if settings.attribution.modisco else [],
    log:
        "<results>/logs/attribute_{model}_seed{seed}_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/attribute_{model}_seed{seed}_fold{fold}.tsv"


use rule modisco as modisco_fold with:
    input:
        one_hot=modisco_inputs_of("<results>/fold{fold}")[0],
        hypothetical=modisco_inputs_of("<results>/fold{fold}")[1],
    output:
        "<results>/fold{fold}/{model}/seed{seed}/modisco/motifs.h5",
    log:
        "<results>/logs/modisco_{model}_seed{seed}_fold{fold}.log",
    benchmark:
        "<results>/benchmarks/modisco_{model}_seed{seed}_fold{fold}.tsv"
