"""HiResCAM: Draelos and Carin, 2020. https://arxiv.org/abs/2011.08891.

Multiply each value of a layer by its own gradient: where all that follows the layer is linear, what each place gave
to the score, to the last decimal.
"""

from __future__ import annotations

from torch import Tensor, nn

from striate.explain.weighing import by_gradient
from striate.inside.maps import Maps


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, layer: str | None = None, batch: int = 32) -> Maps:
    """Return how much each place of a layer gave to the scores of `classes`, and how much it took.

    Where averages and linear layers alone follow, the values of a map sum to the score less the bias. Elsewhere they
    are the score's first-order parts: gradient times activation, summed over the channels.

    Args:
        network: left exactly as it was, whatever happens.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64, the class to explain in each picture.
        layer: any layer with maps; by default the last stage.
        batch: pictures at once; changes no value beyond rounding.

    Returns:
        Raw maps (N, h, w), signed (the paper's ReLU is for drawing), in units of the score.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no maps, the score does not depend on it, or the question is not well put.
    """
    return by_gradient(network, images, classes, _weigh, method="hirescam", layer=layer, batch=batch)


def _weigh(maps: Tensor, gradient: Tensor) -> Tensor:
    return (gradient * maps).sum(dim=1)
