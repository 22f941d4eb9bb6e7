"""What a tensor's units see of the picture, whatever shape the tensor has.

A tensor's dimension is a product of factors: of (N, C, H, W) the last two are the rows and columns of the picture,
and after `flatten(1)` one dimension holds channels, rows and columns in turn. So a reshaping that is undone later,
as around the linear layers of a network that keeps channels last, loses nothing, and nothing has to be guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod

from striate.inside.axes import Axis, Irregular, Taps, at, lost, mixed, through, union

Factor = tuple[
    int, int | None
]  # how many units; 0 along the rows' axis (downwards), 1 along the columns', None along none
Dimension = tuple[Factor, ...]


@dataclass(frozen=True)
class Field:
    """What the units of one tensor see.

    Args:
        layout: each dimension's factors.
        axes: what is seen downwards and to the right.
    """

    layout: tuple[Dimension, ...]
    axes: tuple[Axis, Axis]

    @property
    def placed(self) -> bool:
        """Whether any dimension still has a place in the picture."""
        return any(axis is not None for dimension in self.layout for _, axis in dimension)


@dataclass(frozen=True)
class Unknown:
    """What the units see cannot be stated.

    Args:
        reason: why, and what did it.
    """

    reason: str


Seen = Field | Unknown | None  # None: of what was not made from the picture


def of_images(shape: Sequence[int]) -> Field:
    """Return what pictures (N, C, H, W) see of themselves."""
    count, channels, height, width = shape
    return Field((plain(count), plain(channels), ((height, 0),), ((width, 1),)), (Axis(), Axis()))


def size(dimension: Dimension) -> int:
    """Return how many units a dimension has."""
    return prod(count for count, _ in dimension)


def plain(count: int) -> Dimension:
    """Return a dimension that has no place in the picture."""
    return ((count, None),)


def relaid(field: Field, layout: Iterable[Dimension]) -> Field:
    """Return `field` with other dimensions, which still hold every factor that has a place."""
    return replace(field, layout=tuple(layout))


def changed(field: Field, dimension: int, count: int, taps: Taps) -> Field:
    """Return `field` after an operation that reads units along one dimension by `taps`, which leaves `count`."""
    axis = _only(field.layout[dimension])
    layout = list(field.layout)
    layout[dimension] = ((count, axis),)
    if axis is None:
        return relaid(field, layout)
    return Field(tuple(layout), _with(field.axes, axis, lambda old: through(old, taps)))


def resized(field: Field, dimension: int, count: int) -> Field:
    """Return `field` with another number of units in a dimension that has no place in the picture."""
    if _only(field.layout[dimension]) is not None:
        raise Irregular("it joins or cuts along an axis of the picture")
    layout = list(field.layout)
    layout[dimension] = plain(count)
    return relaid(field, layout)


def mixing(field: Field, dimensions: Iterable[int]) -> Field:
    """Return `field` where each unit is also made from all others along `dimensions`, as in a normalization."""
    axes = field.axes
    for dimension in dimensions:
        for count, axis in field.layout[dimension]:
            if axis is not None:
                axes = _with(axes, axis, lambda old, count=count: mixed(old, count))  # type: ignore[misc]
    return replace(field, axes=axes)


def without(field: Field, dimensions: Iterable[int], *, keep: bool = False) -> Field:
    """Return `field` of the sums over `dimensions`, which are then gone, or `keep` one unit."""
    axes, gone = field.axes, {dimension % len(field.layout) for dimension in dimensions}
    for dimension in gone:
        for count, axis in field.layout[dimension]:
            if axis is not None:
                axes = _with(axes, axis, lambda old, count=count: lost(old, count))  # type: ignore[misc]
    layout = [plain(1) if place in gone else old for place, old in enumerate(field.layout) if keep or place not in gone]
    return Field(tuple(layout), axes)


def selected(field: Field, dimension: int, unit: int) -> Field:
    """Return `field` of one unit along a dimension, which is then gone."""
    axis = _only(field.layout[dimension])
    axes = field.axes if axis is None else _with(field.axes, axis, lambda old: at(old, unit))
    return Field((*field.layout[:dimension], *field.layout[dimension + 1 :]), axes)


def reshaped(field: Field, shape: Sequence[int]) -> Field:
    """Return `field` of the same units in the same order in another shape."""
    factors = _flat(field)
    layout: list[Dimension] = []
    for wanted in shape:
        dimension: list[Factor] = []
        while factors and (size(tuple(dimension)) < wanted or (wanted == 1 and not dimension and factors[0][0] == 1)):
            dimension.append(_take(factors, wanted // size(tuple(dimension))))
        layout.append(tuple(dimension) or plain(1))
    if factors:  # axes of one unit
        layout[-1] = (*layout[-1], *factors)
    return relaid(field, layout)


def expanded(field: Field, shape: Sequence[int]) -> Field:
    """Return `field` repeated to `shape`: every unit of a repeated axis sees what its one unit saw."""
    layout = [plain(1)] * (len(shape) - len(field.layout)) + list(field.layout)
    axes = field.axes
    for place, (old, count) in enumerate(zip(layout, shape, strict=True)):
        if size(old) == count:
            continue
        for _, axis in old:
            if axis is not None:
                axes = _with(axes, axis, lambda one: at(one, 0))
        layout[place] = plain(count)
    return Field(tuple(layout), axes)


def together(fields: Sequence[Field]) -> Field:
    """Return what is seen by units that are made from those of all `fields`, which have one shape, at their place."""
    first, *others = fields
    layout = list(first.layout)
    axes = first.axes
    for other in others:
        for place, dimension in enumerate(other.layout):
            layout[place] = _agreed(layout[place], dimension)
        axes = (union(axes[0], other.axes[0]), union(axes[1], other.axes[1]))
    places = [axis for dimension in layout for _, axis in dimension if axis is not None]
    if len(places) != len(set(places)):
        raise Irregular("maps that lie along different dimensions meet")
    return Field(tuple(layout), axes)


def _agreed(one: Dimension, other: Dimension) -> Dimension:
    places = [[axis for _, axis in dimension if axis is not None] for dimension in (one, other)]
    if not places[1] or one == other:
        return one
    if not places[0]:
        return other
    raise Irregular("maps that lie along different dimensions meet")


def _flat(field: Field) -> list[Factor]:
    """Return all factors in order, neighbors without a place in one."""
    factors: list[Factor] = []
    for count, axis in (factor for dimension in field.layout for factor in dimension):
        if axis is not None:
            factors.append((count, axis))
        elif count != 1 and factors and factors[-1][1] is None:
            factors[-1] = (factors[-1][0] * count, None)
        elif count != 1:
            factors.append((count, None))
    return factors


def _take(factors: list[Factor], most: int) -> Factor:
    """Take the next factor off, or of one without a place as much as is wanted."""
    count, axis = factors.pop(0)
    if count <= most:
        return count, axis
    if axis is not None or most < 1 or count % most:
        raise Irregular("a view cuts an axis of the picture apart")
    factors.insert(0, (count // most, None))
    return most, None


def _only(dimension: Dimension) -> int | None:
    axes = [axis for _, axis in dimension if axis is not None]
    if axes and len(dimension) > 1:
        raise Irregular("an axis of the picture is joined with another dimension")
    return axes[0] if axes else None


def _with(axes: tuple[Axis, Axis], place: int, change: Callable[[Axis], Axis]) -> tuple[Axis, Axis]:
    return (change(axes[0]), axes[1]) if place == 0 else (axes[0], change(axes[1]))
