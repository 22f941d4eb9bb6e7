"""What codes of sets of vectors share: they are sums over the vectors, normalized afterwards.

So a set in the cells of a pyramid is summed up once, in the finest cells.
"""

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

_TYPES = [np.float64, np.float32]
_ROWS = 4096  # sets of one vector that are coded at once


class Encoding(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A code of sets of vectors; `fit` learns it from vectors (T, D), `transform` codes each as a set of its own."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def fit(self, X: Any, y: object = None) -> Self:  # noqa: N803, ARG002 (scikit-learn's signature)
        """Learn from vectors (T, D)."""
        self._learn(validate_data(self, X, dtype=_TYPES, ensure_min_samples=2))
        return self

    def transform(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """Return the codes (T, length) of sets of one vector each."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=_TYPES, reset=False)  # noqa: N806
        parts = [self.encode(X[first : first + _ROWS, None]) for first in range(0, len(X), _ROWS)]
        return np.concatenate(parts).astype(X.dtype, copy=False)

    def encode(self, sets: NDArray[Any]) -> NDArray[Any]:
        """Return the codes (n, length) of sets (n, m, D)."""
        return self.code(self.sums(sets), np.full(len(sets), sets.shape[1]))

    @abstractmethod
    def _learn(self, vectors: NDArray[Any]) -> None:
        """Learn from vectors (T, D)."""

    @abstractmethod
    def sums(self, sets: NDArray[Any]) -> NDArray[Any]:
        """Return (n, S): what is summed up over the vectors of sets (n, m, D)."""

    @abstractmethod
    def code(self, sums: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[Any]:
        """Return the codes (n, length) of sums (n, S) over `counts` (n,) vectors; zeros of none."""


def powered(codes: NDArray[Any], power: float) -> NDArray[Any]:
    """Return sign(x) |x|^power of each number, at length 1; zeros stay zeros (Perronnin et al., 2010)."""
    if power != 1:
        codes = np.sign(codes) * np.abs(codes) ** codes.dtype.type(power)
    lengths = np.linalg.norm(codes, axis=-1, keepdims=True)
    unit: NDArray[Any] = codes / np.maximum(lengths, np.finfo(codes.dtype).tiny)
    return unit
