"""A description of the whole scene in the manner of GIST: Oliva and Torralba, 2001.

https://doi.org/10.1023/A:1011139631724. How much structure of which direction and fineness is in each part of the
picture: the magnitudes behind a bank of Gabor filters, averaged in the cells of a 4 x 4 grid. Not the authors' own
filters, so its numbers are not theirs.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from striate.classic.descriptor import Descriptor
from striate.classic.pictures import gray
from striate.core.errors import DoesNotApply

_FINEST = 0.3  # cycles a pixel of the finest filters; those of the next scale have half as many


class Gist(Descriptor):
    """Mean magnitudes of Gabor responses, `scales * orientations * grid ** 2` numbers.

    Args:
        scales: from 0.3 cycles a pixel down, by halves.
        orientations: of each scale, over 180 degrees.
        grid: cells a side.
        size: pictures are brought to this height and width; see `Descriptor.fit`.
    """

    def __init__(
        self,
        scales: int = 4,
        orientations: int = 8,
        grid: int = 4,
        *,
        size: int | tuple[int, int] | None = None,
    ) -> None:
        self.scales, self.orientations, self.grid, self.size = scales, orientations, grid, size

    def _settle(self) -> None:
        assert self.size_ is not None
        if min(self.scales, self.orientations, self.grid) < 1 or min(self.size_) < self.grid:
            raise DoesNotApply(
                f"scales = {self.scales}, orientations = {self.orientations}, grid = {self.grid} for pictures of "
                f"{self.size_[0]} x {self.size_[1]}: each at least 1, and a pixel in each cell at least"
            )

    def _describe(self, block: NDArray[np.uint8]) -> NDArray[np.float32]:
        pixels = gray(block)
        pad = min(2**self.scales, *(side - 1 for side in pixels.shape[1:])) if min(pixels.shape[1:]) > 1 else 0
        padded = F.pad(pixels[:, None], (pad,) * 4, mode="reflect")[:, 0]  # else the border answers as an edge would
        height, width = padded.shape[1:]
        spectrum = torch.fft.fft2(padded - padded.mean((1, 2), keepdim=True))
        parts = []
        for transfer in gabor_bank(height, width, self.scales, self.orientations):
            magnitude = torch.fft.ifft2(spectrum * transfer).abs()
            inside = magnitude[:, pad : height - pad, pad : width - pad]
            parts.append(F.adaptive_avg_pool2d(inside[:, None], self.grid).flatten(1))
        return torch.cat(parts, 1).numpy()


def gabor_bank(height: int, width: int, scales: int, orientations: int) -> list[Tensor]:
    """Return the transfer function (H, W) of each filter: a Gaussian in frequency around its own.

    The Gaussians of neighbors meet at half their height: an octave wide along, 180 degrees / orientations across.
    """
    down, across = torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width)[None]
    half = (2 * np.log(2)) ** 0.5  # standard deviations to half the height
    bank = []
    for scale in range(scales):
        frequency = _FINEST / 2**scale
        along_sigma = frequency / 3 / half  # from f the neighbors meet at 2/3 f and 4/3 f
        across_sigma = frequency * np.tan(np.pi / orientations / 2) / half if orientations > 1 else frequency
        for direction in range(orientations):
            angle = np.pi * direction / orientations
            along = across * np.cos(angle) + down * np.sin(angle)
            beside = down * np.cos(angle) - across * np.sin(angle)
            power = ((along - frequency) / along_sigma) ** 2 + (beside / across_sigma) ** 2
            bank.append(torch.exp(-power / 2))
    return bank
