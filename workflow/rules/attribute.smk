# Attribution: what the bases of chosen windows contribute, by each model; and motifs in that, if asked for.

# Many targets have to be named. A run that names none then goes without; of several seeds the first one is explained.
explained = settings.attribution.targets or n_targets <= settings.attribution.MOST
attributed = [f"<results>/{model}/seed{settings.seeds[0]}" for model in settings.models if explained]
for_modisco = [f"<results>/{{model}}/seed{{seed}}/modisco/{name}.npz" for name in ("one_hot", "hypothetical")]

if settings.attribution.modisco:
    checked(refuse_modisco, attributed, n_targets)


rule attribute:
    input:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        dataset="<results>/dataset.h5",
    output:
        attributions="<results>/{model}/seed{seed}/attributions.h5",
        npz=for_modisco if settings.attribution.modisco else [],
    log:
        "<results>/logs/attribute_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/attribute_{model}_seed{seed}.tsv"
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("attribute"),
        runtime=minutes("attribute"),
        gpu=gpu,
    params:
        flags=flags(settings.attribution, ("modisco",)),
        npz=lambda wildcards, output: shlex.join(["--npz", *output.npz] if output.npz else []),
        device=settings.train.device,
        threads=settings.threads,
    shell:
        "python -m danq attribute {params.flags} --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} "
        "--device {params.device} --threads {params.threads} --output {output.attributions:q} {params.npz} "
        "2>&1 | tee {log:q}"


rule modisco:
    input:
        one_hot=for_modisco[0],
        hypothetical=for_modisco[1],
    output:
        "<results>/{model}/seed{seed}/modisco/motifs.h5",
    log:
        "<results>/logs/modisco_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/modisco_{model}_seed{seed}.tsv"
    conda:
        "../envs/modisco.yaml"
    resources:
        mem_mb=memory("modisco"),
        runtime=minutes("modisco"),
    params:
        window=length,
    shell:
        # At most 2,000 seqlets of either sign: what its README begins with.
        "modisco motifs -s {input.one_hot:q} -a {input.hypothetical:q} -n 2000 -w {params.window} -o {output:q} "
        "2>&1 | tee {log:q}"
