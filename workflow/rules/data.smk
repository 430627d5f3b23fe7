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
    params:
        flags=flags(settings.simulate),
        folder=lambda wildcards, output: os.path.dirname(output.targets),
    shell:
        "python -m danq simulate {params.flags} --output {params.folder:q} 2>&1 | tee {log:q}"


rule extract:
    input:
        genome=genome,
        targets=targets,
        blacklist=settings.blacklist or [],
        peaks=peaks,
    output:
        windows="<results>/windows.tsv",
        fasta="<results>/windows.fa.gz",
        table="<results>/targets.tsv",
    log:
        "<results>/logs/extract.log",
    benchmark:
        "<results>/benchmarks/extract.tsv"
    conda:
        "../envs/danq.yaml"
    params:
        flags=flags(settings.extract, () if settings.extract.train_bins == "sampled" else ("negatives", "seed")),
        sizes=sizes,
        where=shlex.join(f"{column}={value}" for column, value in settings.where.items()),
        assembly=settings.assembly,
        blacklist=lambda wildcards, input: shlex.join(["--blacklist", input.blacklist] if input.blacklist else []),
    shell:
        "python -m danq extract {params.flags} --genome {input.genome:q} --targets {input.targets:q} {params.blacklist} "
        "--where {params.where} --assembly {params.assembly:q} --windows {output.windows:q} --fasta {output.fasta:q} "
        "--table {output.table:q} 2>&1 | tee {log:q}"


rule encode:
    input:
        fasta="<results>/windows.fa.gz",
        windows="<results>/windows.tsv",
        targets="<results>/targets.tsv",
    output:
        "<results>/dataset.h5",
    log:
        "<results>/logs/encode.log",
    benchmark:
        "<results>/benchmarks/encode.tsv"
    conda:
        "../envs/danq.yaml"
    shell:
        "python -m danq encode --fasta {input.fasta:q} --windows {input.windows:q} --targets {input.targets:q} "
        "--output {output:q} 2>&1 | tee {log:q}"
