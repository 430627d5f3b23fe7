"""Which published weights a file holds, by its content, and the model that is made of them."""

from typing import NamedTuple

from danq.data.keras_weights import is_hdf5, read_keras_weights
from danq.errors import DanqError
from danq.files import PathLike
from danq.network.imported import Imported, Request
from danq.network.keras_danq import danq_of_keras, name_of
from danq.network.named_arrays import NamedArrays, first_names
from danq.network.state_dicts import is_torch7, read_state_dict
from danq.network.torch_published import LAYOUTS
from danq.reading import refuse_no_file

KNOWN = {
    "89e640bf6bdbe1ff165f484d9796efc7": "Kipoi's DeepSEA/predict",
    "35956ab9c28960b5a3693f470fe980c1": "Kipoi's DeepSEA/variantEffects",
    "62360f2db4ac96554d28d058b50ab654": "Kipoi's DeepSEA/beluga",
    "4878981d84499eb575abd0f3b45570d3": "Kipoi's Basset",
}
"""MD5 of published files, as Kipoi's own descriptions have them
(https://github.com/kipoi/models, folders DeepSEA and Basset)."""

KERAS_TITLES = {"danq": "DanQ, Keras 0.2 (HDF5)", "danq_jaspar": "DanQ-JASPAR, Keras 0.2 (HDF5)"}
"""What the files of Keras 0.2 are called."""

KIPOI_FILE = "https://zenodo.org/records/1466993/files/deepsea_predict.pth"
"""DeepSEA for PyTorch, converted from its torch7 file by Kipoi."""


class Published(NamedTuple):
    """What a file was recognised as.

    Attributes
    ----------
    format : str
        What the format is called.
    imported : danq.network.imported.Imported
        The model.
    """

    format: str
    imported: Imported


def read_published(path: PathLike, request: Request) -> Published:
    """Recognise a weights file by its content, and make a model of it.

    Parameters
    ----------
    path : str or path-like
        The file. Nothing in it is run.
    request : danq.network.imported.Request
        What the user says of it.

    Returns
    -------
    Published

    Raises
    ------
    DanqError
        No known format, or a file that is not whole, with arrays that are missing, unknown, or of
        shapes that do not fit each other.
    """
    refuse_no_file(path)
    if is_hdf5(path):
        return _of_keras(path, request)
    if is_torch7(path):
        what = "is of torch7, for which no maintained reader exists"
        raise DanqError(f"{what}; give Kipoi's PyTorch file of DeepSEA: {KIPOI_FILE}", path)
    return _of_torch(path, request)


def _of_keras(path: PathLike, request: Request) -> Published:
    arrays = read_keras_weights(path)
    layout = name_of(set(arrays))
    if layout is None:
        what = f"holds {first_names(arrays)}: neither DanQ nor DanQ-JASPAR from Keras 0.2"
        raise DanqError(f"{what}; give one of these, whole", path)
    title = KERAS_TITLES[layout]
    imported = danq_of_keras(NamedArrays(arrays, path, title), request, layout)
    return Published(title, imported)


def _of_torch(path: PathLike, request: Request) -> Published:
    arrays = read_state_dict(path)
    names = set(arrays)
    for layout in LAYOUTS:
        if layout.is_of(names):
            imported = layout.read(NamedArrays(arrays, path, layout.title), request, names)
            _refuse_reverse(imported, request, path)
            return Published(layout.title, imported)
    known = ", ".join(layout.title for layout in LAYOUTS)
    what = f"holds {first_names(arrays)}: no state dict that danq knows"
    raise DanqError(f"{what}; known are {known}", path)


def _refuse_reverse(imported: Imported, request: Request, path: PathLike) -> None:
    """Refuse a choice for what the file leaves no choice in."""
    if request.reverse is not None and request.reverse != imported.reverse:
        what = "--reverse is for DanQ from Keras 0.2, and this file is something else"
        raise DanqError(f"{what}; leave it out", path)
