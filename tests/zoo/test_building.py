import json
from typing import Any

import pytest
import torch

from striate import zoo
from striate.core.errors import RecipeError, UnknownName


def test_what_is_not_said_comes_from_the_row() -> None:
    network = zoo.create("alvinn")
    assert network.config == {
        "name": "alvinn",
        "num_classes": 30,
        "in_channels": 1,
        "image_size": [30, 32],
        "activation": "tanh",
        "output": "sigmoid",
    }


def test_the_config_survives_json_and_makes_the_same_network_again() -> None:
    torch.manual_seed(3)
    first = zoo.create("mlp_300", num_classes=4, in_channels=3, image_size=9, activation="relu", dropout=0.25)
    torch.manual_seed(3)
    second = zoo.create(**json.loads(json.dumps(first.config)))
    assert second.config == first.config
    assert str(second) == str(first)
    assert all(map(torch.equal, first.parameters(), second.parameters()))


def test_one_number_is_both_height_and_width() -> None:
    assert zoo.create("linear", image_size=8).config["image_size"] == [8, 8]
    assert zoo.create("linear", image_size=(8, 6)).config["image_size"] == [8, 6]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_classes", 0),
        ("num_classes", 2.0),
        ("num_classes", True),
        ("in_channels", -1),
        ("image_size", 0),
        ("image_size", (8, 8, 8)),
        ("image_size", (8, -8)),
        ("image_size", "8"),
        ("image_size", 8.0),
    ],
)
def test_a_number_that_makes_no_network_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(RecipeError, match=f"linear: {name} = "):
        zoo.create("linear", **{name: value})


def test_an_unknown_model_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(UnknownName, match="did you mean lenet5"):
        zoo.create("lenet")


def test_the_weights_room_is_reached_through_the_zoo() -> None:
    assert zoo.weights.load.__module__ == "striate.zoo.weights"
    with pytest.raises(AttributeError, match="wheights"):
        zoo.wheights  # noqa: B018
