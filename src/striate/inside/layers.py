"""The layers of a network that have maps: their names, shapes and geometry, and which one to look at by default."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.fields import Unknown
from striate.inside.fingerprint import fingerprint
from striate.inside.geometry import Geometry, geometries
from striate.inside.inspecting import plain
from striate.inside.names import Name, resolve
from striate.inside.tracing import Answer, trace
from striate.layers.network import Network


@dataclass(frozen=True)
class Layer:
    """What one call of one module gives.

    Args:
        name: `name#2` where the module is called several times.
        kind: the module's class.
        shape: without the batch: (K, h, w) of maps, (D,) of vectors.
        geometry: what its units see of the picture.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    geometry: Geometry | Unknown

    @property
    def maps(self) -> bool:
        """Whether it gives maps (K, h, w) whose units have places in the picture that can be stated."""
        if not isinstance(self.geometry, Geometry) or None in self.geometry.stride:
            return False
        return len(self.shape) == 3 and self.shape[1:] == self.geometry.units

    @property
    def placed(self) -> Geometry:
        """The geometry of a layer with maps.

        Raises:
            DoesNotApply: it has no maps, or where they lie is unknown.
        """
        if isinstance(self.geometry, Unknown):
            raise DoesNotApply(f"where the units of {self.name} lie in the picture is unknown: {self.geometry.reason}")
        if not self.maps:
            shape = " x ".join(map(str, self.shape))
            raise DoesNotApply(f"{self.name} gives {shape}, no maps with places in the picture: take an earlier layer")
        return self.geometry


_Known = tuple[Hashable, dict[tuple[int, ...], dict[str, Layer]]]
_KNOWN: WeakKeyDictionary[nn.Module, _Known] = WeakKeyDictionary()
_MOST_SHAPES = 8  # remembered of a network: those of resnet50 for one shape are 0.13 MB


def layers(network: nn.Module, shape: tuple[int, int, int]) -> dict[str, Layer]:
    """Return all layers of `network`, in the order in which they end, for pictures of `shape` (C, H, W).

    Remembered for the last few shapes, as long as the network lives and is built the same.

    Raises:
        DoesNotApply: the network cannot take such pictures.
    """
    network = plain(network)
    built = fingerprint(network)
    known = _KNOWN.get(network)
    if known is None or known[0] != built:
        known = _KNOWN[network] = (built, {})
    shapes = known[1]
    found = shapes[shape] = shapes.pop(shape, {}) or _layers(network, shape)
    if len(shapes) > _MOST_SHAPES:
        del shapes[next(iter(shapes))]
    return found


def layer_of(network: nn.Module, shape: tuple[int, int, int], name: str) -> Layer:
    """Return the layer `name`, which may be one of a wrapped network without its `body.`.

    Raises:
        UnknownName: no such module.
        DoesNotApply: it does not run in evaluation, or runs several times and no call is named.
    """
    found = resolve(plain(network), name)
    known = layers(network, shape)
    if str(found) in known:
        return known[str(found)]
    calls = [other for other in known if other.partition("#")[0] == found.module]
    if not calls:
        raise DoesNotApply(f"{found.module} does not run when the network evaluates: choose another layer")
    if calls == [found.module]:
        if found.call == 1:
            return known[found.module]
        raise DoesNotApply(f"{found.module} is called once, so there is no {found}: say {found.module}")
    raise DoesNotApply(f"{found.module} is called {len(calls)} times: say {' or '.join(calls)}, not {name}")


def map_layer(network: nn.Module, shape: tuple[int, int, int], name: str | None = None) -> Layer:
    """Return a layer with maps that have places in the picture: `name`, or the last one of its kind.

    By default it is the last stage of a `Network`, where class evidence is usually read; of any other module, or where
    that has a single unit along an axis, the last layer that has more, if no layer behind it has units of unknown
    places, as tokens.

    Raises:
        UnknownName: no such module.
        DoesNotApply: the layer has no maps, or where they lie cannot be stated; or the network has no such layer.
    """
    if name is not None:
        named = layer_of(network, shape, name)
        named.placed  # noqa: B018 raises where it has no maps
        return named
    known = layers(network, shape)
    inner = plain(network)
    if isinstance(inner, Network) and inner.last_stage in known and _has_maps(known[inner.last_stage]):
        return known[inner.last_stage]
    return _last_with_maps(type(inner).__name__, known)


def _last_with_maps(network: str, known: dict[str, Layer]) -> Layer:
    remedy = "use a method that works on pixels, as saliency, integrated-gradients or occlusion"
    inner = [layer for layer in known.values() if layer.name]
    found = [index for index, layer in enumerate(inner) if _has_maps(layer)]
    if not found:
        raise DoesNotApply(f"{network} has no layer with maps, of which each unit has a place in the picture: {remedy}")
    for layer in inner[found[-1] + 1 :]:
        if sum(side > 1 for side in layer.shape) > 1:
            shape = " x ".join(map(str, layer.shape))
            raise DoesNotApply(
                f"the last layer of {network} with maps is {inner[found[-1]].name}, but {layer.name} behind it gives "
                f"{shape} values, of which nobody knows the places: name the layer to look at, or {remedy}"
            )
    return inner[found[-1]]


def _has_maps(layer: Layer) -> bool:
    """Say whether a layer has several units each way, and sees more in each than one pixel of the picture itself."""
    return layer.maps and min(layer.shape[1:]) > 1 and layer.placed.size != (1, 1)


def _layers(network: nn.Module, shape: tuple[int, int, int]) -> dict[str, Layer]:
    traced = trace(network, shape)
    geometry = geometries(traced)
    kinds = {name: type(module).__name__ for name, module in network.named_modules()}
    calls: dict[str, int] = {}
    found = {}
    for event in traced.events:
        if not isinstance(event, Answer):
            continue
        calls[event.module] = call = calls.get(event.module, 0) + 1
        several = f"{event.module}#1" in geometry
        name = str(Name(event.module, call if several else None))
        given = tuple(event.result.shape[1:]) if isinstance(event.result, Tensor) else ()
        found[name] = Layer(name, kinds[event.module], given, geometry[name])
    return found
