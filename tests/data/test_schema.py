import hashlib
import json
import re
from pathlib import Path

import h5py

from danq.data.schema import (
    ATTRIBUTES,
    MARKS,
    PARTS,
    complete_checksum,
    read_attribute,
    read_texts,
)
from tests.data.small_dataset import small

PAGE = Path(__file__).parents[2] / "docs" / "dataset.md"


def test_a_dataset_has_all_parts_and_attributes_and_no_others(tmp_path):
    with h5py.File(small(tmp_path / "d.h5")) as file:
        names = []
        file.visititems(lambda name, node: names.append(name) if hasattr(node, "shape") else None)
        assert sorted(names) == sorted([*PARTS, *MARKS])
        assert sorted(file.attrs) == sorted(ATTRIBUTES)
        for key, kind in ATTRIBUTES.items():
            assert type(read_attribute(file, key)) is kind
        assert read_texts(file["targets/name"])[:2] == ["ä0", "ä1"]


def test_the_page_of_the_format_names_every_part_and_attribute():
    table = re.findall(r"^\| `/?([^`]+)` \|", PAGE.read_text(), re.MULTILINE)
    assert {name.split("/")[-1] for name in [*PARTS, *MARKS]} <= {
        name.split("/")[-1] for name in table
    }
    assert [name for name in table if name in ATTRIBUTES] == list(ATTRIBUTES)


def test_the_checksum_is_that_of_the_page():
    attributes = {key: 1 if kind is int else "é" for key, kind in ATTRIBUTES.items()}
    checksums = ["ab"] * len(PARTS)
    facts = ", ".join(f'["{key}", {json.dumps(attributes[key])}]' for key in ATTRIBUTES)
    text = f"[[{facts}], [{', '.join(json.dumps(checksum) for checksum in checksums)}]]"
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert complete_checksum(attributes, checksums) == expected
