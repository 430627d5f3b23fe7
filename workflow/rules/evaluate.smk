# Evaluation: what the networks must beat, metrics per target, and the models in pairs.


rule baseline:
    input:
        dataset="<results>/dataset.h5",
        elements=elements,
        motifs=lambda wildcards: known_motifs if BASELINES[wildcards.baseline].needs_motifs else [],
    output:
        "<results>/baselines/{baseline}.h5",
    log:
        "<results>/logs/baseline_{baseline}.log",
    benchmark:
        "<results>/benchmarks/baseline_{baseline}.tsv"
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("baseline"),
        runtime=minutes("baseline"),
    params:
        motifs=motifs_of_baseline,
        contents=contents_of_baseline,
        elements=lambda wildcards, input: option("--elements", input.elements),
    message:
        "Fit the baseline {wildcards.baseline}"
    shell:
        "python -m danq baseline --kind {wildcards.baseline} --dataset {input.dataset:q} {params.motifs} "
        "{params.elements} --threads {threads} --output {output:q} 2>&1 | tee {log:q}"


rule evaluate:
    input:
        dataset="<results>/dataset.h5",
        predictions=[
            *(f"{folder}/predictions.h5" for folder in trained),
            *(f"<results>/baselines/{baseline}.h5" for baseline in baselines),
        ],
        elements=elements,
    output:
        metrics=report(
            "<results>/metrics.tsv",
            caption="../report/metrics.rst",
            category="Results",
            labels={"table": "metrics per target"},
        ),
        comparison=report(
            "<results>/comparison.tsv",
            caption="../report/comparison.rst",
            category="Results",
            labels={"table": "models in pairs"},
        ),
        curves="<results>/curves.tsv.gz",
        reliability="<results>/reliability.tsv",
    log:
        "<results>/logs/evaluate.log",
    benchmark:
        "<results>/benchmarks/evaluate.tsv"
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("evaluate"),
        runtime=minutes("evaluate"),
    params:
        machine=machine("threads"),
        elements=lambda wildcards, input: option("--elements", input.elements),
    message:
        "Evaluate and compare all models on the test split"
    shell:
        "python -m danq evaluate --dataset {input.dataset:q} --predictions {input.predictions:q} {params.elements} "
        "{params.machine} --metrics {output.metrics:q} --comparison {output.comparison:q} "
        "--curves {output.curves:q} --reliability {output.reliability:q} 2>&1 | tee {log:q}"
