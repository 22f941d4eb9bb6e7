"""The one place where training looks a model's name up: a network, ours or of others, or a classic pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from striate.classic import PIPELINES
from striate.core.errors import DoesNotApply, UnknownName
from striate.zoo.catalog import MODELS
from striate.zoo.lookup import find, is_foreign

if TYPE_CHECKING:
    from striate.zoo.catalog import Row
    from striate.zoo.foreign import Maker


def is_pipeline(name: str | None) -> bool:
    """Say whether `name` is a classic pipeline, which is fitted at once and not trained step by step."""
    return name in PIPELINES


def find_network(name: str) -> Row | Maker:
    """Return what is known of the network `name`.

    Raises:
        UnknownName: no such model; the nearest are offered, pipelines too.
        RecipeError: a network of others that cannot be had here.
    """
    if not is_foreign(name) and name not in MODELS:
        raise UnknownName("model", name, [*MODELS, *PIPELINES])
    return find(name)


def check(name: str) -> None:
    """Refuse what is neither a network nor a pipeline; errors as `find_network` has them."""
    if not is_pipeline(name):
        find_network(name)


def only_networks(name: str, what: str) -> None:
    """Refuse a classic pipeline where only a network will do.

    Args:
        name: of a model.
        what: the pipeline lacks, as "no layers to sum up".

    Raises:
        DoesNotApply: it is a pipeline.
    """
    if is_pipeline(name):
        raise DoesNotApply(f"{name} is a classic pipeline, {PIPELINES[name].title}: it has {what}. Name a network")
