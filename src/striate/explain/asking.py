"""What every method is asked: pictures, and a class for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch import Tensor

from striate.core.errors import DoesNotApply, RecipeError, listed

_NEAR = 1e-3  # to 1, for the sum of what may be probabilities: rounding of float16


@dataclass
class Noticed:
    """What the scores of a method's passes looked like.

    Args:
        passes: how many.
        probabilities: whether all of every pass were at least 0 with sum 1, as behind a softmax.
    """

    passes: int = 0
    probabilities: bool = True


_NOTICING: ContextVar[Noticed | None] = ContextVar("noticing", default=None)


@contextmanager
def noticing() -> Iterator[Noticed]:
    """Take notice of all scores that `of_class` is given."""
    noticed = Noticed()
    before = _NOTICING.set(noticed)
    try:
        yield noticed
    finally:
        _NOTICING.reset(before)


def require(images: Tensor, classes: Tensor) -> tuple[int, int, int]:
    """Return the shape (C, H, W) of each picture, where the question is well put.

    Raises:
        DoesNotApply: shapes or types are not those of pictures and one class each, or a value is not finite.
    """
    if images.ndim != 4 or not images.is_floating_point() or not len(images):
        raise DoesNotApply(
            f"pictures to explain are normalized floats (N, C, H, W), not {images.dtype} {tuple(images.shape)}: "
            "for one picture write images[None], and normalize by the recognizer's preprocess.normalize"
        )
    if classes.shape != images.shape[:1] or classes.dtype != torch.int64:
        raise DoesNotApply(
            f"classes to explain are int64 ({len(images)},), one a picture, not {classes.dtype} {tuple(classes.shape)}"
        )
    lost = images.isfinite().flatten(1).all(dim=1).logical_not().nonzero()[:, 0].tolist()
    if lost:
        raise DoesNotApply(
            f"pictures to explain are finite, and {listed([f'picture {n}' for n in lost])} (counted from 0) "
            "hold NaN or infinity: look at how they were read and normalized"
        )
    return images.shape[1], images.shape[2], images.shape[3]


def of_class(scores: Tensor, classes: Tensor) -> Tensor:
    """Return the score (N,) of each picture's class; scores are (N, K).

    Scores, not probabilities: behind a softmax the gradient of a confident answer vanishes, and what is left speaks
    of the other classes.

    Raises:
        DoesNotApply: a class that the network has not.
    """
    known = scores.shape[1]
    unknown = classes[(classes < 0) | (classes >= known)]
    if len(unknown):
        raise DoesNotApply(f"class {int(unknown[0])} is none of the network's {known}: classes count from 0")
    _notice(scores)
    return scores.gather(1, classes.to(scores.device)[:, None])[:, 0]


def _notice(scores: Tensor) -> None:
    noticed = _NOTICING.get()
    if noticed is None or not noticed.probabilities:
        return
    noticed.passes += 1
    known = scores.detach()
    noticed.probabilities = scores.shape[1] > 1 and bool(
        (known >= 0).all() & ((known.sum(dim=1) - 1).abs() < _NEAR).all()
    )


def parts(count: int, most: int) -> Iterator[slice]:
    """Yield slices of at most `most` that cover `count`.

    Raises:
        RecipeError: `most`, the option `batch`, is less than 1.
    """
    if most < 1:
        raise RecipeError(f"batch = {most}: at least one picture passes at once")
    yield from (slice(start, min(start + most, count)) for start in range(0, count, most))
