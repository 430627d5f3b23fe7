import numpy as np

from danq.data.predictions import read_predictions, write_predictions


def test_predictions_keep_what_is_unknown(tmp_path):
    scores = np.array([[0.5, np.nan], [0.25, np.nan]])
    write_predictions(tmp_path / "p.h5", scores, "scan", "NA", "test", "checksum")
    assert np.array_equal(
        read_predictions(tmp_path / "p.h5")[3], scores.astype(np.float32), equal_nan=True
    )
