import csv
import hashlib
import io

import pytest

from danq.genome.encode_metadata import OUTPUT_TYPES, targets_from_encode
from tests.conftest import read_tsv, refuse

# The header of ENCODE's metadata.tsv
# (ENCODE-DCC/encoded, src/encoded/tests/test_reports_metadata.py).
MODIFIED = [
    f"Biosample genetic modifications {what}"
    for what in ("methods", "categories", "targets", "gene targets", "site coordinates", "zygosity")
]
HEADER = [
    "File accession",
    "File format",
    "File type",
    "File format type",
    "Output type",
    "File assembly",
    "Experiment accession",
    "Assay",
    "Donor(s)",
    "Biosample term id",
    "Biosample term name",
    "Biosample type",
    "Biosample organism",
    "Biosample treatments",
    "Biosample treatments amount",
    "Biosample treatments duration",
    *MODIFIED,
    "Experiment target",
    "Library made from",
    "Library depleted in",
    "Library extraction method",
    "Library lysis method",
    "Library crosslinking method",
    "Library strand specific",
    "Experiment date released",
    "Project",
    "RBNS protein concentration",
    "Library fragmentation method",
    "Library size range",
    "Biological replicate(s)",
    "Technical replicate(s)",
    "Read length",
    "Mapped read length",
    "Run type",
    "Paired end",
    "Paired with",
    "Index of",
    "Derived from",
    "Size",
    "Lab",
    "md5sum",
    "dbxrefs",
    "File download URL",
    "Genome annotation",
    "Platform",
    "Controlled by",
    "File Status",
    "s3_uri",
    "Azure URL",
    "File analysis title",
    "File analysis status",
    "Audit WARNING",
    "Audit NOT_COMPLIANT",
    "Audit ERROR",
]


def encode_row(accession, experiment, **changes):
    """Return a row in ENCODE's form.

    It is of released IDR thresholded peaks of CTCF in K562 cells, or what `changes` say.
    """
    row = dict.fromkeys(HEADER, "") | {
        "File accession": accession,
        "File format": "bed narrowPeak",
        "File type": "bed",
        "File format type": "narrowPeak",
        "Output type": "IDR thresholded peaks",
        "File assembly": "GRCh38",
        "Experiment accession": experiment,
        "Assay": "TF ChIP-seq",
        "Biosample term name": "K562",
        "Experiment target": "CTCF-human",
        "Biological replicate(s)": "1, 2",
        "md5sum": md5(accession),
        "File download URL": f"https://www.encodeproject.org/files/{accession}/@@download/{accession}.bed.gz",
        "File Status": "released",
        "s3_uri": f"s3://encode-public/2020/01/02/{accession}.bed.gz",
        "File analysis title": "ENCODE4 v1.6.1 GRCh38",
    }
    names = {
        "format": "File format",
        "kind": "File format type",
        "output": "Output type",
        "assembly": "File assembly",
        "assay": "Assay",
        "cell": "Biosample term name",
        "treatment": "Biosample treatments",
        "target": "Experiment target",
        "replicates": "Biological replicate(s)",
        "status": "File Status",
        "s3": "s3_uri",
        "url": "File download URL",
        "analysis": "File analysis title",
        "md5": "md5sum",
        "modified": MODIFIED[2],
    }
    return row | {names[name]: value for name, value in changes.items()}


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def write_metadata(path, rows, header=HEADER):
    """Write a metadata.tsv as ENCODE does: Python's csv, tabs, minimal quoting, line feeds."""
    text = io.StringIO()
    out = csv.writer(text, delimiter="\t", lineterminator="\n")
    out.writerow(header)
    out.writerows(
        [row["File assembly" if name == "Assembly" else name] for name in header] for row in rows
    )
    path.write_text(text.getvalue())
    return path


def targets_of(tmp_path, *rows, header=HEADER, **options):
    """Return the targets of a metadata.tsv of these rows."""
    metadata = write_metadata(tmp_path / "metadata.tsv", rows, header)
    targets_from_encode(metadata, tmp_path / "targets.tsv", **options)
    return read_tsv(tmp_path / "targets.tsv")


def test_an_encode_row_becomes_a_target(tmp_path):
    row = encode_row(
        "ENCFF001AAA",
        "ENCSR001AAA",
        treatment="all-trans-retinoic acid",
        cell="T-helper 17 cell",
        target="NKX3-1-human",
    )
    assert targets_of(tmp_path, row) == [
        {
            "name": "T-helper 17 cell|NKX3-1|all-trans-retinoic acid",
            "group": "TF",
            "file": "https://encode-public.s3.amazonaws.com/2020/01/02/ENCFF001AAA.bed.gz",
            "jaspar": ".",
            "md5": md5("ENCFF001AAA"),
            "experiment": "ENCSR001AAA",
            "accession": "ENCFF001AAA",
        }
    ]


def test_groups_and_names_are_those_of_deepsea_in_its_order(tmp_path):
    rows = [
        encode_row("ENCFF001AAA", "ENCSR001AAA", assay="Histone ChIP-seq", target="H3K4me3-human"),
        encode_row("ENCFF001AAB", "ENCSR001AAB", assay="ChIP-seq", target="H2AFZ-human"),
        encode_row("ENCFF001AAC", "ENCSR001AAC", target="HNF4A-mouse"),
        encode_row("ENCFF001AAD", "ENCSR001AAD", assay="DNase-seq", target="", output="peaks"),
        encode_row("ENCFF001AAE", "ENCSR001AAE", assay="ATAC-seq", target=""),
    ]
    assert [(row["group"], row["name"]) for row in targets_of(tmp_path, *rows)] == [
        ("DNase", "K562|ATAC|None"),
        ("DNase", "K562|DNase|None"),
        ("TF", "K562|HNF4A|None"),
        ("histone", "K562|H2AFZ|None"),
        ("histone", "K562|H3K4me3|None"),
    ]


def test_without_a_public_s3_address_the_download_address_is_taken(tmp_path):
    rows = [
        encode_row("ENCFF001AAA", "ENCSR001AAA", s3="", md5=""),
        encode_row("ENCFF001AAB", "ENCSR001AAB", s3="s3://encode-private/a/ENCFF001AAB.bed.gz"),
    ]
    assert [(row["file"], row["md5"]) for row in targets_of(tmp_path, *rows)] == [
        ("https://www.encodeproject.org/files/ENCFF001AAA/@@download/ENCFF001AAA.bed.gz", "."),
        (
            "https://www.encodeproject.org/files/ENCFF001AAB/@@download/ENCFF001AAB.bed.gz",
            md5("ENCFF001AAB"),
        ),
    ]
    rows[1] |= {"File download URL": "/files/ENCFF001AAB/"}
    refuse(
        f"{tmp_path / 'metadata.tsv'}:3: ENCFF001AAB has no address ('/files/ENCFF001AAB/'); "
        "remove the row",
        targets_of,
        tmp_path,
        *rows,
    )


def test_rows_are_left_out_for_a_reason_that_is_printed(tmp_path, capsys):
    rows = [
        encode_row("ENCFF001AAA", "ENCSR001AAA"),
        encode_row("ENCFF001AAB", "ENCSR001AAB", format="bigBed narrowPeak"),
        encode_row("ENCFF001AAC", "ENCSR001AAC", format="bigWig", kind=""),
        encode_row("ENCFF001AAD", "ENCSR001AAD", format="bed bed3+", kind="bed3+"),
        encode_row("ENCFF001AAE", "ENCSR001AAE", format="bed", kind="broadPeak"),
        encode_row("ENCFF001AAF", "ENCSR001AAF", assembly="hg19"),
        encode_row("ENCFF001AAG", "ENCSR001AAG", status="archived"),
        encode_row("ENCFF001AAH", "ENCSR001AAH", output="peaks and background as input for IDR"),
        encode_row("ENCFF001AAI", "ENCSR001AAI", assay="eCLIP", output="peaks"),
        encode_row("ENCFF001AAJ", "ENCSR001AAJ", cell="HepG2"),
    ]
    assert [row["accession"] for row in targets_of(tmp_path, *rows, biosample="K562")] == [
        "ENCFF001AAA",
        "ENCFF001AAE",
    ]
    assert capsys.readouterr().err.splitlines() == [
        f"{tmp_path / 'metadata.tsv'}: 2 of 10 rows kept, one per experiment: 2 TF",
        "left out: 3 that are not narrowPeak or broadPeak in BED",
        "left out: 1 that are of RNA, not of chromatin",
        "left out: 1 that are not of the assembly 'GRCh38'",
        "left out: 1 that are not released",
        "left out: 1 that are not of the biosample 'K562'",
        "left out: 1 that are of other output types",
        "1 names are not the first of their kind (replicate experiments, modified cells); the "
        "columns experiment and "
        "accession tell them apart",
    ]


@pytest.mark.parametrize("first", range(len(OUTPUT_TYPES)))
def test_the_best_output_type_of_an_experiment_is_taken(tmp_path, capsys, first):
    rows = [
        encode_row(f"ENCFF{index:03}AAA", "ENCSR001AAA", output=kind)
        for index, kind in enumerate(OUTPUT_TYPES)
    ]
    targets = targets_of(tmp_path, *reversed(rows[first:]))
    assert [row["accession"] for row in targets] == [f"ENCFF{first:03}AAA"]
    message = f"left out: {7 - first} that are of an experiment that has a better output type"
    assert (message in capsys.readouterr().err) == (first < 7)


def test_output_types_can_be_chosen_in_another_order(tmp_path):
    rows = [
        encode_row("ENCFF001AAA", "ENCSR001AAA"),
        encode_row("ENCFF001AAB", "ENCSR001AAA", output="peaks"),
        encode_row("ENCFF001AAC", "ENCSR001AAC", output="replicated peaks"),
    ]
    targets = targets_of(tmp_path, *rows, output_types=["peaks", "IDR thresholded peaks"])
    assert [row["accession"] for row in targets] == ["ENCFF001AAB"]


@pytest.mark.parametrize(
    ("changes", "best"),
    [
        (
            [{"analysis": f"ENCODE{version} GRCh38"} for version in ("3", "4 v1.6.1", "4 v1.10.0")],
            2,
        ),
        (
            [
                {"analysis": "ENCODE4 GRCh38"},
                {"analysis": "ENCODE4 v1.4.0 GRCh38"},
                {"analysis": ""},
            ],
            1,
        ),
        ([{"replicates": "1"}, {"replicates": "2"}, {"replicates": "1, 2"}], 2),
        ([{}, {}, {}], 0),
    ],
)
def test_one_file_per_experiment_and_type_the_others_are_counted(tmp_path, capsys, changes, best):
    rows = [
        encode_row(f"ENCFF00{index}AAA", "ENCSR001AAA", **change)
        for index, change in enumerate(changes)
    ]
    for order in (rows, rows[::-1]):
        assert [row["accession"] for row in targets_of(tmp_path, *order)] == [f"ENCFF00{best}AAA"]
        assert (
            "left out: 2 that are of an experiment that has another file of that output type (a "
            "newer analysis, "
            "more replicates, or the first accession)"
        ) in capsys.readouterr().err.splitlines()


def test_the_table_does_not_depend_on_the_order_of_the_rows(tmp_path):
    rows = [
        encode_row(f"ENCFF00{index}AAA", f"ENCSR00{8 - index}AAA", target=f"{target}-human")
        for index, target in enumerate(["MAX", "CTCF", "MAX", "REST"])
    ]
    targets_of(tmp_path, *rows)
    first = (tmp_path / "targets.tsv").read_bytes()
    targets_of(tmp_path, *rows[::-1])
    assert (tmp_path / "targets.tsv").read_bytes() == first


def test_older_headers_and_quoted_cells_are_read(tmp_path):
    # In 2018 the column was called Assembly, and there were fewer of them.
    old = [
        "Assembly" if name == "File assembly" else name
        for name in HEADER
        if name
        not in (
            "s3_uri",
            "Azure URL",
            "File analysis title",
            "File analysis status",
            "File format type",
        )
    ]
    odd = "{'label': 'REST',\t'title': \"5' \"\"end\"\"\"}\n"
    row = encode_row("ENCFF001AAA", "ENCSR001AAA", modified=odd)
    targets = targets_of(tmp_path, row, header=old)
    assert (
        targets[0]["file"]
        == "https://www.encodeproject.org/files/ENCFF001AAA/@@download/ENCFF001AAA.bed.gz"
    )
    assert targets[0]["name"] == "K562|CTCF|None"
    (tmp_path / "metadata.tsv").write_bytes(
        "\ufeff".encode() + (tmp_path / "metadata.tsv").read_bytes()
    )
    targets_from_encode(tmp_path / "metadata.tsv", tmp_path / "again.tsv")
    assert read_tsv(tmp_path / "again.tsv") == targets


GIVE = "give metadata.tsv, one row per file, which the first line of files.txt links to"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            '"https://www.encodeproject.org/metadata/?type=Experiment&target.label=CTCF"\n'
            "https://www.encodeproject.org/files/ENCFF001AAA/@@download/ENCFF001AAA.bed.gz\n",
            f"is a list of links, as ENCODE's files.txt; {GIVE}",
        ),
        (
            "https://www.encodeproject.org/files/ENCFF001AAA/@@download/ENCFF001AAA.bed.gz\n",
            f"is a list of links, as ENCODE's files.txt; {GIVE}",
        ),
        (
            "2024-03-01 10:20:30.400000\thttps://www.encodeproject.org/report/?type=Experiment\n"
            "ID\tAccession\tAssay "
            "name\tTarget\tFiles\n/experiments/ENCSR001AAA/\tENCSR001AAA\tTF ChIP-seq\tCTCF\tx\n",
            f"is ENCODE's report.tsv, one row per experiment; {GIVE}",
        ),
        ("name\tfile\n", f"no column 'File accession'; {GIVE}, of a search for experiments"),
        ("", f"no column 'File accession'; {GIVE}, of a search for experiments"),
        ("\t".join(HEADER) + "\n", "holds no row below its header; download metadata.tsv again"),
        ("\t".join(HEADER) + "\nENCFF001AAA\tbed narrowPeak\n", None),
        (
            "\t".join(HEADER) + '\nENCFF001AAA\t"bed narr',
            "the double quotes of this row do not match (unexpected end of data); fix the row, or "
            "download or write the table again",
        ),
    ],
)
def test_other_files_and_damaged_ones_are_refused(tmp_path, text, what):
    path = tmp_path / "some.tsv"
    path.write_text(text)
    where = f"{path}:2" if what is None or what.startswith("the double quotes") else path
    what = what or "2 columns where the header has 59; download metadata.tsv again"
    refuse(f"{where}: {what}", targets_from_encode, path, tmp_path / "t.tsv")
    assert not (tmp_path / "t.tsv").exists()


def test_bytes_that_are_not_text_are_refused(tmp_path):
    (tmp_path / "m.tsv").write_bytes(b"File accession\xff\n")
    refuse(
        f"{tmp_path / 'm.tsv'}:1: not UTF-8 text; save the file as UTF-8",
        targets_from_encode,
        tmp_path / "m.tsv",
        tmp_path / "t.tsv",
    )


def test_when_nothing_is_left_what_is_there_is_named(tmp_path):
    rows = [
        encode_row("ENCFF001AAA", "ENCSR001AAA", assembly="mm10"),
        encode_row("ENCFF001AAB", "ENCSR001AAB", assembly="hg19", output="peaks"),
    ]
    path = tmp_path / "metadata.tsv"
    refuse(
        f"{path}: no row is left: the last 2 are not of the assembly 'GRCh38'; their File assembly "
        "is 'hg19', 'mm10': choose from these, or give another file",
        targets_of,
        tmp_path,
        *rows,
    )
    refuse(
        f"{path}: no row is left: the last 1 are of other output types; their Output type is "
        "'peaks': choose from these, or give another file",
        targets_of,
        tmp_path,
        *rows,
        assembly="hg19",
        output_types=["stable peaks"],
    )
    refuse(
        f"{path}: no row is left: the last 1 are not of the biosample 'HepG2'; their Biosample "
        "term name is 'K562': choose from these, or give another file",
        targets_of,
        tmp_path,
        *rows,
        assembly="hg19",
        biosample="HepG2",
    )


def test_a_cell_that_would_break_the_table_is_refused(tmp_path):
    refuse(
        f"{tmp_path / 'metadata.tsv'}:2: ENCFF001AAA: 'K562\\tx\\n2|CTCF|None' holds a control "
        "character or bytes "
        "that are not UTF-8; rename it",
        targets_of,
        tmp_path,
        encode_row("ENCFF001AAA", "ENCSR001AAA", cell="K562\tx\n2"),
    )
