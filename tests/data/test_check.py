import json
import shlex

import pytest

from danq import cli
from danq.config import Extract, flags, load
from danq.data.check import check
from danq.data.dataset import open_dataset
from danq.errors import DanqError
from danq.genome.sources import Sources
from tests.conftest import BIN, SPLITS, WINDOW, YEAST, needs_yeast

SETTINGS = Extract(bin_size=BIN, window=WINDOW, stride=BIN, **SPLITS)


def test_findings_are_those_of_the_dataset(toy, run_extract, tmp_path, capsys):
    blacklist = [toy / "blacklist.bed"]
    sources = Sources(toy / "genome.fa", toy / "targets.tsv", blacklist)
    check(sources, tmp_path / "inputs.json", settings=SETTINGS)
    findings = json.loads((tmp_path / "inputs.json").read_text())
    output = capsys.readouterr().out
    with open_dataset(run_extract(toy, tmp_path, blacklist=blacklist) / "dataset.h5") as dataset:
        assert findings["windows"] == {
            split: dataset.length(split) for split in ("train", "valid", "test")
        }
        assert (
            findings["dropped"] == dataset.source["dropped"]
            and findings["counts"] == dataset.source["counts"]
        )
    assert "genome: 3 chromosomes, 32,180 bp\ntargets: 2, with 39 peaks\n" in output


def test_nothing_is_made_when_something_is_wrong(toy, tmp_path):
    sources = Sources(toy / "genome.fa", toy / "targets.tsv")
    settings = SETTINGS.model_copy(update={"test": ["chr9"]})
    with pytest.raises(DanqError, match="'chr9' is not in the genome"):
        check(sources, tmp_path / "out" / "inputs.json", settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_every_target_without_training_positives_is_named(toy, tmp_path):
    for name in "cd":
        (tmp_path / f"{name}.bed").write_text("chr3\t2000\t4000\n")
    (tmp_path / "targets.tsv").write_text(f"name\tfile\nC\tc.bed\nA\t{toy / 'a.bed'}\nD\td.bed\n")
    sources = Sources(toy / "genome.fa", tmp_path / "targets.tsv")
    with pytest.raises(DanqError) as caught:
        check(sources, tmp_path / "inputs.json", settings=SETTINGS)
    assert str(caught.value).splitlines() == [
        f"{tmp_path}/{name}.bed: target '{name.upper()}' has no positive window in the train "
        "and valid splits: it cannot be learnt; remove it, change the splits or "
        "extract.train_bins, or have such targets left out with extract.drop_empty"
        for name in "cd"
    ]


def run_check(folder, output, **changes):
    """Run danq check on the toy genome as the workflow does, its configuration changed."""
    extract = {"bin_size": BIN, "window": WINDOW, "stride": BIN, **SPLITS}
    files = {"genome": f"{folder}/genome.fa", "targets": f"{folder}/targets.tsv"}
    settings = load({"run": "toy", "extract": extract, **files, **changes})
    words = ["check", *shlex.split(flags(settings.extract)), "--output", str(output)]
    words += ["--genome", files["genome"], "--targets", files["targets"]]
    return cli.main([*words, "--configuration", settings.model_dump_json()])


def test_models_and_regions_are_checked_with_the_files(toy, tmp_path, capsys):
    output = tmp_path / "inputs.json"
    good = {"regions": ["chr1:1000-1200", "chr3:5000-5001"]}
    assert run_check(toy, output, attribution=good) == 0 and output.exists()
    output.unlink()
    short = {"bin_size": 20, "window": 60, "stride": 20, **SPLITS}
    assert run_check(toy, output, extract=short, models=["danq", "deepsea", "mlp"]) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("danq: ")]
    assert told == [
        "danq: models: deepsea: a window of 60 bp is too short for this model; use a longer "
        "extract.window"
    ]
    assert run_check(toy, output, attribution={"regions": ["chr1:0-50", "chr9:1-2"]}) == 2
    told = capsys.readouterr().err
    assert "danq: attribution.regions: chr1:0-50: no window has its 200-bp bin there; give" in told
    assert "danq: attribution.regions: region 'chr9:1-2': " in told
    assert not output.exists()


def test_what_is_to_be_predicted_is_checked_with_the_files(toy, tmp_path, capsys):
    output = tmp_path / "inputs.json"
    good = tmp_path / "good.bed"
    good.write_text("chr1\t1000\t1400\n")
    bad = tmp_path / "bad.bed"
    bad.write_text("chr1\t0\t900\nchr1\t5\t999999\nchrX\t0\t9\n")
    protein = tmp_path / "protein.fa"
    protein.write_text(">p\nMKVLE\n")
    predict = {"chromosomes": ["chr2"], "bed": [str(good)], "loci": ["chr1:1200-9000"]}
    assert run_check(toy, output, predict=predict) == 0
    lengths = json.loads(output.read_text())["chromosomes"]
    assert list(lengths) == ["chr1", "chr2", "chr3"] and sum(lengths.values()) == 32_180
    output.unlink()
    predict = {"chromosomes": ["chr9"], "bed": [str(bad)], "fasta": [str(protein)]}
    capsys.readouterr()
    assert run_check(toy, output, predict=predict) == 2 and not output.exists()
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("danq: ")]
    places = ["danq: predict.chromosomes: 'chr9'", f"danq: {bad}:2: ", f"danq: {bad}:3: "]
    places.append(f"danq: {protein}:2: ")
    assert len(told) == len(places) and all(map(str.startswith, told, places))


@needs_yeast
def test_yeast_passes(tmp_path, capsys):
    assert (
        cli.main(
            [
                "check",
                "--genome",
                f"{YEAST}/sacCer3.fa.gz",
                "--targets",
                f"{YEAST}/targets.tsv",
                "--blacklist",
                f"{YEAST}/blacklist.bed",
                "--valid",
                "chr8",
                "chr9",
                "--test",
                "chr10",
                "chr16",
                "--output",
                f"{tmp_path}/inputs.json",
            ]
        )
        == 0
    )
    # The lengths and the number of peaks are those of the data's own README and table.
    peaks = sum(
        int(line.split("\t")[3]) for line in (YEAST / "targets.tsv").read_text().splitlines()[1:]
    )
    output = capsys.readouterr().out
    assert (
        "16 chromosomes, 12,071,326 bp" in output and f"targets: 72, with {peaks:,} peaks" in output
    )
