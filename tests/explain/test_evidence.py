import json

import pytest
import torch

from striate.explain import explain
from striate.explain.evidence import all_rivals, gather

CLASSES = torch.tensor([0, 3, 6])


def test_there_is_one_row_a_map_and_it_is_plain_data(recognizer, images):
    network = recognizer.network
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = gather(network, images, CLASSES, explain(network, images, CLASSES), seeds=2, points=2, steps=4)
    assert len(found) == 3
    for row in found:
        assert row.method == "gradcam"
        assert [area.cover for area in row.areas] == ["blur", "mean color"]
        assert row.completeness is None  # it promises no sum
        assert row.seeds is None  # it draws nothing
        assert row.randomized.low <= row.randomized.value <= row.randomized.high
        assert len(row.cascade) == 2
        for area in row.areas:
            assert area.gain == pytest.approx(area.insertion - area.deletion)
    json.dumps([row.to_dict() for row in found], allow_nan=False)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_rivals_made_once_serve_every_method(recognizer, images):
    network = recognizer.network
    maps = explain(network, images, CLASSES)
    against = all_rivals(network, images, CLASSES, steps=4)
    options = {"seeds": 1, "points": 1, "steps": 4}
    assert gather(network, images, CLASSES, maps, against=against, **options) == gather(
        network, images, CLASSES, maps, **options
    )


def test_a_map_that_ignores_the_network_is_accused_and_one_that_draws_is_asked_again(recognizer, images, methods):
    network = recognizer.network
    maps = explain(network, images, CLASSES, method="edges", power=3)
    found = gather(network, images, CLASSES, maps, options={"power": 3}, seeds=2, points=1, steps=4)
    for row in found:
        assert row.randomized.value == pytest.approx(1)
        assert row.seeds.value == pytest.approx(1)
    again = gather(network, images, CLASSES, maps, options={"power": 3, "seed": 0}, seeds=2, points=1, steps=4)
    assert again[0].seeds is None  # the user chose the seed


def test_a_map_that_is_the_same_everywhere_is_said_to_be_constant(recognizer, images, methods):
    maps = explain(recognizer.network, images, CLASSES, method="edges", power=0)
    found = gather(recognizer.network, images, CLASSES, maps, options={"power": 0}, seeds=2, points=1, steps=2)
    assert all(row.constant for row in found)
