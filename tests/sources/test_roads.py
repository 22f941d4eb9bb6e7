import numpy as np
import pytest

from striate.core.errors import DataError
from striate.sources import roads
from striate.sources.roads import AHEAD, CLASSES, DIRECTIONS, Road, draw, steering


def test_classes_run_from_hard_left_to_hard_right():
    assert len(set(CLASSES)) == 30
    assert (CLASSES[0], CLASSES[14], CLASSES[15], CLASSES[29]) == (
        "left 14.5 deg",
        "left 0.5 deg",
        "right 0.5 deg",
        "right 14.5 deg",
    )
    assert (np.diff(DIRECTIONS) == 1).all()


def test_a_picture_is_a_function_of_its_index_and_seed():
    few, many = roads.read(count=31, seed=5), roads.read(count=60, seed=5)
    assert few.pixels.shape == (31, 30, 32, 1)
    assert (many.pixels[:31] == few.pixels).all()
    assert (draw(30, seed=5)[0] == few.pixels[30, ..., 0]).all()
    assert (draw(30, seed=6)[0] != few.pixels[30, ..., 0]).any()
    assert many.counts.tolist() == [2] * 30


@pytest.mark.parametrize(
    ("road", "degrees"),
    [
        (Road(0, 0, 0), 0),
        (Road(2, -2 / AHEAD, 0), 0),  # the car is askew, but heads for the middle
        (Road(2, 0, -4 / AHEAD**2), 0),
        # Ackermann: a wheelbase of 3 m on an arc of radius 20 m, whose point 10 m ahead lies 20 - sqrt(300) m aside
        (Road(20 - np.sqrt(300), 0, 0), np.degrees(np.arctan(3 / 20))),
        (Road(-(20 - np.sqrt(300)), 0, 0), -np.degrees(np.arctan(3 / 20))),
    ],
)
def test_the_driver_steers_along_the_arc_to_the_middle(road, degrees):
    assert steering(road) == pytest.approx(degrees, abs=1e-9)


def test_the_road_that_is_drawn_asks_for_the_direction_of_its_class(monkeypatch):
    seen = []
    monkeypatch.setattr(roads, "_seen", lambda random, road: seen.append(road))
    labels = [draw(index, seed=1)[1] for index in range(300)]
    degrees = np.array([steering(road) for road in seen])
    assert np.abs(degrees - DIRECTIONS[labels]).max() <= 0.5
    assert np.std([road.curvature for road in seen]) > 0.01
    assert np.std([road.offset for road in seen]) > 0.3


def test_the_road_is_seen_where_the_driver_steers():
    table = roads.read(count=600)
    rows = table.pixels[:, 6:14, :, 0].astype(float)  # about 10 m ahead
    rows -= rows.mean(axis=(1, 2), keepdims=True)
    brightest = (np.clip(rows, 0, None).sum(1) * np.arange(32)).sum(1) / np.clip(rows, 0, None).sum((1, 2))
    assert np.corrcoef(brightest, table.labels)[0, 1] > 0.8


def test_pictures_differ_in_light():
    means = roads.read(count=100).pixels.mean((1, 2, 3))
    assert means.std() > 15


@pytest.mark.parametrize("count", [0, -1, 10**8])
def test_a_count_out_of_range_is_refused_with_the_range(count):
    with pytest.raises(DataError, match=rf"roads: option count={count} is not allowed: give a whole number from 1 to"):
        roads.read(count=count)
