"""Layer-CAM: Jiang et al., 2021. https://doi.org/10.1109/TIP.2021.3089943.

Weigh each value of a layer by its own gradient where that is positive. No weight is shared by a whole channel, so
that early layers, whose channels mean different things in different places, give maps too, finer ones.
"""

from __future__ import annotations

from torch import Tensor, nn

from striate.explain.weighing import by_gradient
from striate.inside.maps import Maps


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, layer: str | None = None, batch: int = 32) -> Maps:
    """Return where `network` saw evidence for `classes` in `images`, as one layer sees it.

    The paper lays maps of several layers over each other, early ones scaled by a tanh. What comes of that has no unit,
    so that it is not done here: ask layer by layer, and compare.

    Args:
        network: left exactly as it was, whatever happens.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64, the class to explain in each picture.
        layer: any layer with maps; by default the last stage, and an early one for detail.
        batch: pictures at once; changes no value beyond rounding.

    Returns:
        Raw maps (N, h, w), at least 0, in units of the score.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no maps, the score does not depend on it, or the question is not well put.
    """
    return by_gradient(network, images, classes, _weigh, method="layercam", layer=layer, batch=batch)


def _weigh(maps: Tensor, gradient: Tensor) -> Tensor:
    return (gradient.relu() * maps).sum(dim=1).relu()  # equations 5 to 7
