"""Guided backpropagation: Springenberg, Dosovitskiy, Brox and Riedmiller, 2014. https://arxiv.org/abs/1412.6806.

The gradient, of which each ReLU passes what is positive where it was active. What comes out are the outlines of the
picture, much the same for every class and for a network without training (Adebayo et al., 2018,
https://arxiv.org/abs/1810.03292).
"""

from __future__ import annotations

from torch import Tensor, nn

from striate.explain.gradients import FLAT, mapped, projected
from striate.inside.maps import Maps
from striate.inside.rectifiers import guided

STRUCTURE = "shows structure of the picture, not evidence for the class"


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, batch: int | None = None) -> Maps:
    """Return what of the score of `classes` comes back to the pixels by positive ways.

    Args:
        network: left as it is, bit by bit.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64.
        batch: pictures that pass at once; by default by their size.

    Returns:
        Maps (N, H, W): the signed sum over the channels; each channel's value is in `channels`.

    Raises:
        DoesNotApply: the question is not well put, or the network has nonlinearities other than ReLU, or none.
    """
    channels = projected(network, images, classes, guided, "guided-backpropagation", batch)
    notes = [STRUCTURE if some else FLAT for some in channels.flatten(1).any(dim=1).tolist()]
    return mapped(channels, "guided-backpropagation", notes)
