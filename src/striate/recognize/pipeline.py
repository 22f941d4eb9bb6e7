"""A fitted classic pipeline with everything that an answer needs: preprocessing, class names, temperature."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.core.files import write_json
from striate.core.progress import track
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.views import View
from striate.data.views import views as views_of
from striate.recognize.pictures import Picture, Pictures
from striate.recognize.predict import Prediction, answers
from striate.recognize.recognizer import DESCRIPTION, read_description, saving
from striate.runtime.averaging import average
from striate.runtime.inference import Answers, mirrored

if TYPE_CHECKING:
    from striate.classic.pipeline import Pipeline

KIND, ESTIMATOR = "pipeline", "estimator.skops"
_FORMAT = 1
_VALUES = 2**22  # of the pictures that are answered at once: one block of the descriptors, 4 MiB
_MOST = 256
_LEAST = 1e-30  # stands for a probability that underflowed to 0, and for that of a class without training pictures


@dataclass(frozen=True)
class PipelineRecognizer:
    """A classic pipeline that answers with class names.

    Args:
        model: its name in `striate.classic.PIPELINES`.
        options: the parameters that it was made with.
        pipeline: fitted; its labels are places in `classes`.
        classes: class names in the order of the scores.
        preprocess: how pictures become its input; mean and deviation play no part, as descriptors take pixels.
        temperature: scores are divided by it before the softmax; fitted on validation pictures, 1 if not.
    """

    model: str
    options: dict[str, Any]
    pipeline: Pipeline
    classes: tuple[str, ...]
    preprocess: Preprocess
    temperature: float = 1.0

    def scores(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return scores (N, K) of placed pictures (N, C, H, W) uint8: logarithms of the pipeline's probabilities.

        Those were calibrated on training pictures that it held out. So scores of all kinds of classifiers, votes and
        margins, for two classes and for many, mean the same. A class without training pictures gets the least score.
        """
        shares = np.zeros((len(images), len(self.classes)))
        shares[:, self.pipeline.classes_] = self.pipeline.predict_proba(np.ascontiguousarray(images))
        return np.log(np.maximum(shares, _LEAST)).astype(np.float32)

    def predict(self, pictures: Picture | Iterable[Picture], **options: Any) -> list[Prediction]:
        """Return one answer a picture, unreadable ones with their reason; see `answers` for the options."""
        return list(self.answers(pictures, **options))

    def answers(
        self,
        pictures: Picture | Iterable[Picture],
        *,
        views: str = "none",
        plan: Literal["auto", "reference"] = "auto",  # noqa: ARG002 as networks have it; here there is one way
        rank: int = 0,
        world: int = 1,
        quiet: bool = True,
    ) -> Iterator[Prediction]:
        """Yield one answer a picture, in order; options as `NetworkRecognizer.answers` has them."""
        found = Pictures(pictures, rank=rank, world=world)
        return answers(self, found, batch=self.batch, looks=views_of(views, self.preprocess.size), quiet=quiet)

    @property
    def batch(self) -> int:
        """How many pictures are answered at once."""
        height, width = self.preprocess.size
        return max(1, min(_MOST, _VALUES // (self.preprocess.channels * height * width)))

    def save(self, path: str | Path) -> None:
        """Write the folder `path` with `recognizer.json` and `estimator.skops`, whole, in place of one before.

        Raises:
            DataError: `path` is there and is not such a folder.
            DoesNotApply: a step is of a type that no file of ours may hold.
        """
        with saving(Path(path)) as beside:
            self.pipeline.save(beside / ESTIMATOR)
            write_json(beside / DESCRIPTION, self.description())

    def description(self) -> dict[str, Any]:
        """Return everything but the fitted pipeline as plain data."""
        return {
            "format": _FORMAT,
            "kind": KIND,
            "model": self.model,
            "options": self.options,
            "classes": list(self.classes),
            "preprocess": self.preprocess.model_dump(mode="json"),
            "temperature": self.temperature,
        }


def infer(
    recognizer: PipelineRecognizer,
    store: Store,
    rows: NDArray[np.int64],
    *,
    label: str = "",
    quiet: bool = True,
    looks: Sequence[View] = (View(),),
    temperature: float = 1.0,
) -> Answers:
    """Return the scores of the pictures of `rows`; arguments as `runtime.inference.infer` has them."""
    scores = np.zeros((len(rows), len(recognizer.classes)), np.float32)
    answered = np.zeros(len(rows), bool)
    with track(label, len(rows), quiet=quiet) as tracker:
        for start in range(0, len(rows), recognizer.batch):
            part = slice(start, start + recognizer.batch)
            found = [(*store.read(rows[part], view.crops(len(rows[part]))), view) for view in looks]
            answered[part] = readable = np.logical_and.reduce([seen for _, seen, _ in found])
            if readable.any():
                told = [recognizer.scores(mirrored(images[readable], view)) for images, _, view in found]
                scores[part][readable] = average(told, temperature)
            tracker.advance(len(readable))
    return Answers(rows, scores, answered)


def read(path: Path) -> PipelineRecognizer:
    """Read what `PipelineRecognizer.save` wrote.

    Raises:
        DataError: the folder holds no pipeline, or a damaged one, or one with parts that no pipeline of ours has.
    """
    from striate import classic

    description = read_description(path / DESCRIPTION)
    try:
        classes, preprocess = tuple(description["classes"]), Preprocess(**description["preprocess"])
        model, options, temperature = description["model"], description["options"], float(description["temperature"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path / DESCRIPTION} is not a description of a recognizer: {error}") from None
    pipeline = classic.load(path / ESTIMATOR)
    known = np.asarray(pipeline.classes_)
    if known.dtype.kind not in "iu" or not len(known) or known.min() < 0 or known.max() >= len(classes):
        raise DataError(f"{path / ESTIMATOR} knows other classes than {DESCRIPTION} names: take both of one run")
    return PipelineRecognizer(model, options, pipeline, classes, preprocess, temperature)
