"""What other programs need for parts of danq's work, one task per fresh process, on one thread.

    python benchmarks/peers.py TASK --data FOLDER

FOLDER is made by `make_data.py`. What some peers need besides (indices, one file of all peaks, HDF5
files) is made in FOLDER/cache by the task `prepare`, which should run first, and is not timed.
Install the peers as `requirements-peers.txt` says. Measured were Selene 0.6.0, bedtools 2.30.0,
polars-bio 0.36.2 with polars 1.44.2, and tangermeme 1.6.0; each function uses the fastest way that
its version offers.

Prints one line of JSON: ``task, peer, version, units`` (how many), ``unit`` (of what), ``cpu_s``
(user and system seconds of the process and its children, imports excluded), ``wall_s``, ``rss_mb``
(peak of the process or its largest child, imports and prepared inputs included), ``checksum``, and
what the task adds:

labels-*
    The labels of all 200-bp bins, a bin being positive for a target when more than half of it lies
    in the union of the target's peaks. `checksum` is the sha256 of ``np.packbits(labels, axis=1)``,
    bins in the order of the genome; `agrees` compares with labels-reference where that was run
    before. `cpu_prepare_s` is the part of `cpu_s` that goes to reading and reshaping the BED files
    before the peer's own work.
windows-*
    One-hot encoded windows of 1000 bp around random bins, in the genome's order. `checksum` is the
    sha256 of their base indices (A, C, G, T, other = 0 to 4; uint8, shape (N, 1000)).
batches-*
    An epoch of shuffled batches of 256 from a synthetic HDF5 file in danq's layout. `checksum` is
    the sha256 of the first 256 rows in the order of the file: float32 (256, 1000, 4), then labels
    as float32 (256, T).
"""

import argparse
import hashlib
import json
import os
import resource
import statistics
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

os.environ.update(
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    NUMBA_NUM_THREADS="1",
    RAYON_NUM_THREADS="1",
    POLARS_MAX_THREADS="1",
    TOKIO_WORKER_THREADS="1",
    LC_ALL="C",
)

import numpy as np  # after the limits above, as everything that the tasks import

BIN = 200  # bp
MORE_THAN = 100  # bases of a bin that must be exceeded
WINDOW = 1000  # bp
WINDOWS = 20_000
SAMPLED_BINS = 2000  # of Selene, whose rate does not depend on their number
ROWS = 100_000  # of the synthetic HDF5
BATCH = 256


def main():
    """Run the task of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--data", type=Path, required=True, help="folder made by make_data.py")
    arguments = parser.parse_args()
    (arguments.data / "cache").mkdir(exist_ok=True)
    print(json.dumps({"task": arguments.task} | TASKS[arguments.task](arguments.data)))


# --- measuring ---


class Clock:
    """CPU and wall seconds since it was made."""

    def __init__(self):
        self._cpu, self._wall = _cpu(), time.perf_counter()

    def cpu(self):
        """Return the CPU seconds so far."""
        return round(_cpu() - self._cpu, 4)

    def read(self):
        """Return the measured fields so far."""
        peak = max(
            resource.getrusage(who).ru_maxrss
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        wall = round(time.perf_counter() - self._wall, 4)
        return {"cpu_s": self.cpu(), "wall_s": wall, "rss_mb": round(peak / 1024)}


def _cpu():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def median_of(rounds, function):
    """Return the fields of the round of median CPU time, and what `function` returned last."""
    rounds_fields = []
    for _ in range(rounds):
        clock = Clock()
        result = function()
        rounds_fields.append(clock.read())
    middle = statistics.median_low([fields["cpu_s"] for fields in rounds_fields])
    return next(fields for fields in rounds_fields if fields["cpu_s"] == middle) | {
        "rounds": rounds
    }, result


def sha256(*arrays):
    """Return the checksum of the arrays' bytes, one after the other."""
    checksum = hashlib.sha256()
    for array in arrays:
        checksum.update(np.ascontiguousarray(array))
    return checksum.hexdigest()


# --- what all tasks know of the data ---


def chromosomes(data):
    """Return the length of each chromosome, in the genome's order; index the FASTA if needed."""
    import pyfaidx

    with pyfaidx.Fasta(str(data / "genome.fa")) as genome:
        return {name: len(genome[name]) for name in genome.keys()}


def bed_files(data):
    """Return the targets' files, in the order of the table."""
    return [
        data / row.split("\t")[2] for row in (data / "targets.tsv").read_text().splitlines()[1:]
    ]


def first_bins(lengths):
    """Return the row of each chromosome's first bin."""
    counts = [length // BIN for length in lengths.values()]
    return dict(zip(lengths, np.cumsum([0, *counts[:-1]]).tolist(), strict=True))


def n_bins(lengths):
    """Return the number of bins of the genome."""
    return sum(length // BIN for length in lengths.values())


def scatter(rows, targets, n_rows, n_targets):
    """Return packed labels, uint8 (n_rows, ceil(n_targets / 8)), of unique (row, target) pairs."""
    width = -(-n_targets // 8)
    bits = np.zeros(n_rows * width, dtype=np.uint8)
    np.add.at(
        bits, rows.astype(np.int64) * width + targets // 8, (128 >> (targets % 8)).astype(np.uint8)
    )
    return bits.reshape(n_rows, width)


def more_than_half(keys, overlaps):
    """Return the keys whose overlaps add up to more than half a bin, each once."""
    enough = overlaps > MORE_THAN  # then the rest of the bin is too short to be enough once more
    partial, inverse = np.unique(keys[~enough], return_inverse=True)
    sums = np.bincount(inverse, weights=overlaps[~enough], minlength=len(partial))
    return np.concatenate([keys[enough], partial[sums > MORE_THAN]])


def labelled(data, peer, bits, fields):
    """Return the record of a label task that did all bins."""
    truth = data / "cache" / "labels.npy"
    agrees = bool(np.array_equal(bits, np.load(truth, mmap_mode="r"))) if truth.exists() else None
    return {
        **peer,
        "units": len(bits),
        "unit": "bins",
        **fields,
        "checksum": sha256(bits),
        "agrees": agrees,
    }


# --- labels ---


def labels_reference(data):
    """Mark every base of every peak, and count them per bin.

    This is slow and obviously right: the truth for the other tasks.
    """
    lengths, files, clock = chromosomes(data), bed_files(data), Clock()
    bits = np.zeros((n_bins(lengths), -(-len(files) // 8)), dtype=np.uint8)
    for target, file in enumerate(files):
        peaks = [line.split("\t") for line in file.read_text().splitlines()]
        for chrom, row in first_bins(lengths).items():
            covered = np.zeros(lengths[chrom] // BIN * BIN, dtype=bool)
            for words in peaks:
                if words[0] == chrom:
                    covered[int(words[1]) : int(words[2])] = True
            positive = covered.reshape(-1, BIN).sum(axis=1) > MORE_THAN
            bits[row : row + len(positive), target // 8] |= positive.astype(np.uint8) << (
                7 - target % 8
            )
    record = labelled(
        data, {"peer": "numpy, per base", "version": np.__version__}, bits, clock.read()
    )
    np.save(data / "cache" / "labels.npy", bits)
    return record


def labels_limit(data):
    """Read all bytes of all files and count the lines: no program that reads text can need less."""
    files = bed_files(data)
    fields, counts = median_of(5, lambda: [file.read_bytes().count(b"\n") for file in files])
    return {
        "peer": "limit",
        "version": "",
        "units": sum(counts),
        "unit": "intervals",
        **fields,
        "checksum": sha256(np.array(counts, dtype=np.int64)),
    }


def labels_selene(data):
    """Ask Selene for a random sample of bins; units per second hold for any number of them."""
    from selene_sdk.targets import GenomicFeatures

    lengths, names = chromosomes(data), [str(target) for target in range(len(bed_files(data)))]
    features = GenomicFeatures(
        str(selene_bed(data)), names, (MORE_THAN + 1) / BIN, init_unpicklable=True
    )
    rng = np.random.default_rng(1)
    rows = np.sort(rng.choice(n_bins(lengths), SAMPLED_BINS, replace=False))
    places = bin_places(lengths, rows)
    features.get_feature_data(*places[0])
    clock = Clock()
    answers = [features.get_feature_data(chrom, start, end) for chrom, start, end in places]
    fields = clock.read()
    bits, truth = (
        np.packbits(np.array(answers, dtype=np.uint8), axis=1),
        data / "cache" / "labels.npy",
    )
    agrees = (
        bool(np.array_equal(bits, np.load(truth, mmap_mode="r")[rows])) if truth.exists() else None
    )
    return {
        "peer": "selene",
        "version": version("selene-sdk"),
        "units": len(rows),
        "unit": "bins",
        **fields,
        "cpu_all_bins_s_extrapolated": round(fields["cpu_s"] / len(rows) * n_bins(lengths), 1),
        "checksum": sha256(bits),
        "agrees": agrees,
    }


def selene_bed(data):
    """Return one sorted file of all peaks, the target's index as name, compressed and indexed.

    It is made by the first call.
    """
    path = data / "cache" / "selene.bed.gz"
    if not path.exists():
        shell(
            f"{AWK_ALL} {{print $1, $2, $3, t - 1}}' $FILES | sort -k1.4,1n -k2,2n | bgzip > "
            "cache/selene.part",
            data,
        )
        shell("mv cache/selene.part cache/selene.bed.gz && tabix -p bed cache/selene.bed.gz", data)
    return path


def bin_places(lengths, rows):
    """Return (chrom, start, end) of rows in the genome's order."""
    names, firsts = list(lengths), np.array(list(first_bins(lengths).values()))
    index = np.searchsorted(firsts, rows, side="right") - 1
    starts = (rows - firsts[index]) * BIN
    return [(names[i], start, start + BIN) for i, start in zip(index, starts.tolist(), strict=True)]


AWK_ALL = (
    'awk \'BEGIN {OFS = "\\t"} FNR == 1 {t++}'  # t - 1 is the index of the file; no file is empty
)


def shell(pipeline, data):
    """Return the output of a pipeline that runs in the folder of the data.

    $FILES are all BED files.
    """
    files = " ".join(str(file.relative_to(data)) for file in bed_files(data))
    return subprocess.run(
        ["bash", "-o", "pipefail", "-ec", pipeline],
        check=True,
        stdout=subprocess.PIPE,
        cwd=data,
        env=os.environ | {"FILES": files},
    ).stdout


def bedtools_prepare(data):
    """Merge each target's peaks in one run of bedtools, sort them into one file; write the bins."""
    shell(
        f'{AWK_ALL} {{print t - 1 "_" $1, $2, $3}}\' $FILES | bedtools merge | '
        "awk -F '[_\\t]' 'BEGIN {OFS = \"\\t\"} {print $2, $3, $4, $1}' | sort --parallel=1 -S 1G "
        "-k1.4,1n -k2,2n > cache/merged.bed",
        data,
    )
    shell(
        f"bedtools makewindows -g genome.fa.fai -w {BIN} | awk '$3 - $2 == {BIN}' > cache/bins.bed",
        data,
    )
    return "bedtools map -g genome.fa.fai -a cache/bins.bed -b cache/merged.bed -o collapse"


def bedtools_peer(how):
    """Return name and version of bedtools."""
    answer = subprocess.run(
        ["bedtools", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return {"peer": how, "version": answer.split()[-1].lstrip("v")}


def labels_bedtools(data):
    """Collapse all peaks on each bin (one run of bedtools map), and add up the overlaps.

    Exact, and faster than `bedtools intersect -wo -sorted`, whose output is 2.3 times as long.
    """
    lengths, n_targets, clock = chromosomes(data), len(bed_files(data)), Clock()
    command = bedtools_prepare(data)
    prepared = clock.cpu()
    rows, (starts, ends, targets) = parsed(shell(f"{command} -c 2,3,4", data), 3)
    at = bin_starts(lengths)[rows]
    overlaps = np.minimum(ends, at + BIN) - np.maximum(starts, at)
    keys = more_than_half(rows * n_targets + targets, overlaps)
    bits = scatter(keys // n_targets, keys % n_targets, n_bins(lengths), n_targets)
    fields = clock.read() | {"cpu_prepare_s": prepared}
    return labelled(data, bedtools_peer("bedtools map, all peaks"), bits, fields)


def labels_bedtools_single(data):
    """Let bedtools map name the peaks that cover more than half of a bin by themselves.

    This is less work, and not quite the rule: bins that several peaks of a target cover only
    together are missed. `missed` counts these labels.
    """
    lengths, n_targets, clock = chromosomes(data), len(bed_files(data)), Clock()
    command = bedtools_prepare(data)
    prepared = clock.cpu()
    rows, (targets,) = parsed(shell(f"{command} -c 4 -f {(MORE_THAN + 1) / BIN}", data), 1)
    bits = scatter(rows, targets, n_bins(lengths), n_targets)
    fields, truth = clock.read() | {"cpu_prepare_s": prepared}, data / "cache" / "labels.npy"
    if truth.exists():
        fields["missed"] = int(np.bitwise_count(bits ^ np.load(truth, mmap_mode="r")).sum())
    return labelled(data, bedtools_peer("bedtools map, single peaks"), bits, fields)


def parsed(text, columns):
    """Return row and numbers of each listed peak, from the last columns of bedtools map."""
    hits = [
        (row, line.split(b"\t")[3:])
        for row, line in enumerate(text.splitlines())
        if not line.endswith(b".")
    ]
    counts = [words[0].count(b",") + 1 for _, words in hits]
    numbers = [
        np.fromstring(b",".join([words[column] for _, words in hits]), dtype=np.int64, sep=",")
        for column in range(columns)
    ]
    return np.repeat(np.array([row for row, _ in hits]), counts), numbers


def bin_starts(lengths):
    """Return where each bin of the genome begins on its chromosome (bp)."""
    return np.concatenate([np.arange(length // BIN) * BIN for length in lengths.values()])


def labels_polars_bio(data):
    """Join bins and merged peaks by polars-bio's overlap, add up by numpy (quicker than polars)."""
    import polars as pl
    import polars_bio as pb

    pb.set_option("datafusion.execution.target_partitions", "1")
    pb.set_option("datafusion.bio.coordinate_system_zero_based", True)
    lengths, files, clock = chromosomes(data), bed_files(data), Clock()
    peaks = polars_peaks(pl, files)
    prepared = clock.cpu()
    joined = pb.overlap(
        polars_bins(pl, lengths), polars_merged(pl, peaks), output_type="polars.LazyFrame"
    )
    overlap = pl.min_horizontal("end_1", "end_2") - pl.max_horizontal("start_1", "start_2")
    pairs = joined.select(key=pl.col("row_1") * len(files) + pl.col("target_2"), overlap=overlap)
    pairs = pairs.collect(engine="streaming")
    keys = more_than_half(pairs["key"].to_numpy(), pairs["overlap"].to_numpy())
    bits = scatter(keys // len(files), keys % len(files), n_bins(lengths), len(files))
    fields = clock.read() | {"cpu_prepare_s": prepared}
    return labelled(data, {"peer": "polars-bio", "version": version("polars-bio")}, bits, fields)


def polars_peaks(pl, files):
    """Read all files: their bytes as one text, which polars parses at once, its fastest way."""
    texts = [file.read_bytes() for file in files]
    targets = np.repeat(np.arange(len(files)), [text.count(b"\n") for text in texts])
    peaks = pl.read_csv(
        b"".join(texts),
        separator="\t",
        has_header=False,
        columns=[0, 1, 2],
        new_columns=["chrom", "start", "end"],
    )
    return peaks.with_columns(target=pl.Series(targets))


def polars_merged(pl, peaks):
    """Merge each target's sorted peaks.

    polars-bio's own merge would need the target in the chromosome's name, and takes longer.
    """
    gap = (
        (pl.col("start") > pl.col("end").cum_max().shift(1)).over("target", "chrom").fill_null(True)
    )
    groups = peaks.with_columns(group=gap.cum_sum()).group_by("group")
    return groups.agg(pl.col("chrom", "start", "target").first(), pl.col("end").max()).drop("group")


def polars_bins(pl, lengths):
    """Return all bins of the genome with their rows."""
    names = np.repeat(list(lengths), [length // BIN for length in lengths.values()])
    bins = pl.DataFrame({"chrom": names, "start": bin_starts(lengths)}).with_columns(
        end=pl.col("start") + BIN
    )
    return bins.with_columns(row=pl.int_range(pl.len()))


# --- windows ---


def window_places(data):
    """Return (chrom, start, end) of 20,000 windows around random bins, in the genome's order."""
    lengths = chromosomes(data)
    rows = np.random.default_rng(2).permutation(n_bins(lengths))
    flank, places = (WINDOW - BIN) // 2, []
    for row, (chrom, start, _) in zip(rows, bin_places(lengths, rows[: WINDOWS * 2]), strict=False):
        if start >= flank and start - flank + WINDOW <= lengths[chrom]:
            places.append((row, (chrom, start - flank, start - flank + WINDOW)))
    return [place for _, place in sorted(places[:WINDOWS])]


def windowed(peer, one_hot, axis, fields):
    """Return the record of a window task whose bases lie along an axis of its result."""
    indices = np.where(one_hot.max(axis=axis) == 1, one_hot.argmax(axis=axis), 4).astype(np.uint8)
    return {
        "peer": peer,
        "version": version(peer),
        "units": len(indices),
        "unit": "windows",
        **fields,
        "checksum": sha256(indices),
    }


def windows_selene(data):
    """Ask Selene's genome for each window, float32 (1000, 4)."""
    from selene_sdk.sequences import Genome

    places, genome = window_places(data), Genome(str(data / "genome.fa"), init_unpicklable=True)
    fields, one_hot = median_of(
        3, lambda: [genome.get_encoding_from_coords(*place) for place in places]
    )
    return windowed("selene-sdk", np.stack(one_hot), 2, fields)


def windows_tangermeme(data):
    """Extract all windows in one call, int8 (N, 4, 1000)."""
    fields, one_hot = extracted(data, packed=False)
    return windowed("tangermeme", one_hot.numpy(), 1, fields)


def windows_tangermeme_packed(data):
    """Extract all windows in one call, two bits a base."""
    fields, one_hot = extracted(data, packed=True)
    return windowed("tangermeme", one_hot.to_one_hot().numpy(), 1, fields)


def extracted(data, packed):
    """Run extract_loci, once on a few windows so that numba has compiled it, then measured."""
    import pandas as pd
    import torch
    from tangermeme.io import extract_loci

    torch.set_num_threads(1)
    loci = pd.DataFrame(window_places(data), columns=["chrom", "start", "end"])
    options = {"in_window": WINDOW, "n_jobs": 1, "return_packed": packed}
    extract_loci(loci.head(200), str(data / "genome.fa"), **options)
    return median_of(5, lambda: extract_loci(loci, str(data / "genome.fa"), **options))


def windows_memcpy(data):
    """Copy arrays of the windows' size in memory: no program that makes them can need less.

    `cpu_s` is for uint8 (4000 B a window), `cpu_float32_s` for float32 (16,000 B), `cpu_packed_s`
    for bits (500 B).
    """
    fields = {}
    for name, size in (("float32", 16 * WINDOW), ("packed", WINDOW // 2), ("uint8", 4 * WINDOW)):
        source, copy = (np.full((WINDOWS, size), fill, dtype=np.uint8) for fill in (1, 0))
        measured, _ = median_of(9, lambda source=source, copy=copy: np.copyto(copy, source))
        fields[f"cpu_{name}_s"] = measured["cpu_s"]
    return {
        "peer": "limit",
        "version": np.__version__,
        "units": WINDOWS,
        "unit": "windows",
        **measured,
        "cpu_float32_s": fields["cpu_float32_s"],
        "cpu_packed_s": fields["cpu_packed_s"],
        "checksum": "",
    }


# --- batches ---


def h5_files(data):
    """Return two files of the same rows, bit-packed and plain uint8; made once."""
    cache = data / "cache"
    cache.mkdir(exist_ok=True)
    paths = {kind: cache / f"{kind}.h5" for kind in ("packed", "uint8")}
    if not all(path.exists() for path in paths.values()):
        rng, n_targets = np.random.default_rng(3), len(bed_files(data))
        indices = rng.integers(0, 4, (ROWS, WINDOW), dtype=np.uint8)
        indices[::100] = 4  # windows of N, zeros in danq's files
        targets = (rng.random((ROWS, n_targets), dtype=np.float32) < 0.02).view(np.uint8)
        sequences = np.concatenate(
            [np.eye(5, 4, dtype=np.uint8)[indices[i : i + 4096]] for i in range(0, ROWS, 4096)]
        )
        write_h5(paths["uint8"], sequences, targets, n_targets)
        write_h5(
            paths["packed"], np.packbits(sequences, axis=1), np.packbits(targets, axis=1), n_targets
        )
    return paths


def write_h5(path, sequences, targets, n_targets):
    """Write one contiguous file with the names that Selene expects."""
    import h5py

    with h5py.File(path, "w") as file:
        file["sequences"], file["targets"] = sequences, targets
        file["sequences_length"], file["targets_length"] = WINDOW, n_targets


def batches(data, kind, by_batch):
    """Run one epoch of Selene's H5DataLoader on a file read into memory before the clock starts."""
    import torch
    from selene_sdk.samplers.dataloader import H5DataLoader, _H5Dataset
    from torch.utils.data import BatchSampler, RandomSampler

    torch.set_num_threads(1)
    dataset = _H5Dataset(str(h5_files(data)[kind]), in_memory=True, unpackbits=kind == "packed")
    options = {"batch_size": BATCH}
    if by_batch:
        options = {
            "batch_size": None,
            "sampler": BatchSampler(RandomSampler(dataset), BATCH, False),
            "shuffle": False,
        }
    first = [part.float().numpy() for part in dataset[list(range(BATCH))]]
    dataset._seq_start = None
    loader = H5DataLoader(dataset, **options)
    fields, count = median_of(3, lambda: sum(len(sequences) for sequences, _ in loader))
    peer = f"selene, {kind}, {'a batch' if by_batch else 'a row'} per index"
    return {
        "peer": peer,
        "version": version("selene-sdk"),
        "units": count,
        "unit": "samples",
        **fields,
        "checksum": sha256(*first),
    }


def batches_selene_packed(data):
    """Packed rows through a batch of indices: with single ones, Selene 0.6.0 raises a NameError."""
    return batches(data, "packed", by_batch=True)


def batches_selene_uint8(data):
    """Plain rows through single indices, as Selene's trainer asks for them."""
    return batches(data, "uint8", by_batch=False)


def batches_selene_uint8_batch(data):
    """Plain rows through a batch of indices."""
    return batches(data, "uint8", by_batch=True)


def prepare(data):
    """Make all that is kept beside the data, so that no task's memory is that of making it."""
    clock = Clock()
    chromosomes(data), selene_bed(data), h5_files(data)
    return {"peer": "", "version": "", **clock.read()}


TASKS = {
    function.__name__.replace("_", "-"): function
    for function in (
        prepare,
        labels_reference,
        labels_limit,
        labels_selene,
        labels_bedtools,
        labels_bedtools_single,
        labels_polars_bio,
        windows_selene,
        windows_tangermeme,
        windows_tangermeme_packed,
        windows_memcpy,
        batches_selene_packed,
        batches_selene_uint8,
        batches_selene_uint8_batch,
    )
}


if __name__ == "__main__":
    main()
