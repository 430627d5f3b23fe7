"""Speed of `danq variants` beside the forward passes alone, and its memory.

    snakemake --cores all                                  # the default run
    python benchmarks/variant_speed.py results/simulated --model deepsea --n 2000 20000

Draws n random single-base changes of the run's genome, scores them from VCF to VCF in a process of
its own (one thread, no background), and predicts as many windows, both alleles and both strands,
from tensors that are there already. Prints seconds of the CPU, which a shared machine bends less
than the time of day, changes a second, the ratio, and the largest memory of the process.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch

import danq
from danq.genome.background import random_variants
from danq.genome.fasta import read_genome
from danq.network.strands import BATCH, strand_logits

CHILD = """
import json, resource, sys, time
from danq.cli import main
code = main(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"code": code, "cpu": time.process_time(), "memory": used.ru_maxrss / 1024}))
"""


def write_vcf(path, genome, n):
    """Write n random single-base changes, sorted."""
    rows = random_variants(genome, Counter(), n, seed=0)
    order = {name: number for number, name in enumerate(genome.lengths)}
    lines = ["##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"]
    for row in sorted(rows, key=lambda row: (order[row.chrom], row.pos)):
        lines.append(f"{row.chrom}\t{row.pos}\t.\t{row.ref}\t{row.alt}\t.\t.\t.\n")
    path.write_text("".join(lines))
    return len(rows)


def command(checkpoint, fasta, vcf, folder):
    """Return the seconds and MiB of the command, all of the process."""
    words = ["variants", "--checkpoint", str(checkpoint), "--genome", str(fasta)]
    words += ["--input", str(vcf), "--vcf", str(folder / "o.vcf.gz")]
    words += ["--background-size", "0", "--threads", "1", "--device", "cpu"]
    found = subprocess.run(
        [sys.executable, "-c", CHILD, *words], capture_output=True, text=True, check=True
    )
    return json.loads(found.stdout.splitlines()[-1])


@torch.no_grad()
def forward_passes(checkpoint, n):
    """Return the CPU seconds of predicting both alleles of n changes, both strands."""
    model = danq.load(checkpoint, device="cpu", threads=1)
    window = model.window
    X = torch.zeros(BATCH, 4, window)
    X[:, 0] = 1
    strand_logits(model.network, X)
    begin = time.process_time()
    for start in range(0, 2 * n, BATCH):
        strand_logits(model.network, X[: min(BATCH, 2 * n - start)])
    return time.process_time() - begin


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("run", type=Path, help="folder of a finished run on the simulated genome")
    parser.add_argument("--model", default="deepsea")
    parser.add_argument("--n", type=int, nargs="+", default=[2000, 20000])
    given = parser.parse_args()
    fasta = given.run / "simulated" / "genome.fa.gz"
    checkpoint = given.run / given.model / "seed0" / "model.ckpt"
    genome = read_genome(fasta).genome
    print("changes  command (s)  forward passes (s)  memory (MiB)")
    measured = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for wanted in given.n:
            n = write_vcf(folder / "a.vcf", genome, wanted)
            found = command(checkpoint, fasta, folder / "a.vcf", folder)
            passes = forward_passes(checkpoint, n)
            measured.append((n, found["cpu"], passes))
            print(
                f"{n:7}  {found['cpu']:11.2f}  {passes:18.2f}  {found['memory']:12.0f}", flush=True
            )
    if len(measured) > 1:
        # Between two numbers of changes: what is done once, as loading, is in both.
        (n, cpu, passes), (last_n, last_cpu, last_passes) = measured[0], measured[-1]
        more = last_n - n
        ratio = (last_cpu - cpu) / (last_passes - passes)
        print(f"each further change: {1e3 * (last_cpu - cpu) / more:.3f} ms, {ratio:.2f} times")
        print(f"{more / (last_cpu - cpu):.0f} changes a second of one core")


if __name__ == "__main__":
    main()
