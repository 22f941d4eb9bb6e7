"""Kernel support vector machine: Boser, Guyon and Vapnik, 1992 (https://doi.org/10.1145/130385.130401).

scikit-learn's SVC on our kernels; of the training vectors it keeps those that support a margin. Its work grows with the
square of their number, so where there are many an explicit map and a linear machine stand in for it.
"""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_non_negative, validate_data

from striate.classic.automatic import settled
from striate.classic.kernels import KERNELS, OF_HISTOGRAMS, SCALED, mean_distance
from striate.classic.linear_svm import LinearSVM
from striate.classic.maps import IntersectionMap, RBFMap
from striate.core.errors import DoesNotApply, UnknownName

MEMORY = 2**31  # bytes of the matrix of the kernel between all training vectors
_TYPES = [np.float64, np.float32]
_SAMPLE = 2000  # vectors, the first of a shuffle, from which "auto" finds the scale
_MAPS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda _: "passthrough",
    "rbf": lambda gamma: RBFMap(gamma=gamma),
    "intersection": lambda _: IntersectionMap(),
}
_ROWS = 512  # vectors whose kernels are computed at once


class KernelSVM(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A support vector machine on one of `KERNELS`.

    Args:
        kernel: linear, rbf, chi-squared or intersection; the last two take vectors without negative values.
        C: weight of the errors against the width of the margin.
        gamma: scale of rbf and chi-squared; auto: one over the mean of the exponent over pairs of training vectors.
        class_weight: None, "balanced", or a factor of C for each label.
        exact_up_to: so many training vectors; for more, the linear, rbf or intersection kernel is that of an explicit
            map (`striate.classic.maps`), as `explicit_` then says.
    """

    def __init__(
        self,
        kernel: str = "rbf",
        C: float = 10.0,  # noqa: N803 (the field's own)
        *,
        gamma: float | str = "auto",
        class_weight: dict[Any, float] | str | None = None,
        exact_up_to: int = 5000,
    ) -> None:
        self.kernel, self.C, self.gamma, self.class_weight = kernel, C, gamma, class_weight
        self.exact_up_to = exact_up_to

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
        self.gamma_ = self._scale(X) if self.kernel in SCALED else None
        self.explicit_ = len(X) > self.exact_up_to and self.kernel in _MAPS
        if self.explicit_:
            machine = LinearSVM(self.C, class_weight=self.class_weight)
            self.machine_ = make_pipeline(_MAPS[self.kernel](self.gamma_), machine).fit(X, y)
        else:
            self._fit_exactly(X, y)
        self.classes_ = self.machine_.classes_
        return self

    def _fit_exactly(self, vectors: NDArray[Any], y: NDArray[Any]) -> None:
        needed = 8 * len(vectors) ** 2
        if needed > MEMORY:
            raise DoesNotApply(
                f"a kernel between {len(vectors)} vectors takes {needed / 2**30:.1f} GiB: use a classifier with an "
                "explicit map, such as chi-squared-map-svm, or fewer than 16,000 vectors"
            )
        svc = SVC(kernel="precomputed", C=self.C, class_weight=self.class_weight, break_ties=True, cache_size=500)
        svc.fit(self._products(vectors, vectors), y)
        self.support_vectors_ = vectors[svc.support_]
        self.machine_ = _only_support(svc)

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Return scores (N, K), or (N,) for two classes: positive means the second."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=_TYPES, reset=False)  # noqa: N806
        if self.kernel in OF_HISTOGRAMS:
            check_non_negative(X, f"the {self.kernel} kernel")
        products = X if self.explicit_ else self._products(X, self.support_vectors_)
        return self.machine_.decision_function(products)  # type: ignore[no-any-return]

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the label with the highest score for each vector."""
        scores = self.decision_function(X)
        best = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)
        return self.classes_[best]  # type: ignore[no-any-return]

    def _scale(self, vectors: NDArray[Any]) -> float:
        gamma = settled("gamma", self.gamma, None)
        if gamma is not None:
            return float(gamma)
        order = np.random.default_rng(0).permutation(len(vectors))[:_SAMPLE]
        return 1 / max(mean_distance(self.kernel, vectors[order]), 1e-12)

    def _products(self, first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
        options = {} if self.gamma_ is None else {"gamma": self.gamma_}
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
