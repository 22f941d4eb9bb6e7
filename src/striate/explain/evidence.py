"""Evidence for a map: what can be measured of whether it may be believed, with its doubt. One row a map.

No number here proves a map right. Each can prove it wrong: where it stays the same with other weights, where covering
what it points at changes no more than covering at random, where its parts do not add up, where the next seed shows
something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from inspect import signature
from itertools import combinations
from typing import Any

import torch
from torch import Tensor, nn

from striate.explain import explain, function_of
from striate.explain.completeness import gap
from striate.explain.deletion import COVERS, STEPS, Rivals, curves, rivals
from striate.explain.randomization import POINTS, SEEDS, randomization, rank_correlation
from striate.inside.maps import Maps

_COSTLY = {"smoothgrad", "integrated-gradients", "occlusion", "rise", "scorecam", "ablationcam"}


@dataclass(frozen=True)
class Estimate:
    """A mean, and the lowest and highest of what it is the mean of."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Areas:
    """Under the curves of one picture and cover; `gain` is insertion less deletion.

    Args:
        cover: what places are covered with.
        deletion, insertion: the areas.
        gain: of the map.
        center: of the order from the middle outwards.
        random: of orders drawn at random.
    """

    cover: str
    deletion: float
    insertion: float
    gain: float
    center: float
    random: Estimate


@dataclass(frozen=True)
class Evidence:
    """What was measured of one map.

    Args:
        method: that made it.
        constant: whether it says the same of every place, and so nothing.
        randomized: rank correlation with the maps of copies whose weights are all drawn anew, over seeds.
        randomized_absolute: the same of absolute values.
        cascade: how the correlation falls while layers are drawn anew from the scores downwards: (lowest layer, mean).
        areas: of deletion and insertion, one a cover.
        completeness: how far the map's sum misses the change of the score that it should add up to, as a share of it;
            None where the method promises no sum.
        seeds: rank correlation between maps of other seeds; None where nothing is drawn.
    """

    method: str
    constant: bool
    randomized: Estimate
    randomized_absolute: Estimate
    cascade: tuple[tuple[str, float], ...]
    areas: tuple[Areas, ...]
    completeness: float | None = None
    seeds: Estimate | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


def all_rivals(network: nn.Module, images: Tensor, classes: Tensor, *, steps: int = STEPS) -> list[Rivals]:
    """Return the curves that every map of `images` is held against, one a cover: the same for all methods."""
    return [rivals(network, images, classes, cover=cover, steps=steps) for cover in COVERS]


def gather(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    maps: Maps,
    *,
    options: Mapping[str, Any] | None = None,
    against: Sequence[Rivals] | None = None,
    seeds: int = SEEDS,
    points: int | None = None,
    steps: int = STEPS,
) -> list[Evidence]:
    """Return the evidence for each of `maps`.

    Args:
        network: left as it is.
        images: (N, C, H, W), normalized.
        classes: (N,) int64.
        maps: what `explain(network, images, classes, method=maps.method, **options)` gave.
        options: of the method.
        against: what `all_rivals` gave for the same pictures and steps; made where it is left out.
        seeds: how many copies with new weights, and how many seeds of a method that draws.
        points: of the cascade; by default a few, and only the last for methods that ask the network hundreds of times.
        steps: of the curves.
    """
    options = dict(options or {})
    asked = _Asked(maps.method, options)
    against = all_rivals(network, images, classes, steps=steps) if against is None else against
    points = points or (1 if maps.method in _COSTLY else POINTS)
    random = randomization(asked, network, images, classes, seeds=seeds, points=points, before=maps)
    areas = [_areas(network, images, classes, maps, rival, steps) for rival in against]
    gaps = gap(network, images, classes, maps, layer=options.get("layer"))
    spread = _spread(asked, network, images, classes, seeds)
    return [
        Evidence(
            maps.method,
            constant=bool(maps.values[n].max() == maps.values[n].min()),
            randomized=_estimate(random.signed[:, -1, n]),
            randomized_absolute=_estimate(random.absolute[:, -1, n]),
            cascade=tuple(zip(random.layers, random.signed[:, :, n].mean(dim=0).tolist(), strict=True)),
            areas=tuple(each[n] for each in areas),
            completeness=None if gaps is None or not gaps[n].isfinite() else float(gaps[n]),
            seeds=None if spread is None else _estimate(spread[:, n]),
        )
        for n in range(len(images))
    ]


@dataclass(frozen=True)
class _Asked:
    """One method with its options, as it is asked again and again."""

    method: str
    options: Mapping[str, Any]

    def __call__(self, network: nn.Module, images: Tensor, classes: Tensor, **more: Any) -> Maps:
        return explain(network, images, classes, method=self.method, **self.options, **more)

    @property
    def draws(self) -> bool:
        return "seed" in signature(function_of(self.method)).parameters


def _areas(network: nn.Module, images: Tensor, classes: Tensor, maps: Maps, rival: Rivals, steps: int) -> list[Areas]:
    found = curves(network, images, classes, maps.place(), cover=rival.cover, steps=steps)
    random = torch.stack([curve.gain for curve in rival.random])
    return [
        Areas(
            rival.cover, float(found.deletion_area[n]), float(found.insertion_area[n]), float(found.gain[n]),
            float(rival.center.gain[n]), _estimate(random[:, n]),
        )
        for n in range(len(images))
    ]  # fmt: skip


def _spread(asked: _Asked, network: nn.Module, images: Tensor, classes: Tensor, seeds: int) -> Tensor | None:
    """Return the correlations (pairs, N) between maps of seeds, or None where nothing is drawn or the seed is asked."""
    if not asked.draws or "seed" in asked.options or seeds < 2:
        return None
    placed = [asked(network, images, classes, seed=seed).place() for seed in range(seeds)]
    return torch.stack([rank_correlation(first, second) for first, second in combinations(placed, 2)])


def _estimate(values: Tensor) -> Estimate:
    return Estimate(float(values.mean()), float(values.min()), float(values.max()))
