"""Scores of many pictures."""

import numpy as np
import pytest
import torch

from striate import zoo
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.data.views import views
from striate.runtime import inference
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


def test_many_pictures_are_scored_by_a_folded_copy_with_the_same_float32_scores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    network = zoo.create("resnet20", in_channels=1, image_size=8)
    table = open_table("digits")
    store = Store(table, Preprocess(size=(8, 8), channels=1))
    rows = np.arange(len(table))
    exact = infer(network, store, rows, Plan.reference().resolve(network), classes=10)
    monkeypatch.setattr(inference, "_WORTH_FOLDING", 1)
    plan = Plan(device="cpu", threads=1).resolve(network)
    folded = [infer(network, store, rows, plan, classes=10).scores for _ in range(2)]
    assert (folded[0] == folded[1]).all()
    assert (folded[0][256:] != exact.scores[256:]).any(), "nothing was folded"
    assert np.allclose(folded[0], exact.scores, atol=1e-5 * np.abs(exact.scores).max())
    assert network.training


def test_a_folded_copy_that_disagrees_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = zoo.create("resnet20", in_channels=1, image_size=8)
    store = Store(open_table("digits"), Preprocess(size=(8, 8), channels=1))
    plan = Plan(device="cpu", threads=1).resolve(network)
    exact = infer(network, store, np.arange(600), plan, classes=10)
    monkeypatch.setattr(inference, "_WORTH_FOLDING", 1)
    monkeypatch.setattr(inference, "fold", lambda network: zoo.create("resnet20", in_channels=1, image_size=8).eval())
    assert (infer(network, store, np.arange(600), plan, classes=10).scores == exact.scores).all()


@pytest.mark.parametrize("name", ["flip", "ten"])
def test_probabilities_are_averaged_over_views(name: str) -> None:
    torch.manual_seed(0)
    network = zoo.create("resnet20", in_channels=1, image_size=8).eval()
    store = Store(open_table("digits"), Preprocess(size=(8, 8), channels=1))
    plan = Plan(device="cpu", threads=1).resolve(network)
    looks, temperature = views(name, (8, 8)), 2.5
    found = infer(network, store, np.arange(5), plan, classes=10, looks=looks, temperature=temperature)
    mean = torch.zeros(5, 10, dtype=torch.float64)
    for view in looks:
        images, _ = store.read(np.arange(5), view.crops(5))
        with torch.no_grad():
            scores = network(store.preprocess.normalize(view.look(torch.from_numpy(images))))
        mean += scores.double().div(temperature).softmax(1) / len(looks)
    assert np.allclose(torch.from_numpy(found.scores).double().div(temperature).softmax(1), mean, atol=1e-6)
