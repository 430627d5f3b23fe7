# Predictions beside the test split: the genome, regions or sequences, and what genome browsers open of them.


wildcard_constraints:
    predicted="|".join(map(re.escape, inputs)) or "none",


rule predict_valid:
    input:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        dataset="<results>/dataset.h5",
    output:
        "<results>/{model}/seed{seed}/valid.h5",
    log:
        "<results>/logs/predict_valid_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/predict_valid_{model}_seed{seed}.tsv"
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("predict_valid"),
        runtime=minutes("predict_valid"),
        gpu=gpu,
    params:
        device=settings.train.device,
        threads=settings.threads,
    message:
        "Predict the validation split with {wildcards.model}, seed {wildcards.seed}"
    shell:
        "python -m danq predict --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} --split valid "
        "--device {params.device} --threads {params.threads} --output {output:q} 2>&1 | tee {log:q}"


# Beside each checkpoint, where `danq predict --peaks` looks for them.
rule thresholds:
    input:
        dataset="<results>/dataset.h5",
        predictions="<results>/{model}/seed{seed}/valid.h5",
    output:
        "<results>/{model}/seed{seed}/thresholds.tsv",
    log:
        "<results>/logs/thresholds_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/thresholds_{model}_seed{seed}.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("thresholds"),
        runtime=minutes("thresholds"),
    params:
        fdr=fdr_of_thresholds,
    message:
        "Choose thresholds for {wildcards.model}, seed {wildcards.seed}"
    shell:
        "python -m danq thresholds {params.fdr} --dataset {input.dataset:q} --predictions {input.predictions:q} "
        "--output {output:q} 2>&1 | tee {log:q}"


# Of the mean over seeds, which is what the inputs are predicted with.
use rule thresholds as thresholds_of_model with:
    input:
        dataset="<results>/dataset.h5",
        predictions=expand("<results>/{{model}}/seed{seed}/valid.h5", seed=settings.seeds),
    output:
        "<results>/{model}/thresholds.tsv",
    log:
        "<results>/logs/thresholds_{model}.log",
    benchmark:
        "<results>/benchmarks/thresholds_{model}.tsv"
    message:
        "Choose thresholds for {wildcards.model}, all seeds averaged"


rule predict_input:
    input:
        unpack(files_of_input),
        checkpoints=expand("<results>/{{model}}/seed{seed}/model.ckpt", seed=settings.seeds),
        thresholds="<results>/{model}/thresholds.tsv",
    output:
        bins="<results>/predicted/{predicted}/{model}/bins.h5",
        tracks=directory("<results>/predicted/{predicted}/{model}/tracks"),
        peaks=directory("<results>/predicted/{predicted}/{model}/peaks"),
        skipped="<results>/predicted/{predicted}/{model}/skipped.tsv",
    log:
        "<results>/logs/predict_input_{predicted}_{model}.log",
    benchmark:
        "<results>/benchmarks/predict_input_{predicted}_{model}.tsv"
    conda:
        "../envs/danq.yaml"
    threads: settings.threads
    resources:
        mem_mb=memory("predict_input"),
        runtime=minutes("predict_input"),
        gpu=gpu,
    params:
        flags=flags_of_input,
        contents=contents_of_input,
        files=lambda wildcards, input: options_of_input(wildcards, input),
        device=settings.train.device,
        threads=settings.threads,
    message:
        "Predict {wildcards.predicted} with {wildcards.model}"
    shell:
        # Cut off, it goes on from the rows that it has: Snakemake does not know bins.h5.partial.
        "python -m danq predict {params.flags} --checkpoint {input.checkpoints:q} {params.files} "
        "--thresholds {input.thresholds:q} --h5 {output.bins:q} --bigwig {output.tracks:q} --peaks {output.peaks:q} "
        "--skipped {output.skipped:q} --device {params.device} --threads {params.threads} 2>&1 | tee {log:q}"


rule hub:
    input:
        tracks=expand("<results>/predicted/{predicted}/{model}/tracks", predicted=on_genome, model=settings.models),
        genome=genome,
        targets=targets,
        aliases=aliases,
        peaks=peaks,
    output:
        expand("<results>/predicted/hub/{file}", file=hub_files),
        peaks=directory("<results>/predicted/hub/peaks"),
    log:
        "<results>/logs/hub.log",
    benchmark:
        "<results>/benchmarks/hub.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("hub"),
        runtime=minutes("hub"),
    params:
        folder=lambda wildcards, output: os.path.dirname(output.peaks),
        sources=" ".join(
            [
                option("--aliases", aliases),
                option("--where", conditions),
                option("--downloads", [downloads] if urls else []),
            ]
        ),
        contents=lambda wildcards: contents(user_files),
        name=settings.run,
        assembly="simulated" if simulated else settings.assembly,
        locus=lambda wildcards: option("--locus", settings.predict.loci[:1]),
    message:
        "Write the track hub and the IGV session"
    shell:
        "python -m danq hub --tracks {input.tracks:q} --genome {input.genome:q} --targets {input.targets:q} "
        "{params.sources} --name {params.name:q} --assembly {params.assembly:q} {params.locus} "
        "--output {params.folder:q} 2>&1 | tee {log:q}"
