"""What the tests of figures share."""

import numpy as np
import pytest

from danq.plotting import charts


@pytest.fixture
def ax():
    return charts.canvas(4, 4)[1]


def heights_of(scores, bases):
    """Return scores of bases as (width, 4)."""
    return np.eye(4)[["ACGT".index(base) for base in bases]] * np.array(scores)[:, None]
