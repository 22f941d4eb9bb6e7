"""What a network begins with: what training pictures settle; weights, and what is taken over of their preparation."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from striate.core.errors import listed
from striate.core.progress import say
from striate.data.preprocess import Preprocess
from striate.data.table import Table
from striate.layers.network import Network
from striate.recognize.origin import origin
from striate.train.recipe import Recipe
from striate.train.sample import sample
from striate.zoo import MODELS, weights
from striate.zoo.building import start_from_pictures
from striate.zoo.locate import Located
from striate.zoo.reading import read

_NAMED = 3  # classes in a message


def values_of(located: Located, model: str) -> dict[str, Any]:
    """Return the recipe's values that the weights settle where the user does not: pictures as they know them."""
    values: dict[str, Any] = {}
    if located.preprocess is not None:
        values["preprocess"] = dict(located.preprocess)
    if located.model == model:  # how it is first drawn is not part of what it is
        known = MODELS[model].options
        values["options"] = {k: v for k, v in located.options.items() if k in known and k != "init"}
    return values


def explain(located: Located, preprocess: Preprocess) -> str:
    """Return one sentence on what was taken over from the weights for the pictures."""
    if located.preprocess is None:
        return (
            f"weights {located.name} do not say how pictures were prepared for them: mean and deviation are those of "
            "the training pictures; if you know theirs, --set preprocess.mean and preprocess.std, or turn them into a "
            "recognizer by striate weights convert, --like torchvision:NAME where they are such, and begin from that"
        )
    theirs = Preprocess(**located.preprocess)
    height, width = theirs.size
    taken = {
        "size": f"{height}x{width}",
        "center": f"the middle {theirs.center:.3g} of the side",
        "interpolation": theirs.interpolation,
        "mean": f"mean {_numbers(theirs.mean)}",
        "std": f"deviation {_numbers(theirs.std)}",
    }
    same = [words for name, words in taken.items() if getattr(theirs, name) == getattr(preprocess, name)]
    return (
        f"weights {located.name}: pictures as they were trained on: {', '.join(same) or 'nothing, as you have set it'}"
    )


def look_at_pictures(
    network: Network, recipe: Recipe, table: Table, rows: NDArray[np.int64], *, quiet: bool = False
) -> None:
    """Let the network's family set by training pictures what it does not learn; most have nothing of that kind."""
    start_from = start_from_pictures(recipe.model)
    if start_from is not None:
        images = torch.from_numpy(sample(table, rows, recipe.preprocess))
        say(f"{recipe.model}: {start_from(network, recipe.preprocess.normalize(images))}", quiet=quiet)


def start(network: Network, recipe: Recipe, classes: Sequence[str], *, quiet: bool = False) -> None:
    """Load the recipe's weights, where it names some, into the network, and say what becomes of the head.

    Raises:
        DataError: the weights cannot be had, or do not fit.
    """
    if recipe.weights is None:
        return
    located, head = origin(recipe.weights, quiet=quiet), recipe.weights_head
    if head == "auto" and located.classes is not None:
        head = "keep" if located.classes == tuple(classes) else "drop"
    taken = weights.take(network, read(located.path), source=recipe.weights, head=head)
    told = _left(taken, located, recipe, classes) if taken.left else _kept(located, classes)
    say(f"weights {recipe.weights} (layout {taken.layout}): {told}", quiet=quiet)


def _left(taken: weights.Taken, located: Located, recipe: Recipe, classes: Sequence[str]) -> str:
    if recipe.weights_head == "drop":
        why = "as weights_head = drop says"
    elif taken.classes != len(classes):
        why = f"since they are for {taken.classes or 0:,} classes and the data has {len(classes):,}"
    elif set(located.classes or ()) == set(classes):
        why = "since they have the classes in another order"
    else:
        why = f"since their classes are others: {listed(located.classes or (), _NAMED)}"
    return f"all but {' and '.join(taken.left)}, left as drawn {why}"


def _kept(located: Located, classes: Sequence[str]) -> str:
    if located.classes is None:
        return (
            f"all, with the layer that gives the scores of {len(classes):,} classes, which they do not name: "
            "if those are not yours, --set weights_head=drop"
        )
    if located.classes == tuple(classes):
        return "all, with the layer that gives the scores: the classes are the same"
    theirs = listed(located.classes, _NAMED)
    return f"all, with the layer that gives the scores, as weights_head = keep says; it was for {theirs}"


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:g}" for value in values)
