"""Accuracy and its price in figures: against operations, time and parameters; and how fast it was learned.

After Canziani, Paszke and Culurciello, "An analysis of deep neural network models for practical applications", 2016,
https://arxiv.org/abs/1605.07678: accuracy against operations, the area of a circle by parameters, and accuracy per
parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from striate.compare import labels
from striate.compare.amounts import brief, short
from striate.report.figures import BAND, BLUE, INK, MUTED, blank, in_percent

Plain = dict[str, Any]

# Of curves: mid tones that stand out from a light ground and a dark one, and from each other for most eyes.
COLORS = ("#2f7fc1", "#cf7c1e", "#2f9468", "#bd4b73", "#7c69bd", "#8a7a34", "#2596a6", "#c4553f", "#6f7f95", "#9a5fa5")
_LARGEST = 21.0  # radius of the circle of the network with the most parameters, in points
_SMALLEST = 2.6


@dataclass(frozen=True)
class Curve:
    """How the validation accuracy of one recognizer rose while it was trained.

    Args:
        name: of the recognizer.
        epochs: (E,).
        seconds: (E,) of training at the end of each epoch.
        accuracy: (E,) on validation.
    """

    name: str
    epochs: NDArray[np.float64]
    seconds: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def against_operations(told: Sequence[Plain]) -> Figure:
    """Draw accuracy against multiply-accumulates, circles by parameters."""
    known = [entry for entry in told if entry["macs"] and entry["parameters"]]
    figure = _priced(known, [float(entry["macs"]) for entry in known], radii(known), short)
    axes = figure.axes[0]
    axes.set_xlabel("multiply-accumulates of one picture")
    axes.set_title("Accuracy and arithmetic")
    _area_key(axes, known)
    return figure


def against_time(told: Sequence[Plain]) -> Figure:
    """Draw accuracy against the time that a picture takes on this machine."""
    known = [entry for entry in told if entry["prediction_seconds"]]
    times = [float(entry["prediction_seconds"]) for entry in known]
    figure = _priced(known, times, [4.5] * len(known), brief)
    axes = figure.axes[0]
    axes.set_xlabel("time of one picture on this machine")
    axes.set_title("Accuracy and time")
    return figure


def per_parameter(told: Sequence[Plain]) -> Figure:
    """Draw how many points of accuracy each recognizer has for a million of its parameters, the most first."""
    known = sorted((entry for entry in told if dense(entry)), key=density)
    figure = blank(5.6, 1.0 + 0.27 * len(known))
    axes = figure.add_subplot()
    places, values = np.arange(len(known)), np.array([density(entry) for entry in known])
    axes.hlines(places, values.min() / 3, values, color=BAND, linewidth=0.9)
    axes.plot(values, places, "o", color=BLUE, markersize=5.5)
    _logarithmic(axes, values, _plain)
    axes.set_xlim(left=float(values.min()) / 1.8)
    axes.set_yticks(places, [entry["name"] for entry in known])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(-0.6, len(known) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("points of accuracy per million parameters, logarithmic")
    axes.set_title("Accuracy for its parameters")
    return figure


def learned(curves: Sequence[Curve], by: str) -> Figure:
    """Draw the validation accuracy of all, by "epochs" or by "seconds" of training."""
    figure = blank(5.6, 3.4)
    axes = figure.add_subplot()
    shown = [curve for curve in curves if np.isfinite(curve.accuracy).any()]
    colors = [COLORS[place % len(COLORS)] for place in range(len(shown))]
    for place, (curve, color) in enumerate(zip(shown, colors, strict=True)):
        seen = np.isfinite(curve.accuracy)
        dashes = "-" if place < len(COLORS) else "--"
        at = getattr(curve, by)[seen]
        mark = 3.0 if seen.sum() <= 25 else 0.0
        axes.plot(at, curve.accuracy[seen], dashes, color=color, linewidth=1.4, marker="o", markersize=mark)
    _time_axis(axes, by)
    axes.set_ylim(top=1.0)
    in_percent(axes)
    axes.set_title(f"Validation accuracy by {'epoch' if by == 'epochs' else 'training time'}")
    names = [curve.name for curve in shown]
    points = [_points(getattr(curve, by), curve.accuracy) for curve in shown]
    lasts = [line[-1] for line in points]
    if by == "epochs":
        _room_for(figure, names)
        labels.beside_ends(axes, lasts, names, colors)
        return figure
    left, right = axes.get_xlim()
    axes.set_xlim(left, right * (right / left) ** 0.15)  # room for the name of the last
    figure.draw_without_rendering()
    lines = [stretch for line in points for stretch in pairwise(line)]
    labels.beside_points(axes, lasts, [2.0] * len(lasts), names, colors, avoid=lines)
    return figure


def frontier(costs: Sequence[float], accuracies: Sequence[float]) -> list[int]:
    """Return the places of those that nobody beats in accuracy at the same or a lower cost, the cheapest first."""
    found: list[int] = []
    for place in sorted(range(len(costs)), key=lambda place: (costs[place], -accuracies[place])):
        if not found or accuracies[place] > accuracies[found[-1]]:
            found.append(place)
    return found


def radii(told: Sequence[Plain]) -> list[float]:
    """Return the radius of each circle in points: its area is in proportion to the parameters, but for the smallest."""
    most = max((entry["parameters"] for entry in told), default=1)
    return [max(_SMALLEST, _LARGEST * float(entry["parameters"] / most) ** 0.5) for entry in told]


def dense(told: Plain) -> bool:
    """Say whether a recognizer has a place on the logarithmic axis of `density`."""
    return bool(told["parameters"] and told["accuracy"]["value"])


def density(told: Plain) -> float:
    """Return the points of accuracy for a million parameters."""
    return float(100 * told["accuracy"]["value"] / (told["parameters"] / 1e6))


def _priced(
    told: Sequence[Plain], costs: Sequence[float], radii: Sequence[float], write: Callable[[float], str]
) -> Figure:
    """Draw accuracy with its interval against a cost, the frontier in blue, everything else in gray."""
    figure = blank(6.4, 4.0)
    axes = figure.add_subplot()
    values = [float(entry["accuracy"]["value"]) for entry in told]
    best = frontier(costs, values)
    for place, entry in enumerate(told):
        color = BLUE if place in best else BAND
        low, high = entry["accuracy"]["low"], entry["accuracy"]["high"]
        axes.plot([costs[place]] * 2, [low, high], color=color, linewidth=1.0, alpha=0.7)
        size = (2 * radii[place]) ** 2
        axes.scatter(costs[place], values[place], s=size, color=color, alpha=0.32, linewidth=0)
        axes.scatter(costs[place], values[place], s=size, facecolor="none", edgecolor=color, linewidth=1.1)
    steps = [(costs[place], values[place]) for place in best]
    axes.step(*zip(*steps, strict=True), where="post", color=BLUE, linewidth=1.2, linestyle=(0, (4, 2.5)), zorder=0.9)
    _logarithmic(axes, np.array(costs), write)
    _height(axes, told)
    in_percent(axes)
    figure.draw_without_rendering()
    colors = [INK if place in best else MUTED for place in range(len(told))]
    bars = [((x, e["accuracy"]["low"]), (x, e["accuracy"]["high"])) for x, e in zip(costs, told, strict=True)]
    points, names = list(zip(costs, values, strict=True)), [entry["name"] for entry in told]
    labels.beside_points(axes, points, radii, names, colors, avoid=[*bars, *_stairs(steps)])
    return figure


def _stairs(steps: Sequence[labels.Point]) -> Iterator[labels.Stretch]:
    """Yield the level and upright parts of the line through `steps`."""
    for (x, y), (next_x, next_y) in pairwise(steps):
        yield (x, y), (next_x, y)
        yield (next_x, y), (next_x, next_y)


def _height(axes: Axes, told: Sequence[Plain]) -> None:
    lows = [entry["accuracy"]["low"] for entry in told]
    highs = [entry["accuracy"]["high"] for entry in told]
    room = 0.12 * max(max(highs) - min(lows), 0.02)
    axes.set_ylim(max(0.0, min(lows) - room), max(highs) + room)
    axes.yaxis.set_major_locator(FixedLocator([t for t in axes.get_yticks() if 0 <= t <= 1]))


def _logarithmic(axes: Axes, values: NDArray[np.float64], write: Callable[[float], str]) -> None:
    """Make the horizontal axis logarithmic, with room at both ends, and ticks that people read."""
    axes.set_xscale("log")
    low, high = float(values.min()), float(values.max())
    room = max(1.6, (high / low) ** 0.12)
    axes.set_xlim(low / room, high * room)
    low, high = axes.get_xlim()
    decades = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    steps = (1,) if high / low > 300 else (1, 3) if high / low > 20 else (1, 2, 5)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: write(float(value))))


def _area_key(axes: Axes, told: Sequence[Plain]) -> None:
    """Say above the axes what the areas mean, by an example."""
    most = max(told, key=lambda entry: entry["parameters"])
    said = f"area: parameters; {most['name']} has {short(most['parameters'])}"
    axes.text(1.0, 1.02, said, transform=axes.transAxes, ha="right", va="bottom", fontsize=8.5, color=MUTED)


def _points(at: NDArray[np.float64], values: NDArray[np.float64]) -> list[labels.Point]:
    seen = np.isfinite(values)
    return [(float(x), float(y)) for x, y in zip(at[seen], values[seen], strict=True)]


def _time_axis(axes: Axes, by: str) -> None:
    if by == "epochs":
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.set_xlabel("epoch")
        return
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _plain(float(value))))
    axes.set_xlabel("seconds of training, validation included, logarithmic")


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:.3g}"


def _room_for(figure: Figure, names: Sequence[str]) -> None:
    """Lay the figure out with room for names at the right."""
    longest = max(map(len, names), default=0)
    wide = min(0.36, 0.03 + 0.0105 * longest * 5.6 / figure.get_figwidth() * 1.05)
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0, 0, 1 - wide, 1))  # type: ignore[call-arg]
    figure.draw_without_rendering()
