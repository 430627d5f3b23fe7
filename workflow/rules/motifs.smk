# Motifs: the filters of each model, the known motifs like them, and what each filter does.


rule motifs:
    input:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        dataset="<results>/dataset.h5",
        motifs=known_motifs,
    output:
        meme="<results>/{model}/seed{seed}/motifs.meme",
        matches="<results>/{model}/seed{seed}/matches.tsv",
        clusters="<results>/{model}/seed{seed}/clusters.meme",
        sites="<results>/{model}/seed{seed}/sites.bed.gz",
    log:
        "<results>/logs/motifs_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/motifs_{model}_seed{seed}.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("motifs"),
        runtime=minutes("motifs"),
    params:
        flags=flags(settings.filters),
        motifs=settings.motifs,
        contents=lambda wildcards: contents(known_motifs),
    message:
        "Make motifs of the filters of {wildcards.model}, seed {wildcards.seed}"
    shell:
        "python -m danq motifs {params.flags} --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} "
        "--motifs {params.motifs:q} --meme {output.meme:q} --matches {output.matches:q} "
        "--clusters {output.clusters:q} --sites {output.sites:q} 2>&1 | tee {log:q}"


rule ablate:
    input:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        dataset="<results>/dataset.h5",
    output:
        "<results>/{model}/seed{seed}/ablation.tsv",
    log:
        "<results>/logs/ablate_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/ablate_{model}_seed{seed}.tsv"
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("ablate"),
        runtime=minutes("ablate"),
        gpu=gpu,
    params:
        flags=flags(settings.ablation),
        machine=machine("device", "threads"),
    message:
        "Ablate the filters of {wildcards.model}, seed {wildcards.seed}"
    shell:
        "python -m danq ablate {params.flags} --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} "
        "{params.machine} --output {output:q} 2>&1 | tee {log:q}"
