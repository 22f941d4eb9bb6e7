"""Figures of how far a probability can be trusted: reliability, and coverage against accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from striate.report.figures import AMBER, BAND, BLUE, MUTED, blank, in_percent
from striate.report.words import NARROW

_APART = 0.08  # in coverage; dots that are nearer share a label

Points = list[dict[str, Any]]


def reliability(bins: Points, title: str) -> Figure:
    """Draw accuracy against probability with 95 % intervals, and under it how many answers each bin has."""
    filled = [b for b in bins if b["pictures"]]
    figure = blank(5.6, 5.0)
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
    axes.plot([0, 1], [0, 1], color=BAND, linewidth=1, linestyle=(0, (4, 3)))
    axes.text(
        0.07,
        0.045,
        "perfect",
        color=MUTED,
        fontsize=8.5,
        va="top",
        rotation=45,
        rotation_mode="anchor",
        transform_rotates_text=True,
    )
    sure = [b["confidence"] for b in filled]
    _with_intervals(axes, sure, [b["accuracy"] for b in filled])
    axes.set_title(title)
    axes.set_ylabel("right")
    axes.set_ylim(0, 1.02)
    in_percent(axes)
    left = np.array([b["from"] for b in bins])
    counts.bar(
        left, [b["pictures"] for b in bins], bins[0]["to"] - bins[0]["from"], align="edge", color=BLUE, alpha=0.45
    )
    for b in filled:
        label = f"{b['pictures']:,}"
        counts.annotate(
            label, ((b["from"] + b["to"]) / 2, b["pictures"]), ha="center", va="bottom", fontsize=6.5, color=MUTED
        )
    counts.margins(y=0.25)
    counts.set_yticks([])
    counts.grid(visible=False)
    counts.set_ylabel("answers")
    counts.set_xlabel("probability of the answer")
    counts.set_xlim(0, 1)
    in_percent(counts, "x")
    return figure


def coverage(points: Points, chosen: Points) -> Figure:
    """Draw the accuracy of the surest answers against their share of all pictures, with its 95 % interval.

    Args:
        points: what `evaluate.coverage.curve` returns.
        chosen: points of thresholds chosen on validation, each with its `target`.
    """
    figure = blank(5.6, 3.6)
    axes = figure.add_subplot()
    share = [point["coverage"]["value"] for point in points]
    value, low, high = (np.array([point["accuracy"][key] for point in points]) for key in ("value", "low", "high"))
    axes.fill_between(share, low, high, color=BLUE, alpha=0.16, linewidth=0)
    axes.plot(share, value, color=BLUE)
    _dots(axes, chosen)
    axes.set_title("Right among the answers given")
    axes.set_xlabel("share of pictures answered, the surest first")
    axes.set_xlim(0, 1.01)
    # Few pictures say little: the first points' lower limits would flatten the curve.
    lowest = max(0.0, float(value.min()) - 0.04)
    axes.set_ylim(lowest, 1 + 0.06 * (1 - lowest))
    in_percent(axes)
    in_percent(axes, "x")
    return figure


def _dots(axes: Axes, chosen: Points) -> None:
    labels: list[tuple[tuple[float, float], list[str]]] = []
    for point in chosen:
        if point["accuracy"]["value"] is None:  # no test picture is as sure as the threshold asks
            continue
        at = (point["coverage"]["value"], point["accuracy"]["value"])
        axes.plot(*at, marker="o", color=AMBER, markersize=5)
        if not labels or abs(labels[-1][0][0] - at[0]) > _APART:
            labels.append((at, []))
        labels[-1][1].append(f"{point['target'] * 100:g}")
    for at, targets in labels:
        label = f"aim {', '.join(targets)}{NARROW}%"
        early = at[0] < 0.7  # the curve falls: above it at the right there is room, later below it at the left
        axes.annotate(
            label,
            at,
            (4, 3) if early else (-6, -8),
            textcoords="offset points",
            ha="left" if early else "right",
            va="bottom" if early else "top",
            fontsize=8.5,
            color=AMBER,
        )


def _with_intervals(axes: Axes, at: list[float], shares: Points) -> None:
    value, low, high = (np.array([share[key] for share in shares]) for key in ("value", "low", "high"))
    axes.errorbar(at, value, yerr=(value - low, high - value), color=BLUE, fmt="o", markersize=4.5, elinewidth=1.1)
