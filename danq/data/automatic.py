"""What extraction chooses where the configuration leaves it out: the stride, and which bins.

The rule goes by the bases that there are for training: a small genome is shown from more places, a
large one is sampled.
"""

from collections.abc import Mapping, Sequence

from danq.config import Chosen, Extract, Filled, fill
from danq.genome.tables import Region

ENOUGH = 500_000
"""Training windows that are enough: bins overlap only as far as there are no more than these."""

MOST = 5_000_000
"""Training windows beyond which those without a peak are sampled."""

MOST_OVERLAPPING = 10
"""Training bins that hold a base, at most."""


def training_bases(
    settings: Extract,
    lengths: Mapping[str, int],
    valid: Sequence[Region],
    test: Sequence[Region],
) -> int:
    """Count the bases that are left for training.

    Parameters
    ----------
    settings : danq.config.Extract
        Its ``chromosomes`` are used; none given: all.
    lengths : dict of str to int
        Length of each chromosome (bp).
    valid, test : list of danq.genome.tables.Region
        Regions of the two other splits (bp, 0-based half-open).

    Returns
    -------
    int
        Bases of the used chromosomes outside these regions.
    """
    used = set(settings.chromosomes or lengths)
    total = sum(length for chrom, length in lengths.items() if chrom in used)
    for chrom, start, end in [*valid, *test]:
        if chrom in used:
            total -= end - start
    return max(total, 0)


def fill_in(settings: Extract, bases: int) -> Filled[Extract]:
    """Choose the stride and the training bins where the configuration leaves them out.

    Parameters
    ----------
    settings : danq.config.Extract
        As configured.
    bases : int
        Bases for training, as `training_bases` counts them.

    Returns
    -------
    danq.config.Filled

    Examples
    --------
    >>> settings = Extract(valid=["chr8"], test=["chr10"])
    >>> fill_in(settings, 9_000_000).settings.stride
    20
    >>> fill_in(settings, 2_600_000_000).settings.train_bins
    'sampled'
    """
    stride = settings.stride or _stride(settings.bin_size, bases)
    windows = bases // stride
    amount = f"for {bases:,} bp of training sequence"
    rules = {"stride": Chosen(stride, f"{amount}: {windows:,} windows")}
    if windows <= MOST:
        rules["train_bins"] = Chosen("all", f"since {windows:,} windows are no more than {MOST:,}")
    else:
        reason = f"since {windows:,} windows are more than {MOST:,}"
        rules["train_bins"] = Chosen("sampled", reason)
    return fill(settings, rules)


def _stride(bin_size: int, bases: int) -> int:
    """Return the smallest divisor of a bin's length that gives no more windows than `ENOUGH`."""
    for stride in range(1, bin_size):
        overlapping = bin_size // stride
        is_divisor = bin_size % stride == 0
        if is_divisor and overlapping <= MOST_OVERLAPPING and bases // stride <= ENOUGH:
            return stride
    return bin_size
