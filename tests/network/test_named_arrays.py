import numpy as np
import pytest

from danq.errors import DanqError
from danq.network.named_arrays import NamedArrays, first_names


def some():
    arrays = {"a": np.zeros((3, 4)), "b": np.zeros((4, 5)), "c": np.zeros(2)}
    return NamedArrays(arrays, "w.pth", "a format")


def test_a_word_in_a_shape_is_decided_by_the_first_array():
    arrays = some()
    assert arrays.take("a", 3, "width").shape == (3, 4)
    assert arrays.take("b", "width", "depth").shape == (4, 5)
    assert arrays.sizes == {"width": 4, "depth": 5}


@pytest.mark.parametrize("shape", [(3,), (3, 5), ("n", "n"), (3, 4, 1)])
def test_another_shape_is_refused(shape):
    with pytest.raises(DanqError, match=r"w.pth: its a is 3 x 4, not .*; give a file of a format"):
        some().take("a", *shape)


def test_what_was_not_taken_is_named():
    arrays = some()
    arrays.take("b", 4, 5)
    with pytest.raises(DanqError, match="holds 'a', 'c', which a format does not have"):
        arrays.refuse_rest()
    with pytest.raises(DanqError, match="lacks b; give a whole file of a format"):
        arrays.take("b", 4, 5)


def test_of_many_names_the_first_are_shown():
    assert first_names("abcdef") == "'a', 'b', 'c', 'd' and 2 more"
