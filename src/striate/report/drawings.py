"""All figures of a report: saved as PNG in the run, returned as SVG for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure

from striate.evaluate import coverage
from striate.report import confidence, curves, matrix, mosaics, words
from striate.report.answers import Rows
from striate.report.choice import READABLE, Choice
from striate.report.contents import Contents, Extras, Pictures
from striate.report.figures import save_png, style, to_svg
from striate.report.thumbnails import shrink


@dataclass(frozen=True)
class Drawing:
    """One figure.

    Args:
        name: of its PNG.
        figure: what is drawn.
        description: what a reader who cannot see it is told.
        in_page: whether the page shows it as SVG; otherwise the page has something better than a figure.
    """

    name: str
    figure: Figure
    description: str = ""
    in_page: bool = True


def draw(contents: Contents, choice: Choice | None, pictures: Pictures | None, extras: Extras) -> dict[str, Markup]:
    """Save every figure that the run has something for in its `figures` folder.

    Returns:
        SVG by name, of the figures that the page shows.
    """
    shown: dict[str, Markup] = {}
    with style():
        for drawing in _drawings(contents, choice, pictures, extras):
            save_png(drawing.figure, contents.path / "figures" / f"{drawing.name}.png")
            if drawing.in_page:
                shown[drawing.name] = Markup(to_svg(drawing.figure, drawing.name, drawing.description))  # noqa: S704
    return shown


def when_sure(contents: Contents) -> list[dict[str, Any]]:
    """Return, for some target accuracies, the threshold that validation says and what it brings on test."""
    val, test = (contents.answers.get(part) for part in ("val", "test"))
    if not (val and test):
        return []
    missing = (contents.measures["val"]["unanswered"], contents.measures["test"]["unanswered"])
    return coverage.when_sure(
        (val.scores, val.labels), (test.scores, test.labels), unanswered=missing, temperature=val.temperature
    )


def _drawings(
    contents: Contents, choice: Choice | None, pictures: Pictures | None, extras: Extras
) -> Iterator[Drawing]:
    yield from _training(contents)
    if contents.measured:
        yield from _confidence(contents, contents.measured)
        confusion = np.array(contents.measured["confusion"])
        many = len(contents.classes) > READABLE
        described = f"Confusion matrix of {len(contents.classes)} classes; the most confused pairs are listed below."
        yield Drawing("confusion", matrix.heat_map(confusion, contents.classes), described, in_page=many)
    if choice and pictures:
        yield from _galleries(contents, choice, pictures)
    if has_filters(extras) and extras.first_layer is not None:
        figure = mosaics.filters_figure(mosaics.filters(extras.first_layer))
        yield Drawing("first_layer", figure, in_page=False)
    if extras.augmented is not None and len(extras.augmented):
        mosaic = mosaics.batch_mosaic(shrink(extras.augmented[: mosaics.MOST_AUGMENTED]))
        yield Drawing("augmented", mosaics.picture_figure(mosaic, "One augmented batch"), in_page=False)


def has_filters(extras: Extras) -> bool:
    """Say whether there are filters that can be shown: some, and every weight finite."""
    weights = extras.first_layer
    return weights is not None and weights.size > 0 and bool(np.isfinite(weights).all())


def _training(contents: Contents) -> Iterator[Drawing]:
    log = contents.log
    for what in ("loss", "accuracy"):
        if len(log.steps["step"]):
            yield Drawing(
                f"{what}_iterations", curves.by_iteration(log, what), _told(f"{what} per iteration", log.steps[what])
            )
        if len(log.epochs["epoch"]):
            yield Drawing(
                f"{what}_epochs",
                curves.by_epoch(log, what),
                _told(f"{what} per epoch, training", log.epochs[f"train_{what}"])
                + _told("; validation", log.epochs[f"val_{what}"]),
            )
    if np.isfinite(log.steps["lr"]).any():
        yield Drawing("learning_rate", curves.learning_rate(log), _told("learning rate", log.steps["lr"]))


def _told(what: str, values: np.ndarray[Any, np.dtype[np.float64]]) -> str:
    seen = values[np.isfinite(values)]
    return f"{what}: from {seen[0]:.3g} to {seen[-1]:.3g}" if seen.size else ""


def _confidence(contents: Contents, measured: dict[str, Any]) -> Iterator[Drawing]:
    found = measured["calibration"]
    if not found["pictures"]:
        return
    said = words.calibration(found)
    yield Drawing(
        "reliability", confidence.reliability(found["bins"], "Reliability as trained"), f"Reliability diagram. {said}"
    )
    if found["temperature"]:
        title = f"Reliability with temperature {found['temperature']:.3g}"
        said = words.calibration(found, "_scaled")
        yield Drawing("reliability_scaled", confidence.reliability(found["bins_scaled"], title), f"The same. {said}")
    answers = contents.answers.get(contents.part or "")
    if answers:
        points = coverage.curve(
            answers.scores, answers.labels, unanswered=measured["unanswered"], temperature=answers.temperature
        )
        chosen = [
            {**row["test"], "target": row["target"]} for row in when_sure(contents) if row["threshold"] is not None
        ]
        figure = confidence.coverage(points, chosen)
        yield Drawing("coverage", figure, "Coverage against accuracy; the table beside it gives the numbers.")


def _galleries(contents: Contents, choice: Choice, pictures: Pictures) -> Iterator[Drawing]:
    answers = contents.answers[contents.part or ""]
    names = [matrix.shorten(name, 14) for name in contents.classes]

    def gallery(name: str, title: str, positions: Rows, captions: list[str]) -> Drawing:
        found = shrink(pictures(answers.rows[positions].tolist()))
        return Drawing(name, mosaics.gallery_figure(found, captions, title), in_page=False)

    def told(position: int) -> str:
        answer = f"{names[answers.predicted[position]]} {words.percent(float(answers.confidence[position]))}"
        return answer if answers.right[position] else f"{answer}\nis {names[answers.labels[position]]}"

    if len(choice.worst):
        yield gallery("worst_errors", "The worst errors", choice.worst, [told(place) for place in choice.worst])
    if len(choice.least_sure):
        told_right = [told(place) for place in choice.least_sure]
        yield gallery("least_sure", "The least sure right answers", choice.least_sure, told_right)
    samples = np.concatenate([rows[:2] for rows in choice.samples])[:64]
    if len(samples):
        yield gallery("samples", "Samples", samples, [names[label] for label in answers.labels[samples]])
