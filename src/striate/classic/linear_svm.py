"""Linear support vector machine, one against the rest: Cortes and Vapnik, 1995 (https://doi.org/10.1007/BF00994018).

All classes at once, by two matrix products a step of L-BFGS, in the type of the vectors: the long dense vectors of
pictures take neither the 16 bytes a value nor the one class after the other of scikit-learn's liblinear.
"""

from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from striate.classic.product import product

_TYPES = [np.float64, np.float32]
_FEW = 4096  # vectors: beyond, their products and the factor cost more than they save
_JITTER = 1e-6  # of the mean square: where vectors repeat, and beyond the rounding of float32


class LinearSVM(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Minimize |w|^2 / 2 + C sum max(0, 1 - y (w x + b))^2 for each class.

    Args:
        C: weight of the errors against the width of the margin.
        class_weight: None, "balanced", or a factor of C for each label.
        tol: stop where no component of the gradient is larger, in units of C times the number of vectors, or where a
            step lessens the loss by no more than a hundredth of this, as a share.
        max_iter: the most steps.
    """

    def __init__(
        self,
        C: float = 1.0,  # noqa: N803 (the field's own)
        *,
        class_weight: dict[Any, float] | str | None = None,
        tol: float = 1e-5,
        max_iter: int = 300,
    ) -> None:
        self.C, self.class_weight, self.tol, self.max_iter = C, class_weight, tol, max_iter

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 (scikit-learn's own)
        """Fit to vectors (N, D) and labels (N,)."""
        X, y = validate_data(self, X, y, dtype=_TYPES)  # noqa: N806
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"only one class, {self.classes_[0]}: a classifier needs two at least")
        targets = np.where(codes[:, None] == np.arange(len(self.classes_)), 1.0, -1.0)
        targets = targets[:, 1:] if len(self.classes_) == 2 else targets
        weights = compute_sample_weight(self.class_weight, y)
        span = _Span(X)
        problem = _Problem(span.coordinates, targets, self.C * weights)
        options = {
            "maxiter": self.max_iter, "gtol": self.tol * self.C * len(y), "ftol": 1e-2 * self.tol, "maxcor": 20
        }  # fmt: skip
        with threadpool_limits(1, user_api="blas"):  # SciPy's threads would wait on the cores of torch's
            found = minimize(problem, np.zeros(problem.size), jac=True, method="L-BFGS-B", options=options)
        self.n_iter_ = found.nit
        solution = found.x.reshape(targets.shape[1], -1)
        self.coef_ = np.ascontiguousarray(span.lifted(solution[:, :-1]), X.dtype)
        self.intercept_ = solution[:, -1].astype(X.dtype)
        return self

    def decision_function(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return scores (N, K), or (N,) for two classes: positive means the second."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=_TYPES, reset=False)  # noqa: N806
        scores: NDArray[Any] = product(X, self.coef_.T) + self.intercept_
        return scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the label with the highest score for each vector."""
        scores = self.decision_function(X)
        best: NDArray[Any] = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(1)
        return self.classes_[best]  # type: ignore[no-any-return]


class _Span:
    """Fewer vectors than numbers in each lie in a space of as few dimensions, where the weights are too.

    With X X' = L L', the rows of L are the vectors there, and weights v there are X' inv(L') v.
    """

    def __init__(self, vectors: NDArray[Any]) -> None:
        self._vectors = vectors
        self._factor: NDArray[np.float64] | None = None
        self.coordinates: NDArray[Any] = vectors
        if len(vectors) < min(vectors.shape[1], _FEW):
            products = (vectors @ vectors.T).astype(np.float64)
            products[np.diag_indices_from(products)] += _JITTER * max(float(np.trace(products)) / len(vectors), 1e-30)
            self._factor = self.coordinates = np.linalg.cholesky(products)

    def lifted(self, weights: NDArray[np.float64]) -> NDArray[Any]:
        """Return the weights (K, D) of the vectors as they were given."""
        if self._factor is None:
            return weights
        return solve_triangular(self._factor.T, weights.T).T @ self._vectors  # type: ignore[no-any-return]


class _Problem:
    """The loss of all classes and its gradient, at weights and intercepts in one flat vector.

    The products are in the type of the vectors; the errors and their sum in float64, as the search along a line
    compares losses that differ little.
    """

    def __init__(self, vectors: NDArray[Any], targets: NDArray[np.float64], costs: NDArray[np.float64]) -> None:
        self._vectors = torch.from_numpy(np.require(vectors, requirements=["W", "C"]))
        self._targets, self._costs = torch.from_numpy(targets), torch.from_numpy(costs)[:, None]
        self._shape = (targets.shape[1], vectors.shape[1] + 1)
        self.size = int(np.prod(self._shape))

    def __call__(self, flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        solution = torch.from_numpy(flat.reshape(self._shape))
        weights, intercepts = solution[:, :-1], solution[:, -1]
        scores = (self._vectors @ weights.T.to(self._vectors.dtype)).double() + intercepts
        errors = (1 - self._targets * scores).clamp_(min=0)
        pull = self._costs * errors
        loss = 0.5 * (weights**2).sum() + (pull * errors).sum()
        slopes = -2 * self._targets * pull
        gradient = torch.empty_like(solution)
        gradient[:, :-1] = weights + (slopes.T.to(self._vectors.dtype) @ self._vectors).double()
        gradient[:, -1] = slopes.sum(0)
        return float(loss), gradient.numpy().ravel()
