"""Augmentation: drawn from (seed, epoch, position in the epoch), done as one matrix for moves and one for colors.

The crop is cut when the picture is read, from the whole picture, so nothing is enlarged from a shrunken one. On the
device, a batch costs one sampling and one matrix product however much is on, and pictures that are only mirrored and
shifted by whole pixels are not sampled. Blur lies between the two; noise, erased boxes and mixing follow. Values are
not clamped: they may leave 0 to 255.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from striate.data import color, degrade, geometry, mixing
from striate.data.augmentation import Augment
from striate.data.drawing import draw
from striate.data.draws import Draws

__all__ = ["Augment", "Draws", "apply", "draw", "targets"]

_CHUNK = 2**18  # values of the pictures that a processor moves and colors at once, so that they stay in its cache


def apply(images: Tensor, draws: Draws) -> Tensor:
    """Do to each picture of a batch what was drawn, but for the crop.

    Args:
        images: (N, C, H, W), uint8 or float on the scale of 0 to 255, any device; returned itself where nothing was
            drawn, never changed.
        draws: for these N pictures, in this order.

    Returns:
        (N, C, H, W), of the same type where whole pixels were moved and nothing else, else float32, not clamped.
    """
    if draws.bypassed:
        changed = _moved_whole(images, draws, slice(None))
    else:
        changed = _changed(images, draws)
        degrade.add_noise(changed, draws.noises, draws.keys)
        degrade.erase(changed, draws.erased)
    return mixing.mix(changed, draws.partners, draws.shares, draws.cuts) if draws.mixes else changed


def targets(labels: Tensor, draws: Draws, classes: int) -> Tensor:
    """Return what the network is to answer: `labels` (N,) themselves, or where pictures were mixed, shares (N, K).

    Args:
        labels: (N,) int64.
        draws: for these N pictures, in this order.
        classes: K.
    """
    if not draws.mixes:
        return labels
    return mixing.mix_labels(labels, draws.partners, draws.own_shares, classes)


def _changed(images: Tensor, draws: Draws) -> Tensor:
    """Move, blur and color."""
    changed = torch.empty(images.shape, dtype=torch.float32, device=images.device)
    moves = draws.geometry((images.shape[2], images.shape[3]))
    colors = color.parts(draws.factors, images.shape[1]) if draws.colored else None
    values = images.shape[1:].numel()
    step = max(1, _CHUNK // max(values, 1)) if images.device.type == "cpu" else len(images)
    for begin in range(0, len(images), step):
        part = slice(begin, begin + step)
        moved = _moved(images[part], draws, moves, part)
        blurred = degrade.blur(moved, draws.blurs[part])
        if colors is None:
            changed[part] = blurred
        else:
            color.change(blurred, color.Parts(*(each[part] for each in colors)), changed[part])
    return changed


def _moved(images: Tensor, draws: Draws, moves: NDArray[np.float64], part: slice) -> Tensor:
    # Which pictures are sampled must not depend on the others, or a picture would look otherwise in another batch.
    sampled = draws.sampled[part]
    if sampled.all():
        return geometry.sample(images.float(), moves[part], draws.border)
    whole = _moved_whole(images, draws, part)
    if not sampled.any():
        return whole.float()
    whole = whole.to(torch.float32, copy=True)
    some = torch.from_numpy(np.flatnonzero(sampled)).to(images.device)
    whole[some] = geometry.sample(images[some].float(), moves[part][sampled], draws.border)
    return whole


def _moved_whole(images: Tensor, draws: Draws, part: slice) -> Tensor:
    """Mirror and shift the pictures of `part` by whole pixels, which makes no new values."""
    if not draws.shifts[part].any():
        return geometry.mirror(images, draws.flips[part])
    return geometry.move_whole(images, draws.lines((images.shape[2], images.shape[3])).of(part))
