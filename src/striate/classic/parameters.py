"""How many parameters a fitted pipeline has: the numbers that were learned from pictures and that an answer needs."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.tree._tree import Tree

_NO_PARAMETERS = {
    "classes_", "explained_variance_", "explained_variance_ratio_", "singular_values_", "noise_variance_", "var_"
}  # fmt: skip
_NEIGHBORS = "_fit_X"  # the training pictures themselves, in which nearest neighbors are looked up


def count(part: Any) -> int:
    """Return the number of fitted values of an estimator and of those within it.

    Weights, words, means, components, support vectors and the pictures of nearest neighbors count, each once; of a tree
    the thresholds and the shares at its nodes. Numbers that a fit only tells, such as explained variances, do not.
    """
    if isinstance(part, BaseEstimator):
        return sum(_of_attribute(name, value) for name, value in vars(part).items())
    if isinstance(part, Tree):
        return int(part.threshold.size + part.value.size)
    if isinstance(part, list | tuple) or (isinstance(part, np.ndarray) and part.dtype == object):
        return sum(map(count, part))
    return 0


def _of_attribute(name: str, value: Any) -> int:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        fitted = name == _NEIGHBORS or (name.endswith("_") and not name.startswith("_"))
        return value.size if fitted and name not in _NO_PARAMETERS else 0
    return count(value)
