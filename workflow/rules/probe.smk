# Probe: what each model does with pairs of motifs as their distance grows.


rule probe:
    input:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        dataset="<results>/dataset.h5",
        motifs=known_motifs,
    output:
        "<results>/{model}/seed{seed}/grammar.tsv",
    log:
        "<results>/logs/probe_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/probe_{model}_seed{seed}.tsv"
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("probe"),
        runtime=minutes("probe"),
        gpu=gpu,
    params:
        flags=flags(settings.probe),
        motifs=settings.motifs,
        contents=lambda wildcards: contents(known_motifs),
        machine=machine("device", "threads"),
    message:
        "Probe pairs of motifs with {wildcards.model}, seed {wildcards.seed}"
    shell:
        "python -m danq probe {params.flags} --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} "
        "--motifs {params.motifs:q} {params.machine} --output {output:q} "
        "2>&1 | tee {log:q}"
