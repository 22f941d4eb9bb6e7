"""A network in numbers, asked for by its name or as the run that trained it, with a recipe's own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from striate.core.errors import RecipeError, UnknownName
from striate.inside.memory import STATE
from striate.inside.phantom import of_model
from striate.inside.summary import Summary, summarize
from striate.recognize.load import load_network
from striate.train.models import only_networks
from striate.train.recipe import settings_to_values
from striate.zoo.catalog import MODELS


def summary(
    model: str,
    changes: Mapping[str, Any],
    *,
    batch_size: int,
    settings: Sequence[str] | Mapping[str, Any] = (),
) -> Summary:
    """Return the network in numbers; see `striate.summary`.

    Args:
        model: a name of the zoo, timm:NAME, package.module:function, or a run directory.
        changes: what is to be other than the network's own, of `image_size`, `num_classes` and `in_channels`.
        batch_size: pictures in a training step.
        settings: `optimizer.name` and fields of `options`.

    Raises:
        StriateError: an unknown name, or a value or picture size that is not allowed, with the remedy.
    """
    if batch_size < 1:
        raise RecipeError(f"batch_size = {batch_size} is not allowed; it takes a whole number from 1 up")
    options, optimizer = _chosen(settings)
    config = {**_config(model), **options, **changes}
    network = of_model(**config)
    shape = (network.config["in_channels"], *network.config["image_size"])
    return summarize(network, shape, batch=batch_size, optimizer=optimizer)


def _config(model: str) -> dict[str, Any]:
    only_networks(model, "no layers to sum up")
    if model not in MODELS and Path(model).is_dir():
        config: dict[str, Any] = load_network(Path(model)).network.config  # type: ignore[assignment]
        return config
    return {"name": model}


def _chosen(settings: Sequence[str] | Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    values = settings_to_values(settings)
    options, optimizer = values.pop("options", {}), values.pop("optimizer", {})
    name = optimizer.pop("name", "sgd")
    for other in (*values, *(f"optimizer.{field}" for field in optimizer)):
        raise RecipeError(
            f"{other} changes nothing in a summary: set optimizer.name, or the network's own options.FIELD"
        )
    if name not in STATE:
        raise UnknownName("optimizer", name, STATE)
    return options, name
