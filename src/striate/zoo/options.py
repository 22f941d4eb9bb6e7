"""The options of a family: what each may be stands in the family's `OPTIONS`, its default in the catalog's row."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from striate.core.errors import RecipeError, UnknownName
from striate.zoo.catalog import MODELS

GENERAL = ("num_classes", "in_channels", "image_size")  # what every model takes


@dataclass(frozen=True)
class Between:
    """Numbers from `low` up to, but not including, `high`."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"a number from {self.low:g} up to, but not including, {self.high:g}"


Allowed = tuple[str, ...] | Between
Renames = tuple[tuple[str, str], ...]  # pattern and replacement; the first pattern found in a name renames it
Layouts = dict[str, Renames]  # by what the user calls the layout, such as "torchvision:resnet50"


def resolve(model: str, given: Mapping[str, Any], allowed: Mapping[str, Allowed]) -> dict[str, Any]:
    """Return every option of `model`: as given, or else as its row has it.

    Raises:
        UnknownName: the model has no such option.
        RecipeError: a value that the option does not take; the message says what it takes.
    """
    defaults = MODELS[model].options
    for name, value in given.items():
        if name not in defaults:
            raise UnknownName(f"option of {model}", name, [*defaults, *GENERAL])
        if not _takes(allowed[name], value):
            raise RecipeError(f"{model}: {name} = {value!r} is not allowed; it takes {describe(allowed[name])}")
    return {**defaults, **given}


def describe(allowed: Allowed) -> str:
    """Say in words what an option takes."""
    return str(allowed) if isinstance(allowed, Between) else " or ".join(allowed)


def _takes(allowed: Allowed, value: Any) -> bool:
    if isinstance(allowed, Between):
        return isinstance(value, int | float) and not isinstance(value, bool) and allowed.low <= value < allowed.high
    return value in allowed
