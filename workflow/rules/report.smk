# Report: all results on one page.


rule settings:
    output:
        "<results>/config.yaml",
    log:
        "<results>/logs/settings.log",
    localrule: True
    conda:
        "../envs/danq.yaml"
    params:
        json=settings.model_dump_json(),
    message:
        "Write the complete configuration"
    shell:
        "python -m danq settings --json {params.json:q} --output {output:q} 2>&1 | tee {log:q}"


rule report:
    input:
        config="<results>/config.yaml",
        dataset="<results>/dataset.h5",
        description="<results>/dataset.json",
        metrics="<results>/metrics.tsv",
        comparison="<results>/comparison.tsv",
        runs=expand("{folder}/train.json", folder=trainings),
        histories=[f"{folder}/history.tsv" for folder in trainings if folder not in imported],
        final=expand("{folder}/{file}", folder=final_trainings, file=["model.ckpt", "train.json"]),
        motifs=expand(
            "{folder}/{model}/seed{seed}/{file}",
            folder=explained,
            model=with_filters,
            seed=settings.seeds,
            file=["motifs.meme", "matches.tsv", "sites.bed.gz", "ablation.tsv"],
        ),
        grammar=expand("{folder}/grammar.tsv", folder=explained_trainings),
        attributions=expand("{folder}/attributions.h5", folder=attributed),
        curve=["<results>/learning_curve.tsv"] if settings.learning_curve else [],
        tunings=(
            expand(
                "{folder}/{model}/{file}", folder=explained, model=settings.models, file=["trials.tsv", "tuning.json"]
            )
            if settings.tune
            else []
        ),
        tracks=["<results>/predicted/hub/tracks.tsv"] if on_genome else [],
        variants=expand("<results>/variants/{name}/{model}/summary.tsv.gz", name=variants_of_run, model=settings.models),
        measured=expand("<results>/variants/{name}/{file}.tsv", name=labelled, file=["metrics", "comparison"]),
        agreement=expand("<results>/variants/{name}/agreement.tsv", name=variants_of_run),
        truth=["<results>/simulated/sites.tsv.gz"] if simulated else [],
    output:
        page=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Results",
            labels={"table": "the whole report"},
        ),
        results="<results>/results.json",
    log:
        "<results>/logs/report.log",
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("report"),
        runtime=minutes("report"),
    params:
        folder=lambda wildcards, output: os.path.dirname(output.page),
    message:
        "Write the report"
    shell:
        "python -m danq report --folder {params.folder:q} --config {input.config:q} --output {output.page:q} "
        "--results {output.results:q} 2>&1 | tee {log:q}"
