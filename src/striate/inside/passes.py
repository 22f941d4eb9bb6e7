"""How many pictures go through a network at once, where a method asks for many passes."""

from __future__ import annotations

from torch import Tensor

from striate.core.errors import RecipeError

MOST = 256  # pictures
_PIXELS = {"cpu": 2**21}  # of a batch: maps of more leave a CPU's caches, and take memory; 41 pictures of 224 x 224
_PIXELS_ELSEWHERE = 2**24
_GRADIENTS = 4  # all maps are kept for the backward pass: a quarter of the pictures, 10 at 224 x 224 on a CPU


def at_once(images: Tensor, batch: int | None = None, *, gradients: bool = False) -> int:
    """Return how many pictures to pass at once: `batch`, or as many as their pixels allow.

    Args:
        images: (..., H, W), on the device that computes.
        batch: what the caller asked for.
        gradients: whether a backward pass follows.

    Raises:
        RecipeError: `batch` is less than 1.
    """
    if batch is not None:
        if batch < 1:
            raise RecipeError(f"batch = {batch}: at least one picture passes at once")
        return batch
    share = _GRADIENTS if gradients else 1
    return max(1, min(MOST, pixels_at_once(images.device.type) // share // (images.shape[-2] * images.shape[-1])))


def pixels_at_once(device: str) -> int:
    """Return how many pixels to pass at once on a kind of device, such as "cpu"."""
    return _PIXELS.get(device, _PIXELS_ELSEWHERE)
