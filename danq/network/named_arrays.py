"""The arrays of a weights file, each taken once, their shapes checked against each other."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from danq.errors import DanqError, shown
from danq.files import PathLike

Floats = NDArray[np.float32]

_MOST_NAMES = 4  # names in a message


class NamedArrays:
    """Arrays by name, while a model is made of them.

    Parameters
    ----------
    arrays : dict of str to numpy.ndarray, float32
        What the file holds.
    path : str or path-like
        The file, for messages.
    format : str
        What the file was recognised as, for messages.

    Attributes
    ----------
    sizes : dict of str to int
        The sizes that shapes named so far: filters, units, ...
    """

    def __init__(self, arrays: Mapping[str, Floats], path: PathLike, format: str) -> None:
        self._left = dict(arrays)
        self.path = path
        self.format = format
        self.sizes: dict[str, int] = {}

    def take(self, name: str, *shape: int | str) -> Floats:
        """Return an array, once.

        Parameters
        ----------
        name : str
            Its name in the file.
        *shape : int or str
            Its shape. A word is a size that the first array with it decides.

        Returns
        -------
        numpy.ndarray, float32

        Raises
        ------
        DanqError
            There is no such array, or it has another shape.
        """
        if name not in self._left:
            raise DanqError(f"lacks {name}; give a whole file of {self.format}", self.path)
        array = self._left.pop(name)
        if len(array.shape) != len(shape) or not all(map(self._fits, shape, array.shape)):
            found = " x ".join(map(str, array.shape))
            expected = " x ".join(map(self._text, shape))
            what = f"its {name} is {found}, not {expected}"
            raise DanqError(f"{what}; give a file of {self.format}", self.path)
        return array

    def _fits(self, wanted: int | str, size: int) -> bool:
        """Say whether a size is the wanted one; a word that is new takes it."""
        if isinstance(wanted, int):
            return size == wanted
        return size == self.sizes.setdefault(wanted, size)

    def _text(self, wanted: int | str) -> str:
        """Return a wanted size as a message shows it."""
        if isinstance(wanted, int):
            return str(wanted)
        return str(self.sizes.get(wanted, wanted))

    def refuse_rest(self) -> None:
        """Refuse a file with arrays that were not taken."""
        if self._left:
            what = f"holds {first_names(self._left)}, which {self.format} does not have"
            raise DanqError(f"{what}; give the weights of that model only", self.path)


def first_names(names: Iterable[str]) -> str:
    """Return names with commas between, the first ones of many."""
    every = [shown(name) for name in names]
    more = len(every) - _MOST_NAMES
    text = ", ".join(every[:_MOST_NAMES])
    return f"{text} and {more} more" if more > 0 else text
