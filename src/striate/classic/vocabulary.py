"""A vocabulary: vectors that stand for all, by scikit-learn's k-means in batches."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from striate.classic.product import product
from striate.core.errors import RecipeError

_BATCH = 4096


def words_of(vectors: NDArray[Any], count: int, seed: int) -> NDArray[Any]:
    """Return (count, D); fewer where there are fewer vectors.

    Raises:
        RecipeError: fewer than one word.
    """
    if count < 1:
        raise RecipeError(f"words = {count}: a vocabulary has at least 1")
    means = MiniBatchKMeans(min(count, len(vectors)), batch_size=_BATCH, n_init=1, random_state=seed)
    words: NDArray[Any] = means.fit(vectors).cluster_centers_.astype(vectors.dtype)
    return words


def squared_distances(vectors: NDArray[Any], words: NDArray[Any]) -> NDArray[Any]:
    """Return (T, K), by one matrix product."""
    distances = product(vectors, -2 * words.T)
    distances += np.einsum("kd,kd->k", words, words)
    distances += np.einsum("td,td->t", vectors, vectors)[:, None]
    np.maximum(distances, 0, out=distances)
    return distances


def nearest(vectors: NDArray[Any], words: NDArray[Any]) -> NDArray[np.int64]:
    """Return (T,), the nearest word to each vector."""
    affinity = product(vectors, words.T)
    affinity -= np.einsum("kd,kd->k", words, words) / 2
    return affinity.argmax(1)  # type: ignore[no-any-return]
