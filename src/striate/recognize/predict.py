"""Answers for pictures that have no label: threads decode the next ones while the network computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from striate.core.progress import track
from striate.data.decode import Unreadable, decode
from striate.data.preprocess import Crop, Preprocess
from striate.data.views import View
from striate.recognize.pictures import Found, Picture, Pictures
from striate.runtime import machine, memory
from striate.runtime.inference import mirrored

__all__ = ["Picture", "Prediction", "Recognizer", "Scorer", "answers", "predict", "probabilities_of"]

_BATCH = 64
_AHEAD = 2  # batches decoded, or being so, while one is answered: all that is ever in memory

Scorer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


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
    return list(answers(recognizer, Pictures(pictures)))


def answers(
    recognizer: Recognizer,
    pictures: Pictures,
    *,
    scorer: Scorer | None = None,
    batch: int = _BATCH,
    looks: Sequence[View] = (View(),),
    quiet: bool = True,
) -> Iterator[Prediction]:
    """Yield one answer a picture, in order, as they are found; a few batches of pictures are in memory at a time.

    Args:
        recognizer: what answers.
        pictures: that are asked for.
        scorer: takes the place of the recognizer's `scores`, such as a quicker way to the same.
        batch: how many pictures are answered at once.
        looks: views of each picture; the mean of their probabilities, each after the temperature, is the answer.
        quiet: show no progress.
    """
    ask = _Question(recognizer, scorer or recognizer.scores, looks)
    many = pictures.count is None or pictures.count > batch
    with (
        memory.kept() if many else nullcontext(),
        track("answering", pictures.count or 0, quiet=quiet or pictures.count is None) as tracker,
    ):
        for placed in _placed(recognizer.preprocess, pictures, batch, ask.crops):
            yield from ask(placed)
            tracker.advance(len(placed.names))


def probabilities_of(scores: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Return the softmax (N, K) of scores divided by the temperature."""
    scaled = scores.astype(np.float64) / temperature
    raised = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


@dataclass(frozen=True)
class _Placed:
    """Pictures on their way: names, room for the pixels (N, crops, H, W, C), and why some could not be read."""

    names: Sequence[str]
    pixels: NDArray[np.uint8]
    reasons: Sequence[Future[str | None]]


def _placed(
    preprocess: Preprocess, pictures: Iterable[tuple[str, Found]], batch: int, crops: Sequence[Crop | None]
) -> Iterator[_Placed]:
    """Yield batches in order; while one is worked on, threads fill those that follow."""
    coming, waiting = iter(pictures), deque[_Placed]()
    threads = ThreadPoolExecutor(machine.cores(), thread_name_prefix="striate-decode")
    try:
        while True:
            while len(waiting) <= _AHEAD and (part := list(islice(coming, batch))):
                waiting.append(_begin(threads, preprocess, part, crops))
            if not waiting:
                return
            yield waiting.popleft()
    finally:
        threads.shutdown(cancel_futures=True)


def _begin(
    threads: ThreadPoolExecutor,
    preprocess: Preprocess,
    part: Sequence[tuple[str, Found]],
    crops: Sequence[Crop | None],
) -> _Placed:
    # The channels of a pixel lie together, as decoders have them and convolutions prefer them.
    pixels = np.empty((len(part), len(crops), *preprocess.size, preprocess.channels), np.uint8)
    pairs = zip(part, pixels, strict=True)
    reasons = [threads.submit(_place, preprocess, picture, crops, room) for (_, picture), room in pairs]
    return _Placed([name for name, _ in part], pixels, reasons)


def _place(preprocess: Preprocess, picture: Found, crops: Sequence[Crop | None], room: NDArray[np.uint8]) -> str | None:
    """Place each of the crops into its `room` (crops, H, W, C), or return the reason why the picture is unreadable."""
    try:
        pixels, whole = _pixels(preprocess, picture, crops)
    except Unreadable as error:
        return error.reason
    for crop, place in zip(crops, room, strict=True):
        place[:] = preprocess.place(pixels, crop, whole=whole)
    return None


def _pixels(
    preprocess: Preprocess, picture: Found, crops: Sequence[Crop | None]
) -> tuple[NDArray[np.uint8], tuple[int, int] | None]:
    """Return the pixels, and the size of the whole picture where they are decoded from a file, perhaps reduced."""
    if isinstance(picture, np.ndarray):
        return picture, None
    least = preprocess.least_size(crops[0]) if len(crops) == 1 else None  # several parts: cut from the full picture
    decoded = decode(picture, min_size=least)
    return decoded.pixels, decoded.size


class _Question:
    """What is asked about every picture, and by whom it is answered."""

    def __init__(self, recognizer: Recognizer, score: Scorer, looks: Sequence[View]) -> None:
        self._recognizer, self._score, self._looks = recognizer, score, looks
        self.crops = list(dict.fromkeys(view.crop for view in looks))

    def __call__(self, placed: _Placed) -> Iterator[Prediction]:
        """Yield the answers to one batch."""
        reasons = [reason.result() for reason in placed.reasons]
        readable = np.array([reason is None for reason in reasons])
        pixels = placed.pixels if readable.all() else placed.pixels[readable]
        shares = iter(self._probabilities(pixels) if len(pixels) else ())
        for name, reason in zip(placed.names, reasons, strict=True):
            if reason is not None:
                yield Prediction(name, None, None, None, reason)
                continue
            values: dict[str, float] = dict(zip(self._recognizer.classes, next(shares).tolist(), strict=True))
            best = max(values, key=values.__getitem__)
            yield Prediction(name, best, values[best], values)

    def _probabilities(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the mean (N, K) over the views of what pictures (N, crops, H, W, C) show."""
        total = np.zeros((len(pixels), len(self._recognizer.classes)))
        for view in self._looks:
            images = pixels[:, self.crops.index(view.crop)].transpose(0, 3, 1, 2)
            total += probabilities_of(self._score(mirrored(images, view)), self._recognizer.temperature)
        return total / len(self._looks)
