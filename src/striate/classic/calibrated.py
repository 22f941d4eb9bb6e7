"""Probabilities by temperature: Guo, Pleiss, Sun and Weinberger, 2017 (https://arxiv.org/abs/1706.04599).

Scores are divided by one number before the softmax, as those of our networks are, so that the winner stays the winner.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import issparse
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, column_or_1d

_RANGE = (np.log(1e-3), np.log(1e3))  # of the temperature
_LEAST = 1e-3  # probability that a vote of none counts as, where a classifier gives votes and no scores


class Calibrated(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A classifier with probabilities.

    It is fitted twice: to a part of the vectors, so that the temperature is found on the others, and then to all.
    Sparse vectors, as scikit-learn's TfidfTransformer gives them, are made dense: few of a picture's numbers are zero.

    Args:
        estimator: with `decision_function`, or `predict_proba`, whose logarithm serves as scores.
        holdout: share of the vectors, of each class, that the temperature is found on.
        seed: settles which.
    """

    def __init__(self, estimator: Any, *, holdout: float = 0.2, seed: int = 0) -> None:
        self.estimator, self.holdout, self.seed = estimator, holdout, seed

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = self.estimator.__sklearn_tags__()
        tags.input_tags, tags.classifier_tags.multi_class = inner.input_tags, inner.classifier_tags.multi_class
        tags.input_tags.sparse = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 (scikit-learn's own)
        """Fit to vectors (N, D) and labels (N,).

        Of a class with one vector nothing is held out. Where the others are too few as well, the temperature is 1.
        """
        if not 0 < self.holdout < 1:
            raise ValueError(f"holdout = {self.holdout}: it is the share that is held out, between 0 and 1")
        X = _dense(check_array(X, accept_sparse="csr"))  # noqa: N806
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        check_classification_targets(y)
        self.temperature_ = self._temperature(X, y)
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        self.n_features_in_ = self.estimator_.n_features_in_
        return self

    def decision_function(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the classifier's own scores (N, K), or (N,) for two classes: positive means the second."""
        check_is_fitted(self)
        return _scores(self.estimator_, _dense(X))

    def predict_proba(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return probabilities (N, K)."""
        return softmax(_columns(self.decision_function(X)) / self.temperature_, axis=1)  # type: ignore[no-any-return]

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the label with the highest score for each vector."""
        best = _columns(self.decision_function(X)).argmax(1)
        return self.classes_[best]  # type: ignore[no-any-return]

    def _temperature(self, vectors: Any, y: NDArray[Any]) -> float:
        _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        alone, several = np.flatnonzero(counts[codes] == 1), np.flatnonzero(counts[codes] > 1)
        held = int(np.ceil(self.holdout * len(several)))
        if min(held, len(several) - held) < max(1, int((counts > 1).sum())):
            return 1.0
        cut = StratifiedShuffleSplit(1, test_size=held, random_state=self.seed)
        kept, out = (several[part] for part in next(cut.split(several, y[several])))
        kept = np.concatenate([kept, alone])
        fitted = clone(self.estimator).fit(vectors[kept], y[kept])
        scores = _columns(_scores(fitted, vectors[out])).astype(np.float64)
        return _fitted_temperature(scores, codes[out])


def _dense(vectors: Any) -> Any:
    return vectors.toarray() if issparse(vectors) else vectors


def _scores(fitted: Any, vectors: Any) -> NDArray[Any]:
    if hasattr(fitted, "decision_function"):
        return fitted.decision_function(vectors)  # type: ignore[no-any-return]
    votes = np.log(fitted.predict_proba(vectors) + _LEAST)
    return votes[:, 1] - votes[:, 0] if votes.shape[1] == 2 else votes  # type: ignore[no-any-return]


def _columns(scores: NDArray[Any]) -> NDArray[Any]:
    """Return scores (N, K) whose softmax for two classes is the logistic function of the one score."""
    return np.stack([np.zeros_like(scores), scores], 1) if scores.ndim == 1 else scores


def _fitted_temperature(scores: NDArray[np.float64], codes: NDArray[np.int64]) -> float:
    """Return the temperature with the least negative log-likelihood."""
    rows = np.arange(len(codes))

    def loss(logarithm: float) -> float:
        return -float(log_softmax(scores / np.exp(logarithm), axis=1)[rows, codes].mean())

    return float(np.exp(minimize_scalar(loss, bounds=_RANGE, method="bounded").x))
