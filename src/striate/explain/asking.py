"""What every method is asked: pictures, and a class for each."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from striate.core.errors import DoesNotApply


def require(images: Tensor, classes: Tensor) -> tuple[int, int, int]:
    """Return the shape (C, H, W) of each picture, where the question is well put.

    Raises:
        DoesNotApply: shapes or types are not those of pictures and one class each.
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
    return images.shape[1], images.shape[2], images.shape[3]


def of_class(scores: Tensor, classes: Tensor) -> Tensor:
    """Return the score (N,) of each picture's class; scores are (N, K).

    Scores, not probabilities: behind a softmax the gradient of a confident answer vanishes, and what is left speaks
    of the other classes.

    Raises:
        DoesNotApply: a class that the network has not.
    """
    known = scores.shape[1]
    if int(classes.min()) < 0 or int(classes.max()) >= known:
        raise DoesNotApply(f"class {int(classes.max())} is none of the network's {known}: classes count from 0")
    return scores.gather(1, classes.to(scores.device)[:, None])[:, 0]


def parts(count: int, most: int) -> Iterator[slice]:
    """Yield slices of at most `most` that cover `count`."""
    yield from (slice(start, min(start + most, count)) for start in range(0, count, most))
