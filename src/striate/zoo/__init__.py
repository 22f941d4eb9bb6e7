"""Networks by name: one family, one file; one variant, one row of `zoo/catalog.py`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from striate.zoo.catalog import MODELS, Row

if TYPE_CHECKING:
    from striate.layers.network import Network
    from striate.zoo import weights

__all__ = ["MODELS", "Row", "create", "weights"]


def create(
    name: str,
    *,
    num_classes: int | None = None,
    in_channels: int | None = None,
    image_size: int | tuple[int, int] | list[int] | None = None,
    **options: Any,
) -> Network:
    """Build the network `name`, with freshly drawn weights (`torch.manual_seed` settles them).

    Args:
        name: a row of `MODELS`; or `timm:NAME`; or `package.module:function`, which is imported and called.
        num_classes: how many scores it gives; by default the row's own, as for the two that follow.
        in_channels: 1 for gray pictures, 3 for color.
        image_size: height and width of its pictures, or one number for both.
        options: the family's own, such as `dropout=0.5`; the row holds their defaults.

    Returns:
        The network, in training mode; `config` says what it was made from, `notes` what was adapted.

    Raises:
        UnknownName: no such row, or no such option; the nearest names are offered.
        RecipeError: an option or a number that is not allowed; the message says what is.
        DoesNotApply: a picture size or number of classes that this family cannot take, with what it can.
    """
    from striate.zoo.building import build

    return build(name, num_classes=num_classes, in_channels=in_channels, image_size=image_size, options=options)


def __getattr__(name: str) -> Any:
    if name == "weights":  # imports torch, so only when asked for
        return import_module("striate.zoo.weights")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
