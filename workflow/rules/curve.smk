# Learning curve: every model trained on nested shares of the training windows, too.

# The share 1 is the run itself.
shares = [str(share) for share in settings.learning_curve if share < 1]
parts = [f"<results>/curve/{share}" for share in shares]


wildcard_constraints:
    share="|".join(map(re.escape, shares)) or "none",


rule subset:
    input:
        "<results>/dataset.h5",
    output:
        "<results>/curve/{share}/dataset.h5",
    log:
        "<results>/logs/subset_{share}.log",
    benchmark:
        "<results>/benchmarks/subset_{share}.tsv"
    priority: 30  # a share without a label is told before the trainings
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("subset"),
        runtime=minutes("subset"),
    message:
        "Take a share of {wildcards.share} of the training windows"
    shell:
        "python -m danq subset --dataset {input:q} --share {wildcards.share} --output {output:q} 2>&1 | tee {log:q}"


# As the run's own trainings: the same knobs, on fewer windows.
use rule train as train_share with:
    input:
        dataset="<results>/curve/{share}/dataset.h5",
        motifs=motifs_of_training,
        start=start_of_training,
        knobs=tuned,
    output:
        checkpoint="<results>/curve/{share}/{model}/seed{seed}/model.ckpt",
        history="<results>/curve/{share}/{model}/seed{seed}/history.tsv",
        facts="<results>/curve/{share}/{model}/seed{seed}/train.json",
    log:
        "<results>/logs/train_{model}_seed{seed}_share{share}.log",
    benchmark:
        "<results>/benchmarks/train_{model}_seed{seed}_share{share}.tsv"
    priority: 5
    message:
        "Train {wildcards.model}, seed {wildcards.seed}, on a share of {wildcards.share}"


use rule predict as predict_share with:
    input:
        checkpoint="<results>/curve/{share}/{model}/seed{seed}/model.ckpt",
        dataset="<results>/curve/{share}/dataset.h5",
    output:
        "<results>/curve/{share}/{model}/seed{seed}/predictions.h5",
    log:
        "<results>/logs/predict_{model}_seed{seed}_share{share}.log",
    benchmark:
        "<results>/benchmarks/predict_{model}_seed{seed}_share{share}.tsv"
    message:
        "Predict the test split with {wildcards.model}, seed {wildcards.seed}, trained on a share of {wildcards.share}"


use rule evaluate as evaluate_share with:
    input:
        dataset="<results>/curve/{share}/dataset.h5",
        predictions=expand(
            "<results>/curve/{{share}}/{model}/seed{seed}/predictions.h5", model=settings.models, seed=settings.seeds
        ),
        elements=[],
    output:
        metrics="<results>/curve/{share}/metrics.tsv",
        comparison="<results>/curve/{share}/comparison.tsv",
        curves="<results>/curve/{share}/curves.tsv.gz",
        reliability="<results>/curve/{share}/reliability.tsv",
    log:
        "<results>/logs/evaluate_share{share}.log",
    benchmark:
        "<results>/benchmarks/evaluate_share{share}.tsv"
    message:
        "Evaluate the models that were trained on a share of {wildcards.share}"


rule learning_curve:
    input:
        datasets=[*(f"{part}/dataset.h5" for part in parts), "<results>/dataset.h5"],
        metrics=[*(f"{part}/metrics.tsv" for part in parts), "<results>/metrics.tsv"],
        comparisons=[*(f"{part}/comparison.tsv" for part in parts), "<results>/comparison.tsv"],
    output:
        "<results>/learning_curve.tsv",
    log:
        "<results>/logs/learning_curve.log",
    benchmark:
        "<results>/benchmarks/learning_curve.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("learning_curve"),
        runtime=minutes("learning_curve"),
    message:
        "Draw the learning curve together"
    shell:
        "python -m danq learning-curve --datasets {input.datasets:q} --metrics {input.metrics:q} "
        "--comparisons {input.comparisons:q} --output {output:q} 2>&1 | tee {log:q}"
