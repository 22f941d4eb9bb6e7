"""What one layer gives, taken in batch after batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from striate.core.errors import DoesNotApply
from striate.inside.layers import layer_of
from striate.units import gathering
from striate.units.gathering import Gathering, interior


def _gathered(layer, given: torch.Tensor, parts: list[list[int]]) -> dict[str, np.ndarray]:
    found = Gathering(layer, np.arange(40) * 2, classes=3, top=5, seed=0)
    for part in parts:
        positions = np.array(part)
        found.add(given[positions], positions, positions % 3, np.ones(len(part), bool))
    return found.state()


def test_the_same_activations_give_the_same_whatever_the_batches(small, monkeypatch) -> None:
    layer = layer_of(small, (3, 12, 12), "conv2")
    given = torch.randn(40, *layer.shape)
    whole = _gathered(layer, given, [list(range(40))])
    monkeypatch.setattr(gathering, "_AT_ONCE", 1)
    single = _gathered(layer, given.contiguous(memory_format=torch.channels_last), [[n] for n in range(40)])
    for name, held in whole.items():
        exact = held.dtype.kind in "ib" or name in {"low", "high", "sample", "tops.values", "shift"}
        assert np.array_equal(held, single[name]) if exact else np.allclose(held, single[name], atol=1e-4), name


def test_means_and_squares_lose_nothing_where_values_are_large_and_alike(small) -> None:
    layer = layer_of(small, (3, 12, 12), "conv2")
    given = 4096 + torch.randn(40, *layer.shape)
    state = _gathered(layer, given, [list(range(20)), list(range(20, 40))])
    count = 40 * 36
    away = state["sums"] / count
    every = given.double().permute(1, 0, 2, 3).reshape(8, -1).numpy()
    assert np.allclose(np.sqrt(state["squares"] / count - away**2), every.std(1), rtol=1e-4)
    assert np.allclose(state["shift"] + away, every.mean(1), rtol=1e-9)


def test_the_interior_is_where_the_field_lies_in_the_picture(small) -> None:
    assert interior(layer_of(small, (3, 12, 12), "conv1")) == ((1, 11), (1, 11))
    assert interior(layer_of(small, (3, 12, 12), "conv2")) == ((1, 5), (1, 5))
    assert interior(layer_of(small, (3, 4, 4), "conv2")) == ((0, 0), (0, 0))
    assert interior(layer_of(small, (3, 12, 12), "linear")) is None


def test_another_shape_than_was_traced_is_refused(small) -> None:
    layer = layer_of(small, (3, 12, 12), "conv2")
    found = Gathering(layer, np.arange(4), classes=3, top=5, seed=0)
    with pytest.raises(DoesNotApply, match=r"conv2 gave \(2, 8, 5, 6\)"):
        found.add(torch.zeros(2, 8, 5, 6), np.arange(2), np.zeros(2, np.int64), np.ones(2, bool))


def test_what_belongs_to_another_layer_is_not_taken_up(small) -> None:
    shape = (3, 12, 12)
    one, other = (
        Gathering(layer_of(small, shape, name), np.arange(4), classes=3, top=5, seed=0) for name in ("conv1", "conv2")
    )
    with pytest.raises(ValueError, match="conv1"):
        one.restore(other.state())
