"""Scores of many pictures."""

import numpy as np
import torch

from striate import zoo
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.runtime.inference import evaluating, infer
from striate.runtime.plan import Plan
from striate.sources import open_table


def test_scores_do_not_depend_on_how_pictures_are_batched() -> None:
    torch.manual_seed(0)
    network = zoo.create("resnet20", in_channels=1, image_size=8)
    store = Store(open_table("digits"), Preprocess(size=(8, 8), channels=1))
    plan = Plan(device="cpu", threads=1).resolve(network)
    rows = np.arange(600)
    together = infer(network, store, rows, plan, classes=10)
    alone = infer(network, store, rows[590:], plan, classes=10)
    assert together.answered.all()
    assert np.allclose(together.scores[590:], alone.scores, atol=1e-5)
    assert network.training


def test_every_module_gets_its_own_mode_back() -> None:
    network = zoo.create("resnet20")
    network.stages[1].eval()
    before = [module.training for module in network.modules()]
    with evaluating(network):
        assert not any(module.training for module in network.modules())
    assert [module.training for module in network.modules()] == before
