"""Which layers of a network are worth a study where the user names none."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from striate.core.errors import DoesNotApply
from striate.inside.inspecting import plain
from striate.inside.layers import Layer, layer_of, layers
from striate.layers.network import Network

_SMALL = 4096  # units of all inner layers, up to which all of these are taken; resnet20 has 1,434, vgg16 13,000
_SAME_UNITS = (nn.Identity, nn.Flatten, nn.Dropout, nn.Dropout1d, nn.Dropout2d)  # what they are given, they give
_SCALED = (nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.LayerNorm)  # noqa: SLF001 units of the layer before


def chosen(network: nn.Module, shape: tuple[int, int, int], names: Sequence[str] | None = None) -> list[Layer]:
    """Return the layers to study, in the order in which they end.

    By default: of a `Network` its first convolution, stem and stages, and the layers of its head; of any other module
    the first convolution, the last layer at each size of maps, and those with vectors; of both, if they are small, all
    layers but norms and dropout. Of layers that hand on what one in them gave, the outer one stands for both.

    Args:
        network: any module.
        shape: of a picture, (C, H, W).
        names: of the layers that are wanted.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: a layer does not run, or gives neither maps (K, h, w) nor vectors (D,); or none of the network's
            layers does.
    """
    known = layers(network, shape)
    if names is not None:
        wanted = {(layer := layer_of(network, shape, name)).name: _required(layer) for name in names}
        return [layer for name, layer in known.items() if name in wanted]
    network = plain(network)
    distinct = _distinct([layer for layer in known.values() if _studied(network, layer)])
    if sum(layer.shape[0] for layer in distinct) <= _SMALL:
        found = distinct
    else:
        outer = [layer for layer in distinct if isinstance(network, Network) and _outer(layer.name)]
        found = _with_first(outer or _last_of_each_size(distinct), known)
    if not found:
        raise DoesNotApply(f"{type(network).__name__} has no layer that gives maps (K, h, w) or vectors (D,) to study")
    return found


def _required(layer: Layer) -> Layer:
    if len(layer.shape) not in (1, 3):
        given = " x ".join(map(str, layer.shape)) or "no single tensor"
        raise DoesNotApply(f"{layer.name} gives {given}: units are those of maps (K, h, w) or vectors (D,)")
    return layer


def _module(layer: Layer) -> str:
    return layer.name.partition("#")[0]


def _studied(network: nn.Module, layer: Layer) -> bool:
    """Say whether the layer has units of its own."""
    if len(layer.shape) not in (1, 3) or not layer.name:
        return False
    return not isinstance(network.get_submodule(_module(layer)), (*_SAME_UNITS, *_SCALED))


def _distinct(found: Sequence[Layer]) -> list[Layer]:
    """Leave out each layer that ends right before one that holds it, and gives what that gives."""
    return [
        layer
        for layer, following in zip(found, [*found[1:], None], strict=True)
        if following is None
        or not layer.name.startswith(f"{following.name}.")
        or (layer.shape, layer.geometry) != (following.shape, following.geometry)
    ]


def _outer(name: str) -> bool:
    part, _, inner = name.partition(".")
    return not inner or (part in {"stages", "head"} and "." not in inner)


def _with_first(found: Sequence[Layer], known: dict[str, Layer]) -> list[Layer]:
    """Add the first convolution, whose weights are pictures."""
    first = next((layer.name for layer in known.values() if layer.kind == "Conv2d"), None)
    wanted = {layer.name for layer in found} | {first}
    return [layer for layer in known.values() if layer.name in wanted]


def _last_of_each_size(found: Sequence[Layer]) -> list[Layer]:
    last: dict[tuple[int, ...], Layer] = {layer.shape[1:]: layer for layer in found if len(layer.shape) == 3}
    return [layer for layer in found if len(layer.shape) == 1 or last[layer.shape[1:]] is layer]
