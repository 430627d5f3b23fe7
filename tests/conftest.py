"""What the tests share: a genome that describes itself, its peaks, and a small dataset."""

import contextlib
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from Bio import bgzf

from danq.config import Extract
from danq.data.extract import extract
from danq.data.windows import windows
from danq.errors import DanqError
from danq.genome.sources import Sources
from danq.motif.meme import TAXA, jaspar
from danq.network.motif_layers import Layer

YEAST = Path(__file__).parents[2] / "shared" / "data" / "yeast"
needs_yeast = pytest.mark.skipif(not YEAST.is_dir(), reason="the yeast data are not here")

BIN, WINDOW = 200, 400
LENGTHS = {"chr1": 20_050, "chr2": 6_130, "chr3": 6_000}
SPLITS = {"valid": ["chr2"], "test": ["chr3"]}
PLANTED = ["MA0139.2", "MA0138.3", "MA0106.3"]  # CTCF, REST, TP53
FILTER_WIDTH, MOTIF_WINDOW = 24, 200
PLACE = 12  # bases that spell a position in base 4: 2 for the chromosome, 10 for the position


def self_describing(number, length):
    """Return a chromosome in which any 23 bp spell their own chromosome and position."""
    words = [spell(number, start) for start in range(0, length, PLACE)]
    return "".join(words)[:length]


def spell(chromosome, position):
    """Spell chromosome and position in base 4."""
    digits = [chromosome // 4 % 4, chromosome % 4]
    for power in range(9, -1, -1):
        digits.append(position // 4**power % 4)
    return "".join("ACGT"[digit] for digit in digits)


def read_place(bases, offset):
    """Read chromosome number and position out of the complete word that begins at `offset`."""
    digits = ["ACGT".index(base) for base in bases[offset : offset + PLACE]]
    position = 0
    for digit in digits[2:]:
        position = 4 * position + digit
    return digits[0] * 4 + digits[1], position


def write_fasta(path, records, width=60):
    """Write name -> bases as a plain FASTA file."""
    with open(path, "w") as out:
        for name, bases in records.items():
            out.write(f">{name}\n")
            out.writelines(
                bases[start : start + width] + "\n" for start in range(0, len(bases), width)
            )
    return path


def random_peaks(rng, lengths, n):
    """Return n random intervals per chromosome, of 20 to 700 bp, overlaps included."""
    peaks = []
    for chrom, length in lengths.items():
        starts = rng.integers(0, length - 20, n)
        ends = np.minimum(starts + rng.integers(20, 700, n), length)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            peaks.append((chrom, start, end))
    return peaks


def write_bed(path, peaks):
    """Write (chrom, start, end) as BED."""
    lines = [f"{chrom}\t{start}\t{end}\n" for chrom, start, end in peaks]
    path.write_text("".join(lines))
    return path


def refuse(message, function, *arguments, **options):
    """Assert that a call is refused with exactly this message."""
    with pytest.raises(DanqError) as caught:
        function(*arguments, **options)
    assert str(caught.value) == message


@contextlib.contextmanager
def file_limit(size):
    """Let no file grow beyond a size (bytes), as on a full disk, whoever writes it."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def read_tsv(path):
    """Return the rows of a table as dicts, split at its tabs and nothing else."""
    text = path.read_text()
    assert text.endswith("\n") and '"' not in text and "\r" not in text
    header, *rows = [line.split("\t") for line in text.removesuffix("\n").split("\n")]
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture(scope="session")
def toy(tmp_path_factory):
    """Return the folder of a self-describing genome (genome.fa), two targets and a blacklist."""
    folder = tmp_path_factory.mktemp("toy")
    chromosomes = {}
    for number, (name, length) in enumerate(LENGTHS.items(), 1):
        chromosomes[name] = self_describing(number, length)
    write_fasta(folder / "genome.fa", chromosomes)
    rng = np.random.default_rng(7)
    for name, n in (("a", 8), ("b", 5)):
        write_bed(folder / f"{name}.bed", random_peaks(rng, LENGTHS, n))
    write_bed(folder / "blacklist.bed", [("chr1", 3_999, 4_001), ("chr3", 100, 300)])
    (folder / "targets.tsv").write_text(
        "name\tgroup\tfile\tjaspar\nFactor A\tTF\ta.bed\t.\n<b>B</b>\tTF\tb.bed\t.\n"
    )
    return folder


@pytest.fixture(scope="session")
def run_extract():
    """Return a function that extracts the toy genome's windows into a folder."""

    def run(source, output, **changes):
        table = changes.pop("table", output / "targets.tsv")
        files = {"genome": source / "genome.fa", "targets": source / "targets.tsv"}
        for name in Sources._fields:
            if name in changes:
                files[name] = changes.pop(name)
        defaults = {"bin_size": BIN, "window": WINDOW, **SPLITS}
        defaults["stride"] = changes.get("bin_size", BIN)  # bins side by side
        settings = Extract(**defaults | changes)
        extract(Sources(**files), output / "dataset.h5", table, settings=settings)
        windows(
            output / "dataset.h5",
            files["genome"],
            output / "windows.tsv",
            output / "windows.fa.gz",
        )
        return output

    return run


@pytest.fixture(scope="session")
def toy_dataset(toy, run_extract, tmp_path_factory):
    """Return the path of the toy genome's dataset.h5, beside its tables and windows."""
    folder = tmp_path_factory.mktemp("dataset")
    run_extract(toy, folder, blacklist=[toy / "blacklist.bed"])
    return folder / "dataset.h5"


@pytest.fixture
def bgzip():
    """Return a function that writes text as BGZF."""

    def write(path, text):
        with bgzf.BgzfWriter(str(path)) as out:
            out.write(text)
        return path

    return write


@pytest.fixture(scope="module")
def planted():
    return jaspar("JASPAR2024", names=PLANTED)


@pytest.fixture(scope="module")
def known(planted):
    collection = jaspar("JASPAR2024", TAXA[0])[:400:5]
    unplanted = [motif for motif in collection if motif.name not in PLANTED]
    return [*planted, *unplanted]


def random_bases(rng, n, length):
    return np.eye(4, dtype=np.float32)[rng.integers(0, 4, (n, length))].transpose(0, 2, 1)


@pytest.fixture(scope="module")
def X(planted):
    """Random windows (900, 4, 200).

    Each third holds instances of one planted motif, every second one reverse-complemented.
    """
    rng = np.random.default_rng(0)
    X = random_bases(rng, 900, MOTIF_WINDOW)
    for number, window in enumerate(X):
        matrix = planted[number % 3].matrix
        site = np.array([rng.multinomial(1, row / row.sum()) for row in matrix]).T
        start = rng.integers(0, MOTIF_WINDOW - len(matrix))
        window[:, start : start + len(matrix)] = site if number % 2 else site[::-1, ::-1]
    return X


@pytest.fixture(scope="module")
def conv(planted):
    """Filters: log-odds of planted motifs, one reverse-complemented; random ones; a dead one."""
    torch.manual_seed(0)
    conv = torch.nn.Conv1d(4, 7, FILTER_WIDTH)
    with torch.no_grad():
        conv.weight[:3] = 0
        for number, motif in enumerate(planted):
            matrix = motif.matrix[::-1, ::-1] if number == 1 else motif.matrix
            odds = np.log2(matrix + 0.01) - np.log2(0.26)
            conv.weight[number, :, 2 : 2 + len(odds)] = torch.from_numpy(odds.T.copy())
            conv.bias[number] = -5
        conv.bias[6] = -100
    return conv


def layer_of(conv, name="filter"):
    """Return a convolution as the first layer of a model."""
    return Layer(name, conv, conv.out_channels, *conv.kernel_size)
