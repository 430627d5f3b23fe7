import pandas as pd
import pytest

from danq.files import atomic, read_table, refuse_overwriting, write_table, write_text
from tests.conftest import refuse


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a" / "b.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old" and [file.name for file in path.parent.iterdir()] == ["b.txt"]


def test_the_error_of_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError) as caught, atomic(tmp_path / "x"):
        raise OSError(28, "No space left on device")
    assert caught.value.filename == str(tmp_path / "x") and not list(tmp_path.iterdir())


def test_a_folder_is_refused_before_anything_is_computed(tmp_path):
    with pytest.raises(IsADirectoryError), atomic(tmp_path):
        raise AssertionError("the block must not run")


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "out").symlink_to(tmp_path / "precious")
    write_text(tmp_path / "out", "new")
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "out").read_text() == "new"


def test_tables_keep_any_name_and_say_na_where_nothing_is_defined(tmp_path):
    frame = pd.DataFrame(
        {"name": ['a "b"', "NA", "<i>", "007"], "group": ["x"] * 4, "value": [1.5, None, 2.0, 3.0]}
    )
    write_table(tmp_path / "t.tsv", frame)
    assert (tmp_path / "t.tsv").read_text().splitlines()[2] == "NA\tx\tNA"
    assert read_table(tmp_path / "t.tsv").equals(frame)


def test_what_another_process_writes_is_left_alone(tmp_path):
    with atomic(tmp_path / "a.txt") as first:
        first.write_text("first")
        with atomic(tmp_path / "a.txt") as second:
            second.write_text("second")
            assert first.exists()
    assert (tmp_path / "a.txt").read_text() == "first" and len(list(tmp_path.iterdir())) == 1


def test_an_output_may_not_be_an_input_behind_a_link(tmp_path):
    (tmp_path / "peaks").mkdir()
    write_text(tmp_path / "peaks" / "a.bed", "x")
    (tmp_path / "link").symlink_to(tmp_path / "peaks")
    output = tmp_path / "link" / "a.bed"
    message = f"{output}: is also an input, named in t.tsv; choose another output file"
    inputs = [tmp_path / "b.bed", tmp_path / "peaks" / "a.bed"]
    outputs = [tmp_path / "new", output]
    refuse(message, refuse_overwriting, outputs, inputs, "named in t.tsv")
    refuse_overwriting([tmp_path / "new"], inputs, "named in t.tsv")
