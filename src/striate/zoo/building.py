"""From a name to a network: what is not said comes from the row or the maker, what is said is checked."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

from torch import Tensor

from striate.core.errors import RecipeError
from striate.layers.network import Network
from striate.zoo.catalog import Row
from striate.zoo.lookup import find
from striate.zoo.options import resolve

_LARGE = (224, 224)  # for networks of others that do not say what they were made for


def build(
    name: str,
    *,
    num_classes: int | None,
    in_channels: int | None,
    image_size: int | Sequence[int] | None,
    options: Mapping[str, Any],
) -> Network:
    """Build the network `name`; arguments and errors as `zoo.create` has them."""
    known = find(name)
    height, width = _pair(name, (known.image_size or _LARGE) if image_size is None else image_size)
    numbers = {
        "num_classes": _positive(name, "num_classes", known.num_classes if num_classes is None else num_classes),
        "in_channels": _positive(name, "in_channels", known.in_channels if in_channels is None else in_channels),
    }
    if isinstance(known, Row):
        family = import_module(known.module)
        options = resolve(name, options, family.OPTIONS)
        network: Network = family.build(name, **numbers, image_size=(height, width), **options)
    else:
        network = known.make(options=options, **numbers, image_size=(height, width))
    network.config = {"name": name, **numbers, "image_size": [height, width], **options}
    return network


def start_from_pictures(name: str) -> Callable[[Network, Tensor], str] | None:
    """Return what sets weights of the network `name` by pictures before it is trained, where its family has that.

    It takes the network and normalized training pictures (N, C, H, W), and returns a sentence on what it did.
    """
    known = find(name)
    return getattr(import_module(known.module), "start_from", None) if isinstance(known, Row) else None


def _pair(model: str, size: Any) -> tuple[int, int]:
    pair = (size, size) if isinstance(size, int) else tuple(size) if isinstance(size, Sequence) else ()
    if len(pair) != 2:
        raise RecipeError(f"{model}: image_size = {size!r} is not allowed; it takes a number, or height and width")
    return _positive(model, "image_size", pair[0]), _positive(model, "image_size", pair[1])


def _positive(model: str, name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise RecipeError(f"{model}: {name} = {value!r} is not allowed; it takes a whole number from 1 up")
    return value
