"""A small network with the pictures it is asked about, and two methods that real ones are held against."""

import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from striate.core.errors import DoesNotApply
from striate.data.preprocess import Preprocess
from striate.explain import METHODS, Row
from striate.inside.maps import Maps
from striate.recognize.recognizer import NetworkRecognizer
from striate.runtime.plan import Plan
from striate.sources.shapes import CLASSES, draw

SIDE = 24


@pytest.fixture(scope="session")
def recognizer() -> NetworkRecognizer:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, len(CLASSES)),
    )  # fmt: skip
    preprocess = Preprocess(size=(SIDE, SIDE), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    plan = Plan.reference().resolve(network)
    return NetworkRecognizer("own", {}, network.eval(), CLASSES, preprocess, plan=plan)


@pytest.fixture
def pooled() -> nn.Sequential:
    """A network whose scores are linear in the averages of the maps of layer 1."""
    torch.manual_seed(0)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 3)]
    return nn.Sequential(nn.Conv2d(2, 6, 3, stride=2), nn.ReLU(), *head).double()


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Two pictures, one whose class and file names mean harm, and a file that is none."""
    folder = tmp_path_factory.mktemp("photos")
    for index, name in enumerate(["one", "two", "<b>&three"]):
        Image.fromarray(draw(index, size=SIDE, seed=3).pixels).save(folder / f"{name}.png")
    (folder / "torn.png").write_bytes((folder / "one.png").read_bytes()[:60])
    return folder


def edges(network, images, classes, *, power: int = 1, seed: int = 0):
    """A method that ignores the network, signed, and says that it draws."""
    light = images.mean(dim=1)
    return Maps((light - light.roll(1, 2)) * power, signed=True, method="edges", picture=tuple(images.shape[2:]))


def refusing(network, images, classes):
    """A method that refuses dark pictures."""
    if (images.mean(dim=(1, 2, 3)) < 10).any():
        raise DoesNotApply("too dark for it: take a light picture")
    raise AssertionError


@pytest.fixture(scope="module")
def methods():
    """Add `edges` and `refusing` to the methods."""
    monkeypatch = pytest.MonkeyPatch()
    for function in (edges, refusing):
        module = ModuleType(f"striate.explain.{function.__name__}")
        module.explain = function
        monkeypatch.setitem(sys.modules, module.__name__, module)
        row = Row(function.__name__, "pixels", "signed", 1986, "for tests alone")
        monkeypatch.setitem(METHODS._rows, function.__name__, row)
    yield
    monkeypatch.undo()


@pytest.fixture
def images(recognizer):
    pixels = np.stack([draw(index, size=SIDE, seed=3).pixels for index in range(3)])
    return recognizer.preprocess.normalize(torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()))
