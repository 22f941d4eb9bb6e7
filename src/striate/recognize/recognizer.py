"""A trained network with everything that an answer needs: preprocessing, class names, temperature."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from striate import zoo
from striate.core.errors import DataError, RecipeError
from striate.core.files import whole_directory, write_bytes, write_json
from striate.data.preprocess import Preprocess
from striate.layers.network import Network
from striate.recognize.predict import Picture, Prediction, predict
from striate.runtime.inference import evaluating, score_images
from striate.runtime.plan import Plan

DESCRIPTION, WEIGHTS = "recognizer.json", "weights.safetensors"
_FORMAT = 1


@dataclass(frozen=True)
class NetworkRecognizer:
    """A network that answers with class names.

    Args:
        model: its name in the zoo.
        options: the family's options that it was built with.
        network: the module itself.
        classes: class names in the order of its scores.
        preprocess: how pictures become its input.
        temperature: scores are divided by it before the softmax; fitted on validation pictures, 1 if not.
        plan: how the arithmetic runs.
    """

    model: str
    options: dict[str, Any]
    network: nn.Module
    classes: tuple[str, ...]
    preprocess: Preprocess
    temperature: float = 1.0
    plan: Plan = field(default_factory=Plan)

    def scores(self, images: NDArray[np.uint8] | Tensor) -> NDArray[np.float32]:
        """Return scores (N, K) of pictures (N, C, H, W) uint8 that are placed already."""
        array = images.numpy() if isinstance(images, Tensor) else images
        with evaluating(self.network), torch.inference_mode():
            return score_images(self.network, self.preprocess, array, self.plan)

    def predict(self, pictures: Picture | Iterable[Picture]) -> list[Prediction]:
        """Return one answer a picture, unreadable ones with their reason.

        Args:
            pictures: files, folders (searched for pictures), or arrays (H, W), (H, W, 1) or (H, W, 3) uint8.
        """
        return predict(self, pictures)

    def save(self, path: str | Path) -> None:
        """Write the folder `path` with `recognizer.json` and `weights.safetensors`, whole, in place of one before.

        Raises:
            DataError: `path` is there and is not such a folder.
        """
        path = Path(path)
        if path.exists() and not (path / DESCRIPTION).is_file():
            raise DataError(f"{path} is there and holds no recognizer: choose another place to save to")
        with whole_directory(path) as beside:
            write_weights(beside / WEIGHTS, self.network)
            write_json(beside / DESCRIPTION, self.description())

    def description(self) -> dict[str, Any]:
        """Return everything but the weights as plain data."""
        return {
            "format": _FORMAT,
            "model": self.model,
            "options": self.options,
            "classes": list(self.classes),
            "preprocess": self.preprocess.model_dump(mode="json"),
            "temperature": self.temperature,
        }


def build(model: str, options: dict[str, Any], classes: Sequence[str], preprocess: Preprocess) -> Network:
    """Return a fresh network for these classes and pictures; its weights are drawn from torch's generator.

    Raises:
        UnknownName: no such model or option.
        RecipeError: an option that the data and the preprocessing settle.
    """
    settled = {"num_classes", "in_channels", "image_size"} & set(options)
    if settled:
        raise RecipeError(
            f"options.{min(settled)} is settled by the data and the preprocessing: leave it out, "
            "or set preprocess.size or preprocess.channels"
        )
    return zoo.create(
        model, num_classes=len(classes), in_channels=preprocess.channels, image_size=preprocess.size, **options
    )


def read(path: Path, plan: Plan | None = None) -> NetworkRecognizer:
    """Read what `save` wrote.

    Raises:
        DataError: the folder holds no recognizer, or a damaged one.
    """
    description = _read_description(path / DESCRIPTION)
    try:
        classes, preprocess = tuple(description["classes"]), Preprocess(**description["preprocess"])
        model, options, temperature = description["model"], description["options"], float(description["temperature"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path / DESCRIPTION} is not a description of a recognizer: {error}") from None
    network = build(model, options, classes, preprocess)
    read_weights(path / WEIGHTS, network)
    plan = (plan or Plan()).resolve(network)
    return NetworkRecognizer(model, options, plan.prepare(network).eval(), classes, preprocess, temperature, plan)


def write_weights(path: Path, network: nn.Module) -> None:
    """Write parameters and buffers as safetensors; equal weights give equal bytes."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(network.state_dict().items())}
    write_bytes(path, to_bytes(tensors))


def read_weights(path: Path, network: nn.Module) -> None:
    """Load what `write_weights` wrote; every name and shape must agree.

    Raises:
        DataError: the file is missing, damaged, not safetensors, or of another network.
    """
    try:
        network.load_state_dict(load_file(path))
    except Exception as error:  # noqa: BLE001 safetensors raises its own type, torch RuntimeError, the disk OSError
        raise DataError(f"{path} holds no weights for this network ({error}); take another run or train anew") from None


def _read_description(path: Path) -> dict[str, Any]:
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"no recognizer in {path.parent}: {path.name} is missing") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not isinstance(description, dict) or description.get("format") != _FORMAT:
        raise DataError(f"{path} is not a recognizer of format {_FORMAT}")
    return description
