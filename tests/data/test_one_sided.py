"""Targets that a split cannot show: refused, or left out and reported."""

import numpy as np
import pytest

from danq.config import Extract
from danq.data.choice import choose
from danq.data.dataset import open_dataset
from danq.data.inputs import read_files
from danq.data.one_sided import TARGETS, choose_usable, refuse_lost_targets
from danq.errors import DanqError
from danq.genome.sources import Sources
from tests.conftest import BIN, SPLITS, WINDOW, read_tsv, write_bed
from tests.data.test_extract import read_windows

SETTINGS = Extract(bin_size=BIN, window=WINDOW, stride=BIN, **SPLITS)
OF_SPLIT = {"train": "chr1", "valid": "chr2", "test": "chr3"}


@pytest.fixture
def sources(toy, tmp_path):
    """Return the toy genome with targets that lack one kind of window in one split, and A."""
    rows = ["name\tfile", f"A\t{toy / 'a.bed'}"]
    for split in OF_SPLIT:
        peaks = [(chrom, 2_000, 4_000) for other, chrom in OF_SPLIT.items() if other != split]
        write_bed(tmp_path / f"no_{split}.bed", peaks)
        rows.append(f"no {split}\tno_{split}.bed")
        everywhere = [(OF_SPLIT[split], 0, 6_000)]
        if split == "train":
            everywhere = [(OF_SPLIT[split], 0, 20_050)]
        write_bed(tmp_path / f"all_{split}.bed", [*everywhere, *peaks])
        rows.append(f"all {split}\tall_{split}.bed")
    (tmp_path / "targets.tsv").write_text("\n".join(rows) + "\n")
    return Sources(toy / "genome.fa", tmp_path / "targets.tsv")


def test_every_one_is_refused_with_its_file(sources, tmp_path):
    files = read_files(sources, SETTINGS)
    with pytest.raises(DanqError) as caught:
        choose_usable(files, files.settings)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(OF_SPLIT) + 1
    for split in OF_SPLIT:
        effect = "it cannot be learnt" if split == "train" else "its metrics there would be NA"
        kinds = {"no": "positive", "all": "negative"} if split == "train" else {"no": "positive"}
        for kind, word in kinds.items():
            what = f"target '{kind} {split}' has no {word} window in the {split} split: {effect}; "
            assert any(line.startswith(f"{tmp_path}/{kind}_{split}.bed: {what}") for line in lines)


def test_with_drop_empty_they_are_left_out_and_reported(
    sources, toy, run_extract, tmp_path, capsys
):
    output = run_extract(
        toy,
        tmp_path / "out",
        targets=sources.targets,
        table=tmp_path / "out.tsv",
        drop_empty=True,
    )
    told = capsys.readouterr()
    with open_dataset(output / "dataset.h5") as dataset:
        assert dataset.names == ["A", "all valid", "all test"]
        names = [row["name"] for row in dataset.source["dropped_targets"]]
        assert names == ["no train", "all train", "no valid", "no test"]
        assert dataset.source["shortfalls"][0] == {"what": TARGETS, "asked": 7, "reached": 3}
        assert len(dataset.source["peaks"]) == 3
    for name in names:
        assert f"target '{name}' has no " in told.err
    assert f"fewer than asked for: {TARGETS}: 7 asked for, 3 there" in told.out
    for split in ("valid", "test"):
        what = f"target 'all {split}' has no negative window in the {split} split; its metrics"
        assert what in told.err
    assert [row["name"] for row in read_tsv(tmp_path / "out.tsv")] == dataset.names
    alone = tmp_path / "alone"
    rows = [f"A\t{toy / 'a.bed'}", "all valid\tall_valid.bed", "all test\tall_test.bed"]
    (tmp_path / "alone.tsv").write_text("\n".join(["name\tfile", *rows]) + "\n")
    run_extract(toy, alone, targets=tmp_path / "alone.tsv", table=tmp_path / "alone_out.tsv")
    assert read_windows(output)[1] == read_windows(alone)[1]


def test_labels_of_some_targets_are_theirs(toy):
    files = read_files(Sources(toy / "genome.fa", toy / "targets.tsv"), SETTINGS)
    n = files.labels.grid.n
    both = np.unpackbits(files.labels.packed(0, n), axis=1, count=2)
    for index in (0, 1):
        one = files.without({1 - index})
        assert [target.name for target in one.targets] == [files.targets[index].name]
        kept = np.unpackbits(one.labels.packed(0, n), axis=1, count=1)
        assert (kept[:, 0] == both[:, index]).all()
        assert (one.labels.touched() == files.labels.touched()).all()
        assert one.n_peaks == [files.n_peaks[index]]


def test_nothing_is_left_of_targets_that_are_all_empty(toy, tmp_path):
    write_bed(tmp_path / "c.bed", [("chr3", 2_000, 4_000)])
    (tmp_path / "targets.tsv").write_text("name\tfile\nC\tc.bed\n")
    settings = SETTINGS.model_copy(update={"drop_empty": True})
    files = read_files(Sources(toy / "genome.fa", tmp_path / "targets.tsv"), settings)
    with pytest.raises(DanqError, match="no target has positive windows in every split"):
        choose_usable(files, files.settings)


def test_what_is_shown_later_must_be_left(sources):
    settings = SETTINGS.model_copy(update={"drop_empty": True})
    files = read_files(sources, settings)
    refuse_lost_targets(files, ["3", "no test", "A"])
    usable = choose_usable(files, files.settings)
    refuse_lost_targets(usable.files, ["A"])
    with pytest.raises(DanqError) as caught:
        refuse_lost_targets(usable.files, ["A", "no test", "0"])
    assert [line.split(" names")[0] for line in str(caught.value).splitlines()] == [
        "'no test'",
        "'0'",
    ]
    assert usable.choice.positives.shape == (3, 3)
    assert choose(usable.files, files.settings).windows() == usable.choice.windows()
