"""From local descriptions to one vector a picture: described, reduced, coded and pooled block by block.

A vocabulary is learned from a sample of the vectors; of all others no more than a block exists at a time.
"""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.decomposition import PCA

from striate.classic.described import Described, LocalDescriptor
from striate.classic.descriptor import OfPictures
from striate.classic.encoding import Encoding
from striate.classic.pictures import Pictures, Stored
from striate.classic.product import product
from striate.classic.spatial import cells_of, finest, gathered, level_weights
from striate.core.errors import DoesNotApply, RecipeError
from striate.core.progress import say
from striate.core.seeds import generator

_AT_ONCE = 128  # pictures that are coded at once: a code can be longer than a small picture, and takes some copies


class Encoded(OfPictures):
    """Codes of the pictures' local descriptions.

    Args:
        local: what describes pictures at many places.
        encoding: what makes a code of many vectors.
        components: of the principal components that the vectors are reduced to first; None leaves them.
        with_places: append to each vector where it is, down and across, from -0.5 to 0.5 (Sanchez et al., 2012).
        levels: of the spatial pyramid: cells a side of each; (1,) codes the picture as a whole.
        weighted: weigh the levels as the spatial pyramid has it, for histograms; else each cell's code counts alike.
        sample: how many vectors the vocabulary is learned from, at most.
        pictures: from how many pictures, at most.
        seed: settles which.
        verbose: say how much memory the sample and the codes take.
    """

    def __init__(
        self,
        local: LocalDescriptor,
        encoding: Encoding,
        *,
        components: int | None = None,
        with_places: bool = False,
        levels: tuple[int, ...] = (1,),
        weighted: bool = False,
        sample: int = 100_000,
        pictures: int = 2000,
        seed: int = 0,
        verbose: bool = False,
    ) -> None:
        self.local, self.encoding, self.components, self.with_places = local, encoding, components, with_places
        self.levels, self.weighted, self.sample, self.pictures = levels, weighted, sample, pictures
        self.seed, self.verbose = seed, verbose

    def fit(self, images: Pictures, y: object = None) -> Self:  # noqa: ARG002 (scikit-learn's signature)
        """Learn the reduction and the vocabulary from a sample.

        Raises:
            DoesNotApply: no picture of the sample has a local description.
        """
        self._see(images)
        if not self.levels or min(self.levels) < 1 or self.sample < 2 or self.pictures < 1:
            raise RecipeError(f"levels = {self.levels}, sample = {self.sample}, pictures = {self.pictures}: too few")
        self.local_ = clone(self.local).fit(images)
        vectors, places = self._sampled(images)
        self.memory_ = vectors.nbytes
        count = f"{len(vectors):,} vectors of {vectors.shape[1]} numbers"
        say(f"the vocabulary is learned from {count}, {vectors.nbytes / 2**20:.0f} MiB", quiet=not self.verbose)
        self.reduction_ = None
        if self.components is not None and self.components < min(vectors.shape):
            self.reduction_ = PCA(self.components, svd_solver="covariance_eigh").fit(vectors)
        self.encoding_ = clone(self.encoding).fit(self._prepared(vectors, places))
        return self

    def transform(self, images: Pictures) -> NDArray[np.float32]:
        """Return the codes (N, cells * length): level after level, cell after cell."""
        self._recognize(images)
        codes: NDArray[np.float32] | None = None
        for described in self.local_.describe(images):
            for few in described.parts(_AT_ONCE):
                part = self._coded(few)
                if codes is None:
                    codes = np.empty((len(images), part.shape[1]), np.float32)
                    say(f"codes: {codes.nbytes / 2**20:.0f} MiB", quiet=not self.verbose)
                codes[few.pictures] = part
        assert codes is not None, "there are pictures"
        return codes

    def _coded(self, described: Described) -> NDArray[np.float32]:
        """Return the codes (n, cells * length) of a block."""
        grid = finest(self.levels)
        count, many, length = described.vectors.shape
        places = np.broadcast_to(described.places, (count, many, 2))
        vectors = self._prepared(described.vectors.reshape(-1, length), places.reshape(-1, 2))
        vectors = vectors.reshape(count, many, vectors.shape[1])
        cells = cells_of(described.places, grid)
        fine = np.stack([self.encoding_.sums(vectors[:, cells == cell]) for cell in range(grid**2)], 1)
        sizes = np.bincount(cells, minlength=grid**2).astype(np.float32)[None, :, None]
        weights = level_weights(self.levels) if self.weighted else (1.0,) * len(self.levels)
        parts = [self._level(fine, sizes, level) * weight for level, weight in zip(self.levels, weights, strict=True)]
        return np.concatenate(parts, 1).astype(np.float32, copy=False)

    def _level(self, fine: NDArray[np.float32], sizes: NDArray[np.float32], level: int) -> NDArray[np.float32]:
        """Return the codes (n, level * level * length) of one level, those of histograms as shares of the picture."""
        count = len(fine)
        sums = gathered(fine, level)
        members = np.broadcast_to(gathered(sizes, level)[0, :, 0], sums.shape[:2])
        if self.weighted:
            members = np.full_like(members, sizes.sum())
        coded = self.encoding_.code(sums.reshape(-1, sums.shape[2]), members.ravel().astype(np.int64))
        return coded.reshape(count, -1)  # type: ignore[no-any-return]

    def _prepared(self, vectors: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return vectors (T, D), reduced, with their places (T, 2)."""
        if self.reduction_ is not None and len(vectors) == 0:
            vectors = np.zeros((0, self.reduction_.n_components_), np.float32)
        elif self.reduction_ is not None:
            vectors = product(vectors - self.reduction_.mean_, self.reduction_.components_.T)
        return np.hstack([vectors, places - np.float32(0.5)]) if self.with_places else vectors

    def _sampled(self, images: Pictures) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return vectors (T, D) and their places (T, 2), as many of each picture drawn."""
        draw = generator("vocabulary", self.seed)
        chosen = np.sort(draw.permutation(len(images))[: self.pictures])
        share = -(-self.sample // len(chosen))
        parts = [
            part for described in self.local_.describe(_some(images, chosen)) for part in _drawn(described, share, draw)
        ]
        vectors = np.concatenate([vectors for vectors, _ in parts])[: self.sample]
        if len(vectors) < 2:
            raise DoesNotApply(
                f"none of {len(chosen)} pictures has a local description: they may be blank; take a dense descriptor"
            )
        return vectors, np.concatenate([places for _, places in parts])[: self.sample]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags


def _drawn(
    described: Described, share: int, draw: np.random.Generator
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Yield the vectors and places of up to `share` of each picture's descriptions."""
    for vectors in described.vectors:
        at = draw.permutation(len(vectors))[:share]
        yield vectors[at], described.places[at]


def _some(images: Pictures, chosen: NDArray[np.int64]) -> Pictures:
    return images[chosen] if isinstance(images, np.ndarray | Stored) else [images[place] for place in chosen.tolist()]
