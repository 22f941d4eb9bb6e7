"""How much arithmetic a fitted pipeline does for a picture.

A multiply-accumulate (MAC) is one product added to a sum, as `striate.inside.arithmetic` has it for networks: of
filters, interpolation, matrix products and kernels, a kernel counting once for each pair of numbers that it holds
against each other. Histograms, comparisons, scaling, normalization and functions of single numbers are not counted, as
activations and pooling are not in networks; nor is what brings a picture to its size and to gray, nor the first
product of a filter that adds its neighbors one by one, which is added to nothing.

What runs on torch is counted while it describes a picture; what scikit-learn, scikit-image and NumPy do, by formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from sklearn import pipeline
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.kernel_approximation import AdditiveChi2Sampler, Nystroem
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.preprocessing import StandardScaler
from torch.utils._python_dispatch import TorchDispatchMode

from striate.classic.calibrated import Calibrated
from striate.classic.colors import ColorHistogram, FrequentColors
from striate.classic.dense_sift import DenseSIFT
from striate.classic.eigenpictures import Eigenpictures
from striate.classic.encoded import Encoded
from striate.classic.hog import HOG
from striate.classic.kernel_svm import KernelSVM
from striate.classic.lbp import LBP
from striate.classic.linear_svm import LinearSVM
from striate.classic.maps import IntersectionMap, RBFMap
from striate.classic.pixels import Pixels

_CORNERS = 4  # pixels that a value between pixels is interpolated from


class _Uncounted(Exception):
    """There is no formula for a part."""


def multiply_accumulates(fitted: pipeline.Pipeline, shape: Sequence[int]) -> int | None:
    """Return the multiply-accumulates of a fitted pipeline for one picture (C, H, W).

    None where a part is of a kind that nobody counts here, as SIFT at interest points, whose number a picture settles.
    """
    try:
        return _of_steps(fitted, np.zeros((1, *shape), np.uint8))
    except _Uncounted:
        return None


def _of(part: Any, given: Any) -> int:
    """Return the multiply-accumulates of one part for `given`, one picture or one vector."""
    for kinds, count in _COUNTED:
        if isinstance(part, kinds):
            return count(part, given)
    raise _Uncounted


def _of_steps(steps: pipeline.Pipeline, given: Any) -> int:
    total = 0
    *before, last = (step for _, step in steps.steps if not isinstance(step, str | None))
    for step in before:
        total += _of(step, given)
        given = step.transform(given)
    return total + _of(last, given)


def _of_encoded(part: Encoded, given: Any) -> int:
    if not isinstance(part.local_, DenseSIFT):
        raise _Uncounted
    return _while_it_runs(part, given)


def _while_it_runs(part: Any, given: Any) -> int:
    products = _Products()
    with products:
        part.transform(given)
    return products.count


class _Products(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own is untyped
    """Counts the products that torch adds to sums: of matrices, and of what is added with a factor, as filters do."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        options = kwargs or {}
        name = func.overloadpacket.__name__
        if name in {"mm", "bmm", "addmm"}:
            one, other = args[-2:]
            self.count += one.numel() * other.shape[-1]
        elif name == "add_" and options.get("alpha", 1) != 1:
            self.count += args[0].numel()
        return func(*args, **options)


def _of_patterns(part: LBP, given: Any) -> int:
    assert part.size_ is not None
    return _CORNERS * part.points * len(part.radii) * prod(part.size_) * len(given)


def _of_kernel(part: KernelSVM, given: Any) -> int:
    if part.explicit_:
        return _of(part.machine_, given)
    return int(part.support_vectors_.size + part.machine_.dual_coef_.size)


def _of_neighbors(part: KNeighborsClassifier, _: Any) -> int:
    if part._fit_method != "brute":  # noqa: SLF001 what "auto" became; in a tree, the picture settles how many it meets
        raise _Uncounted
    return int(part.n_samples_fit_ * part.n_features_in_)


def _none(_: Any, __: Any) -> int:
    return 0


_COUNTED: tuple[tuple[tuple[type, ...], Callable[[Any, Any], int]], ...] = (
    ((pipeline.Pipeline,), _of_steps),
    ((pipeline.FeatureUnion,), lambda part, given: sum(_of(one, given) for _, one in part.transformer_list)),
    ((str,), _none),  # "drop" and "passthrough"
    ((Calibrated,), lambda part, given: _of(part.estimator_, given)),
    ((Pixels, ColorHistogram, FrequentColors), _none),
    ((StandardScaler, TfidfTransformer, AdditiveChi2Sampler, IntersectionMap, RandomForestClassifier), _none),
    ((Encoded,), _of_encoded),
    ((HOG, DenseSIFT), _while_it_runs),
    ((LBP,), _of_patterns),
    ((Eigenpictures, PCA), lambda part, _: int(part.components_.size)),
    ((RBFMap,), lambda part, given: _of(part.map_, given)),
    ((Nystroem,), lambda part, _: int(part.components_.size + part.normalization_.size)),
    ((LinearSVM, LogisticRegression, Perceptron), lambda part, _: int(part.coef_.size)),
    ((NearestCentroid,), lambda part, _: int(part.centroids_.size)),
    ((KNeighborsClassifier,), _of_neighbors),
    ((KernelSVM,), _of_kernel),
)
