"""What the options of the methods take: the types that their signatures state, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from torch import Tensor

from striate.core.errors import RecipeError
from striate.explain import function_of

_WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a finite number",
    str: "a name",
    bool: "True or False",
    Tensor: "a tensor",
    NoneType: "None",
}


def require_options(method: str, options: Mapping[str, Any]) -> None:
    """Refuse values of types that the method does not take; what an option lacks is its own affair.

    Raises:
        UnknownName: no such method.
        RecipeError: names the option, its value, and what it takes.
    """
    hints = get_type_hints(function_of(method))
    for name, value in options.items():
        if name in hints and not _fits(value, hints[name]):
            raise RecipeError(f"{name} = {value!r} is no value for {method}: it takes {_said(hints[name])}")


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is Literal:
        return value in inner
    if origin is tuple:
        return isinstance(value, tuple) and len(value) == len(inner) and all(map(_fits, value, inner))
    if hint is int:
        return isinstance(value, Integral) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    return isinstance(value, hint)


def _said(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return " or ".join(_said(each) for each in inner)
    if origin is Literal:
        return " or ".join(map(str, inner))
    if origin is tuple:
        return f"({', '.join(_said(each) for each in inner)})"
    return _WORDS.get(hint, getattr(hint, "__name__", str(hint)))
