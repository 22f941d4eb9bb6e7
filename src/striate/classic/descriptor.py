"""What every description of a whole picture shares: it is fitted to a shape and made block by block."""

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from striate.classic.pictures import Pictures, blocks, check, resized, shapes
from striate.core.errors import DataError


class OfPictures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer from pictures to vectors."""

    channels_: int

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.three_d_array = False, True
        return tags

    def _see(self, images: Pictures) -> None:
        """Check the pictures to fit to, and remember their channels."""
        check(images)
        channels = {shape[0] for shape in shapes(images)}
        if len(channels) > 1:
            raise DataError("gray and color pictures mixed: give all of them 1 channel, or all of them 3")
        self.channels_ = channels.pop()

    def _recognize(self, images: Pictures) -> None:
        """Refuse pictures that are not as those it was fitted to."""
        check_is_fitted(self)
        check(images)
        other = {shape[0] for shape in shapes(images)} - {self.channels_}
        if other:
            raise DataError(f"pictures with {other.pop()} channels: fitted to pictures with {self.channels_}")


class Descriptor(OfPictures):
    """A description of whole pictures that does not depend on other pictures.

    A subclass says in `_describe` what a block of pictures becomes, and in `_settle` what depends on their size.
    """

    largest = 128  # pixels a side; larger pictures, or of several sizes, are brought to it
    size_: tuple[int, int] | None

    def fit(self, images: Pictures, y: object = None) -> Self:  # noqa: ARG002 (scikit-learn's signature)
        """Settle the size: the parameter `size`, or that of the pictures, or `largest` where it varies or is larger."""
        self._see(images)
        self.size_ = self._size(images)
        self._settle()
        return self

    def transform(self, images: Pictures) -> NDArray[np.float32]:
        """Return the descriptions (N, D), float32."""
        self._recognize(images)
        described: NDArray[np.float32] | None = None
        for at, block in blocks(images):
            placed = block if self.size_ is None else resized(block, self.size_)
            part = self._describe(placed)
            if described is None:
                described = np.empty((len(images), part.shape[1]), np.float32)
            described[at] = part
        assert described is not None, "there are pictures"
        return described

    def _size(self, images: Pictures) -> tuple[int, int] | None:
        wanted = getattr(self, "size", None)
        if wanted is not None:
            return (wanted, wanted) if isinstance(wanted, int) else tuple(wanted)
        sizes = {shape[1:] for shape in shapes(images)}
        height, width = sizes.pop()
        return (self.largest, self.largest) if sizes or max(height, width) > self.largest else (height, width)

    def _settle(self) -> None:
        """Refuse parameters that do not go with the size, with the reason."""

    @abstractmethod
    def _describe(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (n, D) of pictures (n, C, H, W)."""
