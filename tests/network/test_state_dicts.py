import pytest
import torch

from danq.errors import DanqError
from danq.network.state_dicts import is_torch7, read_state_dict


def test_tensors_become_float32_by_name(tmp_path):
    state = {"a.weight": torch.arange(6).double().reshape(2, 3), "a.steps": torch.tensor(7)}
    torch.save(state, tmp_path / "w.pth")
    arrays = read_state_dict(tmp_path / "w.pth")
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "a.weight": "float32",
        "a.steps": "float32",
    }
    assert arrays["a.weight"].tolist() == [[0, 1, 2], [3, 4, 5]] and arrays["a.steps"] == 7


@pytest.mark.parametrize("wrapper", ["", "module.", "model.", "module.model."])
def test_what_wrappers_put_before_all_names_is_taken_off(wrapper, tmp_path):
    state = {f"{wrapper}{name}": torch.zeros(2) for name in ("a.weight", "model.b")}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "best.pth.tar")
    assert list(read_state_dict(tmp_path / "best.pth.tar")) == ["a.weight", "model.b"]


def test_tensors_that_are_no_plain_ones_are_refused(tmp_path):
    for value in (torch.zeros(2, 2).to_sparse(), torch.zeros(2, dtype=torch.complex64)):
        torch.save({"a": value}, tmp_path / "w.pth")
        with pytest.raises(DanqError, match="its 'a' is not a plain tensor"):
            read_state_dict(tmp_path / "w.pth")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DanqError, match=r"none.pth: cannot be read \(No such file"):
        read_state_dict(tmp_path / "none.pth")


@pytest.mark.parametrize("head", [b"4\n1\n3\nV 1\n13\nnn.Sequential\n", b"PK\x03\x04"])
def test_files_of_torch7_are_told_by_their_first_bytes(head, tmp_path):
    (tmp_path / "w").write_bytes(head)
    assert is_torch7(tmp_path / "w") == head.startswith(b"4")
