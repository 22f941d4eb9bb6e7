"""VLAD, vectors of locally aggregated descriptors: Jegou, Douze, Schmid and Perez, 2010.

https://doi.org/10.1109/CVPR.2010.5540039. Not only which word is near, but on which side of it: sums of differences.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.classic.classifiers import classifier
from striate.classic.dense_sift import DenseSIFT
from striate.classic.encoded import Encoded
from striate.classic.encoding import Encoding, powered
from striate.classic.pipeline import Pipeline
from striate.classic.product import product
from striate.classic.vocabulary import nearest, words_of


class VLAD(Encoding):
    """For each word the sum of the differences of its vectors to it.

    Args:
        words: of the vocabulary.
        power: of each number, signed, before the code gets length 1; 1 leaves them.
        intra: the part of each word gets length 1 first (Arandjelovic and Zisserman, 2013).
        seed: of k-means.
    """

    def __init__(self, words: int = 64, *, power: float = 0.5, intra: bool = False, seed: int = 0) -> None:
        self.words, self.power, self.intra, self.seed = words, power, intra, seed

    def _learn(self, vectors: NDArray[Any]) -> None:
        self.words_ = words_of(vectors, self.words, self.seed)

    def sums(self, sets: NDArray[Any]) -> NDArray[Any]:
        """Return (n, words * D)."""
        count, many, length = sets.shape
        words = self.words_.astype(sets.dtype)
        found = nearest(sets.reshape(-1, length), words).reshape(count, many)
        member = (found[:, None] == np.arange(len(words))[:, None]).astype(sets.dtype)  # (n, words, m)
        sums = product(member, sets) - member.sum(2)[:, :, None] * words
        return sums.reshape(count, -1)  # type: ignore[no-any-return]

    def code(self, sums: NDArray[Any], counts: NDArray[np.int64]) -> NDArray[Any]:  # noqa: ARG002
        """Return the sums with power and length normalized."""
        if self.intra:
            parts = sums.reshape(len(sums), len(self.words_), -1)
            sums = powered(parts, 1).reshape(len(sums), -1)
        return powered(sums, self.power)


def build(name: str, *, seed: int) -> Pipeline:  # noqa: ARG001 (one pipeline in this file)
    """Return `vlad-svm`: dense root-SIFT, 64 words, a linear support vector machine."""
    features = Encoded(DenseSIFT(), VLAD(64, seed=seed), components=64, with_places=True, levels=(1, 2), seed=seed)
    return Pipeline.of(("features", features), ("classifier", classifier("linear-svm", seed=seed)))
