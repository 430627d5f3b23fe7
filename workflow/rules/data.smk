# Data: a genome and peaks (the user's, or simulated) to dataset.h5.


rule simulate:
    output:
        genome="<results>/simulated/genome.fa.gz",
        targets="<results>/simulated/targets.tsv",
        sites="<results>/simulated/sites.tsv.gz",
        elements="<results>/simulated/elements.tsv.gz",
        peaks=directory("<results>/simulated/peaks"),
    log:
        "<results>/logs/simulate.log",
    benchmark:
        "<results>/benchmarks/simulate.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("simulate"),
        runtime=minutes("simulate"),
    params:
        flags=flags(settings.simulate),
        folder=lambda wildcards, output: os.path.dirname(output.targets),
    message:
        "Simulate a genome with planted motifs"
    shell:
        "python -m danq simulate {params.flags} --output {params.folder:q} 2>&1 | tee {log:q}"


# The knobs of sampled bins have no effect on other ones: left out, a change of them reruns nothing.
unused_knobs = () if settings.extract.train_bins in ("sampled", None) else ("negatives", "match_gc", "seed")
if not settings.extract.drop_empty:
    unused_knobs += ("drop_empty",)
extract_flags = flags(settings.extract, unused_knobs)

# Of a genome in folds, `danq check` divides it, and writes how.
fold_sets = settings.folds if isinstance(settings.folds, list) else []
fold_words = [",".join(regions) for regions in fold_sets] or [str(settings.folds)]
check_flags = f"{extract_flags} {option('--folds', fold_words)}" if settings.folds else extract_flags

conditions = [f"{column}={value}" for column, value in settings.where.items()]
source_flags = " ".join(
    [
        option("--blacklist", blacklist),
        option("--unmappable", unmappable),
        option("--aliases", aliases),
        option("--where", conditions),
        option("--downloads", [downloads] if urls else []),
    ]
)


rule fetch:
    input:
        lambda wildcards: storage.http(urls[wildcards.download]),
    output:
        "resources/{download}",
    log:
        "<results>/logs/fetch/{download}.log",
    localrule: True
    conda:
        "../envs/danq.yaml"
    params:
        url=lambda wildcards: urls[wildcards.download],
        checksums=lambda wildcards: fetch_flags(urls[wildcards.download]),
    message:
        "Download {wildcards.download}"
    shell:
        "python -m danq fetch --file {input:q} --url {params.url:q} {params.checksums} --output {output:q} "
        "2>&1 | tee {log:q}"


rule check:
    input:
        genome=genome,
        targets=targets,
        blacklist=blacklist,
        unmappable=unmappable,
        aliases=aliases,
        peaks=peaks,
        # Others to predict, or to begin with, are no reason to check, and train, again: an input only where a job has no
        # other way to them.
        predicted=lambda wildcards: [] if shares_files else [ancient(path) for path in input_files],
        starts=[] if shares_files else [ancient(path) for path in start_files],
    output:
        "<results>/inputs.json",
    log:
        "<results>/logs/check.log",
    benchmark:
        "<results>/benchmarks/check.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("check"),
        runtime=minutes("check"),
    params:
        flags=check_flags,
        contents=lambda wildcards: contents(user_files),
        sources=source_flags,
        md5=checksum_flags("md5"),
        # As they depend on `input`, they make no check again.
        sha256=lambda wildcards, input: checksum_flags("sha256"),
        configuration=lambda wildcards, input: settings.model_dump_json(),
    message:
        "Check the input files"
    shell:
        "python -m danq check {params.flags} --genome {input.genome:q} --targets {input.targets:q} {params.sources} "
        "{params.md5} {params.sha256} --configuration {params.configuration:q} --output {output:q} 2>&1 | tee {log:q}"


if settings.deepsea:

    rule import_deepsea:
        input:
            train=settings.deepsea.train,
            valid=settings.deepsea.valid,
            test=settings.deepsea.test,
            names=settings.deepsea.names or [],
        output:
            "<results>/dataset.h5",
        log:
            "<results>/logs/import-deepsea.log",
        benchmark:
            "<results>/benchmarks/import-deepsea.tsv"
        conda:
            "../envs/danq.yaml"
        resources:
            mem_mb=memory("import_deepsea"),
            runtime=minutes("import_deepsea"),
        params:
            contents=lambda wildcards: contents(bundle),
            names=lambda wildcards, input: option("--names", [input.names] if input.names else []),
        message:
            "Read the published DeepSEA bundle"
        shell:
            "python -m danq import-deepsea {input.train:q} {input.valid:q} {input.test:q} {params.names} "
            "--output {output:q} 2>&1 | tee {log:q}"

else:

    rule extract:
        input:
            checked="<results>/inputs.json",
            genome=genome,
            targets=targets,
            blacklist=blacklist,
            unmappable=unmappable,
            aliases=aliases,
            peaks=peaks,
        output:
            dataset="<results>/dataset.h5",
            table="<results>/targets.tsv",
        log:
            "<results>/logs/extract.log",
        benchmark:
            "<results>/benchmarks/extract.tsv"
        conda:
            "../envs/danq.yaml"
        resources:
            mem_mb=memory("extract"),
            runtime=minutes("extract"),
        params:
            flags=extract_flags,
            sources=source_flags,
            md5=checksum_flags("md5"),
            # As it depends on `input`, a checksum that is given later makes no window again.
            sha256=lambda wildcards, input: checksum_flags("sha256"),
            assembly="simulated" if simulated else settings.assembly,
        message:
            "Extract and label the windows"
        shell:
            "python -m danq extract {params.flags} --genome {input.genome:q} --targets {input.targets:q} "
            "{params.sources} {params.md5} {params.sha256} --checked {input.checked:q} --assembly {params.assembly:q} "
            "--output {output.dataset:q} --table {output.table:q} 2>&1 | tee {log:q}"


rule windows:
    input:
        dataset="<results>/dataset.h5",
        genome=genome,
    output:
        table="<results>/windows.tsv",
        fasta="<results>/windows.fa.gz",
    log:
        "<results>/logs/windows.log",
    benchmark:
        "<results>/benchmarks/windows.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("windows"),
        runtime=minutes("windows"),
    message:
        "Write the windows as text, cut from the genome a second time"
    shell:
        "python -m danq windows --dataset {input.dataset:q} --genome {input.genome:q} --table {output.table:q} "
        "--fasta {output.fasta:q} 2>&1 | tee {log:q}"


rule describe:
    input:
        "<results>/dataset.h5",
    output:
        json="<results>/dataset.json",
        figure=report(
            "<results>/dataset.svg",
            caption="../report/dataset.rst",
            category="Data",
            labels={"figure": "windows and positives"},
        ),
    log:
        "<results>/logs/describe.log",
    benchmark:
        "<results>/benchmarks/describe.tsv"
    conda:
        "../envs/danq.yaml"
    resources:
        mem_mb=memory("describe"),
        runtime=minutes("describe"),
    message:
        "Verify and describe the dataset"
    shell:
        "python -m danq describe {input:q} --json {output.json:q} --figure {output.figure:q} 2>&1 | tee {log:q}"
