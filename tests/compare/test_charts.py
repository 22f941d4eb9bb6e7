"""The figures of a comparison: what lies on the frontier, what areas say, and that no name hides another."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.transforms import Bbox

from striate.compare import charts
from striate.compare.labels import spread
from striate.report.figures import style


def test_the_frontier_holds_whom_nobody_beats_at_the_same_cost_or_less() -> None:
    assert charts.frontier([1, 2, 2, 5, 9], [0.5, 0.4, 0.7, 0.7, 0.9]) == [0, 2, 4]


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_everything_off_the_frontier_is_beaten_by_something_on_it(points: list[tuple[int, int]]) -> None:
    costs, values = zip(*points, strict=True)
    best = charts.frontier(costs, values)
    for place, (cost, value) in enumerate(points):
        beaten = any(costs[b] <= cost and values[b] >= value for b in best)
        assert place in best or beaten


def test_areas_are_in_proportion_to_parameters(told: Callable[..., dict[str, Any]]) -> None:
    large, small = charts.radii([told("a", 0.9, parameters=40_000_000), told("b", 0.9, parameters=10_000_000)])
    assert large**2 / small**2 == pytest.approx(4)


def test_names_do_not_hide_each_other_or_a_circle(told: Callable[..., dict[str, Any]]) -> None:
    entries = [told(f"network {n}", 0.9 + n / 1000, 1e-3 * (1 + n / 10)) for n in range(6)]
    with style():
        figure = charts.against_time(entries)
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 6
    shared = [Bbox.intersection(one, other) for one, other in combinations(boxes, 2)]
    assert sum(part.width * part.height for part in shared if part is not None) == pytest.approx(0, abs=1)


def test_what_has_no_operations_is_in_the_figure_of_time_alone(told: Callable[..., dict[str, Any]]) -> None:
    entries = [told("network", 0.9), told("forest", 0.8, macs=None, parameters=None)]
    with style():
        assert [t.get_text() for t in charts.against_time(entries).axes[0].texts] == ["network", "forest"]
        shown = [t.get_text() for t in charts.against_operations(entries).axes[0].texts]
    assert "network" in shown
    assert "forest" not in shown


def test_a_recognizer_that_is_never_right_has_no_place_on_a_logarithmic_axis(
    told: Callable[..., dict[str, Any]],
) -> None:
    entries = [told("some", 0.9), told("none", 0.5) | {"accuracy": {"value": 0.0, "low": 0.0, "high": 0.02}}]
    with style():
        axes = charts.per_parameter(entries).axes[0]
        assert [label.get_text() for label in axes.get_yticklabels()] == ["some"]
        charts.against_operations(entries)


def test_every_curve_ends_at_its_name() -> None:
    epochs = np.arange(1.0, 6.0)
    curves = [
        charts.Curve(name, epochs, epochs * 3, np.linspace(0.2, end, 5)) for name, end in (("a", 0.9), ("b", 0.9))
    ]
    with style():
        for by in ("epochs", "seconds"):
            axes = charts.learned(curves, by).axes[0]
            assert [text.get_text() for text in axes.texts] == ["a", "b"]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8))
def test_names_are_spread_in_their_order_and_as_near_as_there_is_room(heights: list[float]) -> None:
    moved = spread(np.array(heights), 5.0, -1000.0, 1000.0)
    order = np.argsort(heights, kind="stable")
    assert (np.diff(moved[order]) >= 5 - 1e-6).all()
    if len(heights) == 1 or np.diff(np.sort(heights)).min() > 5:
        assert moved == pytest.approx(heights)
