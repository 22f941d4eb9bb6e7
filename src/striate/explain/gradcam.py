"""Grad-CAM: Selvaraju et al., 2016. https://arxiv.org/abs/1610.02391.

Weigh each channel of a late layer by how much, on average over the picture, the score of the class would rise with
it. What survives a ReLU is where the network found evidence.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.explain.asking import of_class, require
from striate.inside.inspecting import inspecting
from striate.inside.layers import map_layer
from striate.inside.maps import Maps

NOTHING = "no positive evidence: no place of this layer speaks for the class; see the signed hirescam"


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, layer: str | None = None) -> Maps:
    """Return where `network` saw evidence for `classes` in `images`.

    Args:
        network: left exactly as it was, whatever happens.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64, the class to explain in each picture.
        layer: any layer with maps; by default the last stage, as in the paper.

    Returns:
        Raw maps (N, h, w), at least 0, in units of the score.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no maps, or the question is not well put.
    """
    shape = require(images, classes)
    place = map_layer(network, shape, layer)
    with inspecting(network) as inside, torch.enable_grad():
        seen = inside.capture(place.name)
        score = of_class(inside.scores(images), classes).sum()
        (gradient,) = torch.autograd.grad(score, seen.output)
        maps = seen.output.detach()
    importance = gradient.mean(dim=(2, 3), keepdim=True)  # equation 1
    values = (importance * maps).sum(dim=1).relu()  # equation 2
    notes = tuple("" if some else NOTHING for some in values.flatten(1).any(dim=1).tolist())
    return Maps(values, signed=False, method="gradcam", picture=shape[1:], geometry=place.placed, notes=notes)
