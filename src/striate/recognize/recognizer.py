"""A trained network with everything that an answer needs: preprocessing, class names, temperature."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from striate import zoo
from striate.core.errors import DataError, RecipeError
from striate.core.files import whole_directory, write_json
from striate.data.preprocess import Preprocess
from striate.data.views import views as views_of
from striate.layers.network import Network
from striate.recognize.pictures import Picture, Pictures
from striate.recognize.predict import Prediction, answers
from striate.runtime.answering import Answering
from striate.runtime.inference import batch_size, evaluating, score_images
from striate.runtime.plan import Plan
from striate.zoo import consent
from striate.zoo.weights import Misfit
from striate.zoo.weights import save as save_weights

DESCRIPTION, WEIGHTS = "recognizer.json", "weights.safetensors"
_FORMAT = 1


@dataclass(frozen=True)
class NetworkRecognizer:
    """A network that answers with class names.

    Args:
        model: its name in the zoo, or of a network of others.
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

    def predict(self, pictures: Picture | Iterable[Picture], **options: Any) -> list[Prediction]:
        """Return one answer a picture, unreadable ones with their reason; see `answers` for the options."""
        return list(self.answers(pictures, **options))

    def answers(
        self,
        pictures: Picture | Iterable[Picture],
        *,
        views: str = "none",
        plan: Literal["auto", "reference"] = "auto",
        rank: int = 0,
        world: int = 1,
        quiet: bool = True,
    ) -> Iterator[Prediction]:
        """Yield one answer a picture, in order, unreadable ones with their reason; for more than memory holds.

        Args:
            pictures: files, folders (searched for pictures), or arrays (H, W), (H, W, 1) or (H, W, 3) uint8.
            views: a name of `striate.data.views.VIEWS`: the answer is the mean of the probabilities, each after the
                temperature, that these views of a picture get.
            plan: auto: by the quickest way that agrees with float32, measured where there are many pictures, as
                `runtime.answering` says; reference: by the network as it is, in float32.
            rank: answer this share of the pictures only, of `world`: every `world`-th from this one on.
            world: how many shares there are.
            quiet: show no progress, and do not say by which way is answered.
        """
        found = Pictures(pictures, rank=rank, world=world)
        looks = views_of(views, self.preprocess.size)
        scorer = None
        if plan == "auto":
            scorer = Answering(
                self.network,
                self.preprocess,
                self.plan,
                temperature=self.temperature,
                coming=None if found.count is None else found.count * len(looks),
                half=len(looks) == 1,
                quiet=quiet,
            )
        batch = batch_size(self.preprocess, self.plan)
        return answers(self, found, scorer=scorer, batch=batch, looks=looks, quiet=quiet)

    def save(self, path: str | Path) -> None:
        """Write the folder `path` with `recognizer.json` and `weights.safetensors`, whole, in place of one before.

        Raises:
            DataError: `path` is there and is not such a folder.
        """
        with saving(Path(path)) as beside:
            save_weights(self.network, beside / WEIGHTS)
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
        DataError: the folder holds no recognizer, or a damaged one, or one whose network is made by code that the
            user has never named; see `zoo.consent`.
    """
    description = read_description(path / DESCRIPTION)
    try:
        classes, preprocess = tuple(description["classes"]), Preprocess(**description["preprocess"])
        model, options, temperature = description["model"], description["options"], float(description["temperature"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path / DESCRIPTION} is not a description of a recognizer: {error}") from None
    consent.require(model, options, path)
    network = build(model, options, classes, preprocess)
    read_weights(path / WEIGHTS, network)
    plan = (plan or Plan()).resolve(network)
    return NetworkRecognizer(model, options, plan.prepare(network).eval(), classes, preprocess, temperature, plan)


def read_weights(path: Path, network: nn.Module) -> None:
    """Load what `NetworkRecognizer.save` wrote; every name and shape must agree.

    Raises:
        DataError: the file is missing, damaged, not safetensors, or of another network.
    """
    try:
        state = load_file(path)
    except Exception as error:  # noqa: BLE001 safetensors raises its own type, the disk OSError
        raise DataError(f"{path} cannot be read as weights ({error}): take another run or train anew") from None
    expected = network.state_dict()
    misfit = Misfit(expected, state)
    if misfit.count:
        raise DataError(f"{path} does not fit the network that is built now: {misfit}. {_remedy(network)}")
    network.load_state_dict({**expected, **state})


def _remedy(network: nn.Module) -> str:
    origin = network.origin if isinstance(network, Network) else {}
    maker = origin.get("file") or origin.get("library")
    if maker is None:
        return "Take another run or train anew"
    return f"{origin['name']} ({maker}) has changed since it was trained: bring back what it was then, or train anew"


@contextmanager
def saving(path: Path) -> Iterator[Path]:
    """Yield a folder to write a recognizer to; on success it stands at `path`, whole, in place of one before.

    Raises:
        DataError: `path` is there and holds no recognizer.
    """
    if path.exists() and not (path / DESCRIPTION).is_file():
        raise DataError(f"{path} is there and holds no recognizer: choose another place to save to")
    with whole_directory(path) as beside:
        yield beside


def read_description(path: Path) -> dict[str, Any]:
    """Return what `NetworkRecognizer.description` said of the recognizer whose file this is.

    Raises:
        DataError: the file is missing, damaged, or of another format.
    """
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"no recognizer in {path.parent}: {path.name} is missing") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if not isinstance(description, dict) or description.get("format") != _FORMAT:
        raise DataError(f"{path} is not a recognizer of format {_FORMAT}")
    return description
