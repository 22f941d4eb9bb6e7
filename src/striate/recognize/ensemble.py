"""Several recognizers that answer as one: the weighted mean of their probabilities, or of their logits.

Hansen and Salamon, "Neural network ensembles", 1990: recognizers that err on different pictures correct each other.
Members may be of any kind and see pictures of any size; each places and scores them as it does alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import tee
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from striate.core.errors import ClassMismatch, DataError, DoesNotApply
from striate.core.files import write_json
from striate.data.preprocess import Preprocess
from striate.recognize import pipeline
from striate.recognize.pictures import Picture
from striate.recognize.pipeline import PipelineRecognizer
from striate.recognize.predict import Prediction, probabilities_of
from striate.recognize.recognizer import DESCRIPTION, NetworkRecognizer, read_description, saving
from striate.recognize.recognizer import read as read_network

Average = Literal["probabilities", "logits"]
Scores = NDArray[np.float64]

KIND = "ensemble"  # in `recognizer.json`
_FORMAT = 1
_LEAST = 1e-300  # stands for a probability that underflowed to 0, whose logarithm would be infinite


@dataclass(frozen=True)
class Ensemble:
    """Recognizers that answer as one, after the temperature of each.

    Args:
        members: of the same classes, in any order; at least two.
        weights: what each counts, 0 or more; they add up to 1.
        average: probabilities: their weighted arithmetic mean; logits: the softmax of the weighted mean of the logits,
            which is the geometric mean of the probabilities, brought to a sum of 1.
        temperature: the combined scores are divided by it before the softmax; fitted on validation pictures.
    """

    members: tuple[NetworkRecognizer | PipelineRecognizer | Ensemble, ...]
    weights: tuple[float, ...]
    average: Average = "probabilities"
    temperature: float = 1.0

    def __post_init__(self) -> None:
        for member in self.members[1:]:
            odd = set(member.classes) ^ set(self.classes)
            if odd:
                raise ClassMismatch(f"members know other classes; only some of them know {', '.join(sorted(odd))}")
        if len(self.weights) != len(self.members) or min(self.weights) < 0 or abs(sum(self.weights) - 1) > 1e-6:
            raise DataError(f"weights {self.weights} for {len(self.members)} members: one each, adding up to 1")

    @property
    def model(self) -> str:
        """What it is made of, in words."""
        return f"ensemble of {len(self.members)}"

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the scores: the first member's."""
        return self.members[0].classes

    @property
    def preprocess(self) -> Preprocess:
        """How pictures become the input of the member that sees them largest."""
        return max((member.preprocess for member in self.members), key=lambda own: (own.channels, *own.size))

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return scores (N, K) of placed pictures (N, C, H, W).

        Raises:
            DoesNotApply: members see pictures of different sizes or colors, so placed ones do not suit all.
        """
        if len({_placing(member.preprocess) for member in self.members}) > 1:
            raise DoesNotApply(
                "the members of this ensemble see pictures of different sizes or colors, so no placed picture suits "
                "them all: ask with `predict` or `evaluate`, which place each picture for each member"
            )
        return self.combine([member.scores(images) for member in self.members])

    def predict(self, pictures: Picture | Iterable[Picture], **options: Any) -> list[Prediction]:
        """Return one answer a picture, unreadable ones with their reason; see `answers` for the options."""
        return list(self.answers(pictures, **options))

    def answers(self, pictures: Picture | Iterable[Picture], **options: Any) -> Iterator[Prediction]:
        """Yield one answer a picture, in order; options as `NetworkRecognizer.answers` has them.

        Members answer side by side, a few batches at a time. With several views, each member averages its own first.
        """
        one = isinstance(pictures, str | os.PathLike | np.ndarray)
        asked: Iterable[Picture] = [pictures] if one else pictures  # type: ignore[assignment,list-item]
        shares = [asked] * len(self.members) if isinstance(asked, Sequence) else tee(asked, len(self.members))
        told = [member.answers(part, **options) for member, part in zip(self.members, shares, strict=True)]
        for answers in zip(*told, strict=True):
            yield self._together(answers)

    def combine(self, scores: Sequence[ArrayLike]) -> NDArray[np.float32]:
        """Return the scores (N, K) of the ensemble: logarithms of its probabilities.

        Args:
            scores: (N, K) of each member, in that member's order of classes and before its temperature.
        """
        parts = [
            np.log(np.maximum(probabilities_of(np.asarray(own), member.temperature), _LEAST))[:, self._columns(member)]
            for own, member in zip(scores, self.members, strict=True)
        ]
        return combined(parts, self.weights, self.average).astype(np.float32)

    def save(self, path: str | Path) -> None:
        """Write the folder `path` with all members in it, whole, in place of one before.

        Raises:
            DataError: `path` is there and is not such a folder.
        """
        with saving(Path(path)) as beside:
            for place, member in enumerate(self.members):
                member.save(beside / _folder(place))
            write_json(beside / DESCRIPTION, self.description())

    def description(self) -> dict[str, Any]:
        """Return everything but the members as plain data."""
        return {
            "format": _FORMAT,
            "kind": KIND,
            "members": [member.model for member in self.members],
            "weights": list(self.weights),
            "average": self.average,
            "classes": list(self.classes),
            "temperature": self.temperature,
        }

    def _columns(self, member: NetworkRecognizer | PipelineRecognizer | Ensemble) -> list[int]:
        return [member.classes.index(name) for name in self.classes]

    def _together(self, answers: Sequence[Prediction]) -> Prediction:
        """Return the answer to one picture from those of the members."""
        failed = next((answer for answer in answers if answer.probabilities is None), None)
        if failed is not None:
            return failed
        shares = [[(answer.probabilities or {})[name] for name in self.classes] for answer in answers]
        logarithms = np.log(np.maximum(np.array(shares), _LEAST))
        scores = combined(logarithms[:, None], self.weights, self.average)
        values = dict(zip(self.classes, probabilities_of(scores, self.temperature)[0].tolist(), strict=True))
        best = max(values, key=values.__getitem__)
        return Prediction(answers[0].picture, best, values[best], values)


def combined(parts: Sequence[Scores] | Scores, weights: Sequence[float], average: Average) -> Scores:
    """Return logarithms (N, K) of what members think together, up to a constant a picture.

    Args:
        parts: (N, K) logarithms of each member's probabilities.
        weights: one a member, adding up to 1.
        average: see `Ensemble`.
    """
    stacked = np.asarray(parts, np.float64)
    shares = np.array(weights)[:, None, None]
    if average == "logits":
        mean: Scores = (shares * stacked).sum(axis=0)
        return mean
    highest = stacked.max(axis=0)
    together: Scores = np.log(np.maximum((shares * np.exp(stacked - highest)).sum(axis=0), _LEAST)) + highest
    return together


def read(path: Path) -> Ensemble:
    """Read what `Ensemble.save` wrote.

    Raises:
        DataError: the folder holds no ensemble, or a damaged one.
    """
    description = read_description(path / DESCRIPTION)
    try:
        count, weights = len(description["members"]), tuple(map(float, description["weights"]))
        average, temperature = description["average"], float(description["temperature"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path / DESCRIPTION} is not a description of an ensemble: {error}") from None
    members = tuple(read_any(path / _folder(place)) for place in range(count))
    return Ensemble(members, weights, average, temperature)


def read_any(path: Path) -> NetworkRecognizer | PipelineRecognizer | Ensemble:
    """Read what the `save` of any kind of recognizer wrote.

    Raises:
        DataError: the folder holds no recognizer, or a damaged one, or one of a kind that this version does not know.
    """
    kind = read_description(path / DESCRIPTION).get("kind")
    if kind is None:
        return read_network(path)
    if kind == KIND:
        return read(path)
    if kind == pipeline.KIND:
        return pipeline.read(path)
    raise DataError(f"{path / DESCRIPTION} is of the kind {kind!r}: written by another version of Striate?")


def _folder(place: int) -> str:
    return f"member-{place + 1}"


def _placing(preprocess: Preprocess) -> str:
    """Return what settles how pictures are placed; mean and deviation come after."""
    return preprocess.model_dump_json(exclude={"mean", "std"})
