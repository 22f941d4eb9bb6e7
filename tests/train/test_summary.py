"""Summaries by name, with a recipe's own words."""

import pytest

import striate
from striate.core.errors import RecipeError, UnknownName


def test_changes_and_options_reach_the_network_and_the_step() -> None:
    settings = {"options.shortcut": "B", "optimizer.name": "adam"}
    found = striate.summary("resnet20", num_classes=3, in_channels=1, image_size=24, batch_size=7, settings=settings)
    assert found.shape == (1, 24, 24)
    assert found.network.output == (3,)
    assert found.network.parameters > striate.zoo.MODELS["resnet20"].parameters
    assert found.memory is not None
    assert (found.memory.batch, found.memory.state) == (7, 2 * found.memory.gradients)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"settings": ["epochs=3"]}, RecipeError, "epochs changes nothing"),
        ({"settings": ["optimizer.lr=3"]}, RecipeError, "optimizer.lr changes nothing"),
        ({"settings": ["optimizer.name=adm"]}, UnknownName, "did you mean adam"),
        ({"settings": ["options.stam=small"]}, UnknownName, "stam"),
        ({"batch_size": 0}, RecipeError, "batch_size = 0"),
        ({"image_size": 0}, RecipeError, "image_size"),
    ],
)
def test_what_is_not_allowed_is_named(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        striate.summary("resnet20", **options)


def test_a_run_is_summed_up_as_it_was_trained(tmp_path) -> None:
    run = striate.train("digits", model="lenet5_modern", epochs=1, out=tmp_path / "run", quiet=True)
    found = striate.summary(run.path)
    assert found.network.output == (10,)
    assert found.network.parameters == striate.load(run.path).network.parameter_count()
