"""Ablation-CAM: Desai and Ramaswamy, 2020. https://doi.org/10.1109/WACV45572.2020.9093360.

Weigh each channel of a layer by how far the score falls when it is set to 0: no gradient, which may be 0 where the
network is sure of its answer. Only what follows the layer is computed again.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.explain.asking import of_class, parts, require
from striate.explain.weighing import made
from striate.inside.inspecting import inspecting
from striate.inside.layers import map_layer
from striate.inside.maps import Maps
from striate.inside.rest import Rest

_BYTES = 2**24  # of changed activations at once: few enough for the caches, and many enough rows for a convolution


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, layer: str | None = None, batch: int = 8) -> Maps:
    """Return where `network` saw evidence for `classes` in `images`.

    The weight is the fall of the score. The paper divides it by the score, which turns the sign of every weight where
    the score is negative, though a constant added to the scores changes no answer; so it is not divided here.

    Args:
        network: left exactly as it was, whatever happens.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64, the class to explain in each picture.
        layer: any layer with maps; by default the last stage, as in the paper. The earlier, the more is to compute.
        batch: pictures whose way up to the layer is kept at once; changes no value beyond rounding.

    Returns:
        Raw maps (N, h, w), at least 0, in units of the score times those of the layer's activations.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no maps, or the question is not well put.
    """
    shape = require(images, classes)
    place = map_layer(network, shape, layer)
    values = []
    for part in parts(len(images), batch):
        with inspecting(network) as inside, torch.no_grad():
            rest = Rest(inside, place.name, images[part])
            of_class(rest.scores, classes[part])  # raises where there is no such class
            for picture, label in enumerate(classes[part]):
                falls = _falls(rest, picture, label)
                values.append((falls[:, None, None] * rest.activations[picture]).sum(dim=0).relu())
    return made(torch.stack(values), place, "ablationcam")


def _falls(rest: Rest, picture: int, label: Tensor) -> Tensor:
    """Return how far the score falls without each channel, (K,); one that is 0 everywhere changes nothing."""
    maps = rest.activations[picture]
    falls = maps.new_zeros(len(maps))
    active = maps.flatten(1).any(dim=1).nonzero()[:, 0]
    most = max(1, _BYTES // (maps.numel() * maps.element_size()))
    # The first row stays whole. A score from another pass is rounded in another way, and the difference, the same in
    # all falls, would be multiplied by the sum of all channels.
    changed = maps.expand(min(most, len(active)) + 1, *maps.shape).clone()
    for part in parts(len(active), most):
        channels = active[part]
        rows = torch.arange(1, len(channels) + 1, device=maps.device)
        changed[rows, channels] = 0
        scores = rest.run(picture, changed[: len(channels) + 1])
        scores = of_class(scores, label.expand(len(scores)))
        falls[channels] = (scores[0] - scores[1:]).to(falls)
        changed[rows, channels] = maps[channels]
    return falls
