"""Recipes: validated, complete, the same after a round trip through TOML."""

from pathlib import Path
from typing import Any

import pytest

from striate.core.errors import RecipeError, UnknownName
from striate.train.recipe import Recipe, field_names, merge, settings_to_values

LEAST: dict[str, Any] = {"model": "resnet20", "epochs": 3, "preprocess": {"size": [8, 8], "channels": 1}}


def test_a_recipe_is_the_same_after_toml(tmp_path: Path) -> None:
    values = merge(LEAST, {"options": {"dropout": 0.5}, "augment": {"crop": [0.3, 1.0], "flip": "both"}})
    recipe = Recipe.from_values(merge(values, {"schedule": {"name": "multistep", "milestones": [1.5, 2]}}))
    (tmp_path / "recipe.toml").write_text(recipe.to_toml())
    assert Recipe.read(tmp_path / "recipe.toml") == recipe


def test_settings_are_read_as_toml_or_as_text() -> None:
    values = settings_to_values(
        ["optimizer.lr=0.05", "augment.flip=horizontal", "augment.crop=[0.3, 1.0]", "optimizer.decay_all=true"]
    )
    assert values == {
        "optimizer": {"lr": 0.05, "decay_all": True},
        "augment": {"flip": "horizontal", "crop": [0.3, 1.0]},
    }
    assert settings_to_values({"optimizer.lr": 0.05}) == {"optimizer": {"lr": 0.05}}
    assert settings_to_values(["patience=none"]) == {"patience": None}
    assert settings_to_values(["augment.flip=none"]) == {"augment": {"flip": "none"}}
    assert settings_to_values(["loss.class_weights=none"]) == {"loss": {"class_weights": "none"}}
    assert settings_to_values(["options.dropout=0.5"]) == {"options": {"dropout": 0.5}}


def test_an_unknown_field_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"did you mean optimizer.lr"):
        settings_to_values(["optimizer.lrr=0.1"])
    with pytest.raises(RecipeError, match=r"field=value"):
        settings_to_values(["optimizer.lr"])


def test_every_fault_of_a_recipe_is_named() -> None:
    with pytest.raises(RecipeError, match=r"epochs = 0.*optimizer\.lr = -1") as caught:
        Recipe.from_values(merge(LEAST, {"epochs": 0, "optimizer": {"lr": -1}}))
    assert "greater than" in str(caught.value)
    with pytest.raises(RecipeError, match=r"loss.name = 'entropy'"):
        Recipe.from_values(merge(LEAST, {"loss": {"name": "entropy"}}))
    with pytest.raises(RecipeError, match=r"lr = inf"):
        Recipe.from_values(merge(LEAST, {"optimizer": {"lr": float("inf")}}))


def test_class_weights_must_weigh_something() -> None:
    for weights in ([1.0, -1.0], [0.0, 0.0], []):
        with pytest.raises(RecipeError, match="one of them more than 0"):
            Recipe.from_values(merge(LEAST, {"loss": {"class_weights": weights}}))
    with pytest.raises(RecipeError, match=r"loss\.class_weights = 'heavy': .*, or: ") as caught:
        Recipe.from_values(merge(LEAST, {"loss": {"class_weights": "heavy"}}))
    assert "literal[" not in str(caught.value)


def test_one_number_is_a_square_size() -> None:
    assert Recipe.from_values(merge(LEAST, {"preprocess": {"size": 12}})).preprocess.size == (12, 12)


def test_a_field_is_set_whole_or_in_parts() -> None:
    with pytest.raises(RecipeError, match="one or the other"):
        settings_to_values(["options=3", "options.dropout=0.5"])


def test_a_file_that_is_no_recipe_is_named(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text("epochs = = 3")
    with pytest.raises(RecipeError, match=r"recipe.toml: not a readable recipe"):
        Recipe.read(tmp_path / "recipe.toml")


def test_mean_and_deviation_must_fit_the_channels() -> None:
    with pytest.raises(RecipeError, match=r"3 values"):
        Recipe.from_values(merge(LEAST, {"preprocess": {"channels": 3, "mean": [0.5]}}))


def test_every_field_can_be_set_by_name() -> None:
    names = field_names()
    assert {"epochs", "optimizer.lr", "preprocess.fit", "plan.precision", "split.salt"} <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("loss", ["map", "perceptron"])
@pytest.mark.parametrize("mixing", ["mixup", "cutmix"])
def test_a_loss_with_one_right_class_refuses_mixed_pictures(loss: str, mixing: str) -> None:
    values = merge(LEAST, {"loss": {"name": loss}, "augment": {mixing: 0.2}})
    with pytest.raises(RecipeError, match=r"knows one right class.*cross_entropy") as refused:
        Recipe.from_values(values)
    assert "resnet20" not in str(refused.value)  # the fault, not the whole recipe


def test_gray_pictures_refuse_what_changes_color_alone() -> None:
    with pytest.raises(RecipeError, match=r"augment.hue, augment.pca_noise: gray pictures have no color"):
        Recipe.from_values(merge(LEAST, {"augment": {"hue": 0.1, "pca_noise": 0.1, "brightness": 0.1}}))
    assert Recipe.from_values(merge(LEAST, {"augment": {"brightness": 0.1, "contrast": 0.1}}))
