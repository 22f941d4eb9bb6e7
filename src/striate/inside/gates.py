"""Nonlinearities that have no name of their own: a bound at zero, and a tensor where it itself passes a comparison.

`torch.maximum(x, 0)`, `torch.where(x > 0, x, 0)` and `x * (x > 0)` are ReLUs, though nobody calls them so. They are
told by what they are given: a tensor of zeros, or a comparison of the very tensor that it lets through.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary


class Gates:
    """What was compared in the passes that are looked at: which tensor each mask says something of."""

    def __init__(self) -> None:
        self._compared: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def note(self, name: str, given: tuple[Any, ...], result: Any) -> None:
        """Remember the mask that a comparison gave, or that was made of one: its opposite, or as numbers."""
        if not isinstance(result, Tensor):
            return
        if name in _COMPARISONS:
            self._compared[result] = [weakref.ref(one) for one in given if _is_real(one)]
        elif name in _CONVERSIONS and isinstance(given[0], Tensor) and given[0] in self._compared:
            self._compared[result] = self._compared[given[0]]

    def through(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
        """Say whether the call lets a tensor through where that tensor itself passes a comparison."""
        if name not in _GATED:
            return False
        given = [one for one in (*args, *options.values()) if isinstance(one, Tensor)]
        compared = {id(of()) for one in given if one in self._compared for of in self._compared[one]}
        return any(id(one) in compared for one in given)


def bounded_by_zero(name: str, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
    """Say whether the call takes the larger, or the smaller, of each value and 0."""
    if name in _CLAMPS:
        return any(_is_zero(bound) for bound in _bounds(name, args, options))
    of = [one for one in (*args, *options.values()) if isinstance(one, Tensor)]
    return name in _LARGER_OR_SMALLER and len(of) == 2 and any(map(_is_zero, of))  # of one, it is the largest value


def _bounds(name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Iterator[Any]:
    yield from args[1:3] if name in {"clamp", "clip"} else args[1:2]
    yield from (options.get(bound) for bound in ("min", "max"))


def _is_zero(value: Any) -> bool:
    """Say whether a number or a tensor is all 0 for every picture, as one that depends on pictures is not."""
    if isinstance(value, Tensor):
        return not (value.requires_grad or value.is_meta) and value.numel() > 0 and not bool(value.any())
    return isinstance(value, int | float) and value == 0


def _is_real(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


_COMPARISONS = {"gt", "ge", "lt", "le", "greater", "greater_equal", "less", "less_equal"}
_CONVERSIONS = {"to", "type", "type_as", "float", "double", "half", "bfloat16", "logical_not", "invert"}
_GATED = {"where", "mul", "multiply", "masked_fill", "setitem"}
_CLAMPS = {"clamp", "clamp_min", "clamp_max", "clip"}
_LARGER_OR_SMALLER = {"maximum", "max", "fmax", "minimum", "min", "fmin"}
