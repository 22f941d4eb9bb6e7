"""A training that begins from weights: what it takes over, what it leaves, and that it says so."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import striate
from striate.data.preprocess import Preprocess
from striate.layers.network import Network
from striate.recognize.recognizer import NetworkRecognizer, build
from striate.runtime.plan import Plan
from striate.sources import open_table
from striate.train.recipe import Recipe
from striate.train.starting import explain, look_at_pictures, start, values_of
from striate.zoo.locate import locate
from striate.zoo.weights import save

PREPROCESS = Preprocess(size=(16, 16), channels=3, center=0.8, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))


def made(classes: tuple[str, ...], folder: Path) -> NetworkRecognizer:
    torch.manual_seed(3)
    network = build("resnet20", {"shortcut": "B"}, classes, PREPROCESS).eval()
    plan = Plan(threads=1).resolve(network)
    recognizer = NetworkRecognizer("resnet20", {"shortcut": "B"}, network, classes, PREPROCESS, 1.0, plan)
    recognizer.save(folder)
    return recognizer


def recipe(weights: Path, **more: Any) -> Recipe:
    values = {"model": "resnet20", "epochs": 1, "preprocess": PREPROCESS.model_dump(), "weights": str(weights)}
    return Recipe.from_values({**values, **more})


def begun(weights: Path, classes: tuple[str, ...], **more: Any) -> torch.nn.Module:
    torch.manual_seed(9)
    network = build("resnet20", {"shortcut": "B"}, classes, PREPROCESS)
    start(network, recipe(weights, **more), classes)
    return network


@pytest.mark.parametrize(
    ("classes", "head", "kept", "told"),
    [
        (("a", "b", "c"), "auto", True, "the classes are the same"),
        (("a", "b"), "auto", False, "they are for 3 classes and the data has 2"),
        (("a", "b", "z"), "auto", False, "their classes are others: a, b, c"),
        (("b", "a", "c"), "auto", False, "in another order"),
        (("a", "b", "z"), "keep", True, "as weights_head = keep says; it was for a, b, c"),
        (("a", "b", "c"), "drop", False, "as weights_head = drop says"),
    ],
)
def test_the_head_is_kept_where_the_classes_agree_and_what_is_done_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], classes: tuple[str, ...], head: str, kept: bool, told: str
) -> None:
    recognizer = made(("a", "b", "c"), tmp_path / "saved")
    network = begun(tmp_path / "saved", classes, weights_head=head)
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
    assert torch.equal(network.stem.conv.weight, recognizer.network.stem.conv.weight)
    same = network.head.linear.weight.shape == recognizer.network.head.linear.weight.shape and torch.equal(
        network.head.linear.weight, recognizer.network.head.linear.weight
    )
    assert same == kept
    assert ("all but head.linear" in said) == (not kept)


def test_a_file_that_does_not_name_its_classes_is_kept_with_a_word_about_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save(made(("a", "b", "c"), tmp_path / "saved").network, tmp_path / "bare.safetensors")
    begun(tmp_path / "bare.safetensors", ("x", "y", "z"))
    assert "3 classes, which they do not name" in capsys.readouterr().err
    begun(tmp_path / "bare.safetensors", ("x", "y"))
    assert "they are for 3 classes and the data has 2" in capsys.readouterr().err


def test_known_weights_settle_stem_and_pictures() -> None:
    located = locate("torchvision:resnet50", fetch=False)
    values = values_of(located, "resnet50")
    assert values["options"] == {"stem": "published"}
    assert Preprocess(**values["preprocess"]).size == (224, 224)
    assert "options" not in values_of(located, "resnet18")
    assert "deviation 0.229 0.224 0.225" in explain(located, Preprocess(**values["preprocess"]))
    other = Preprocess(size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3)
    assert explain(located, other).endswith("bilinear")


def test_a_training_takes_network_size_and_statistics_from_its_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(("a", "b"), tmp_path / "saved")
    for name in ("ant", "bee"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        _pictures(tmp_path / "photos" / name)
    settings = {"plan": "reference", "split.val": 0.0, "split.test": 0.0}
    run = striate.train(
        tmp_path / "photos", weights=tmp_path / "saved", epochs=1, out=tmp_path / "run", settings=settings
    )
    assert run.recipe.model == "resnet20"
    assert run.recipe.options["shortcut"] == "B"
    assert run.recipe.preprocess == PREPROCESS
    said = capsys.readouterr().err
    assert "pictures as they were trained on: 16x16, the middle 0.8 of the side" in said
    assert "all but head.linear" in said
    again = striate.train(base=run.path, out=tmp_path / "again", quiet=True)
    assert again.recipe == run.recipe
    weights = [path / "checkpoints" / "last" / "weights.safetensors" for path in (run.path, again.path)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def _pictures(folder: Path) -> None:
    from PIL import Image

    rng = np.random.default_rng(len(folder.name) + ord(folder.name[0]))
    for number in range(6):
        Image.fromarray(rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)).save(folder / f"{number}.png")


def test_what_a_family_sets_by_training_pictures_is_said_and_not_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ant", "bee"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        _pictures(tmp_path / "photos" / name)
    settings = {"plan": "reference", "split.val": 0.0, "split.test": 0.0, "epochs": 2}
    run = striate.train(tmp_path / "photos", model="airbench94", image_size=16, settings=settings, out=tmp_path / "run")
    assert "airbench94: the first layer whitens patches of" in capsys.readouterr().err
    network = run.recognizer().network
    filters = network.stem.whiten.weight
    assert torch.equal(filters[12:], -filters[:12])
    anew = build("airbench94", {}, run.classes, run.recipe.preprocess)
    assert isinstance(anew, Network)
    table = open_table(str(tmp_path / "photos"))
    look_at_pictures(anew, run.recipe, table, run.split.rows("train"), quiet=True)
    assert torch.equal(anew.stem.whiten.weight, filters)
