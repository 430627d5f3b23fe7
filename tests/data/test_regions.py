import pytest

from danq.config import Extract
from danq.data.choice import choose
from danq.data.inputs import read_files
from danq.data.regions import refuse_empty_regions
from danq.errors import DanqError
from danq.genome.bins import SPLITS as NAMES
from danq.genome.sources import Sources
from tests.conftest import BIN, LENGTHS, SPLITS, WINDOW, refuse

SETTINGS = Extract(bin_size=BIN, window=WINDOW, stride=BIN, **SPLITS)


@pytest.fixture(scope="module")
def chosen(toy):
    blacklist = [toy / "blacklist.bed"]
    files = read_files(Sources(toy / "genome.fa", toy / "targets.tsv", blacklist), SETTINGS)
    return files, choose(files, files.settings)


def bins_of(files, choice):
    """Return chromosome and start of each chosen bin, from the grid's own numbering."""
    grid = files.labels.grid
    found = []
    for chrom, offset, count in zip(LENGTHS, grid.offsets[:-1], grid.counts, strict=True):
        for number in range(count):
            if choice.codes[offset + number] < len(NAMES):
                found.append((chrom, number * BIN))
    return found


def test_a_region_holds_a_window_where_a_chosen_bin_shares_a_base_with_it(chosen):
    files, choice = chosen
    bins = bins_of(files, choice)
    for chrom, length in LENGTHS.items():
        starts = [start for name, start in bins if name == chrom]
        for first in range(0, length - 130, 130):
            last = first + 130
            text = f"{chrom}:{first}-{last}"
            if any(start < last and first < start + BIN for start in starts):
                refuse_empty_regions(files, choice, [text])
            else:
                what = f"attribution.regions: {text}: no window has its 200-bp bin there"
                refuse(f"{what}; give others", refuse_empty_regions, files, choice, [text])


def test_all_wrong_regions_are_told(chosen):
    with pytest.raises(DanqError) as caught:
        refuse_empty_regions(*chosen, ["chr1:0-50", "chr2:900-1000", "chr9:1-2", "chr1:7-7"])
    assert [line.split()[1] for line in str(caught.value).splitlines()] == [
        "chr1:0-50:",
        "region",
        "region",
    ]
