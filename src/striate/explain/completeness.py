"""Completeness: some maps promise to add up to the score, or to its change; how far do they miss it?

Integrated gradients add up to the score less that of their baseline (Sundararajan et al., 2017, proposition 1), and
say so themselves. HiResCAM's values add up to the score less the score at silent maps where the rest of the network
is linear (Draelos and Carin, 2020); CAM's mean does (Zhou et al., 2015). The gap tells how nearly it is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.explain.asking import of_class
from striate.inside.inspecting import inspecting
from striate.inside.layers import map_layer
from striate.inside.maps import Maps
from striate.inside.rest import Rest

_SUMS = {"hirescam": torch.sum, "cam": torch.mean}  # of the map's values


def gap(network: nn.Module, images: Tensor, classes: Tensor, maps: Maps, *, layer: str | None = None) -> Tensor | None:
    """Return (N,), by which share of what it should be the sum of each map misses it; None: it promises no sum.

    Args:
        network: left as it is.
        images: (N, C, H, W), normalized.
        classes: (N,) int64.
        maps: of the network, images and classes.
        layer: whose maps they are; by default the one that methods take.
    """
    if maps.completeness is not None:
        return maps.completeness.double().cpu()
    if maps.method not in _SUMS:
        return None
    change = _change(network, images, classes, layer)
    sums = _SUMS[maps.method](maps.values.double().cpu(), dim=(1, 2))
    return (sums - change).abs() / change.abs().clamp(min=torch.finfo(torch.float32).tiny)


def _change(network: nn.Module, images: Tensor, classes: Tensor, layer: str | None) -> Tensor:
    """Return (N,), the score of each class less that at maps of zeros."""
    name = map_layer(network, (images.shape[1], images.shape[2], images.shape[3]), layer).name
    with inspecting(network) as inside, torch.no_grad():
        rest = Rest(inside, name, images)
        silent = torch.zeros_like(rest.activations[:1])
        empty = torch.cat([rest.run(picture, silent) for picture in range(len(images))])
        return (of_class(rest.scores, classes) - of_class(empty, classes)).double().cpu()
