"""The recipe that is taken where the user says nothing: per family and size of the data, chosen here and printed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core.records import validated
from striate.data.preprocess import Preprocess
from striate.data.table import Table
from striate.train.models import find_network
from striate.train.recipe import Recipe, merge
from striate.train.sample import sample

MODEL = "resnet20"  # where the user names none: it suits small pictures of all kinds
_PICTURES = 600_000  # pictures shown in all, where that makes between 12 and 60 epochs
FOREIGN = "foreign"  # the family of all networks of others
LARGE = (224, 224)  # of a network of others that does not say, and pictures that are large or of several sizes
_LARGEST = 64  # pictures of one size up to this are taken as they are; others are brought to it
_RATE = 0.3 / 128  # stochastic gradient descent's learning rate per picture of the batch, where _RATES has none
_PLAIN_VGG = ("vgg11", "vgg13", "vgg16", "vgg16_c", "vgg19")  # without batch norm, so in need of smaller steps
_RATES = {  # of a family or a variant
    **dict.fromkeys(("resnet", "preresnet", "vgg", "googlenet_bn", "airbench"), 0.1 / 128),
    **dict.fromkeys(("bn_inception", "inception", "inception_v4", "inception_resnet"), 0.1 / 128),
    **dict.fromkeys((*_PLAIN_VGG, "googlenet", "alexnet", "zfnet", "overfeat", "nin", "squeezenet"), 0.02 / 128),
    "densenet": 0.1 / 64,
}
_ADAPTIVE_RATE = 2e-3  # of rmsprop, adam and adamw, which scale each weight's step themselves

FLIPS = {"cifar10", "cifar100", "fashion_mnist", "folder", "manifest"}  # sources whose classes survive a mirror

# What each family departs from the common ground with. Values found by trial on MNIST, see benchmarks/accuracy.py.
FAMILIES: dict[str, dict[str, Any]] = {
    "linear": {
        "augment": {"shift": 0, "flip": "none"},
        "optimizer": {"name": "adam", "lr": 2e-3},
    },
    "perceptron": {
        "batch_size": 1,
        "epochs": 3,
        "augment": {"shift": 0, "flip": "none"},
        "optimizer": {"name": "sgd", "lr": 1.0, "momentum": 0.0, "nesterov": False},
        "schedule": {"name": "fixed"},
        "loss": {"name": "perceptron"},
    },
    "mlp": {
        "augment": {"shift": 0, "flip": "none"},
        "optimizer": {"name": "adam", "lr": 1e-3},
    },
    "alvinn": {
        "augment": {"shift": 0, "flip": "none"},
        "epochs": 150,
        "optimizer": {"name": "adam", "lr": 3e-3, "l2": 1e-3},
        "loss": {"name": "bump"},
    },
    "lenet": {
        "optimizer": {"name": "adam", "lr": 4e-3},
        "augment": {"flip": "none", "shift": 2},
    },
    "cifar_resnet": {
        "optimizer": {"name": "sgd", "l2": 5e-4},  # lr: see _RATE, here and below
    },
    "resnet": {"optimizer": {"name": "sgd", "l2": 5e-4}},
    "preresnet": {"optimizer": {"name": "sgd", "l2": 1e-4}},
    "densenet": {"optimizer": {"name": "sgd", "l2": 1e-4}},
    "vgg": {"optimizer": {"name": "sgd", "l2": 5e-4}},
    # he: the published starts need weeks of training; the clip is for networks without batch norm
    **{
        family: {"optimizer": {"name": "sgd", "l2": 5e-4, "clip": 2.0}, "options": {"init": "he"}}
        for family in ("alexnet", "zfnet", "overfeat")
    },
    "googlenet": {"optimizer": {"name": "sgd", "l2": 2e-4, "clip": 2.0}, "options": {"init": "he"}},
    **{
        family: {"optimizer": {"name": "sgd", "l2": 1e-4}}
        for family in ("bn_inception", "inception", "inception_v4", "inception_resnet")
    },
    # behind a ReLU, class maps die under large steps: squeezenet1_1 on digits stayed at chance with sgd at lr 0.04
    "nin": {"optimizer": {"name": "adam", "lr": 3e-4}, "options": {"init": "he"}},
    "squeezenet": {"optimizer": {"name": "adam", "lr": 1e-3}, "options": {"init": "he"}},
    "enet": {"optimizer": {"name": "adam", "lr": 2e-3, "l2": 2e-4}},  # published: 5e-4 for batches of 10
    "convnet": {"optimizer": {"name": "adam", "lr": 2e-3}},
    "airbench": {"optimizer": {"name": "sgd", "l2": 5e-4}},
    # nothing is known of it: steps that scale themselves, of bounded length, suit convolutions and attention alike
    FOREIGN: {"optimizer": {"name": "adamw", "lr": 1e-3, "l2": 0.02, "clip": 1.0}},
}
_PLAIN = {"optimizer": {"clip": 2.0}, "options": {"init": "he"}}
VARIANTS: dict[str, dict[str, Any]] = {
    # background -0.1 and ink 1.175, as LeCun et al. 1998 have it; 28 px digits stand in the middle of 32
    "lenet5": {
        "preprocess": {"mean": [0.1 / 1.275], "std": [1 / 1.275]},
        "loss": {"name": "map"},
        "optimizer": {"lr": 1e-2},
    },
    "lenet1": {"loss": {"name": "mse"}, "optimizer": {"lr": 1e-2}},
    # less dropout than was published for a million updates
    "mlp": {"options": {"dropout": 0.25, "input_dropout": 0.1}, "epochs": 15, "optimizer": {"lr": 2e-3}},
    **dict.fromkeys(_PLAIN_VGG, _PLAIN),
}


@dataclass(frozen=True)
class Look:
    """What the audit saw of the pictures that can be read.

    Args:
        sizes: (N, 2) heights and widths.
        channels: 1 where all are gray, else 3.
    """

    sizes: NDArray[np.int64]
    channels: int

    @property
    def size(self) -> tuple[int, int] | None:
        """The height and width that all pictures share, or None."""
        if len(self.sizes) and (self.sizes == self.sizes[0]).all():
            return int(self.sizes[0, 0]), int(self.sizes[0, 1])
        return None


def resolve(
    table: Table,
    rows: NDArray[np.int64],
    look: Look,
    model: str | None,
    wanted: Mapping[str, Any],
    start: Mapping[str, Any] | None = None,
) -> Recipe:
    """Return the complete recipe: the defaults for this model and data, with what the user wants on top.

    Args:
        table: the data.
        rows: the rows to train on.
        look: their sizes and channels.
        model: as `striate.train` takes it, or None: resnet20, which suits small pictures of all kinds.
        wanted: nested values of recipe fields.
        start: those that the weights to begin from settle, where the user does not.

    Raises:
        UnknownName: no such model.
        RecipeError: a value that is not allowed.
    """
    name = model or MODEL
    row = find_network(name)
    preprocess = _preprocess(row.family, row.image_size, look)
    common = {
        "model": name,
        "epochs": _epochs(len(rows)),
        "batch_size": 128 if len(rows) >= 10_000 else 64 if len(rows) >= 1_000 else 32,
        "preprocess": preprocess,
        "augment": {"flip": "horizontal" if _survives_mirror(table, look) else "none"},
    }
    values = merge(merge(common, FAMILIES.get(row.family, {})), VARIANTS.get(name, {}))
    if name == "lenet5" and table.classes != tuple("0123456789"):
        values["options"] = {"codes": "orthogonal"}  # pictures of digits say nothing about other classes
    if wanted.get("optimizer", {}).get("name", values["optimizer"]["name"]) != values["optimizer"]["name"]:
        values["optimizer"] = {}  # another optimizer needs another learning rate
    values = merge(values, start or {})
    values = merge(values, {key: value for key, value in wanted.items() if key != "image_size"})
    if wanted.get("image_size"):
        values = merge(values, {"preprocess": {"size": wanted["image_size"]}})
    values = _with_rate(_with_shift(values), row.family)
    return Recipe.from_values(_with_statistics(values, table, rows))


def epochs(model: str, pictures: int) -> int:
    """Return how many epochs the default recipe of a network has, for so many training pictures.

    Raises:
        UnknownName: no such network.
    """
    own: dict[str, Any] = {"epochs": _epochs(pictures)}
    for special in (FAMILIES.get(find_network(model).family, {}), VARIANTS.get(model, {})):
        own |= special
    return int(own["epochs"])


def _epochs(pictures: int) -> int:
    return int(np.clip(_PICTURES // max(pictures, 1), 12, 60))


def check(wanted: Mapping[str, Any]) -> None:
    """Refuse what no data could make right, before any data is read.

    Raises:
        UnknownName: no such model.
        RecipeError: a value that is not allowed.
    """
    name = wanted.get("model") or MODEL
    size = find_network(name).image_size or LARGE
    color = {"channels": 3, "mean": [0.5] * 3, "std": [0.5] * 3}  # gray pictures would refuse what these may yet allow
    least = {"model": name, "epochs": 1, "preprocess": {"size": list(size), **color}}
    asked = {"preprocess": {"size": wanted["image_size"]}} if "image_size" in wanted else {}
    rest = {key: value for key, value in wanted.items() if key not in {"image_size", "preprocess"}}
    Recipe.from_values(merge(merge(least, asked), rest))


def explain(recipe: Recipe, table: Table, rows: NDArray[np.int64], model: str | None) -> str:
    """Return one sentence that says which model and recipe were chosen, and what to change them with."""
    chosen = "" if model else " (chosen: it suits small pictures of all kinds; another with --model)"
    height, width = recipe.preprocess.size
    epochs = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs} epochs"
    return (
        f"{recipe.model}{chosen} on {len(rows):,} pictures of {len(table.classes)} classes at {height}x{width}x"
        f"{recipe.preprocess.channels}: {epochs} of batches of {recipe.batch_size}, "
        f"{recipe.optimizer.name} with lr {recipe.optimizer.lr:g} ({recipe.schedule.name}), "
        f"{recipe.loss.name.replace('_', ' ')}; augmentation: {', '.join(recipe.augment.told()) or 'none'}"
    )


def _preprocess(family: str, own: tuple[int, int] | None, look: Look) -> dict[str, Any]:
    size = look.size
    if family == FOREIGN:
        small = size is not None and max(size) <= _LARGEST
        return {"size": list(own or (size if small and size else LARGE)), "channels": look.channels, "fit": "crop"}
    if own is not None and family in {"lenet", "alvinn"}:
        smaller = size is not None and size[0] <= own[0] and size[1] <= own[1] and max(size) > max(own) // 2
        return {"size": list(own), "channels": look.channels, "fit": "center" if smaller else "crop"}
    if size is None or max(size) > _LARGEST:
        size = (_LARGEST, _LARGEST)
    return {"size": list(size), "channels": look.channels, "fit": "crop"}


def _survives_mirror(table: Table, look: Look) -> bool:
    return table.source in FLIPS and (look.channels == 3 or table.source == "fashion_mnist")


def _with_shift(values: dict[str, Any]) -> dict[str, Any]:
    if "shift" in values["augment"]:
        return values
    size = values["preprocess"]["size"]
    smallest = size if isinstance(size, int) else min(size)
    return merge(values, {"augment": {"shift": max(1, smallest // 8)}})


def _with_rate(values: dict[str, Any], family: str) -> dict[str, Any]:
    if "lr" in values["optimizer"]:
        return values
    lr = _ADAPTIVE_RATE
    if values["optimizer"].get("name", "sgd") == "sgd":
        rate = _RATES.get(values["model"], _RATES.get(family, _RATE))
        lr = round(rate * values["batch_size"], 4)
    return merge(values, {"optimizer": {"lr": lr}})


def _with_statistics(values: dict[str, Any], table: Table, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Add the mean and deviation of the training pictures, where neither the user nor the model fixes them."""
    preprocess = values["preprocess"]
    channels = preprocess["channels"]
    for name in ("mean", "std"):
        if name in preprocess and len(preprocess[name]) == 1 != channels:
            preprocess = {**preprocess, name: list(preprocess[name]) * channels}
    if "mean" not in preprocess or "std" not in preprocess:
        fixed = {**preprocess, "mean": [0.0] * channels, "std": [1.0] * channels}
        plain = validated(Preprocess, fixed, "recipe: preprocess")
        pixels = sample(table, rows, plain).transpose(1, 0, 2, 3).reshape(channels, -1) / np.float32(255)
        mean = [round(float(value), 4) for value in pixels.mean(1)]
        std = [max(round(float(value), 4), 1e-3) for value in pixels.std(1)]
        preprocess = {"mean": mean, "std": std, **preprocess}
    return {**values, "preprocess": preprocess}
