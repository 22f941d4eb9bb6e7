"""A recognizer that was never trained: what it says is arbitrary, how it says it is not."""

import pytest
import torch

from striate.data.preprocess import Preprocess
from striate.recognize.recognizer import NetworkRecognizer, build
from striate.runtime.plan import Plan


@pytest.fixture
def recognizer() -> NetworkRecognizer:
    torch.manual_seed(0)
    preprocess = Preprocess(size=(16, 16), channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    classes = ("ant", "bee", "cat")
    network = build("resnet20", {}, classes, preprocess).eval()
    return NetworkRecognizer("resnet20", {}, network, classes, preprocess, 1.7, Plan(threads=1).resolve(network))
