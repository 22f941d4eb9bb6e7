"""One picture on its way through all layers: what every unit gives, raw, with the scales to show it on.

On its own scale a unit that hardly answers looks as lively as one that does: which scale a picture has is a choice
that must be seen. Zero is always in the same place of it: in the middle of a signed one, at the end of another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.inspecting import inspecting
from striate.inside.layers import Layer
from striate.inside.tracing import kind_of
from striate.units.choosing import chosen

Scale = Literal["unit", "layer", "network"]


@dataclass(frozen=True, eq=False)
class FeatureMaps:
    """What the K units of one layer give to one picture.

    Args:
        layer: its name, kind, shape, and the geometry that places its maps on the picture.
        values: (K, h, w), or (K,) of a layer with vectors; raw, before anything writes into them.
    """

    layer: Layer
    values: Tensor

    @property
    def signed(self) -> bool:
        """Whether any value is below 0."""
        return bool((self.values < 0).any())

    @property
    def ranges(self) -> Tensor:
        """The least and the greatest value of each unit (K, 2)."""
        flat = self.values.reshape(len(self.values), -1)
        return torch.stack([flat.amin(1), flat.amax(1)], 1)

    @property
    def strongest(self) -> Tensor:
        """The unit's numbers (K,), the one with the greatest absolute value first; ties by number."""
        return self.ranges.abs().amax(1).sort(descending=True, stable=True).indices


@dataclass(frozen=True, eq=False)
class Way:
    """One picture on its way through a network.

    Args:
        layers: in the order in which they end.
        scores: (classes,), what the network gave.
    """

    layers: tuple[FeatureMaps, ...]
    scores: Tensor

    def limits(self, scale: Scale) -> list[Tensor]:
        """Return for each layer the end (K,) of each unit's scale, which begins at 0, or at its opposite if signed.

        Args:
            scale: unit: each has its own; layer: one a layer; network: one for all.
        """
        own = [seen.ranges.abs().amax(1) for seen in self.layers]
        if scale == "unit":
            return own
        if scale == "layer":
            return [limits.max().expand_as(limits) for limits in own]
        most = torch.stack([limits.max() for limits in own]).max()
        return [most.expand_as(limits) for limits in own]


def feature_maps(network: nn.Module, image: Tensor, layers: Sequence[str] | None = None) -> Way:
    """Return what all units give to one picture.

    Args:
        network: left as it is.
        image: (C, H, W), normalized.
        layers: their names; by default those that `choosing.chosen` takes.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: `image` is no single picture, or a layer gives neither maps nor a vector.
    """
    if image.ndim != 3 or not image.is_floating_point():
        raise DoesNotApply(f"one normalized picture (C, H, W) is looked at, not {image.dtype} {tuple(image.shape)}")
    found = chosen(network, (image.shape[0], image.shape[1], image.shape[2]), layers)
    with inspecting(network) as inside, torch.no_grad():
        seen = [inside.capture(layer.name) for layer in found]
        scores = inside.scores(image[None].to(kind_of(inside.network)))
        values = [captured.output[0] for captured in seen]
    return Way(tuple(FeatureMaps(*each) for each in zip(found, values, strict=True)), scores[0])
