# Training: dataset.h5 to one checkpoint per model and seed, and its predictions on the test split.

# On several machines Slurm starts the processes; on one, danq itself starts them.
nodes = settings.train.nodes
devices = settings.train.devices
initial_motifs = [settings.motifs] if settings.train.initialise_from in ("targets", "known") else []
# Without them the motifs serve a line in the log: another version of them is no reason to train again.
motifs_of_training = known_motifs if initial_motifs else [ancient(path) for path in known_motifs]
across_nodes = {
    "mpi": "srun",
    "nodes": nodes,
    "tasks": nodes * devices,
    "tasks_per_gpu": 1,
    "cpus_per_task": settings.threads,
}
launcher = f"srun --nodes {nodes} --ntasks-per-node {devices} --cpus-per-task {settings.threads} "


rule train:
    input:
        dataset="<results>/dataset.h5",
        motifs=motifs_of_training,
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
        launcher=launcher if nodes > 1 else "",
        flags=flags(settings.train),
        threads=settings.threads,
        initial_motifs=initial_motifs,
        # What depends on `input` makes no job run again.
        motifs=lambda wildcards, input: option("--motifs", [settings.motifs]),
    shell:
        # At a time limit or a preemption all processes get a signal: the training saves its state and says so; the
        # shell and tee, which writes the log, outlive it.
        "trap : TERM; {params.launcher}python -m danq train {params.flags} --model {wildcards.model} "
        "--seed {wildcards.seed} --threads {params.threads} {params.motifs} --dataset {input.dataset:q} "
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
        device=settings.train.device,
        threads=settings.threads,
    shell:
        "python -m danq predict --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} --split test "
        "--device {params.device} --threads {params.threads} --output {output:q} 2>&1 | tee {log:q}"
