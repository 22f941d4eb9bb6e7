"""Score-CAM: Wang et al., 2019. https://arxiv.org/abs/1910.01279.

Show the network the picture through each channel of a layer, used as a mask, and weigh the channel by the score of
what is left. It needs no gradient, and one pass for every channel.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.explain.asking import of_class, parts, require
from striate.explain.weighing import made
from striate.inside.geometry import Geometry
from striate.inside.inspecting import Inside, inspecting
from striate.inside.layers import map_layer
from striate.inside.maps import Maps, place

CONSTANT = "no mask: every channel of this layer is constant over the picture; see hirescam, or an earlier layer"

_AT_ONCE = 64  # channels laid on the picture together: 13 MB at 224 pixels


def explain(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    *,
    layer: str | None = None,
    baseline: Tensor | float = 0.0,
    strongest: int | None = None,
    batch: int = 32,
) -> Maps:
    """Return where `network` saw evidence for `classes` in `images`: the mean of the maps, weighed by what they show.

    A mask is a channel laid on the picture at the exact places of its units and scaled to 0 to 1; a channel that is
    constant over the picture is none, and is left out. The weights are the softmax, over the channels, of the scores
    of the masked pictures (Algorithm 1); the score of the baseline, which the paper takes off all of them, changes no
    softmax. Where scores are large, one or two channels have nearly all the weight.

    Args:
        network: left exactly as it was, whatever happens.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64, the class to explain in each picture.
        layer: any layer with maps; by default the last stage, as in the paper.
        baseline: what is seen where the mask is 0, normalized: a number, or a tensor that extends to (C, H, W). With
            0, which multiplying by the mask comes to, that is the mean color of the training pictures, not black.
        strongest: show only so many channels, those of the largest mean square. Nothing bounds what the others would
            have counted, as that is known once they have been shown; by default all are.
        batch: masked pictures at once; changes no value beyond rounding.

    Returns:
        Raw maps (N, h, w), at least 0, in units of the layer's activations: the weights sum to 1.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no maps, `strongest` is less than 1, or the question is not well put.
    """
    shape = require(images, classes)
    if strongest is not None and strongest < 1:
        raise DoesNotApply(f"strongest={strongest} shows no channel: give at least 1, or None for all")
    where = map_layer(network, shape, layer)
    with inspecting(network) as inside, torch.no_grad():
        seen = inside.capture(where.name)
        values, notes = [], []
        for image, label in zip(images, classes, strict=True):
            of_class(inside.scores(image[None]), label[None])  # raises where there is no such class
            maps = seen.output[0]
            maps = maps[_shown(maps, where.placed, strongest)]
            values.append(_of_one(inside, image, label, maps, _masks(maps, where.placed, batch), baseline))
            notes.append("" if len(maps) else CONSTANT)
    return made(torch.stack(values), where, "scorecam", tuple(notes))


def _of_one(
    inside: Inside, image: Tensor, label: Tensor, maps: Tensor, masks: Iterator[Tensor], baseline: Tensor | float
) -> Tensor:
    scores = [maps.new_zeros(0)]
    for mask in masks:
        seen = inside.scores(mask * image + (1 - mask) * baseline)
        scores.append(of_class(seen, label.expand(len(mask))))
    weights = torch.cat(scores).softmax(dim=0)[:, None, None]  # Algorithm 1
    return (weights * maps).sum(dim=0).relu()  # equation 3


def _shown(maps: Tensor, geometry: Geometry, strongest: int | None) -> Tensor:
    """Return which of the channels (K, h, w) are shown: those that vary over the picture, beyond rounding."""
    varies = []
    for part in parts(len(maps), _AT_ONCE):
        laid = place(maps[part], geometry).flatten(1)
        spread, size = laid.amax(dim=1) - laid.amin(dim=1), laid.abs().amax(dim=1)
        varies.append(spread > 16 * torch.finfo(maps.dtype).eps * size)
    energy = maps.square().mean(dim=(1, 2)).where(torch.cat(varies), -1)
    order = energy.argsort(descending=True, stable=True)[: int((energy >= 0).sum())]
    return order[:strongest]


def _masks(maps: Tensor, geometry: Geometry, batch: int) -> Iterator[Tensor]:
    """Yield the channels laid on the picture and scaled to 0 to 1 (equation 2), `batch` (m, 1, H, W) at once."""
    for part in parts(len(maps), batch):
        laid = place(maps[part], geometry)[:, None]
        low, high = laid.amin(dim=(2, 3), keepdim=True), laid.amax(dim=(2, 3), keepdim=True)
        yield (laid - low) / (high - low)
