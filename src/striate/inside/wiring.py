"""Which units a unit is made from, and which are made from it: through norms, activations, poolings, sums and joins.

One picture of zeros runs through the network, and every operation is seen (`tracing.Watch`). A tensor carries along,
for each of its channels, the unit of the last convolution or linear layer that it comes from. Operations that only
move numbers (`flatten`, `cat`, `permute`, a shuffle of channels) move these marks by being applied to them, so that
no graph and no name has to be guessed. What mixes channels in another way, as attention does, ends the trail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.inspecting import inspecting
from striate.inside.names import Name, resolve
from striate.inside.tracing import Answer, Call, Watch, tensors

PICTURE, NAMED = -1, -2  # sources that are no junction: the picture's channels; the layer that was asked for


@dataclass(frozen=True, eq=False)
class Trail:
    """Where the channels of a tensor come from, on one way.

    Args:
        source: the number of a junction, `PICTURE` or `NAMED`.
        units: the source's unit of each number in the tensor, -1 for none; maps have 1 x 1 places here where all
            places of a channel come from the same unit.
        scale: of the same shape, what the way multiplies by: batch norm's scale, a trained coefficient.
        sums: how many sums with other ways were passed: more than 0 behind a skip connection.
        grid: rows and columns of the maps on the way that came last.
    """

    source: int
    units: Tensor
    scale: Tensor
    sums: int = 0
    grid: tuple[int, int] = (1, 1)


@dataclass(eq=False)
class Junction:
    """A convolution or linear layer, as it ran.

    Args:
        layer: the module's name; with the number of the call, where it is called several times.
        weight: (O, I / groups, ...), in float64.
        groups: of the convolution.
        inputs: where its input's channels come from.
        gain: (O,), the scale of the batch norm that follows at once; ones without.
    """

    layer: str
    weight: Tensor
    groups: int
    inputs: tuple[Trail, ...]
    gain: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.gain = torch.ones(len(self.weight), dtype=torch.float64)


@dataclass(frozen=True)
class Wiring:
    """How the units of one layer are wired.

    Args:
        layer: its name.
        count: of its units.
        junctions: all convolutions and linear layers, in the order in which they ran.
        trails: where the layer's own units come from; behind the layer, trails come from it as `NAMED`.
        own: the junction that ran in the layer itself, if it is one.
        lost: operations at which trails ended.
    """

    layer: str
    count: int
    junctions: tuple[Junction, ...]
    trails: tuple[Trail, ...]
    own: Junction | None
    lost: tuple[str, ...]


def wiring(network: nn.Module, shape: tuple[int, int, int], layer: str) -> Wiring:
    """Return how the units of `layer` are wired, for pictures (C, H, W).

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer does not run, or several times and no call is named, or has no units.
    """
    with inspecting(network) as inside, torch.no_grad():
        weight = next(iter(inside.network.parameters()), torch.empty(0))
        images = torch.zeros(1, *shape, dtype=weight.dtype, device=weight.device)
        followed = _Followed(resolve(inside.network, layer), images)
        watch = Watch(inside.network, followed.note)
        with watch.running(weight.device):
            inside.network(images)
    return followed.wiring()


class _Followed:
    """The trails of every tensor, as the pass goes on."""

    def __init__(self, name: Name, images: Tensor) -> None:
        self._name, self._calls, self._junctions = name, dict[str, int](), list[Junction]()
        self._lost: dict[str, None] = {}
        self._normed: set[int] = set()
        self._own: int | None = None  # the junction that the layer is, as long as nothing scales what it gives
        self._found: tuple[int, tuple[Trail, ...]] | None = None
        # Of all that is made from the picture, with no trail where it is lost. Tensors are kept: no id may come again.
        self._trails: dict[int, tuple[Tensor, tuple[Trail, ...]]] = {}
        self._put(images, (_seed(PICTURE, images),))

    def of(self, tensor: Any) -> tuple[Trail, ...]:
        """Return where the channels of a tensor come from; nothing where that is lost."""
        return self._trails[id(tensor)][1] if id(tensor) in self._trails else ()

    def made(self, tensor: Tensor) -> bool:
        """Say whether the tensor is made from the picture."""
        return id(tensor) in self._trails

    def note(self, event: Call | Answer) -> None:
        """Follow the trails through an operation, or find the layer's at the answer of a module."""
        with torch.utils._python_dispatch._disable_current_modes():  # noqa: SLF001 what is done to marks is not seen
            if isinstance(event, Answer):
                self._answered(event)
            else:
                self._called(event)

    def wiring(self) -> Wiring:
        """Return what was found.

        Raises:
            DoesNotApply: the layer did not run as it was named.
        """
        times = self._calls.get(self._name.module, 0)
        if self._name.call is None and times > 1:
            raise DoesNotApply(f"{self._name.module} is called {times} times: say which, as {self._name.module}#1")
        if self._found is None:
            raise DoesNotApply(f"{self._name} does not run, or gives no maps or vectors of units: take another layer")
        count, trails = self._found
        own = next((j for j in self._junctions if j.layer in {str(self._name), f"{self._name}#1"}), None)
        return Wiring(str(self._name), count, tuple(self._junctions), trails, own, tuple(self._lost))

    def _put(self, tensor: Tensor, trails: tuple[Trail, ...]) -> None:
        grid = (tensor.shape[2], tensor.shape[3]) if tensor.ndim == 4 else None
        kept = trails if grid is None else tuple(replace(trail, grid=grid) for trail in trails)
        self._trails[id(tensor)] = tensor, kept

    def _answered(self, answer: Answer) -> None:
        calls = self._calls[answer.module] = self._calls.get(answer.module, 0) + 1
        result = answer.result
        if answer.module != self._name.module or calls != (self._name.call or 1):
            return
        if isinstance(result, Tensor) and result.ndim in (2, 4):
            self._found = result.shape[1], self.of(result)
            self._own = _alone(self.of(result))
            self._put(result, (_seed(NAMED, result),))

    def _called(self, call: Call) -> None:
        results = list(tensors(call.result))
        given = [tensor for tensor in tensors([call.arguments, call.options]) if self.made(tensor)]
        if not given or not results:
            return
        rule = _RULES.get(call.name) or (_pointwise if torch.Tag.pointwise in call.operation.tags else None)
        made = rule(self, call, results) if rule else ()
        if not any(made) and any(map(self.of, given)):
            self._lost[call.name] = None
        for place, tensor in enumerate(results):
            self._put(tensor, made[place] if place < len(made) else ())

    def join(self, call: Call, source: Any, weight: Tensor, groups: int, result: Tensor) -> list[tuple[Trail, ...]]:
        """Note a junction, from whose units a new trail begins."""
        number = self._calls.get(call.module, 0) + 1
        layer = call.module if number == 1 else f"{call.module}#{number}"
        self._junctions.append(Junction(layer, weight.detach().double().cpu(), groups, self.of(source)))
        return [(_seed(len(self._junctions) - 1, result),)]

    def gain(self, trails: Sequence[Trail], scale: Tensor) -> None:
        """Note the scale (C,) of the batch norm behind a junction, where nothing else lies between them."""
        source = _alone(trails)
        source = self._own if source == NAMED else source
        if source is None or source < 0 or source in self._normed or len(self._junctions[source].gain) != len(scale):
            return
        self._junctions[source].gain = scale
        self._normed.add(source)


Rule = Callable[[_Followed, Call, list[Tensor]], Sequence[tuple[Trail, ...]]]


def _alone(trails: Sequence[Trail]) -> int | None:
    """Return the source whose channels these are, unscaled and in no sum; None: there is no such."""
    if len(trails) != 1 or trails[0].sums or not bool((trails[0].scale == 1).all()):
        return None
    return trails[0].source


def _scaled(trails: Sequence[Trail], scale: Tensor) -> tuple[Trail, ...]:
    """Return the trails of channels that are multiplied by `scale` (C,)."""
    return tuple(
        replace(trail, scale=trail.scale * scale.view(1, -1, *[1] * (trail.scale.ndim - 2))) for trail in trails
    )


def _seed(source: int, tensor: Tensor) -> Trail:
    units = torch.arange(tensor.shape[1]).view(1, -1, *[1] * (tensor.ndim - 2))
    grid = (tensor.shape[2], tensor.shape[3]) if tensor.ndim == 4 else (1, 1)
    return Trail(source, units, torch.ones_like(units, dtype=torch.float64), 0, grid)


def _convolution(followed: _Followed, call: Call, results: list[Tensor]) -> Sequence[tuple[Trail, ...]]:
    source, weight, *_, groups = call.arguments
    if call.arguments[6]:  # transposed: (I, O / groups, ...)
        if groups > 1:
            return ()
        weight = weight.transpose(0, 1)
    return followed.join(call, source, weight, groups, results[0])


def _product(followed: _Followed, call: Call, results: list[Tensor]) -> Sequence[tuple[Trail, ...]]:
    source, weight = call.arguments[-2:]
    if followed.made(weight) or not followed.made(source):
        return ()
    return followed.join(call, source, weight.t(), 1, results[0])


def _batch_norm(followed: _Followed, call: Call, _results: list[Tensor]) -> Sequence[tuple[Trail, ...]]:
    source, weight, _, _, variance = call.arguments[:5]
    scale = (variance.double() + call.arguments[-1]).rsqrt()
    scale = scale if weight is None else scale * weight.double()
    followed.gain(followed.of(source), scale.cpu())
    return [_scaled(followed.of(source), scale.cpu())]


def _per_channel(followed: _Followed, call: Call, results: list[Tensor]) -> Sequence[tuple[Trail, ...]]:
    """Of an operation within each channel: pooling, padding, the mean of a map."""
    kept = []
    for trail in followed.of(call.arguments[0]):
        places = trail.units.shape[2:]
        if trail.units.ndim != 4 or places != (1, 1) or results[0].shape[1:2] != trail.units.shape[1:2]:
            return ()
        shape = (1, -1, *[1] * (results[0].ndim - 2))
        kept.append(replace(trail, units=trail.units.view(shape), scale=trail.scale.view(shape)))
    return [tuple(kept)]


def _pad(followed: _Followed, call: Call, results: list[Tensor]) -> Sequence[tuple[Trail, ...]]:
    """Pad places, or channels too: those come from no unit (shortcuts of the CIFAR ResNets are padded so)."""
    source, amounts = call.arguments[:2]
    if source.ndim != 4 or len(amounts) < 5:
        return _per_channel(followed, call, results)
    made = []
    for trail in followed.of(source):
        if trail.units.shape[2:] != (1, 1) or len(amounts) > 6:
            return ()
        units = results[0].new_full((1, results[0].shape[1], 1, 1), -1, dtype=torch.int64, device="cpu")
        scale = units.new_zeros(units.shape, dtype=torch.float64)
        kept = slice(amounts[4], amounts[4] + source.shape[1])
        units[:, kept], scale[:, kept] = trail.units, trail.scale
        made.append(replace(trail, units=units, scale=scale))
    return [tuple(made)]


def _pointwise(followed: _Followed, call: Call, results: list[Tensor]) -> Sequence[tuple[Trail, ...]]:
    known = [(tensor, followed.of(tensor)) for tensor in tensors(call.arguments) if followed.of(tensor)]
    known = [(tensor, trails) for tensor, trails in known if tensor.shape == results[0].shape]
    if not known:
        return ()
    if call.name.rstrip("_") in {"add", "sub"} and len(known) > 1:
        return [tuple(replace(trail, sums=trail.sums + 1) for _, trails in known for trail in trails)]
    factor = _factor(followed, call, results[0]) if call.name.rstrip("_") in {"mul", "div"} else None
    return [known[0][1] if factor is None else _scaled(known[0][1], factor)]


def _factor(followed: _Followed, call: Call, result: Tensor) -> Tensor | None:
    """Return the factors (C,) of a multiplication by numbers that do not come from the picture; None: others."""
    other = next((a for a in call.arguments if not (isinstance(a, Tensor) and followed.of(a))), None)
    value = torch.as_tensor(other if isinstance(other, Tensor | int | float) else 1.0).double().cpu()
    value = value if call.name.startswith("mul") else 1 / value
    value = value.view(*[1] * (result.ndim - value.ndim), *value.shape)
    if any(count != 1 for place, count in enumerate(value.shape) if place != 1):
        return None
    return value.flatten().expand(result.shape[1]).clone()


def _moving(followed: _Followed, call: Call, results: list[Tensor]) -> Sequence[tuple[Trail, ...]]:
    """Of an operation that only moves numbers: apply it to the marks."""
    source, *rest = call.arguments
    made: list[list[Trail]] = [[] for _ in results]
    for trail in followed.of(source):
        laid = [
            torch.empty_like(source, dtype=marks.dtype, device="cpu").copy_(marks)  # a view asks for the same strides
            for marks in (trail.units, trail.scale)
        ]
        moved = [list(tensors(call.operation(marks, *rest, **call.options))) for marks in laid]
        for trails, units, scale in zip(made, *moved, strict=True):
            trails.append(_compact(replace(trail, units=units, scale=scale)))
    return [tuple(trails) for trails in made]


def _compact(trail: Trail) -> Trail:
    """Return the trail with one place a map, where all places of each are alike."""
    if trail.units.ndim != 4:
        return replace(trail, units=trail.units.clone(), scale=trail.scale.clone())
    units, scale = (marks[:, :, :1, :1] for marks in (trail.units, trail.scale))
    alike = bool((units == trail.units).all()) and bool((scale == trail.scale).all())
    return replace(trail, units=units.clone(), scale=scale.clone()) if alike else trail


def _cat(followed: _Followed, call: Call, _results: list[Tensor]) -> Sequence[tuple[Trail, ...]]:
    """Join side by side: each trail goes on in its own part of the channels, and in the others there is none."""
    parts = call.arguments[0]
    place = (call.arguments[1] if len(call.arguments) > 1 else 0) % parts[0].ndim
    if place != 1:
        return ()
    made: list[Trail] = []
    for index, part in enumerate(parts):
        for trail in followed.of(part):
            places = trail.units.shape[2:]
            empty = [torch.full((1, other.shape[1], *places), -1) for other in parts]
            units = torch.cat([*empty[:index], trail.units, *empty[index + 1 :]], 1)
            nothing = [torch.zeros(other.shape, dtype=torch.float64) for other in empty]
            scale = torch.cat([*nothing[:index], trail.scale, *nothing[index + 1 :]], 1)
            made.append(replace(trail, units=units, scale=scale))
    return [tuple(made)]


def _same(followed: _Followed, call: Call, _results: list[Tensor]) -> Sequence[tuple[Trail, ...]]:
    return [followed.of(call.arguments[0])]


_RULES: dict[str, Rule] = {
    "convolution": _convolution,
    **dict.fromkeys(("addmm", "mm"), _product),
    **dict.fromkeys(
        ("native_batch_norm", "cudnn_batch_norm", "_native_batch_norm_legit_no_training", "miopen_batch_norm"),
        _batch_norm,
    ),
    **dict.fromkeys(
        (
            *("max_pool2d_with_indices", "avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d", "mean", "amax"),
            *("upsample_nearest2d", "upsample_bilinear2d", "reflection_pad2d", "replication_pad2d"),
        ),
        _per_channel,
    ),
    **dict.fromkeys(
        (
            *("view", "_unsafe_view", "reshape", "permute", "transpose", "t", "unsqueeze", "squeeze", "expand"),
            *("slice", "select", "split", "split_with_sizes", "unbind", "flip", "index_select"),
        ),
        _moving,
    ),
    "cat": _cat,
    "constant_pad_nd": _pad,
    **dict.fromkeys(("clone", "detach", "_to_copy", "alias", "native_dropout", "contiguous", "relu_", "lift"), _same),
}
