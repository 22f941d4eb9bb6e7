"""All that Zeiler and Fergus watch while a patch covers the picture: figure 6, https://arxiv.org/abs/1311.2901."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor, nn

from striate.explain.asking import parts, require
from striate.explain.fills import filled
from striate.explain.occlusion import Windows, answers, covered, windows
from striate.inside.inspecting import Captured, Inside, inspecting
from striate.inside.layers import map_layer
from striate.inside.passes import at_once
from striate.inside.projection import project


@dataclass(frozen=True)
class Watched:
    """What a network says of N pictures while a patch lies at each of R x L places.

    Args:
        windows: where the patch lies; `windows.spread` lays values on the pixels.
        layer: whose strongest map is watched.
        units: (N,) int64, the map of the layer with the largest sum in the whole picture.
        activity: (N, R, L), the sum of that map (figure 6b).
        projections: (N, C, H, W), that map of the whole picture projected to the pixels by deconvnet (6c); None where
            that was not asked.
        probability: (N, R, L), of the class (6d).
        labels: (N, R, L) int64, the most likely class (6e).
    """

    windows: Windows
    layer: str
    units: Tensor
    activity: Tensor
    projections: Tensor | None
    probability: Tensor
    labels: Tensor

    def of(self, n: int) -> Watched:
        """Return what was watched in picture `n` alone, in the main memory."""
        held = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        alone: dict[str, Any] = {
            name: value[n : n + 1].cpu() for name, value in held.items() if isinstance(value, Tensor)
        }
        return replace(self, **alone)


def zeiler(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    *,
    layer: str | None = None,
    patch: int | tuple[int, int] | None = None,
    stride: int | tuple[int, int] | None = None,
    fill: str | Tensor = "gray",
    batch: int | None = None,
    projected: bool = True,
) -> Watched:
    """Cover a patch at every place, and watch the strongest map, the probability and the most likely class.

    Args:
        network: left as it is, bit by bit.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64.
        layer: whose strongest map is watched; by default the last stage.
        patch: side, or height and width, in pixels; by default a seventh of the shorter side.
        stride: from a patch to the next; by default half of the patch.
        fill: a name of `fills.FILLS`, or a tensor (C,), (C, H, W) or (N, C, H, W), normalized.
        batch: covered pictures that pass at once; by default by their size.
        projected: project the map too, for which the network's nonlinearities have to be ReLUs.

    Raises:
        UnknownName: no such layer or fill.
        RecipeError: a patch or stride that does not fit.
        DoesNotApply: the question is not well put, the layer has no maps, or the projection does not apply.
    """
    shape = require(images, classes)
    laid, name = windows(shape[1:], patch, stride), map_layer(network, shape, layer).name
    size = at_once(images, batch)
    with inspecting(network) as inside, torch.no_grad():
        seen = inside.capture(name)
        units = _strongest(inside, seen, images, size)
        hidden = covered(images, filled(images, fill), laid, size)
        found = [_watch(inside, seen, classes, units, picture, each) for picture, _, each in hidden]
    grid = (len(images), len(laid.tops), len(laid.lefts))
    activity, probability, labels = (torch.cat(each).view(grid) for each in zip(*found, strict=True))
    projections = project(network, images, name, units, batch=batch) if projected else None
    return Watched(laid, name, units, activity, projections, probability, labels)


def _strongest(inside: Inside, seen: Captured, images: Tensor, size: int) -> Tensor:
    found = []
    for part in parts(len(images), size):
        inside.scores(images[part])
        found.append(seen.output.sum(dim=(2, 3)).argmax(dim=1))
    return torch.cat(found)


def _watch(
    inside: Inside, seen: Captured, classes: Tensor, units: Tensor, picture: Tensor, hidden: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    scores = inside.scores(hidden)
    rows = torch.arange(len(hidden), device=hidden.device)
    activity = seen.output[rows, units[picture]].sum(dim=(1, 2))
    return activity, answers(scores, classes[picture.to(classes.device)], "probability"), scores.argmax(dim=1)
