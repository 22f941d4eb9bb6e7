"""The recipe that is taken where the user says nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from striate.data.table import Table
from striate.sources import open_table
from striate.train.defaults import Look, epochs, resolve
from striate.train.recipe import Recipe
from striate.zoo import MODELS


@pytest.fixture(scope="module")
def shapes() -> Table:
    return open_table("shapes?count=40&size=32")


def recipe(table: Table, model: str, **wanted: object) -> Recipe:
    rows = np.arange(len(table))
    return resolve(table, rows, Look(np.full((len(rows), 2), 32), 3), model, wanted)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_of_the_zoo_has_a_recipe_whose_options_it_takes(model: str, shapes: Table) -> None:
    found = recipe(shapes, model)
    assert found.model == model
    assert set(found.options) <= set(MODELS[model].options)
    assert found.optimizer.lr > 0
    assert found.epochs == epochs(model, len(shapes))


def test_networks_without_batch_norm_take_smaller_steps_of_bounded_length(shapes: Table) -> None:
    plain, normalized = recipe(shapes, "vgg16").optimizer, recipe(shapes, "vgg16_bn").optimizer
    assert plain.lr < normalized.lr / 4
    assert plain.clip is not None
    assert normalized.clip is None
    assert recipe(shapes, "googlenet").optimizer.lr < recipe(shapes, "googlenet_bn").optimizer.lr / 4


def test_the_step_grows_with_the_batch(shapes: Table) -> None:
    small, large = (recipe(shapes, "resnet18", batch_size=size).optimizer.lr for size in (32, 128))
    assert large == pytest.approx(4 * small)


def test_a_chosen_optimizer_gets_a_rate_that_suits_it_and_a_chosen_rate_stays(shapes: Table) -> None:
    assert recipe(shapes, "resnet18", optimizer={"name": "adam"}).optimizer.lr == 2e-3
    assert recipe(shapes, "resnet18", optimizer={"lr": 0.7}).optimizer.lr == 0.7
    assert recipe(shapes, "squeezenet1_1", optimizer={"name": "sgd"}).optimizer.lr == pytest.approx(0.02 / 4)


@pytest.mark.parametrize(
    ("parameters", "side", "size"),
    [("num_classes", 32, 32), ("num_classes", 300, 224), ("num_classes, image_size=48", 32, 48)],
)
def test_a_network_of_one_s_own_sees_small_pictures_as_they_are_unless_it_says_a_size(
    shapes: Table, own_module: Callable[[str], str], parameters: str, side: int, size: int
) -> None:
    name = f"{own_module(f'def build({parameters}): ...')}:build"
    rows = np.arange(len(shapes))
    found = resolve(shapes, rows, Look(np.full((len(rows), 2), side), 3), name, {})
    assert found.preprocess.size == (size, size)
    assert (found.optimizer.name, found.optimizer.clip) == ("adamw", 1.0)
    assert resolve(shapes, rows, Look(np.full((len(rows), 2), side), 3), name, {"image_size": 40}).preprocess.size == (
        40,
        40,
    )
