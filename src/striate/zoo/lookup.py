"""The one place where a model's name is looked up: a row of the catalog, or what makes a network of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from striate.zoo.catalog import MODELS, Row

if TYPE_CHECKING:
    from striate.zoo.foreign import Maker


def find(name: str) -> Row | Maker:
    """Return what is known of `name`: both kinds have `name`, `family`, `image_size` and `options`.

    Raises:
        UnknownName: no such model; the nearest are offered.
        RecipeError: a network of others that cannot be had here.
    """
    if is_foreign(name):
        from striate.zoo.foreign import find as find_maker  # torch

        return find_maker(name)
    return MODELS[name]


def is_foreign(name: str) -> bool:
    """Say whether `name` means a network of others: `timm:NAME` or `package.module:function`."""
    return ":" in name
