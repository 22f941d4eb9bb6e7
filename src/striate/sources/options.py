"""Options of a source, written after its name as `shapes?count=500&seed=1`."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from striate.core.errors import DataError, UnknownName


def parse_options(source: str, text: str, read: Callable[..., Any]) -> dict[str, Any]:
    """Return the options in `text` as the keyword arguments of `read`, whose defaults give their types.

    Args:
        source: the source's name, for messages.
        text: `key=value` pieces with `&` between them; may be empty.
        read: the source's reader.

    Raises:
        UnknownName: `read` has no such option.
        DataError: a value is not of the option's type, or an option is given twice.
    """
    defaults = {
        name: parameter.default
        for name, parameter in signature(read).parameters.items()
        if parameter.kind is Parameter.KEYWORD_ONLY
    }
    options: dict[str, Any] = {}
    for piece in filter(None, text.split("&")):
        name, _, value = piece.partition("=")
        if name not in defaults:
            raise UnknownName(f"option of {source}", name, defaults)
        if name in options:
            raise DataError(f"{source}: option {name} is given twice in '{text}': keep one")
        options[name] = _converted(source, name, value, defaults[name])
    return options


def require_range(source: str, option: str, value: int, low: int, high: int) -> None:
    """Refuse a `value` outside `low` to `high`, both allowed.

    Raises:
        DataError: the value is outside.
    """
    if not low <= value <= high:
        raise DataError(f"{source}: option {option}={value} is not allowed: give a whole number from {low} to {high}")


def _converted(source: str, name: str, value: str, default: object) -> object:
    if not isinstance(default, int):
        return value
    try:
        return int(value)
    except ValueError:
        raise DataError(f"{source}: option {name}='{value}' is no whole number: write {name}={default}") from None
