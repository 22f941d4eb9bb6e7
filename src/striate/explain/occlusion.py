"""Occlusion: Zeiler and Fergus, 2013, section 4.2. https://arxiv.org/abs/1311.2901.

Cover a patch and see how far the answer falls. It needs no gradient and no knowledge of the network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Literal

import torch
from torch import Tensor, nn

from striate.core.errors import RecipeError
from striate.explain.asking import of_class, parts, require
from striate.explain.fills import filled
from striate.inside.inspecting import Inside, inspecting
from striate.inside.maps import Maps
from striate.inside.passes import at_once

Measure = Literal["probability", "score"]

_PATCHES = 7  # along the shorter side, by default: 32 pixels of 224
_LEAST = 1e-3  # of the probability


@dataclass(frozen=True)
class Windows:
    """Where a patch is laid: every pixel is covered, and the last patches, drawn back to the border, keep their size.

    Args:
        tops: of the rows of patches, in pixels.
        lefts: of the columns.
        patch: height and width.
        picture: height and width.
    """

    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    patch: tuple[int, int]
    picture: tuple[int, int]

    @property
    def covered(self) -> tuple[Tensor, Tensor]:
        """Which rows each row of patches covers (R, H), and which columns each column of patches (L, W)."""
        return (
            _spans(self.tops, self.patch[0], self.picture[0]),
            _spans(self.lefts, self.patch[1], self.picture[1]),
        )

    def spread(self, values: Tensor) -> Tensor:
        """Return (N, H, W) of values (N, R, L) of the patches: the mean over those that cover a pixel."""
        down, right = (each.to(values) for each in self.covered)
        return (down.T @ values @ right) / (down.sum(dim=0)[:, None] * right.sum(dim=0))


def windows(
    picture: tuple[int, int], patch: int | tuple[int, int] | None = None, stride: int | tuple[int, int] | None = None
) -> Windows:
    """Return the windows of a patch that moves by `stride`; by default a seventh of the shorter side, by half of it.

    Raises:
        RecipeError: a patch larger than the picture, or a stride that leaves pixels uncovered.
    """
    height, width = _pair(max(1, round(min(picture) / _PATCHES)) if patch is None else patch)
    down, right = _pair(stride) if stride is not None else (max(1, height // 2), max(1, width // 2))
    if not (1 <= height <= picture[0] and 1 <= width <= picture[1]):
        raise RecipeError(f"a patch of {height} x {width} does not fit a picture of {picture[0]} x {picture[1]}")
    if not (1 <= down <= height and 1 <= right <= width):
        raise RecipeError(
            f"stride = ({down}, {right}): from 1 to the patch's ({height}, {width}), or pixels are left out"
        )
    return Windows(_starts(picture[0], height, down), _starts(picture[1], width, right), (height, width), picture)


def covered(images: Tensor, fill: Tensor, laid: Windows, size: int) -> Iterator[tuple[Tensor, slice, Tensor]]:
    """Yield (pictures, which windows of all N * R * L, in order) with one patch each, `size` at a time.

    Yields:
        numbers of the pictures (M,), the slice of N * R * L, and the covered pictures (M, C, H, W).
    """
    down, right = (each.to(images.device) for each in laid.covered)
    count = len(laid.tops) * len(laid.lefts)
    for part in parts(len(images) * count, size):
        number = torch.arange(part.start, part.stop, device=images.device)
        picture, window = number // count, number % count
        rows, columns = down[window // len(laid.lefts)], right[window % len(laid.lefts)]
        hidden = rows[:, None, :, None] & columns[:, None, None, :]
        yield picture, part, torch.where(hidden, fill[picture], images[picture])


def answers(scores: Tensor, classes: Tensor, measure: Measure) -> Tensor:
    """Return the probability or score (N,) of each picture's class.

    Raises:
        RecipeError: another measure.
        DoesNotApply: a class that the network has not.
    """
    if measure not in ("probability", "score"):
        raise RecipeError(f"measure = {measure}: probability or score")
    score = of_class(scores, classes)
    return score if measure == "score" else (score - scores.logsumexp(dim=1)).exp()


def explain(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    *,
    patch: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    fill: str | Tensor = "gray",
    measure: Measure = "probability",
    batch: int | None = None,
) -> Maps:
    """Return how far the answer for `classes` falls with a patch of each picture covered.

    Args:
        network: left as it is, bit by bit.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64.
        patch: side, or height and width, in pixels; by default a seventh of the shorter side.
        stride: from a patch to the next; by default half of the patch.
        fill: a name of `fills.FILLS`, or a tensor (C,), (C, H, W) or (N, C, H, W), normalized.
        measure: probability, as in the paper; or score, which goes on falling where the probability is saturated.
        batch: covered pictures that pass at once; by default by their size.

    Returns:
        Maps (N, H, W): of each pixel the mean fall over the patches that cover it; negative where the answer rises.
        All channels are covered together, so that there are no `channels`.

    Raises:
        UnknownName: no such fill.
        RecipeError: a patch or stride that does not fit.
        DoesNotApply: the question is not well put.
    """
    shape = require(images, classes)
    laid = windows(shape[1:], patch, stride)
    with inspecting(network) as inside, torch.no_grad():
        whole, falls = _falls(inside, images, classes, filled(images, fill), laid, (measure, at_once(images, batch)))
    notes = tuple(map(_note, whole.tolist(), falls.abs().amax(dim=(1, 2)).tolist(), repeat(measure)))
    return Maps(laid.spread(falls), signed=True, method="occlusion", picture=shape[1:], notes=notes)


def _falls(
    inside: Inside, images: Tensor, classes: Tensor, fill: Tensor, laid: Windows, how: tuple[Measure, int]
) -> tuple[Tensor, Tensor]:
    """Return the answer (N,) for each whole picture, and its fall (N, R, L) with each window."""
    measure, size = how
    whole = torch.cat(
        [answers(inside.scores(images[part]), classes[part], measure) for part in parts(len(images), size)]
    )
    found = [
        whole[picture] - answers(inside.scores(hidden), classes[picture.to(classes.device)], measure)
        for picture, _, hidden in covered(images, fill, laid, size)
    ]
    return whole, torch.cat(found).view(len(images), len(laid.tops), len(laid.lefts))


def _note(answer: float, most: float, measure: Measure) -> str:
    """Say where no patch changes the answer: `most` is the largest change."""
    if most > (_LEAST if measure == "probability" else 0.0):
        return ""
    if measure == "score":
        return f"no patch changes it: the score of the class stays {answer:.3g}; see a larger patch"
    return (
        f"no patch changes it: the softmax of the class's score (not calibrated) stays {answer:.1%}; see "
        "measure='score' or a larger patch"
    )


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value


def _starts(side: int, length: int, step: int) -> tuple[int, ...]:
    last = side - length
    return (*range(0, last, step), last)


def _spans(starts: tuple[int, ...], length: int, side: int) -> Tensor:
    first, place = torch.tensor(starts)[:, None], torch.arange(side)
    return (place >= first) & (place < first + length)
