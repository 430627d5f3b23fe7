"""Oracles: what can be known of a simulated genome, from its planted truth."""

import numpy as np
from numpy.typing import NDArray

from danq.data.dataset import Dataset
from danq.files import PathLike
from danq.simulation.truth import element_coverage


def oracle_scores(data: Dataset, elements: PathLike, kind: str) -> NDArray[np.floating]:
    """Score each test bin by the planted truth.

    Parameters
    ----------
    data : danq.data.dataset.Dataset
        The open file.
    elements : path
        ``elements.tsv.gz`` of danq simulate.
    kind : {"oracle_rule", "oracle_parts"}
        Count only the elements where the rule holds, or decoys as well.

    Returns
    -------
    numpy.ndarray, shape (N, T), float64
        Share of the bin that is marked, 0 to 1.
    """
    kinds = ["positive"]
    if kind == "oracle_parts":
        kinds.append("decoy")
    return element_coverage(data, elements, kinds) / data.bin_size
