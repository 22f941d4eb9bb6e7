"""From sums and samples to what is told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from striate.units.mining import study
from striate.units.study import LEVELS


def _of(network: nn.Module, store, layer: str):
    return study(network, store, layers=[layer])[layer]


def test_the_index_of_a_unit_that_answers_to_one_class_alone_is_one(store_of) -> None:
    pixels = np.zeros((33, 12, 12, 3), np.uint8)
    labels = np.arange(33) * 7 % 11 % 3  # as the store has them
    pixels[labels == 1] = 255
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        network[0].weight.fill_(1.0)
        network[0].bias.copy_(torch.tensor([0.0, 100.0]))
    found = _of(network, store_of(pixels=pixels + np.random.default_rng(0).integers(0, 2, pixels.shape, np.uint8)), "1")
    assert found.preferred[0] == 1
    bright, dark = found.class_means[:, 1], found.class_means[:, [0, 2]].mean(1)
    assert np.allclose(found.index, (bright - dark) / (bright + dark), atol=1e-6)


def test_units_with_negative_activations_have_no_index_but_a_selectivity(small, store_of) -> None:
    found = _of(small, store_of(50), "conv1")
    assert np.isnan(found.index).all()
    maxima, spread = found.class_maxima, found.selectivity
    others = (maxima.sum(1, keepdims=True) - maxima) / 2
    ratio = (maxima - others) / spread
    assert (ratio > 0).all()
    assert np.allclose(ratio, ratio[:, :1], rtol=1e-2)  # one standard deviation a unit


def test_the_intervals_of_quantiles_hold_those_of_all_activations(store_of) -> None:
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(3, 24, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    store = store_of(120)
    found = _of(network, store, "0")
    assert found.sampled == 4096 < found.activations
    images, _ = store.read(np.arange(120))
    with torch.no_grad():
        given = network[0](store.preprocess.normalize(torch.from_numpy(images)))
    truth = np.quantile(given.permute(1, 0, 2, 3).reshape(24, -1).numpy(), LEVELS, axis=1).T
    held = (found.quantiles_low <= truth) & (truth <= found.quantiles_high)
    assert held.mean() > 0.9
    assert (found.quantiles_low <= found.quantiles).all()
    assert (found.quantiles <= found.quantiles_high).all()
    assert (found.quantiles_high - found.quantiles_low).max() < (found.maximum - found.minimum).max() / 4


def test_a_picture_in_which_a_unit_does_not_fire_is_no_answer(store_of) -> None:
    pixels = np.zeros((20, 12, 12, 3), np.uint8)
    pixels[:, 0, 0, 0] = np.arange(20)  # all different
    pixels[[4, 9], 6, 6] = 255
    network = nn.Sequential(nn.Conv2d(3, 1, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        network[0].weight.fill_(1.0)
        network[0].bias.fill_(0.0)
    found = _of(network, store_of(pixels=pixels), "1")
    assert found.top_rows[0].tolist() == [4, 9] + [-1] * 7
    assert np.isnan(found.top_values[0, 2:]).all()
    assert found.top_places[0, :2].tolist() == [[6, 6], [6, 6]]
    assert found.fired[0] == 2
    assert found.box(0, 0) == (6, 6, 7, 7)
    assert found.box(0, 2) is None


def test_classes_without_pictures_are_not_numbers(small, store_of) -> None:
    store = store_of(30)
    rows = np.flatnonzero(store.table.labels != 2)
    found = study(small, store, rows, layers=["relu#2"])["relu#2"]
    assert np.isnan(found.class_maxima[:, 2]).all()
    assert not np.isnan(found.class_maxima[:, :2]).any()
    assert (found.preferred < 2).all()
    alone = study(small, store, rows[store.table.labels[rows] == 0], layers=["relu#2"])["relu#2"]
    assert (alone.preferred == -1).all()


@pytest.mark.parametrize("layer", ["conv1", "linear"])
def test_shares_are_of_all_activations(small, store_of, layer) -> None:
    found = _of(small, store_of(10), layer)
    assert np.allclose(found.share_negative * found.activations, found.negatives)
    assert (found.share_zeros + found.share_negative <= 1).all()
