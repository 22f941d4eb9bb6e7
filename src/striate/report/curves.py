"""Figures of the training: loss, accuracy and learning rate, per iteration and per epoch."""

from __future__ import annotations

from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from striate.report.contents import Log
from striate.report.figures import AMBER, BLUE, MUTED, blank, in_percent, legend_above, with_commas

_POINTS = 1200  # more would not be seen; above this, neighbors are averaged
_DASHES = ("--", ":", "-.")  # of auxiliary heads
_SPIKE = 20.0  # times the median

Column = NDArray[np.float64]


def by_iteration(log: Log, what: str) -> Figure:
    """Draw the training's "loss" or "accuracy" at every logged step, and the validation's where it was measured."""
    figure = blank()
    axes = figure.add_subplot()
    steps, train = thin(log.steps["step"], log.steps[what])
    axes.plot(steps, train, color=BLUE, linewidth=1.1, label="training")
    _validation(axes, log.epochs["step"], log.epochs[f"val_{what}"])
    axes.set_xlabel("iteration")
    with_commas(axes)
    _finish(axes, what, f"{what.capitalize()} per iteration")
    return figure


def by_epoch(log: Log, what: str) -> Figure:
    """Draw "loss" or "accuracy" of every epoch, in training, also of auxiliary heads, and in validation."""
    figure = blank()
    axes = figure.add_subplot()
    epochs, train = log.epochs["epoch"], log.epochs[f"train_{what}"]
    axes.plot(epochs, train, color=BLUE, label="training", marker="o", markersize=_mark(len(epochs)))
    for style, head in zip(cycle(_DASHES), log.auxiliary, strict=False):
        axes.plot(epochs, log.epochs[f"train_{head}_{what}"], color=MUTED, label=head, linestyle=style)
    _validation(axes, epochs, log.epochs[f"val_{what}"])
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _finish(axes, what, f"{what.capitalize()} per epoch")
    return figure


def learning_rate(log: Log) -> Figure:
    """Draw the learning rate at every logged step."""
    figure = blank()
    axes = figure.add_subplot()
    seen = np.isfinite(log.steps["lr"])
    axes.plot(log.steps["step"][seen], log.steps["lr"][seen], color=BLUE)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("iteration")
    with_commas(axes)
    axes.set_title("Learning rate")
    return figure


def thin(steps: Column, values: Column) -> tuple[Column, Column]:
    """Average neighbors where there are more points than a figure can show."""
    seen = np.isfinite(values)
    steps, values = steps[seen], values[seen]
    if len(values) <= _POINTS:
        return steps, values
    starts = np.linspace(0, len(values), _POINTS, endpoint=False).astype(np.int64)
    counts = np.diff(np.append(starts, len(values)))
    return np.add.reduceat(steps, starts) / counts, np.add.reduceat(values, starts) / counts


def _validation(axes: Axes, at: Column, values: Column) -> None:
    seen = np.isfinite(values)
    if seen.any():
        axes.plot(
            at[seen], values[seen], color=AMBER, label="validation", marker="o", markersize=_mark(int(seen.sum()))
        )


def _mark(count: int) -> float:
    return 3.6 if count <= 40 else 0.0


def _finish(axes: Axes, what: str, title: str) -> None:
    if what == "loss" and _spikes(axes):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylabel("logarithmic")
    elif what == "loss":
        axes.set_ylim(bottom=0)
    else:
        axes.set_ylim(top=1.0)
        for line in axes.lines:
            line.set_clip_on(False)  # a mark at 100 % is seen whole
        in_percent(axes)
    axes.set_title(title)
    legend_above(axes)


def _spikes(axes: Axes) -> bool:
    """Say whether a few values would flatten all others on a linear scale."""
    values = np.concatenate([np.asarray(line.get_ydata(), np.float64) for line in axes.lines])
    return bool(len(values) and values.min() > 0 and values.max() > _SPIKE * np.median(values))
