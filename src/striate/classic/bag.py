"""Bag of features: Sivic and Zisserman, 2003; Csurka et al., 2004.

A picture is a text: how often each visual word occurs in it. https://doi.org/10.1109/ICCV.2003.1238663

Texts are weighed by TF-IDF: a word counts for less the more pictures have it. That is scikit-learn's step, on counts:

    Pipeline.of(
        ("features", Encoded(DenseSIFT(), BagOfFeatures(1000, counts=True))),
        ("weights", TfidfTransformer()),
        ("classifier", classifier("linear-svm", seed=0)),
    )
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from striate.classic.classifiers import classifier
from striate.classic.dense_sift import DenseSIFT
from striate.classic.encoded import Encoded
from striate.classic.encoding import Encoding
from striate.classic.pipeline import Pipeline
from striate.classic.vocabulary import nearest, squared_distances, words_of
from striate.core.errors import UnknownName

_ASSIGNMENTS = ("hard", "soft", "localized")


class BagOfFeatures(Encoding):
    """The share of a set's vectors that each word has.

    Args:
        words: of the vocabulary.
        assignment: hard: a vector counts for its nearest word; soft: for all, as exp(-distance^2 / 2 sigma^2) says
            (van Gemert et al., 2008); localized: for its `neighbors` nearest words likewise (Liu et al., 2011).
        neighbors: of localized assignment.
        counts: numbers of vectors, as TF-IDF takes them (see above), in place of shares.
        seed: of k-means.
    """

    def __init__(
        self,
        words: int = 1000,
        assignment: Literal["hard", "soft", "localized"] = "hard",
        *,
        neighbors: int = 5,
        counts: bool = False,
        seed: int = 0,
    ) -> None:
        self.words, self.assignment, self.neighbors = words, assignment, neighbors
        self.counts, self.seed = counts, seed

    def _learn(self, vectors: NDArray[Any]) -> None:
        if self.assignment not in _ASSIGNMENTS:
            raise UnknownName("assignment", self.assignment, _ASSIGNMENTS)
        self.words_ = words_of(vectors, self.words, self.seed)
        spread = squared_distances(vectors[:5000], self.words_).min(1).mean()  # mean squared distance to the nearest
        self.variance_ = max(float(spread), float(np.finfo(np.float32).tiny))

    def sums(self, sets: NDArray[Any]) -> NDArray[Any]:
        """Return (n, words): the words' counts, or sums of weights."""
        count, many, length = sets.shape
        vectors, total = sets.reshape(-1, length), len(self.words_)
        offsets = np.repeat(np.arange(count) * total, many)
        if self.assignment == "hard":
            sums = np.bincount(nearest(vectors, self.words_) + offsets, minlength=count * total)
            return sums.reshape(count, total).astype(sets.dtype)
        distances = squared_distances(vectors, self.words_)
        words = None
        if self.assignment == "localized" and self.neighbors < total:
            words = np.argpartition(distances, self.neighbors - 1, axis=1)[:, : self.neighbors]
            distances = np.take_along_axis(distances, words, 1)
        weights = _weights(distances, self.variance_)
        if words is None:
            return weights.reshape(count, many, total).sum(1)  # type: ignore[no-any-return]
        sums = np.bincount((words + offsets[:, None]).ravel(), weights.ravel(), count * total)
        return sums.reshape(count, total).astype(sets.dtype)

    def code(self, sums: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[Any]:
        """Return the sums, divided by the number of vectors unless counts are wanted."""
        return sums if self.counts else sums / np.maximum(counts, 1).astype(sums.dtype)[:, None]


def _weights(distances: NDArray[Any], variance: float) -> NDArray[Any]:
    """Return weights that sum to 1 over the words of each vector."""
    weights = np.exp((distances.min(1, keepdims=True) - distances) / (2 * variance))
    weights /= weights.sum(1, keepdims=True)
    return weights  # type: ignore[no-any-return]


def build(name: str, *, seed: int) -> Pipeline:  # noqa: ARG001 (one pipeline in this file)
    """Return `bof-svm`: 1,000 words of dense SIFT and a support vector machine on their chi-squared map."""
    features = Encoded(DenseSIFT(), BagOfFeatures(1000, seed=seed), seed=seed)
    return Pipeline.of(("features", features), ("classifier", classifier("chi-squared-map-svm", seed=seed)))
