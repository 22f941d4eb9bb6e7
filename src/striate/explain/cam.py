"""CAM: Zhou, Khosla, Lapedriza, Oliva and Torralba, 2015. https://arxiv.org/abs/1512.04150.

Where a linear layer reads the average of each map, it may as well read the maps place by place: what it says of each
is the part of the score that comes from there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.explain.asking import of_class, parts, require
from striate.explain.weighing import made
from striate.inside.inspecting import Captured, Inside, inspecting
from striate.inside.layers import map_layer
from striate.inside.maps import Maps


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, layer: str | None = None, batch: int = 32) -> Maps:
    """Return what each place of the last maps says of `classes`: the mean of a map is the score less the bias.

    It applies where the scores are one linear layer of the average of each map. Nothing is guessed from the network's
    parts: the scores are computed in that way, by each linear layer (or 1x1 convolution) that fits, and compared.

    Args:
        network: left exactly as it was, whatever happens.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64, the class to explain in each picture.
        layer: that whose maps are averaged; by default the last stage.
        batch: pictures at once; changes no value beyond rounding.

    Returns:
        Raw maps (N, h, w), signed, in units of the score.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the scores are no linear layer of averages of the layer's maps, or the question is not well put.
    """
    shape = require(images, classes)
    place = map_layer(network, shape, layer)
    with inspecting(network) as inside, torch.no_grad():
        seen = inside.capture(place.name)
        values = [_of_part(inside, seen, images[part], classes[part]) for part in parts(len(images), batch)]
    return made(torch.cat(values), place, "cam")


def _of_part(inside: Inside, seen: Captured, images: Tensor, classes: Tensor) -> Tensor:
    scores = inside.scores(images)
    of_class(scores, classes)  # raises where there is no such class
    weights = _linear(inside.network, seen, scores)[classes.to(scores.device)]
    return torch.einsum("nk,nkhw->nhw", weights, seen.output)  # equation 1


def _linear(network: nn.Module, seen: Captured, scores: Tensor) -> Tensor:
    """Return the weights (classes, K) of the linear layer that makes the scores of the average of each map."""
    means = seen.output.mean(dim=(2, 3))
    for module in network.modules():
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if not isinstance(module, nn.Linear | nn.Conv2d) or not isinstance(weight, Tensor):
            continue
        if weight.shape[:2] == (scores.shape[1], means.shape[1]) and weight[0, 0].numel() == 1:
            weight = weight.flatten(1)
            size = F.linear(means.abs(), weight.abs(), None if bias is None else bias.abs())
            if _same(F.linear(means, weight, bias), scores, size):
                return weight
    raise DoesNotApply(
        f"the scores are not one linear layer of the averages of {seen.name}'s maps, for which alone CAM is defined: "
        "use gradcam, which is the same where CAM applies, or name the layer that is averaged"
    )


def _same(made_so: Tensor, scores: Tensor, size: Tensor) -> bool:
    """Compare to within the rounding of sums whose terms have the given size."""
    return bool(((made_so - scores).abs() <= torch.finfo(scores.dtype).eps ** 0.5 * size).all())
