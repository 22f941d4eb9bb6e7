"""Random crops of pictures that lie in a pack as raw pixels: a batch's boxes at once, then one after the other cut.

The pixels are those of `Preprocess.place`, bit by bit. What differs is the interpreter's part of the work, which
threads share badly: of 500 x 375 for 64 x 64, two threads read 6,300 a second in place of 5,300.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from striate.data.preprocess import Crop, Preprocess, parts
from striate.data.resize import resize_into

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Where:
    """Where N pictures lie in a pack.

    Args:
        bytes: of each part of the pack.
        part: (N,) in which each picture is.
        columns: (8, N) the first eight of `packed.INDEX`.
        there: (N,) whether the pack has its pixels.
    """

    bytes: Sequence[NDArray[np.uint8]]
    part: Ints
    columns: Ints
    there: NDArray[np.bool_]


class RawCrops:
    """Cuts the crops of one batch.

    Args:
        pictures: where they lie.
        crops: N, what to cut.
        preprocess: what for; its resizing `is_quick`.
        images: (N, C, H, W), filled in by `cut`.
    """

    def __init__(
        self,
        pictures: Where,
        crops: Sequence[Crop],
        preprocess: Preprocess,
        images: NDArray[np.uint8],
    ) -> None:
        starts, lengths, heights, widths, channels, whole_heights, whole_widths, steps = pictures.columns
        boxes, allowed = parts(preprocess, crops, whole_heights, whole_widths)
        boxes //= np.maximum(steps, 1)[:, None]  # whole numbers: they lie on the grid of `allowed`
        boxes[:, 2:] = np.minimum(boxes[:, 2:], np.stack([widths, heights], 1))
        fit = (
            pictures.there & (steps <= allowed) & (channels == preprocess.channels) & (np.minimum(heights, widths) > 1)
        )
        self._fit: list[bool] = fit.tolist()
        self._at: list[list[int]] = np.stack([pictures.part, starts, starts + lengths, heights, widths], 1).tolist()
        self._boxes: list[list[int]] = boxes.tolist()
        self._channels, self._bytes, self._images = preprocess.channels, pictures.bytes, torch.from_numpy(images)

    def cut(self, place: int) -> bool:
        """Fill in the picture at `place`, or return False: then it takes more than this."""
        if not self._fit[place]:
            return False
        part, start, end, height, width = self._at[place]
        left, top, right, bottom = self._boxes[place]
        pixels = self._bytes[part][start:end].reshape(height, width, self._channels)
        resize_into(self._images[place : place + 1], pixels[top:bottom, left:right])
        return True
