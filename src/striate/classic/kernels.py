"""Kernels of histograms: how alike two are. Histogram intersection (Swain and Ballard, 1991), chi-squared, RBF.

The intersection is computed from the distance: min(a, b) = (a + b - |a - b|) / 2.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics.pairwise import chi2_kernel, rbf_kernel
from sklearn.utils.validation import check_non_negative


def intersection(a: NDArray[Any], b: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return (N, M): the sum over the bins of the lesser of the two.

    Args:
        a: (N, D), not negative.
        b: (M, D); by default `a`.
    """
    check_non_negative(a, "the intersection kernel")
    b = a if b is None else b
    check_non_negative(b, "the intersection kernel")
    kind = np.result_type(a, b)
    first, second = (torch.from_numpy(np.require(x, kind, ["W", "C"])) for x in (a, b))
    total = first.sum(1)[:, None] + second.sum(1)
    return torch.cdist(first, second, p=1).neg_().add_(total).mul_(0.5).numpy()


def chi_squared(a: NDArray[Any], b: NDArray[Any] | None = None, *, gamma: float = 1.0) -> NDArray[Any]:
    """Return (N, M): exp(-gamma sum (a - b)^2 / (a + b)), scikit-learn's `chi2_kernel`; not negative."""
    first, second = (None if x is None else np.require(x, requirements="W") for x in (a, b))
    return chi2_kernel(first, second, gamma=gamma)  # type: ignore[no-any-return]


def rbf(a: NDArray[Any], b: NDArray[Any] | None = None, *, gamma: float = 1.0) -> NDArray[Any]:
    """Return (N, M): exp(-gamma |a - b|^2), scikit-learn's `rbf_kernel`."""
    return rbf_kernel(a, b, gamma=gamma)  # type: ignore[no-any-return]


def linear(a: NDArray[Any], b: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return (N, M): the products of the vectors."""
    product: NDArray[Any] = a @ (a if b is None else b).T
    return product


KERNELS: dict[str, Callable[..., NDArray[Any]]] = {
    "linear": linear,
    "rbf": rbf,
    "chi-squared": chi_squared,
    "intersection": intersection,
}
OF_HISTOGRAMS = {"chi-squared", "intersection"}  # those that take no negative values
SCALED = {"rbf", "chi-squared"}  # those with a gamma


def mean_distance(kernel: str, sample: NDArray[Any]) -> float:
    """Return the mean of what the kernel `rbf` or `chi-squared` puts in the exponent, over pairs of the sample.

    Its reciprocal is the usual gamma: Zhang, Marszalek, Lazebnik and Schmid, 2007.
    """
    if kernel == "rbf":
        squares = np.einsum("nd,nd->n", sample, sample, dtype=np.float64)
        return float(2 * (squares.mean() - (sample.mean(0, dtype=np.float64) ** 2).sum()))
    return float(-np.log(np.maximum(chi2_kernel(sample, gamma=1e-3), 1e-300)).mean() / 1e-3)
