# Training: dataset.h5 to one checkpoint per model and seed, and its predictions on the test split.


rule train:
    input:
        dataset="<results>/dataset.h5",
        motifs=known_motifs if settings.train.start != "random" else [],
    output:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        history="<results>/{model}/seed{seed}/history.tsv",
        facts="<results>/{model}/seed{seed}/train.json",
    log:
        "<results>/logs/train_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/train_{model}_seed{seed}.tsv"
    priority: 10
    conda:
        "../envs/danq.yaml"
    threads: settings.threads * settings.train.devices
    resources:
        gpu=gpu * settings.train.devices,
    params:
        flags=flags(settings.train),
        threads=settings.threads,
        motifs=f"--motifs {shlex.quote(settings.motifs)}" if settings.train.start != "random" else "",
    shell:
        "python -m danq train {params.flags} --model {wildcards.model} --seed {wildcards.seed} "
        "--threads {params.threads} {params.motifs} --dataset {input.dataset:q} --checkpoint {output.checkpoint:q} --history {output.history:q} "
        # What reads the log outlives a signal to all: the training says how it saved its state.
        "--facts {output.facts:q} 2>&1 | (trap '' INT TERM USR1; exec tee {log:q})"


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
        gpu=gpu,
    params:
        device=settings.train.device,
        threads=settings.threads,
    shell:
        "python -m danq predict --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} --split test "
        "--device {params.device} --threads {params.threads} --output {output:q} 2>&1 | tee {log:q}"
