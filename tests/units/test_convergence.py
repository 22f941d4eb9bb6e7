"""Convergence: likeness and distance to the final self, layer by layer, of networks that are known."""

import copy
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

import striate
from striate.core.errors import DataError, UnknownName
from striate.data.preprocess import Preprocess
from striate.data.store import Store
from striate.units.convergence import Convergence, convergence

LAYERS = ("0", "2", "5")


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """The digits, 8 x 8."""
    store = Store(striate.sources.open_table("digits"), Preprocess(size=(8, 8), channels=1, mean=(0.3,), std=(0.4,)))
    yield store
    store.close()


def _network(seed: int) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.Conv2d(4, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(96, 10)
        )


def _mixed(start: nn.Sequential, end: nn.Sequential, shares: dict[int, float]) -> nn.Sequential:
    """The network whose layers have come so far from `start` to `end`."""
    network = copy.deepcopy(start)
    with torch.no_grad():
        for place, share in shares.items():
            for now, target in zip(network[place].parameters(), end[place].parameters(), strict=True):
                now.lerp_(target, share)
    return network


def test_lower_layers_that_come_first_are_seen_to_come_first(store: Store) -> None:
    start, end = _network(0), _network(1)
    networks = {0: start, 1: _mixed(start, end, {0: 1.0, 2: 0.6, 5: 0.2}), 2: end}
    found = convergence(networks, store, range(300), layers=LAYERS)
    assert found.layers == LAYERS
    assert (found.epochs, found.pictures, found.batch) == ((0, 1, 2), 256, 256)
    assert found.likeness[2] == pytest.approx(1, abs=1e-6)
    assert found.likeness[1, 0] == pytest.approx(1, abs=1e-6)
    assert (found.likeness[0] < 0.99).all()
    np.testing.assert_allclose(found.distance, [[1, 1, 1], [0, 0.4, 0.8], [0, 0, 0]], atol=1e-6)
    assert found.progress[0] == pytest.approx(0)
    assert found.progress[2] == pytest.approx(1, abs=1e-6)
    assert found.lower_first(found.progress)[1] == pytest.approx(-1)
    assert found.lower_first(1 - found.distance)[1] == pytest.approx(-1)
    assert np.isnan(found.lower_first(found.progress)[[0]]).all()


def test_the_values_before_an_in_place_relu_are_compared(store: Store) -> None:
    start, end = _network(0), _network(1)
    twin = copy.deepcopy(start)
    with torch.no_grad():
        twin.get_parameter("0.weight").neg_()
        twin.get_parameter("0.bias").neg_()
    found = convergence({0: start, 1: twin}, store, range(64), layers=["0", "1"])
    assert found.likeness[0, 0] == pytest.approx(1, abs=1e-6)  # the same but for the sign, as a rotation leaves it
    assert found.likeness[0, 1] < 0.9
    assert not np.allclose(convergence({0: start, 1: end}, store, range(64), layers=["0"]).likeness[0], 1, atol=1e-3)


def test_layers_without_weights_or_a_start_have_no_distance(store: Store) -> None:
    start, end = _network(0), _network(1)
    found = convergence({0: start, 1: end}, store, range(64), layers=["0", "1"])
    assert np.isnan(found.distance[:, 1]).all()
    assert np.isnan(convergence({1: start, 2: end}, store, range(64), layers=["0"]).distance).all()
    frozen = convergence({0: start, 1: start}, store, range(64), layers=["0"])
    assert np.isnan(frozen.distance).all()
    assert np.isnan(frozen.progress).all()


def test_what_cannot_be_compared_is_refused(store: Store) -> None:
    network = _network(0)
    with pytest.raises(DataError, match=r"snapshots=0,1,2,5"):
        convergence({3: network}, store)
    with pytest.raises(DataError, match="at least 4 pictures, not 3"):
        convergence({0: network, 1: network}, store, range(3))
    with pytest.raises(UnknownName):
        convergence({0: network, 1: network}, store, range(8), layers=["conv"])


def test_ranks_need_three_layers_that_differ() -> None:
    nothing = np.full((1, 2), 0.5)
    found = Convergence(("a", "b"), (0,), nothing, nothing, 4, 4)
    assert np.isnan(found.lower_first(nothing)).all()
