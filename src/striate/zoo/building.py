"""From a row of the catalog to a network: what is not said comes from the row, what is said is checked."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from striate.core.errors import RecipeError
from striate.layers.network import Network
from striate.zoo.catalog import Row
from striate.zoo.options import resolve


def build(
    row: Row,
    *,
    num_classes: int | None,
    in_channels: int | None,
    image_size: int | Sequence[int] | None,
    options: Mapping[str, Any],
) -> Network:
    """Build the network of `row`; arguments and errors as `zoo.create` has them."""
    family = import_module(row.module)
    height, width = _pair(row.name, row.image_size if image_size is None else image_size)
    chosen = resolve(row.name, options, family.OPTIONS)
    numbers = {
        "num_classes": _positive(row.name, "num_classes", row.num_classes if num_classes is None else num_classes),
        "in_channels": _positive(row.name, "in_channels", row.in_channels if in_channels is None else in_channels),
    }
    network: Network = family.build(row.name, **numbers, image_size=(height, width), **chosen)
    network.config = {"name": row.name, **numbers, "image_size": [height, width], **chosen}
    return network


def _pair(model: str, size: Any) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else tuple(size) if isinstance(size, Sequence) else ()
    if len(pair) != 2:
        raise RecipeError(f"{model}: image_size = {size!r} is not allowed; it takes a number, or height and width")
    return _positive(model, "image_size", pair[0]), _positive(model, "image_size", pair[1])


def _positive(model: str, name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RecipeError(f"{model}: {name} = {value!r} is not allowed; it takes a whole number from 1 up")
    return value
