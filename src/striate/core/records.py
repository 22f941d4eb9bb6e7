"""Records: frozen, validated values that are written as TOML or JSON and read back the same."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from striate.core.errors import RecipeError


class Record(BaseModel):
    """A frozen record that refuses fields it does not know and numbers that are not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


R = TypeVar("R", bound=Record)


def validated(record: type[R], values: Mapping[str, Any], where: str) -> R:
    """Return the record of nested `values`; `where` they stand begins the message.

    Raises:
        RecipeError: a field is unknown or its value not allowed; every fault is named.
    """
    try:
        return record.model_validate(values)
    except ValidationError as error:
        raise RecipeError(f"{where}: {_faults(error)}") from None


def _faults(error: ValidationError) -> str:
    messages: dict[str, list[str]] = {}
    for fault in error.errors():
        parts = (str(part) for part in fault["loc"])
        place = ".".join(part for part in parts if "[" not in part)  # pydantic names branches of a union
        value = "" if isinstance(fault["input"], Mapping) else f" = {fault['input']!r}"  # of a record, the fault alone
        messages.setdefault(f"{place}{value}: " if place else "", []).append(fault["msg"].removeprefix("Value error, "))
    return "; ".join(f"{place}{', or: '.join(found)}" for place, found in messages.items())
