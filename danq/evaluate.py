"""Arithmetic on predictions: metrics per target, and paired comparisons."""

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score


def auprc(labels, scores):
    """Return the area under the precision-recall curve of each target, as average precision.

    Parameters
    ----------
    labels : numpy.ndarray, shape (N, T), 0/1
    scores : numpy.ndarray, shape (N, T)
        Higher is more positive.

    Returns
    -------
    numpy.ndarray, shape (T,), float64
        scikit-learn's ``average_precision_score``; nan where a target has no positive or no negative.
    """
    return _per_target(average_precision_score, labels, scores)


def auroc(labels, scores):
    """Return the area under the ROC curve of each target, float64 (T,); parameters and nan as `auprc`."""
    return _per_target(roc_auc_score, labels, scores)


def _per_target(metric, labels, scores):
    both = (labels.min(axis=0) == 0) & (labels.max(axis=0) == 1)
    return np.array([metric(labels[:, t], scores[:, t]) if both[t] else np.nan for t in range(labels.shape[1])])
