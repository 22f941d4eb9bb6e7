"""Receptive fields: which part of the picture each unit of each layer sees, by intervals passed through the trace.

Stride and field of a stack of layers grow as Araujo, Norris and Sim, 2019, have it
(https://doi.org/10.23915/distill.00021); here branches are united, and what has no single stride keeps a period.
Nothing is estimated: what cannot be stated exactly is unknown, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside import fields, rules
from striate.inside.axes import Axis, Interval
from striate.inside.fields import Seen, Unknown
from striate.inside.tracing import Answer, Call, Trace, memory_of, tensors, trace


@dataclass(frozen=True)
class Geometry:
    """What the units of one layer see of a picture. All pairs are (downwards, to the right), in pixels.

    Args:
        axes: what units see along each axis.
        picture: height and width.
        units: rows and columns of units; 1 where they have no place.
    """

    axes: tuple[Axis, Axis]
    picture: tuple[int, int]
    units: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """The receptive field's height and width, in a picture without end."""
        return self.axes[0].size, self.axes[1].size

    @property
    def stride(self) -> tuple[Fraction | None, Fraction | None]:
        """From a unit to the next; None where units have no place."""
        return self.axes[0].stride, self.axes[1].stride

    @property
    def offset(self) -> tuple[Fraction | None, Fraction | None]:
        """The center of the first unit, where the first pixel has its center at 0; None where units have no place.

        The center of unit (y, x) is `offset + stride * (y, x)`: where a value of the map belongs in the picture.
        """
        return self.axes[0].offset, self.axes[1].offset

    @property
    def whole(self) -> bool:
        """Whether all units see the whole picture wherever they are, as behind a linear layer or a global average."""
        return all(
            axis.fixed is not None and axis.fixed[0] <= 0 and axis.fixed[1] >= side
            for axis, side in zip(self.axes, self.picture, strict=True)
        )

    def box(self, y: int = 0, x: int = 0) -> tuple[int, int, int, int]:
        """Return what unit (y, x) sees of the picture: top, left, bottom, right; the last two are not seen.

        No pixel outside of it can change the unit. It may hold pixels that the unit does not see: between the places
        that a dilated layer reads, at a border, where a layer reads padding past maps that leave pixels unseen, and
        where a way through a transposed convolution ends in a unit that sees nothing along one axis.
        """
        top, bottom = _clipped(self.axes[0].interval(y), self.picture[0])
        left, right = _clipped(self.axes[1].interval(x), self.picture[1])
        return top, left, bottom, right


def geometry(network: nn.Module, shape: Sequence[int]) -> dict[str, Geometry | Unknown]:
    """Return what the units of each module of `network` see of pictures (C, H, W); "" is the network itself.

    A module that is called several times has the geometry of its last call, and that of each as `name#1`, `name#2`;
    one that is never called has none.
    """
    return geometries(trace(network, shape))


def geometries(traced: Trace) -> dict[str, Geometry | Unknown]:
    """Return what the units of each traced module see; see `geometry`."""
    followed = _Followed(traced)
    picture = (traced.images.shape[2], traced.images.shape[3])
    found: dict[str, list[Geometry | Unknown]] = {}
    for event in traced.events:
        if isinstance(event, Call):
            followed.through(event)
        else:
            found.setdefault(event.module, []).append(_of(followed.answer(event), picture))
    last = {name: each[-1] for name, each in found.items()}
    several = {name: each for name, each in found.items() if len(each) > 1}
    return last | {f"{name}#{call}": seen for name, each in several.items() for call, seen in enumerate(each, 1)}


class _Followed:
    """What every tensor sees, as the trace goes on. A tensor that is written into sees something else afterwards."""

    def __init__(self, traced: Trace) -> None:
        if traced.images.ndim != 4:
            raise DoesNotApply(f"receptive fields are of pictures (N, C, H, W), not of {tuple(traced.images.shape)}")
        self._seen: dict[int, Seen] = {id(traced.images): fields.of_images(traced.images.shape)}
        self._sharing: dict[int, dict[int, Tensor]] = {memory_of(traced.images): {id(traced.images): traced.images}}

    def look(self, tensor: Tensor) -> Seen:
        return self._seen.get(id(tensor))

    def through(self, call: Call) -> None:
        results = list(tensors(call.result))
        for tensor, seen in zip(results, rules.seen(call, self.look), strict=True):
            if call.operation._schema.is_mutable:  # noqa: SLF001 torch has no public way to ask
                self._written(tensor, seen, call)
            self._seen[id(tensor)] = seen
            self._sharing.setdefault(memory_of(tensor), {})[id(tensor)] = tensor

    def answer(self, answer: Answer) -> Seen:
        results = list(tensors(answer.result))
        return self.look(results[0]) if results else None

    def _written(self, tensor: Tensor, seen: Seen, call: Call) -> None:
        """Forget what other views of the same memory saw, where they may see something else now."""
        if seen == self.look(tensor):
            return
        for number in self._sharing.get(memory_of(tensor), {}):
            if number != id(tensor):
                self._seen[number] = Unknown(f"{call.name} in {call.module or 'the network'}: it writes into a view")


def _of(seen: Seen, picture: tuple[int, int]) -> Geometry | Unknown:
    if isinstance(seen, Unknown):
        return seen
    if seen is None:
        return Unknown("it is not made from the picture")
    units = [1, 1]
    for count, axis in (factor for dimension in seen.layout for factor in dimension):
        if axis is not None:
            units[axis] = count
    return Geometry(seen.axes, picture, (units[0], units[1]))


def _clipped(interval: Interval | None, side: int) -> Interval:
    low, high = interval or (0, 0)
    return min(max(low, 0), side), min(max(high, 0), side)
