"""Kernel support vector machine: Boser, Guyon and Vapnik, 1992 (https://doi.org/10.1145/130385.130401).

scikit-learn's SVC on our kernels; of the training vectors it keeps those that support a margin.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from striate.classic.kernels import KERNELS, OF_HISTOGRAMS, SCALED, mean_distance
from striate.core.errors import DoesNotApply, UnknownName

MEMORY = 2**31  # bytes of the matrix of the kernel between all training vectors
_TYPES = [np.float64, np.float32]
_SAMPLE = 2000  # vectors, the first of a shuffle, from which "auto" finds the scale
_ROWS = 512  # vectors whose kernels are computed at once


class KernelSVM(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A support vector machine on one of `KERNELS`.

    Args:
        kernel: linear, rbf, chi-squared or intersection; the last two take vectors without negative values.
        C: weight of the errors against the width of the margin.
        gamma: scale of rbf and chi-squared; auto: one over the mean of the exponent over pairs of training vectors.
        class_weight: None, "balanced", or a factor of C for each label.
    """

    def __init__(
        self,
        kernel: str = "rbf",
        C: float = 10.0,  # noqa: N803 (the field's own)
        *,
        gamma: float | str = "auto",
        class_weight: dict[Any, float] | str | None = None,
    ) -> None:
        self.kernel, self.C, self.gamma, self.class_weight = kernel, C, gamma, class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self.kernel in OF_HISTOGRAMS
        return tags

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 (scikit-learn's own)
        """Fit to vectors (N, D) and labels (N,).

        Raises:
            UnknownName: no such kernel.
            DoesNotApply: the matrix of the kernel would take more than `MEMORY`.
        """
        X, y = validate_data(self, X, y, dtype=_TYPES)  # noqa: N806
        if self.kernel in OF_HISTOGRAMS:
            check_non_negative(X, f"the {self.kernel} kernel")
        check_classification_targets(y)
        if self.kernel not in KERNELS:
            raise UnknownName("kernel", self.kernel, KERNELS)
        if 8 * len(X) ** 2 > MEMORY:
            raise DoesNotApply(
                f"a kernel between {len(X)} vectors takes {8 * len(X) ** 2 / 2**30:.1f} GiB: use an explicit map "
                "with a linear classifier (`striate.classic.maps`), or fewer than 16,000 vectors"
            )
        self._gamma = self._scale(X) if self.kernel in SCALED else None
        svc = SVC(kernel="precomputed", C=self.C, class_weight=self.class_weight, break_ties=True, cache_size=500)
        svc.fit(self._products(X, X), y)
        self.classes_ = svc.classes_
        self.support_vectors_ = X[svc.support_]
        self._machine = _only_support(svc)
        return self

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return scores (N, K), or (N,) for two classes: positive means the second."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=_TYPES, reset=False)  # noqa: N806
        if self.kernel in OF_HISTOGRAMS:
            check_non_negative(X, f"the {self.kernel} kernel")
        return self._machine.decision_function(self._products(X, self.support_vectors_))  # type: ignore[no-any-return]

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the label with the highest score for each vector."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)
        return self.classes_[best]  # type: ignore[no-any-return]

    def _scale(self, vectors: NDArray[Any]) -> float:
        if not isinstance(self.gamma, str):
            return float(self.gamma)
        order = np.random.default_rng(0).permutation(len(vectors))[:_SAMPLE]
        return 1 / max(mean_distance(self.kernel, vectors[order]), 1e-12)

    def _products(self, first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
        options = {} if self._gamma is None else {"gamma": self._gamma}
        products = np.empty((len(first), len(second)))
        for begin in range(0, len(first), _ROWS):
            rows = slice(begin, begin + _ROWS)
            products[rows] = KERNELS[self.kernel](first[rows], second, **options)
        return products


def _only_support(svc: SVC) -> SVC:
    """Return the machine for kernels with its support vectors alone, instead of with all training vectors."""
    count = len(svc.support_)
    svc.support_ = np.arange(count, dtype=svc.support_.dtype)
    svc.shape_fit_, svc.n_features_in_ = (count, count), count
    return svc
