"""Answers for pictures that have no label."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.data.decode import Unreadable, decode
from striate.data.preprocess import Preprocess
from striate.sources.picture_files import ENDINGS

Picture = str | os.PathLike[str] | NDArray[np.uint8]
_BATCH = 64


class Recognizer(Protocol):
    """Anything that turns pictures into class scores."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names, in the order of the scores."""

    @property
    def preprocess(self) -> Preprocess:
        """How pictures become its input."""

    @property
    def temperature(self) -> float:
        """What scores are divided by before the softmax."""

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return scores (N, K) of placed pictures (N, C, H, W)."""


@dataclass(frozen=True)
class Prediction:
    """The answer to one picture, or why there is none.

    Args:
        picture: its path, or `picture 3` for the fourth array.
        class_name: the most probable class.
        probability: of that class, after the recognizer's temperature.
        probabilities: of every class.
        error: why the picture could not be read; the other fields are None then.
    """

    picture: str
    class_name: str | None
    probability: float | None
    probabilities: dict[str, float] | None
    error: str | None = None


def predict(recognizer: Recognizer, pictures: Picture | Iterable[Picture]) -> list[Prediction]:
    """Return one answer a picture, in order; folders stand for the files in them, sorted by name.

    Raises:
        DataError: a path that does not exist, or a folder without files.
    """
    asked = list(_expand([pictures] if isinstance(pictures, str | os.PathLike | np.ndarray) else pictures))
    answers: list[Prediction] = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for start in range(0, len(asked), _BATCH):
            part = asked[start : start + _BATCH]
            placed = list(threads.map(lambda picture: _place(recognizer.preprocess, picture), part))
            names = [_name(picture, start + i) for i, picture in enumerate(part)]
            answers += _answer(recognizer, names, placed)
    return answers


def probabilities_of(scores: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """Return the softmax (N, K) of scores divided by the temperature."""
    scaled = scores.astype(np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


def _answer(
    recognizer: Recognizer, names: Sequence[str], placed: Sequence[NDArray[np.uint8] | str]
) -> Iterator[Prediction]:
    readable = [picture for picture in placed if not isinstance(picture, str)]
    scores = recognizer.scores(np.stack(readable)) if readable else np.zeros((0, len(recognizer.classes)), np.float32)
    shares = iter(probabilities_of(scores, recognizer.temperature))
    for name, picture in zip(names, placed, strict=True):
        if isinstance(picture, str):
            yield Prediction(name, None, None, None, picture)
            continue
        values = dict(zip(recognizer.classes, map(float, next(shares)), strict=True))
        best = max(values, key=values.__getitem__)
        yield Prediction(name, best, values[best], values)


def _place(preprocess: Preprocess, picture: Path | NDArray[np.uint8]) -> NDArray[np.uint8] | str:
    """Return the placed picture (C, H, W), or the reason why it cannot be read."""
    if isinstance(picture, np.ndarray):
        pixels = picture
    else:
        try:
            pixels = decode(picture, min_size=preprocess.least_size()).pixels
        except Unreadable as error:
            return error.reason
    return preprocess.place(pixels).transpose(2, 0, 1)


def _name(picture: Path | NDArray[np.uint8], position: int) -> str:
    return f"picture {position}" if isinstance(picture, np.ndarray) else str(picture)


def _expand(pictures: Iterable[Picture]) -> Iterator[Path | NDArray[np.uint8]]:
    for picture in pictures:
        if isinstance(picture, np.ndarray):
            yield _checked(picture)
            continue
        if not isinstance(picture, str | os.PathLike):
            raise DataError(f"a picture is a path or a uint8 array, not {type(picture).__name__}; try numpy.asarray")
        path = Path(picture)
        if not path.exists():
            raise DataError(f"no picture or folder {path}: check the path")
        if not path.is_dir():
            yield path
            continue
        inside = sorted(p for p in path.rglob("*") if p.suffix.lower()[1:] in ENDINGS and not _hidden(p, path))
        if not inside:
            raise DataError(f"the folder {path} holds no pictures: no file in it ends like one, as in .jpg or .png")
        yield from inside


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _checked(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    pixels = picture[:, :, None] if picture.ndim == 2 else picture
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in {1, 3}:
        raise DataError(
            f"a picture must be uint8 of shape (H, W), (H, W, 1) or (H, W, 3), not {picture.dtype} {picture.shape}"
        )
    return pixels
