"""How a picture is written down while it is optimized, which decides what the optimization finds.

Pixel by pixel, gradient ascent finds noise that excites a unit and shows nothing. `Fourier` is the prior of Olah,
Mordvintsev and Schubert, 2017 (https://doi.org/10.23915/distill.00007): the steepest ascent is that of the picture's
spectrum, scaled as in natural pictures, and a sigmoid keeps it within what a picture can be. It begins at the data's
own mean and deviation, so that it suits 28 gray pixels as well as 224 in color. `Ball` has no prior but a bound on the
norm, in which the answer of a linear unit is known: the picture parallel to its filter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from striate.data.preprocess import Preprocess

Draw = Callable[[tuple[int, ...]], Tensor]  # from the shape of one picture's numbers to (N, *shape), the start


class Prior(Protocol):
    """Pictures in the making."""

    def pictures(self) -> Tensor:
        """Return the pictures (N, C, H, W), on the scale of 0 to 1, connected to what is optimized."""
        ...

    def ascend(self, objective: Tensor) -> None:
        """Take a step by the gradient of each picture's own objective (N,)."""
        ...


class Fourier:
    """A spectrum, colored like natural pictures, through a sigmoid.

    Args:
        draw: makes the start.
        preprocess: its size, channels, mean and deviation.
        lr: Adam's, of the coefficients, of which 1 gives pixels the data's deviation.
        decay: of the coefficients: what does not matter to the unit stays near the mean, and nothing saturates.
        colors: (3, 3), whose columns are the directions in color that vary independently; None: the channels.
    """

    def __init__(self, draw: Draw, preprocess: Preprocess, *, lr: float, decay: float, colors: Tensor | None) -> None:
        height, width = self._size = preprocess.size
        start = draw((preprocess.channels, height, width // 2 + 1, 2))
        self._scale = _natural(height, width).to(start)[:, :, None]
        mean, std = (_column(values, start) for values in (preprocess.mean, preprocess.std))
        mean = mean.clamp(0.02, 0.98)
        self._logit = mean.logit()
        self._slope = std / (mean * (1 - mean))  # a coordinate of 1 moves a pixel by the deviation, near the mean
        self._colors = None if colors is None else colors.to(start)
        self._spectrum = start.clone().requires_grad_()
        # Adam's steps do not depend on the unit's scale, and the decay then bounds coefficients by 1 / decay.
        self._optimizer = torch.optim.AdamW([self._spectrum], lr=lr, eps=1e-12, weight_decay=decay)

    def pictures(self) -> Tensor:
        """Return the pictures; see `Prior`."""
        spectrum = torch.view_as_complex(self._spectrum * self._scale)
        planes = torch.fft.irfft2(spectrum, s=self._size, norm="ortho")
        if self._colors is not None:
            planes = torch.einsum("ij,njhw->nihw", self._colors, planes)
        return torch.sigmoid(self._logit + self._slope * planes)

    def ascend(self, objective: Tensor) -> None:
        """Take a step; see `Prior`."""
        (gradient,) = torch.autograd.grad(objective.sum(), self._spectrum, allow_unused=True, materialize_grads=True)
        self._spectrum.grad = -gradient
        self._optimizer.step()


class Ball:
    """Pixels at most so far from the mean picture, in the Euclidean norm of normalized pictures.

    Args:
        draw: makes the start.
        preprocess: its size, channels, mean and deviation.
        radius: of the ball.
        lr: a step's length, as a share of the radius.
    """

    def __init__(self, draw: Draw, preprocess: Preprocess, *, radius: float, lr: float) -> None:
        start = draw((preprocess.channels, *preprocess.size))
        self._mean, self._std = (_column(values, start) for values in (preprocess.mean, preprocess.std))
        self._radius, self._lr = radius, lr
        self._offset = self._inside(start * (radius / start[0].numel() ** 0.5)).requires_grad_()

    def pictures(self) -> Tensor:
        """Return the pictures; see `Prior`."""
        return self._mean + self._std * self._offset

    def ascend(self, objective: Tensor) -> None:
        """Take a step; see `Prior`."""
        (gradient,) = torch.autograd.grad(objective.sum(), self._offset, allow_unused=True, materialize_grads=True)
        length = gradient.flatten(1).norm(dim=1).clamp(min=torch.finfo(gradient.dtype).tiny)
        moved = self._offset.detach() + self._lr * self._radius * gradient / length[:, None, None, None]
        self._offset = self._inside(moved).requires_grad_()

    def _inside(self, offset: Tensor) -> Tensor:
        length = offset.flatten(1).norm(dim=1)[:, None, None, None]
        within = offset * (self._radius / length.clamp(min=self._radius))
        return torch.maximum(torch.minimum(within, (1 - self._mean) / self._std), -self._mean / self._std)


def color_directions(images: Tensor) -> Tensor:
    """Return the (3, 3) square root of the covariance of the colors in `images` (N, 3, H, W), of mean variance 1.

    In its coordinates colors vary independently, as they do not in red, green and blue.
    """
    colors = images.double().transpose(0, 1).flatten(1)
    values, vectors = torch.linalg.eigh(torch.cov(colors))
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    directions: Tensor = root / root.square().sum(dim=1).mean().sqrt()
    return directions


def _natural(height: int, width: int) -> Tensor:
    """Return amplitudes (H, W // 2 + 1) that fall with the frequency, of pixels with a deviation of 1."""
    down = torch.fft.fftfreq(height, dtype=torch.float64)[:, None]
    right = torch.fft.rfftfreq(width, dtype=torch.float64)[None]
    amplitude = 1 / (down.square() + right.square()).sqrt().clamp(min=1 / max(height, width))
    mirrored = torch.full((width // 2 + 1,), 2.0, dtype=torch.float64)  # most frequencies stand for two
    mirrored[0] = 1
    if width % 2 == 0:
        mirrored[-1] = 1
    power = (2 * mirrored * amplitude.square()).sum() / (height * width)  # 2: real and imaginary parts
    natural: Tensor = amplitude / power.sqrt()
    return natural


def _column(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values).to(like)[:, None, None]
