"""The whole page of a made-up run."""

import json
import re

import pytest

from danq.errors import DanqError
from danq.files import read_table, write_table
from danq.report.report import report
from tests.conftest import refuse
from tests.report.toy_run import (
    GROUPS,
    HOSTILE,
    Page,
    make_records,
    page_of,
    with_attributions,
    write_run,
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return page_of(tmp_path_factory.mktemp("runs") / "yeast")


def test_page_leads_nowhere_but_to_references(page):
    allowed = re.compile(
        r"#[\w-]+|data:,|https://doi\.org/10\.[\w./-]+|https://jaspar\.elixir\.no/matrix/MA[\d.]+/"
    )
    assert [link for link in page.links if not allowed.fullmatch(link)] == []
    assert {
        "https://doi.org/10.1093/nar/gkw226",
        "https://jaspar.elixir.no/matrix/MA0265.3/",
    } <= set(page.links)
    assert {element[0] for element in page.elements}.isdisjoint(
        {"img", "iframe", "object", "image", "form"}
    )


def test_page_says_its_numbers(page):
    for words in (
        "DanQ has a higher AUPRC than DeepSEA on 15 of 15 targets",
        "1 of 16 targets has no positive window",
        "Trained with a single seed",
        "is below the k-mer baseline on 2 of 15 targets (Ume6, Fkh1)",
        "12,157,105 bp on 3 chromosomes",
        "blacklisted 1,032",
        "bases in lower case 7",
        "left out 3 1",
        "danq train --model danq --seed 0",
        "scale: 0.25",
        "ab" * 32,
        "925,120",
        "2 min 31 s",
    ):
        assert words in page.text


def test_points_and_marks_carry_titles(page):
    assert "Reb1 (sequence_specific): DanQ 0." in page.text
    assert "DanQ, seed 0: epoch 1" in page.text


def test_intervals_are_not_broken_over_lines(tmp_path):
    folder = write_run(tmp_path / "run")
    report(folder, folder / "report.html")
    html = (folder / "report.html").read_text()
    paragraphs = " ".join(re.findall(r"<(?:p|li)\b[^>]*>([^<]*)<", html))
    intervals = re.findall(r"\[−?\d\.\d{3},(.)−?\d\.\d{3}[];]", paragraphs)
    assert len(intervals) >= 4 and set(intervals) == {"\N{NO-BREAK SPACE}"}


def test_every_inner_reference_has_one_target(page, tmp_path):
    text = "".join(map(str, page.links))
    assert text
    write_run(tmp_path / "run")
    report(tmp_path / "run", tmp_path / "report.html")
    html = (tmp_path / "report.html").read_text()
    targets = re.findall(r'\bid="([^"]+)"', html)
    wanted = set(re.findall(r'href="#([^"]+)"', html)) | set(re.findall(r"url\(#([^)]+)\)", html))
    assert len(targets) == len(set(targets)) and wanted <= set(targets)


def test_hostile_names_are_inert_text(tmp_path):
    plain = [f"x{min(k, 10) if k in (10, 11) else k}" for k in range(len(HOSTILE))]
    pages = [
        page_of(tmp_path / name, names=names, groups=names, factors=names)
        for name, names in (("hostile", HOSTILE), ("plain", plain))
    ]
    assert pages[0].elements == pages[1].elements
    assert [link for link in pages[0].links if "alert" in link] == []
    for name in (
        "<script>alert(1)</script>",
        '"onmouseover="alert(1)',
        "javascript:alert(1)",
        "{{ 7 * 7 }}",
        "日本\N{REPLACEMENT CHARACTER}k",
        "a&amp;b",
        "same (#10)",
        "\N{REPLACEMENT CHARACTER}[2J",
    ):
        assert name in pages[0].text


def test_simulated_run(tmp_path):
    text = page_of(tmp_path / "sim", simulated=True, seeds=(0, 1), factors=("ABF1", "GAL4")).text
    assert "AUROC against decoys" in text and "oracle: rule" in text and "Seed by seed" in text
    assert "Trained with a single seed" not in text
    assert re.search(r"DanQ 0 1 of 3 (ABF1|GAL4)", text)
    assert "(GAL4)" in text and "Relative: it is itself like a planted motif" in text


def test_tables_of_the_evaluation_are_enough(tmp_path):
    folder = write_run(tmp_path / "run")
    tables = {path.name: path.read_bytes() for path in folder.glob("*.tsv")}
    bare = tmp_path / "bare"
    bare.mkdir()
    for name, content in tables.items():
        (bare / name).write_bytes(content)
    make_records(bare)
    report(bare, bare / "report.html")
    text = Page(bare / "report.html").text
    assert "no training history" in text and "no motifs" in text and "Means over targets" in text
    assert not any(
        title in text
        for title in ("Splits", "Dropped", "Models and machines", "Software", "Input files")
    )


def test_one_network_alone(tmp_path):
    folder = write_run(tmp_path / "run")
    metrics = read_table(folder / "metrics.tsv")
    write_table(folder / "metrics.tsv", metrics[metrics["model"].isin(["danq", "kmer"])])
    write_table(folder / "comparison.tsv", read_table(folder / "comparison.tsv")[:0])
    make_records(folder)
    report(folder, folder / "report.html")
    assert "This run cannot say what the recurrent layer adds" in Page(folder / "report.html").text


def test_same_run_gives_same_bytes(tmp_path):
    folder = write_run(tmp_path / "run")
    for name in ("one.html", "two.html"):
        report(folder, tmp_path / name, config=folder / "config.yaml")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()


def test_size(tmp_path):
    page_of(
        tmp_path / "run",
        names=[f"T{k}" for k in range(100)],
        groups=["TF", "DNase"] * 50,
        n_filters=60,
    )
    html = (tmp_path / "run" / "report.html").read_text()
    assert html.count('class="logo"') > 3 * 2 * 24 and len(html) < 3e6


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("metrics.tsv", lambda frame: frame.drop(columns="auprc"), "no column auprc"),
        (
            "metrics.tsv",
            lambda frame: frame.assign(auroc="high"),
            "metrics.tsv:2: column auroc: 'high' is not a number",
        ),
        (
            "metrics.tsv",
            lambda frame: frame.assign(model="../../etc"),
            "is not the name of a model",
        ),
        ("metrics.tsv", lambda frame: frame[:0], "holds no row"),
        ("comparison.tsv", lambda frame: frame[frame["target"] != "mean"], "no row of target mean"),
    ],
)
def test_unfit_tables_are_refused(tmp_path, name, change, words):
    folder = write_run(tmp_path / "run")
    write_table(folder / name, change(read_table(folder / name)))
    make_records(folder)
    with pytest.raises(DanqError, match=re.escape(words)):
        report(folder, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_missing_table_is_named(tmp_path):
    with pytest.raises(DanqError, match=r"metrics\.tsv: cannot be read as a table"):
        report(tmp_path, tmp_path / "report.html")


def test_loci_are_on_the_page(tmp_path):
    with_attributions(tmp_path / "run", targets=[0], names=HOSTILE, groups=GROUPS)
    report(tmp_path / "run", tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert 'id="loci"' in text and "<script>alert(1)" not in text
    assert {match for match in re.findall(r'href="#base-(.)"', text)} <= set("ACGT")


@pytest.mark.parametrize(
    "name", ["metrics.tsv", "danq/seed0/motifs.meme", "danq/seed0/model.ckpt", "predictions.h5"]
)
def test_the_page_overwrites_no_file_of_the_run(tmp_path, name):
    folder = tmp_path / "run"
    write_run(folder)
    output = folder / name
    if not output.exists():
        output.write_text("precious")
    before = output.read_bytes()
    message = f"{output}: is also an input, a file of the run {folder}; choose another output file"
    refuse(message, report, folder, output)
    assert output.read_bytes() == before
    page = tmp_path / "page.html"
    refuse(message, report, folder, page, results=output)
    assert output.read_bytes() == before and not page.exists()


def test_the_last_lines_of_output_say_what_was_learnt_and_the_verdict(tmp_path, capsys):
    write_run(tmp_path / "run")
    report(tmp_path / "run", tmp_path / "page.html", results=tmp_path / "results.json")
    learnt, verdict = capsys.readouterr().out.splitlines()
    assert learnt.startswith("Every network beats the strongest baseline")
    assert learnt in Page(tmp_path / "page.html").text
    results = json.loads((tmp_path / "results.json").read_text())
    assert (results["learnt"], results["verdict"]) == (learnt, verdict)
    assert "recurrence" in verdict and "Missing: " in verdict


@pytest.mark.parametrize("text", ["motifs: {}\n", "genome: {}\n", "extract:\n  blacklist: [{}]\n"])
def test_the_page_does_not_overwrite_the_files_that_the_configuration_names(tmp_path, text):
    folder = tmp_path / "run"
    write_run(folder)
    motifs = tmp_path / "mine.meme"
    motifs.write_text("precious")
    config = tmp_path / "config.yaml"
    config.write_text(text.format(motifs))
    message = f"{motifs}: is also an input, named in {config}; choose another output file"
    refuse(message, report, folder, motifs, config=config)
    assert motifs.read_text() == "precious"
