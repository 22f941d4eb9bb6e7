"""Parameters that are a number, or the word auto."""

from typing import TypeVar

from striate.core.errors import RecipeError

Value = TypeVar("Value")


def settled(name: str, value: Value | str, usual: Value) -> Value:
    """Return the value of a parameter, or what is usual where it is "auto".

    Args:
        name: of the parameter.
        value: what it was set to.
        usual: what "auto" stands for here.

    Raises:
        RecipeError: another word.
    """
    if not isinstance(value, str):
        return value
    if value != "auto":
        raise RecipeError(f"{name} = {value!r}: give a number, or auto")
    return usual
