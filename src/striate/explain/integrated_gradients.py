"""Integrated gradients: Sundararajan, Taly and Yan, 2017. https://arxiv.org/abs/1703.01365.

The gradient along the straight way from a baseline to the picture, times the way: parts that sum to the change of the
score (completeness). How far they do is measured, and the steps are doubled until it is near.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from striate.core.errors import RecipeError
from striate.explain.asking import of_class, parts, require
from striate.explain.fills import filled
from striate.explain.gradients import gradients, mapped
from striate.inside.inspecting import Inside, inspecting
from striate.inside.maps import Maps
from striate.inside.passes import at_once

NOWHERE = "the picture is its own baseline: choose another baseline"


def explain(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    *,
    baseline: str | Tensor = "gray",
    steps: int = 50,
    tolerance: float = 0.01,
    most: int = 400,
    batch: int | None = None,
) -> Maps:
    """Return the parts of the score of `classes` that each pixel adds to that of the baseline.

    Args:
        network: left as it is, bit by bit.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64.
        baseline: a name of `fills.FILLS`, or a tensor (C,), (C, H, W) or (N, C, H, W), normalized. It decides what
            counts as absent: pixels that equal it get no part.
        steps: points of the Gauss-Legendre rule on the way.
        tolerance: the steps of a picture are doubled until its gap is at most this share of the score's change.
        most: steps of a picture, at most.
        batch: points that pass at once; by default by the pictures' size.

    Returns:
        Maps (N, H, W): the signed sum over the channels, in units of the score; each channel's value is in
        `channels`, the gap of each picture in `completeness`, and a note says where it stayed above the tolerance.

    Raises:
        UnknownName: no such baseline.
        DoesNotApply: the question is not well put, or the score has no gradient.
        RecipeError: no steps, or more than `most`.
    """
    require(images, classes)
    if not 1 <= steps <= most:
        raise RecipeError(f"steps = {steps}, most = {most}: at least one step, and not more than the most")
    start = filled(images, baseline)
    way = images.detach() - start
    with inspecting(network) as inside:
        change = _change(inside, images, start, classes, at_once(images, batch))
        values, gaps = torch.zeros_like(way), torch.full_like(change, torch.inf)
        open_ = torch.arange(len(images), device=images.device)
        panels = 1
        while len(open_) and panels * steps <= most:
            asked = classes[open_.to(classes.device)]
            means = _means(inside, (start[open_], way[open_]), asked, _rule(steps, panels), batch)
            values[open_] = means * way[open_]
            gaps[open_] = _gap(values[open_].flatten(1).sum(dim=1), change[open_])
            open_ = open_[gaps[open_] > tolerance]
            panels *= 2
    reached = panels // 2 * steps
    still = way.flatten(1).any(dim=1).logical_not().tolist()
    notes = [_note(gap, tolerance, reached, nowhere) for gap, nowhere in zip(gaps.tolist(), still, strict=True)]
    return mapped(values, "integrated-gradients", notes, gaps)


def _change(inside: Inside, images: Tensor, start: Tensor, classes: Tensor, size: int) -> Tensor:
    """Return the score of each picture less that of its baseline."""
    with torch.no_grad():
        return torch.cat(
            [
                of_class(inside.scores(images[part]), classes[part])
                - of_class(inside.scores(start[part]), classes[part])
                for part in parts(len(images), size)
            ]
        )


def _rule(steps: int, panels: int) -> tuple[Tensor, Tensor]:
    """Return points in [0, 1] and their weights: a Gauss-Legendre rule on each of `panels` equal parts."""
    points, weights = np.polynomial.legendre.leggauss(steps)
    begins = np.arange(panels)[:, None]
    return (
        torch.from_numpy(((begins + (points + 1) / 2) / panels).ravel()),
        torch.from_numpy(np.tile(weights / 2 / panels, panels)),
    )


def _means(
    inside: Inside, line: tuple[Tensor, Tensor], classes: Tensor, rule: tuple[Tensor, Tensor], batch: int | None
) -> Tensor:
    """Return the mean gradient (N, C, H, W) along each line: its start, and its way from there."""
    start, way = line
    points, weights = (each.to(start) for each in rule)
    total = torch.zeros_like(start)
    for part in parts(len(start) * len(points), at_once(start, batch, gradients=True)):
        pair = torch.arange(part.start, part.stop, device=start.device)
        picture, point = pair // len(points), pair % len(points)
        there = start[picture] + points[point, None, None, None] * way[picture]
        found = gradients(inside, there, classes[picture.to(classes.device)])
        total.index_add_(0, picture, found * weights[point, None, None, None])
    return total


def _gap(sums: Tensor, change: Tensor) -> Tensor:
    """Return |sum - change| / |change|; 0 where both are 0."""
    apart = (sums - change).abs()
    return torch.where(apart == 0, torch.zeros_like(apart), apart / change.abs())


def _note(gap: float, tolerance: float, steps: int, nowhere: bool) -> str:  # noqa: FBT001 private, beside its call
    if nowhere:
        return NOWHERE
    if gap <= tolerance:
        return ""
    return f"the parts miss the change of the score by {gap:.1%} of it after {steps} steps: raise most"
