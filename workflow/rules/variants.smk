# Variants: scored by every model, all seeds at once, and compared with what is known of them.


wildcard_constraints:
    variants=any_of(variants_of_run),
    labelled=any_of(labelled),
    unlabelled=any_of([name for name in variants_of_run if name not in labelled]),


rule simulate_variants:
    output:
        vcf="<results>/simulated/variants.vcf",
        table="<results>/simulated/variants.tsv",
    log:
        "<results>/logs/simulate_variants.log",
    benchmark:
        "<results>/benchmarks/simulate_variants.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("simulate_variants"),
        runtime=minutes("simulate_variants"),
    params:
        flags=flags(settings.simulate),
        chromosomes=option("--on", variant_chromosomes),
    shell:
        "python -m danq simulate-variants {params.flags} {params.chromosomes} --vcf {output.vcf:q} "
        "--table {output.table:q} 2>&1 | tee {log:q}"


rule score_variants:
    input:
        checkpoints=checkpoints_of,
        genome=genome,
        file=file_of_variants,
        background=background_of_variants,
        aliases=aliases,
        targets=targets,
        peaks=peaks,
        motifs=known_motifs if settings.variants.explain else [],
    output:
        explained="<results>/variants/{variants}/{model}/explained.json.gz" if settings.variants.explain else [],
        table="<results>/variants/{variants}/{model}/table.tsv.gz",
        summary="<results>/variants/{variants}/{model}/summary.tsv.gz",
        refused="<results>/variants/{variants}/{model}/refused.tsv",
    log:
        "<results>/logs/score_variants_{variants}_{model}.log",
    benchmark:
        "<results>/benchmarks/score_variants_{variants}_{model}.tsv"
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("score_variants"),
        runtime=minutes("score_variants"),
        gpu=gpu,
    params:
        flags=flags_of_variants,
        contents=contents_of_variants,
        background=lambda wildcards, input: option("--background", input.background),
        aliases=lambda wildcards, input: option("--aliases", input.aliases),
        downloads=lambda wildcards, input: option("--downloads", [downloads] if urls else []),
        explained=lambda wildcards, output: explained_variants(output.explained),
        machine=machine("device", "threads"),
    shell:
        "python -m danq variants {params.flags} --checkpoint {input.checkpoints:q} --genome {input.genome:q} "
        "--input {input.file:q} {params.background} {params.aliases} --peaks {input.targets:q} "
        "{params.downloads} {params.explained} --table {output.table:q} "
        "--summary {output.summary:q} --refused {output.refused:q} {params.machine} 2>&1 | tee {log:q}"


# Of simulated variants all targets have labels; of others, each variant has one.
rule evaluate_variants:
    input:
        scores=lambda wildcards: expand(
            "<results>/variants/{name}/{model}/{table}.tsv.gz",
            name=wildcards.labelled,
            model=settings.models,
            table="table" if wildcards.labelled == SIMULATED else "summary",
        ),
        labels=lambda wildcards: (
            "<results>/simulated/variants.tsv"
            if wildcards.labelled == SIMULATED
            else scored_files[wildcards.labelled].path
        ),
    output:
        metrics="<results>/variants/{labelled}/metrics.tsv",
        comparison="<results>/variants/{labelled}/comparison.tsv",
        agreement="<results>/variants/{labelled}/agreement.tsv",
    log:
        "<results>/logs/evaluate_variants_{labelled}.log",
    benchmark:
        "<results>/benchmarks/evaluate_variants_{labelled}.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("evaluate_variants"),
        runtime=minutes("evaluate_variants"),
    params:
        labels=labels_of_variants,
        contents=contents_of_labels,
    shell:
        "python -m danq evaluate-variants --scores {input.scores:q} {params.labels} --metrics {output.metrics:q} "
        "--comparison {output.comparison:q} --agreement {output.agreement:q} 2>&1 | tee {log:q}"


rule agreement_of_variants:
    input:
        expand("<results>/variants/{{unlabelled}}/{model}/summary.tsv.gz", model=settings.models),
    output:
        "<results>/variants/{unlabelled}/agreement.tsv",
    log:
        "<results>/logs/agreement_of_variants_{unlabelled}.log",
    benchmark:
        "<results>/benchmarks/agreement_of_variants_{unlabelled}.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("agreement_of_variants"),
        runtime=minutes("agreement_of_variants"),
    shell:
        "python -m danq evaluate-variants --scores {input:q} --agreement {output:q} 2>&1 | tee {log:q}"
