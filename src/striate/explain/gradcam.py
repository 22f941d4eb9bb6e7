"""Grad-CAM: Selvaraju et al., 2016. https://arxiv.org/abs/1610.02391.

Weigh each channel of a late layer by how much, on average over the picture, the score of the class would rise with
it. What survives a ReLU is where the network found evidence.
"""

from __future__ import annotations

from torch import Tensor, nn

from striate.explain.weighing import by_gradient
from striate.inside.maps import Maps


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, layer: str | None = None, batch: int = 32) -> Maps:
    """Return where `network` saw evidence for `classes` in `images`.

    Averaging the gradient over the picture loses where it points: unless a global average follows the layer, a place
    may light up that did nothing for the score. `hirescam` does not average.

    Args:
        network: left exactly as it was, whatever happens.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64, the class to explain in each picture.
        layer: any layer with maps; by default the last stage, as in the paper.
        batch: pictures at once; changes no value beyond rounding.

    Returns:
        Raw maps (N, h, w), at least 0, in units of the score.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no maps, the score does not depend on it, or the question is not well put.
    """
    return by_gradient(network, images, classes, _weigh, method="gradcam", layer=layer, batch=batch)


def _weigh(maps: Tensor, gradient: Tensor) -> Tensor:
    importance = gradient.mean(dim=(2, 3), keepdim=True)  # equation 1
    return (importance * maps).sum(dim=1).relu()  # equation 2
