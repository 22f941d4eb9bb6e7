"""Histograms of streams whose range is not known before."""

import numpy as np
import torch

from striate.units.histograms import Histograms
from striate.units.study import BINS


def _values(seed: int = 0) -> torch.Tensor:
    drawn = torch.from_numpy(np.random.default_rng(seed).normal(size=(600, 5)).astype(np.float32))
    drawn[:, 1] = drawn[:, 1].relu() * 1e6
    drawn[:, 2] = drawn[:, 2] * 1e-6 + 100
    drawn[:, 3] = 0
    drawn[500:, 4] *= 1000  # the range grows late
    return drawn


def _counted(values: torch.Tensor, step: int) -> Histograms:
    found = Histograms(values.shape[1])
    for part in values.split(step):
        found.add(part)
    return found


def test_every_value_is_in_its_bin() -> None:
    values = _values()
    found = _counted(values, 37)
    low = found.first * found.width
    for unit in range(5):
        edges = low[unit] + found.width[unit] * np.arange(BINS + 1)
        expected, _ = np.histogram(values[:, unit].double().numpy(), edges)
        assert edges[0] <= values[:, unit].min()
        assert (found.counts[unit] == expected).all()
        assert found.counts[unit].sum() == 600


def test_order_and_batches_change_nothing() -> None:
    values = _values()
    one = _counted(values, 600)
    for step, order in (
        (1, np.arange(600)),
        (64, np.arange(600)[::-1]),
        (7, np.random.default_rng(1).permutation(600)),
    ):
        other = _counted(values[order.copy()], step)
        assert (one.counts == other.counts).all()
        assert (one.exponent == other.exponent).all()
        assert (one.first == other.first).all()


def test_bins_are_no_wider_than_they_must_be() -> None:
    values = _values()
    found = _counted(values, 100)
    span = (values.amax(0) - values.amin(0)).double().numpy()
    free = np.array([True, True, False, False, True])  # the others lie so close that float32 decides
    assert (span[free] > found.width[free] * (BINS - 2) / 2).all()


def test_zero_is_an_edge() -> None:
    found = _counted(_values(), 100)
    assert found.first[0] < 0 < found.first[0] + BINS
    assert found.first[1] == 0
