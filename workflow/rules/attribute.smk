# Attribution: what the bases of chosen windows contribute, by each model; and, on request, the motifs in that.

# A run with many targets that names none of them has no attributions. Of several seeds the first one is explained.
has_attributions = settings.attribution.targets or n_targets <= settings.attribution.MOST
explained_models = settings.models if has_attributions else []
attributed = [f"{explained}/{model}/seed{settings.seeds[0]}" for model in explained_models]

modisco_inputs = modisco_inputs_of("<results>")

if settings.attribution.modisco:
    checked(refuse_modisco, attributed, n_targets)


rule attribute:
    input:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        dataset="<results>/dataset.h5",
    output:
        attributions="<results>/{model}/seed{seed}/attributions.h5",
        npz=modisco_inputs if settings.attribution.modisco else [],
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
        npz=lambda wildcards, output: option("--npz", output.npz),
        machine=machine("device", "threads"),
    message:
        "Explain the predictions of {wildcards.model}, seed {wildcards.seed}, base by base"
    shell:
        "python -m danq attribute {params.flags} --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} "
        "{params.machine} --output {output.attributions:q} {params.npz} "
        "2>&1 | tee {log:q}"


rule modisco:
    input:
        one_hot=modisco_inputs[0],
        hypothetical=modisco_inputs[1],
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
    message:
        "TF-MoDISco: motifs in the contributions of {wildcards.model}, seed {wildcards.seed}"
    shell:
        # At most 2,000 seqlets of either sign, as in the first example of its README.
        "modisco motifs -s {input.one_hot:q} -a {input.hypothetical:q} -n 2000 -w {params.window} -o {output:q} "
        "2>&1 | tee {log:q}"
