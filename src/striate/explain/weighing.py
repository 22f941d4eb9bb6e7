"""What the methods share that weigh the maps of one layer: the maps, their gradient, and the maps of N pictures made.

A batch is one pass forward and one back, and the way back ends at the layer: nothing before it, and no weight, asks
for a gradient.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.explain import METHODS
from striate.explain.asking import of_class, parts, require
from striate.inside.inspecting import Captured, Inside, inspecting
from striate.inside.layers import Layer, map_layer
from striate.inside.maps import Maps

NOTHING = "no positive evidence: no place of this layer speaks for the class"
SIGNED = "; see the signed hirescam"

Rule = Callable[[Tensor, Tensor], Tensor]
"""From the maps (n, K, h, w) of n pictures and the gradient of their scores, as large, to one map each (n, h, w)."""


def by_gradient(
    network: nn.Module, images: Tensor, classes: Tensor, rule: Rule, *, method: str, layer: str | None, batch: int
) -> Maps:
    """Return what `rule` makes of the maps of `layer` and the gradient of each picture's score by them.

    Args:
        network: left exactly as it was, whatever happens.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64, the class to explain in each picture.
        rule: how maps and gradient become one map.
        method: its name among the METHODS.
        layer: any layer with maps; None: the last of them.
        batch: pictures at once; what does not fit into the memory is the only reason for a smaller number.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no maps, the score does not depend on it, or the question is not well put.
    """
    shape = require(images, classes)
    place = map_layer(network, shape, layer)
    with inspecting(network) as inside, torch.inference_mode(mode=False), torch.enable_grad():
        seen = inside.capture(place.name)
        values = [_ruled(inside, seen, images[part], classes[part], rule) for part in parts(len(images), batch)]
    return made(torch.cat(values), place, method)


def _ruled(inside: Inside, seen: Captured, images: Tensor, classes: Tensor, rule: Rule) -> Tensor:
    score = of_class(inside.scores(images), classes).sum()  # pictures do not mix in evaluation: one way back for all
    if not score.requires_grad:
        raise _apart(seen)
    (gradient,) = torch.autograd.grad(score, seen.output, allow_unused=True)
    if gradient is None:
        raise _apart(seen)
    return rule(seen.output.detach(), gradient)


def _apart(seen: Captured) -> DoesNotApply:
    return DoesNotApply(
        f"the scores have no gradient by what {seen.name} gives: choose a layer on the way to them, or ablationcam, "
        "which needs no gradient"
    )


def made(values: Tensor, place: Layer, method: str, notes: tuple[str, ...] | None = None) -> Maps:
    """Return raw `values` (N, h, w) of the units of a layer as maps, with a note where nothing is positive.

    Args:
        values: as the method's equations have them.
        place: the layer.
        method: its name among the METHODS, which say whether values are signed.
        notes: one a picture, "" for nothing; goes before the note on empty maps.

    Raises:
        DoesNotApply: values are not finite.
    """
    if not values.isfinite().all():
        raise DoesNotApply(
            f"{method} at {place.name} is not finite: activations or gradients overflow; normalize the pictures as the "
            "network expects, or explain it in float32"
        )
    signed, geometry = METHODS[method].values == "signed", place.placed
    nothing = NOTHING if signed else NOTHING + SIGNED
    empty = ["" if some else nothing for some in (values > 0).flatten(1).any(dim=1).tolist()]
    said = tuple(note or none for note, none in zip(notes or [""] * len(empty), empty, strict=True))
    return Maps(values, signed=signed, method=method, picture=geometry.picture, geometry=geometry, notes=said)
