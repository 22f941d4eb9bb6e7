"""Along one axis of the picture: which pixels each unit of a row of units sees, as whole numbers, without end.

Units are numbered j = ..., -1, 0, 1, ...; unit j sees the pixels from `low(j)` up to, but not including, `high(j)`.
After convolutions and poolings both grow by the same step from unit to unit. Transposed convolution, interpolation
and adaptive pooling make them repeat with a period instead: of `period` neighbors each has its own interval, and all
move on by `step` pixels after as many. That is exact where a single size and stride would not be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil, floor, gcd, lcm

Interval = tuple[int, int]  # from a pixel up to, but not including, another
MOST_PHASES = 512


class Irregular(Exception):
    """What the units see follows no rule that can be stated; the message says why."""


@dataclass(frozen=True)
class Axis:
    """What the units along one axis see of one axis of the picture.

    Args:
        phases: the intervals of units 0, 1, ..., period - 1; None of one that sees nothing, which a transposed
            convolution can leave. Empty where units have no place on this axis, as after a linear layer.
        step: pixels by which the intervals move on from a unit to that `period` units later.
        fixed: what every unit sees besides, as through a global average that is multiplied back onto the maps.
    """

    phases: tuple[Interval | None, ...] = ((0, 1),)
    step: int = 1
    fixed: Interval | None = None

    @property
    def stride(self) -> Fraction | None:
        """Pixels from a unit to the next, on average; None where units have no place."""
        return Fraction(self.step, len(self.phases)) if self.phases else None

    @property
    def size(self) -> int:
        """The most pixels that a unit sees, in a picture without end."""
        seen = [interval for unit in range(max(1, len(self.phases))) if (interval := self.interval(unit)) is not None]
        return max((high - low for low, high in seen), default=0)

    @property
    def offset(self) -> Fraction | None:
        """The center of unit 0, where pixel 0 has its center at 0; None where units have no place.

        The center of unit j is `offset + stride * j`, on average over a period where there is one.
        """
        stride = self.stride
        centers = [
            Fraction(sum(interval) - 1, 2) - stride * unit
            for unit, interval in enumerate(self.phases)
            if interval is not None and stride is not None
        ]
        return sum(centers, Fraction(0)) / len(centers) if centers else None

    def own(self, unit: int) -> Interval | None:
        """Return what `unit` sees by its place, without what all see."""
        if not self.phases:
            return None
        turns, phase = divmod(unit, len(self.phases))
        interval = self.phases[phase]
        return interval and (interval[0] + turns * self.step, interval[1] + turns * self.step)

    def interval(self, unit: int) -> Interval | None:
        """Return the least interval that holds all that `unit` sees, in a picture without end."""
        return hull([self.own(unit), self.fixed])


@dataclass(frozen=True)
class Taps:
    """Which units of its input each unit of an operation's output reads, along one axis.

    Args:
        units: of outputs 0, 1, ..., period - 1: the units that each reads.
        step: units by which they move on after a period.
    """

    units: tuple[tuple[int, ...], ...]
    step: int


def hull(intervals: Sequence[Interval | None]) -> Interval | None:
    """Return the least interval that holds all of `intervals`."""
    seen = [interval for interval in intervals if interval is not None]
    return (min(low for low, _ in seen), max(high for _, high in seen)) if seen else None


@lru_cache(maxsize=4096)
def through(axis: Axis, taps: Taps) -> Axis:
    """Return what the units see that read units of `axis` by `taps`."""
    if not axis.phases:
        return axis
    turns = len(axis.phases) // gcd(len(axis.phases), taps.step)  # of taps' period, until `axis` begins its own anew
    if turns * len(taps.units) > MOST_PHASES:
        raise Irregular(f"units repeat only after {turns * len(taps.units)}")
    phases = tuple(
        hull([axis.own(unit + turn * taps.step) for unit in units]) for turn in range(turns) for units in taps.units
    )
    moved = Fraction(axis.step * taps.step * turns, len(axis.phases))
    return _simplest(Axis(phases, int(moved), axis.fixed))


@lru_cache(maxsize=4096)
def union(one: Axis, other: Axis) -> Axis:
    """Return what the units see that are made from the units of both at the same place."""
    fixed = hull([one.fixed, other.fixed])
    if not (one.phases and other.phases):
        placed = one if one.phases else other
        return Axis(placed.phases, placed.step, fixed)
    if one.stride != other.stride:
        raise Irregular(f"maps with strides of {one.stride} and {other.stride} pixels meet")
    period = lcm(len(one.phases), len(other.phases))
    phases = tuple(hull([one.own(unit), other.own(unit)]) for unit in range(period))
    return _simplest(Axis(phases, one.step * (period // len(one.phases)), fixed))


def mixed(axis: Axis, count: int) -> Axis:
    """Return `axis` where every one of its `count` units sees what all see, and still has its place."""
    return Axis(axis.phases, axis.step, hull([axis.fixed, whole(axis, count)]))


def lost(axis: Axis, count: int) -> Axis:
    """Return what is seen by a unit that is made from all `count` units of `axis` and has no place on it."""
    return Axis((), 0, mixed(axis, count).fixed)


def at(axis: Axis, unit: int) -> Axis:
    """Return what is seen of the picture where one unit of `axis` is taken out."""
    return Axis((), 0, axis.interval(unit))


def whole(axis: Axis, count: int) -> Interval | None:
    """Return the least interval that holds what units 0 to `count - 1` see by their places."""
    period = len(axis.phases)
    ends = {*range(min(period, count)), *range(max(0, count - period), count)}
    return hull([axis.own(unit) for unit in ends])


def windows(kernel: int, stride: int, padding: int, dilation: int) -> Taps:
    """Return the taps of a convolution or pooling."""
    return Taps((tuple(dilation * place - padding for place in range(kernel)),), stride)


@lru_cache(maxsize=256)
def spread(kernel: int, stride: int, padding: int, dilation: int) -> Taps:
    """Return the taps of a transposed convolution: output j reads i where stride * i - padding + dilation * k is j."""
    places = [dilation * place - padding for place in range(kernel)]
    units = tuple(
        tuple((unit - place) // stride for place in places if (unit - place) % stride == 0) for unit in range(stride)
    )
    return Taps(units, 1)


def adaptive(count: int, wanted: int) -> Taps:
    """Return the taps of adaptive pooling from `count` units to `wanted`."""
    common = gcd(count, wanted)
    units = tuple(
        tuple(range(unit * count // wanted, -(-(unit + 1) * count // wanted))) for unit in range(wanted // common)
    )
    return Taps(units, count // common)


def interpolated(position: Callable[[int], Fraction], scale: Fraction, reach: int) -> Taps:
    """Return the taps of interpolation.

    Args:
        position: from an output unit to the place among the input units that it is read at.
        scale: input units from one output unit to the next.
        reach: 0 for the unit below the position alone (nearest), 1 for the two around it, 2 for four (bicubic).
    """
    if scale.denominator > MOST_PHASES:
        raise Irregular(f"an interpolation repeats only after {scale.denominator} units")
    return Taps(tuple(_around(position(unit), reach) for unit in range(scale.denominator)), scale.numerator)


def _around(position: Fraction, reach: int) -> tuple[int, ...]:
    below = floor(position)
    if reach == 0:
        return (below,)
    return (below,) if position == below else tuple(range(below - reach + 1, ceil(position) + reach))


def _simplest(axis: Axis) -> Axis:
    """Return the same with the shortest period."""
    period = len(axis.phases)
    for shorter in range(1, period):
        if period % shorter or axis.step % (period // shorter):
            continue
        short = Axis(axis.phases[:shorter], axis.step // (period // shorter), axis.fixed)
        if all(short.own(unit) == axis.phases[unit] for unit in range(period)):
            return short
    return axis
