"""Saliency: Simonyan, Vedaldi and Zisserman, 2013. https://arxiv.org/abs/1312.6034.

The gradient of the class's score: which pixels, changed least, change it most. It says what would change the answer,
not what makes it; parts of the answer are what integrated gradients give.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.explain.asking import parts, require
from striate.explain.gradients import gradients, mapped
from striate.inside.inspecting import inspecting
from striate.inside.maps import Maps
from striate.inside.passes import at_once


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, batch: int | None = None) -> Maps:
    """Return the gradient of the score of `classes` with respect to the pixels of `images`.

    Args:
        network: left as it is, bit by bit.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64.
        batch: pictures that pass at once; by default by their size.

    Returns:
        Maps (N, H, W): the signed sum over the channels, score per unit of normalized brightness; the paper's is the
        largest absolute value, `maps.channels.abs().amax(1)`. The gradient itself (N, C, H, W) is in `channels`.

    Raises:
        DoesNotApply: the question is not well put, or the score has no gradient.
    """
    require(images, classes)
    with inspecting(network) as inside:
        made = [
            gradients(inside, images[part], classes[part])
            for part in parts(len(images), at_once(images, batch, gradients=True))
        ]
    return mapped(torch.cat(made), "saliency")
