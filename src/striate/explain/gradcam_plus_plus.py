"""Grad-CAM++: Chattopadhyay et al., 2017. https://arxiv.org/abs/1710.11063.

Weigh each channel by its positive gradients, each of which counts the more the fewer units of the channel are active,
so that several small objects count like one large object.
"""

from __future__ import annotations

from torch import Tensor, nn

from striate.explain.weighing import by_gradient
from striate.inside.maps import Maps


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, layer: str | None = None, batch: int = 32) -> Maps:
    """Return where `network` saw evidence for `classes` in `images`.

    The paper explains Y = exp(y) of the score y, and assumes that y is piecewise linear in the layer (ReLUs, averages,
    maxima and linear layers alone follow), so that the second and third derivative of Y are Y g^2 and Y g^3. With a
    smooth activation behind the layer they are not, and the maps are what the same equation gives. It further assumes
    a layer that gives nothing negative. The factor exp(y), common to a picture, is left out: it may overflow, and
    without it the map has the unit of the score. Often the maps are close to Grad-CAM's with the positive gradients
    alone.

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
    return by_gradient(network, images, classes, _weigh, method="gradcam++", layer=layer, batch=batch)


def _weigh(maps: Tensor, gradient: Tensor) -> Tensor:
    """Weigh by alpha * relu(g), where alpha = g^2 / (2 g^2 + S g^3) with S the sum of the channel (equation 19).

    Cancelled, alpha = 1 / (2 + S g). Its quotient 0 / 0 at g = 0 needs no value, since relu(g) is 0 there. For g > 0
    and a channel behind a ReLU, S >= 0 and alpha is in (0, 1/2]. With S < 0 it has a pole at S g = -2: there S counts
    as 0, which bounds alpha by the same 1/2.
    """
    rising = gradient.relu()
    total = maps.sum(dim=(2, 3), keepdim=True).relu()
    importance = (rising / (2 + total * rising)).sum(dim=(2, 3), keepdim=True)  # equation 9
    return (importance * maps).sum(dim=1).relu()  # equation 10
