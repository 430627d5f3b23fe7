"""The file of explained variants: what is written is read, and what cannot be so is refused."""

import json
from pathlib import Path

import pytest

from danq.data.explained import Explanations, read_explained, write_explained
from danq.errors import DanqError
from danq.records import Input, verified

VARIANT = {
    "chrom": "chr1",
    "pos": 103,
    "ref": "CA",
    "alt": "C",
    "id": "rs1",
    "target": "CTCF",
    "target_index": 2,
    "change": -1.5,
    "p_ref": 0.5,
    "p_alt": 0.2,
    "start": 100,
    "ref_sequence": "GGCATN",
    "alt_sequence": "GGCTN",
    "offset": 2,
    "ref_effects": [0.1, 0.2, 0.3, -0.4, 0.5, 0.0],
    "alt_effects": [0.1, 0.2, 0.3, 0.4, 0.0],
    "motifs": [
        {
            "motif": "MA0139.2",
            "name": "CTCF",
            "strand": "-",
            "start": -3,
            "ref_log_odds": 12.5,
            "alt_log_odds": 3.0,
            "ref_p": 1e-5,
            "alt_p": 0.1,
            "change": "lost",
        }
    ],
    "filters": [{"filter": "filter3", "name": "", "ref": 0.9, "alt": 0.1, "change": "lost"}],
    "in_peak": False,
    "nearest_peak": 12,
}
WHOLE = {"model": "danq", "checkpoints": ["a/model.ckpt"], "variants": [VARIANT]}


@pytest.mark.parametrize("name", ["e.json", "e.json.gz"])
def test_what_is_written_is_read(tmp_path, name):
    explanations = Explanations.model_validate(WHOLE)
    path = tmp_path / name
    write_explained(path, explanations, [Input("checkpoint", "a/model.ckpt", "0" * 64)])
    assert read_explained(path) == explanations
    assert verified(path).checksums("checkpoint") == ["0" * 64]
    first = path.read_bytes()
    assert (first[:2] == b"\x1f\x8b") == name.endswith(".gz")
    write_explained(path, explanations)
    assert path.read_bytes() == first, "neither a time nor a temporary name is in it"


def test_the_file_is_plain_json_with_its_format(tmp_path):
    write_explained(tmp_path / "e.json", Explanations.model_validate(WHOLE))
    content = json.loads((tmp_path / "e.json").read_text())
    assert content == {"format": "danq variant explanations", "version": 1, **WHOLE}


def changed(**facts):
    return WHOLE | {"variants": [VARIANT | facts]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not a file of danq variants --explained"),
        ("[]", "is not a file of danq variants --explained"),
        (json.dumps(WHOLE | {"version": 2}), "version: "),
        (json.dumps(WHOLE | {"format": "x"}), "format: "),
        (json.dumps(changed(ref_effects=[0.0])), "ref_effects are not as many as the bases"),
        (json.dumps(changed(offset=1, start=101)), "ref_sequence does not hold the allele at its"),
        (json.dumps(changed(start=99)), "start and offset are not those of pos"),
        (json.dumps(changed(p_alt=1.5)), "variants.0.p_alt: "),
        (json.dumps(changed(change="down")), "variants.0.change: "),
        (json.dumps(changed(change=float("nan"))), "variants.0.change: "),
        (json.dumps(changed(alt="<DEL>")), "variants.0.alt: "),
        (json.dumps(changed(more=1)), "variants.0.more: "),
    ],
)
def test_what_is_no_such_file_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "e.json"
    path.write_text(content)
    with pytest.raises(DanqError) as error:
        read_explained(path)
    assert str(path) in str(error.value) and message in str(error.value)
    assert "\n" not in str(error.value)


def test_an_edited_file_is_refused(tmp_path):
    path = tmp_path / "e.json"
    write_explained(path, Explanations.model_validate(WHOLE))
    path.write_text(Path(path).read_text().replace("rs1", "rs2"))
    with pytest.raises(DanqError, match="damaged, or edited"):
        read_explained(path)
