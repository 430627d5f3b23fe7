"""Blocks of scored variants come back as they were, and leave no file."""

import numpy as np

from danq.data.variant_files import Refused
from danq.data.variant_spool import Spool
from tests.data.test_variant_files import scored


def test_blocks_come_back_as_they_were(tmp_path):
    one = scored(4)
    one = one._replace(by_model=np.random.default_rng(0).random((2, 4, 3)), models=["1", "2"])
    two = scored(2, e=False)
    refused = [Refused(one.rows[1], "why; so")]
    spool = Spool(tmp_path / "made")
    spool.append((one, refused))
    spool.append((two, []))
    (first, others), (second, none) = spool.blocks()
    spool.close()
    assert others == refused and none == []
    for before, after in ((one, first), (two, second)):
        assert after.rows == before.rows and list(after.models) == list(before.models)
        for name, value in before._asdict().items():
            if isinstance(value, np.ndarray):
                assert np.array_equal(getattr(after, name), value)
    assert second.e_value is None and list((tmp_path / "made").iterdir()) == []
