"""Measure a recognizer: a run's on its own test pictures, anybody's on labeled ones."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.core.errors import DataError
from striate.core.progress import say
from striate.data.views import views as views_of
from striate.evaluate import accuracy
from striate.recognize.load import Loaded, load
from striate.recognize.rows import answer_rows
from striate.runtime.processes import Group, together
from striate.train.labeled import Labeled, others, own
from striate.train.run import Run


@dataclass(frozen=True)
class Evaluation:
    """How a recognizer answers a set of pictures.

    Args:
        part: what was measured: "test" or "val" of the run's own, or the data's name.
        metrics: as `metrics.json` has them.
        ignored: pictures of unknown classes that were left out.
        quarantined: names and reasons of pictures that cannot be read; counted as unanswered.
        seen: pictures that the run was trained on or chosen by, which flatter; None where that is not known.
    """

    part: str
    metrics: dict[str, Any]
    ignored: int
    quarantined: list[tuple[str, str]]
    seen: int | None


def evaluate(
    path: Path,
    data: str | None = None,
    *,
    data_root: str | None = None,
    ignore_unknown: bool = False,
    views: str = "none",
    quiet: bool = False,
) -> Evaluation:
    """Measure a recognizer; of a run, the best.

    Args:
        path: a run directory, or a folder that a recognizer was saved to.
        data: pictures labeled with class names that the recognizer knows; None: the run's own test pictures (or
            validation, where it has none).
        data_root: where a named data set lies.
        ignore_unknown: leave pictures of classes that the recognizer does not know out, and count them.
        views: a name of `striate.data.views.VIEWS`; of several views, a picture's probabilities are the mean of
            theirs, each after the temperature, and the metrics name them as `views`.
        quiet: print nothing.

    Raises:
        ClassMismatch: pictures of a class that the recognizer does not know.
        DataError: no pictures to measure, or not those that the run had.
    """
    with together() as group:
        quiet = quiet or not group.first
        recognizer = load(path)
        views_of(views, recognizer.preprocess.size)  # a wrong name is told before any picture is read
        run = Run(path) if (path / "recipe.toml").is_file() else None
        if run is not None and not run.finished:
            say(f"warn: the training of {path} is not finished; this is its best so far", quiet=quiet)
        if data is not None:
            labeled = others(data, data_root, recognizer.classes, run, ignore_unknown=ignore_unknown, quiet=quiet)
            _say_seen(path, labeled, quiet=quiet)
        elif run is not None:
            labeled = own(run, data_root, quiet=quiet)
        else:
            raise DataError(f"{path} has no pictures of its own: name labeled ones, striate evaluate {path} DATA")
        return _measure(recognizer, labeled, views, seed=run.seed if run else 0, group=group, quiet=quiet)


def _say_seen(path: Path, labeled: Labeled, *, quiet: bool) -> None:
    if labeled.seen is None:
        say(f"note: what {path} was trained on is not known here: make sure that these are others", quiet=quiet)
    elif labeled.seen:
        count = len(labeled.rows)
        say(f"warn: {path} was trained on or chosen by {labeled.seen:,} of these {count:,} pictures", quiet=quiet)


def _measure(
    recognizer: Loaded,
    labeled: Labeled,
    views: str,
    *,
    seed: int,
    group: Group,
    quiet: bool,
) -> Evaluation:
    table, rows = labeled.table, labeled.rows
    fitted = labeled.calibrated and recognizer.temperature != 1.0
    temperature = recognizer.temperature if fitted else None
    told = answer_rows(
        recognizer,
        table,
        rows,
        group=group,
        views=views,
        temperature=temperature,
        label="evaluating",
        quiet=quiet,
    )
    answer = told.answers
    labels = table.labels[rows]
    metrics = accuracy.measure(
        answer.scores[answer.answered],
        labels[answer.answered],
        recognizer.classes,
        unanswered_labels=labels[~answer.answered],
        temperature=temperature,
        seed=seed,
    )
    if told.looks > 1:
        metrics["views"] = views
    lost = [(table.name(row), told.reasons[row]) for row in rows[~answer.answered].tolist()]
    return Evaluation(labeled.part, metrics, labeled.ignored, lost, labeled.seen)
