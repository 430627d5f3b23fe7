# Motifs: the first-layer filters of each model, and the known motifs that they resemble.


rule motifs:
    input:
        checkpoint="<results>/{model}/seed{seed}/model.ckpt",
        dataset="<results>/dataset.h5",
        motifs=known_motifs,
    output:
        meme="<results>/{model}/seed{seed}/motifs.meme",
        matches="<results>/{model}/seed{seed}/matches.tsv",
    log:
        "<results>/logs/motifs_{model}_seed{seed}.log",
    benchmark:
        "<results>/benchmarks/motifs_{model}_seed{seed}.tsv"
    conda:
        "../envs/danq.yaml"
    params:
        flags=flags(settings.filters),
        motifs=settings.motifs,
    shell:
        "python -m danq motifs {params.flags} --checkpoint {input.checkpoint:q} --dataset {input.dataset:q} "
        "--motifs {params.motifs:q} --meme {output.meme:q} --matches {output.matches:q} 2>&1 | tee {log:q}"
