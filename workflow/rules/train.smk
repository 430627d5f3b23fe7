# Training: dataset.h5 to one checkpoint per model and seed, and its predictions on the test split.
# Where the configuration says so, the knobs of each model are searched before: one job per model.

# On several machines Slurm starts the processes; on one, danq itself starts them.
nodes = settings.train.nodes
devices = settings.train.devices
across_nodes = {
    "mpi": "srun",
    "nodes": nodes,
    "tasks": nodes * devices,
    "tasks_per_gpu": 1,
    "cpus_per_task": settings.threads,
}
launcher = f"srun --nodes {nodes} --ntasks-per-node {devices} --cpus-per-task {settings.threads} "
# Options of a training that its rule gives from elsewhere than the configuration.
OF_RULE = (*MACHINE, "start")
tuned = ["<results>/{model}/tuned.yaml"] if settings.tune else []


rule tune:
    input:
        dataset="<results>/dataset.h5",
        motifs=motifs_of_training,
        start=start_of_training,
    output:
        table="<results>/{model}/trials.tsv",
        knobs="<results>/{model}/tuned.yaml",
        facts="<results>/{model}/tuning.json",
    log:
        "<results>/logs/tune_{model}.log",
    benchmark:
        "<results>/benchmarks/tune_{model}.tsv"
    priority: 20
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("tune"),
        runtime=minutes("tune"),
        gpu=gpu,
    params:
        flags=lambda wildcards: flags(settings.tune_of(wildcards.model), OF_RULE),
        seed=settings.tune.seed if settings.tune else 0,
        machine=machine(*MACHINE, "threads"),
        initial_motifs=initial_motifs,
        start=start_contents,
        start_file=lambda wildcards, input: option("--start", input.start),
        motifs=lambda wildcards, input: option("--motifs", [settings.motifs]),
        # No output: Snakemake would remove what a job that was cut off goes on from.
        folder=lambda wildcards, output: os.path.join(os.path.dirname(output.table), "search"),
    message:
        "Tune {wildcards.model}"
    shell:
        "trap : TERM; python -m danq tune {params.flags} --model {wildcards.model} --seed {params.seed} "
        "{params.machine} {params.motifs} {params.start_file} --dataset {input.dataset:q} --folder {params.folder:q} "
        "--beside-others --table {output.table:q} --output {output.knobs:q} --facts {output.facts:q} "
        "2>&1 | (trap '' INT TERM USR1; exec tee {log:q})"


# Published weights take the place of a training.
rule import_weights:
    input:
        weights=lambda wildcards: local_path(settings.weights[wildcards.model]),
        names=settings.deepsea.names or [] if settings.deepsea else [],
    output:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        facts="<results>/{model}/seed{seed}/train.json",
    log:
        "<results>/logs/import_weights_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/import_weights_{model}_seed{seed}.tsv"
    wildcard_constraints:
        model="|".join(settings.weights or ["none"]),
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("import_weights"),
        runtime=minutes("import_weights"),
    params:
        checksums=lambda wildcards: fetch_flags(settings.weights[wildcards.model]),
        contents=lambda wildcards: contents(files_of_import(wildcards.model)),
        names=lambda wildcards, input: option("--names", [input.names] if input.names else []),
    message:
        "Import the published weights of {wildcards.model}"
    shell:
        "python -m danq import-weights {input.weights:q} --model {wildcards.model} {params.names} {params.checksums} "
        "--output {output.checkpoint:q} --facts {output.facts:q} 2>&1 | tee {log:q}"


rule train:
    input:
        dataset="<results>/dataset.h5",
        motifs=motifs_of_training,
        knobs=tuned,
        start=start_of_training,
    output:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        history=report(
            "<results>/{model}/seed{seed}/history.tsv",
            caption="../report/history.rst",
            category="Training",
            labels={"model": "{model}", "seed": "{seed}"},
        ),
        facts="<results>/{model}/seed{seed}/train.json",
    log:
        "<results>/logs/train_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/train_{model}_seed{seed}.tsv"
    wildcard_constraints:
        model="|".join(model for model in settings.models if model not in settings.weights) or "none",
    priority: 10
    conda:
        "../envs/danq.yaml"
    threads: settings.threads * devices
    resources:
        **(across_nodes if nodes > 1 else {}),
        mem_mb=memory("train"),
        runtime=minutes("train"),
        gpu=gpu * devices * nodes,
    params:
        flags=lambda wildcards: flags(settings.train_of(wildcards.model), OF_RULE),
        initial_motifs=initial_motifs,
        start=start_contents,
        start_file=lambda wildcards, input: option("--start", input.start),
        # What depends on `input` makes no job run again.
        launcher=lambda wildcards, input: launcher if nodes > 1 else "",
        machine=machine(*MACHINE, "threads"),
        motifs=lambda wildcards, input: option("--motifs", [settings.motifs]),
        knobs=lambda wildcards, input: option("--knobs", input.knobs),
    message:
        "Train {wildcards.model}, seed {wildcards.seed}"
    shell:
        # At a time limit or a preemption all processes get a signal: the training saves its state and says so; the
        # shell and tee, which writes the log, outlive it.
        "trap : TERM; {params.launcher}python -m danq train {params.flags} --model {wildcards.model} "
        "--seed {wildcards.seed} {params.machine} {params.motifs} {params.knobs} {params.start_file} --dataset {input.dataset:q} "
        "--checkpoint {output.checkpoint:q} --history {output.history:q} --facts {output.facts:q} "
        "2>&1 | (trap '' INT TERM USR1; exec tee {log:q})"


rule predict:
    input:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        dataset="<results>/dataset.h5",
    output:
        "<results>/{model}/seed{seed}/predictions.h5",
    log:
        "<results>/logs/predict_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/predict_{model}_seed{seed}.tsv"
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("predict"),
        runtime=minutes("predict"),
        gpu=gpu,
    params:
        machine=machine("device", "threads"),
    message:
        "Predict the test split with {wildcards.model}, seed {wildcards.seed}"
    shell:
        "python -m danq predict --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} --split test "
        "{params.machine} --output {output:q} 2>&1 | tee {log:q}"
