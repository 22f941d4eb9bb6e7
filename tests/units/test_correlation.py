"""How units go together."""

import numpy as np

from striate.units import correlation
from striate.units.correlation import correlate
from striate.units.study import NEIGHBORS


def _sample(units: int = 12) -> np.ndarray:
    sample = np.random.default_rng(0).normal(size=(400, units)).astype(np.float32) + 1000
    sample[:, 3] = -2 * sample[:, 1] + 7
    sample[:, 5] = 4
    return sample


def test_correlations_are_pearsons_and_undefined_for_units_that_do_not_vary(monkeypatch) -> None:
    monkeypatch.setattr(correlation, "_AT_ONCE", 5)
    sample = _sample()
    found = correlate(sample)
    varies = np.arange(12) != 5
    expected = np.corrcoef(sample[:, varies].astype(np.float64).T)
    assert np.abs(found.matrix[np.ix_(varies, varies)] - expected).max() < 1e-5
    assert np.isnan(found.matrix[5]).all()
    assert np.isnan(found.matrix[:, 5]).all()
    others = np.abs(expected)[~np.eye(11, dtype=bool)].reshape(11, 10).mean(1)
    assert np.abs(found.mean[varies] - others).max() < 1e-5


def test_neighbors_are_the_most_correlated_in_size() -> None:
    found = correlate(_sample())
    assert found.neighbors[1, 0] == 3
    assert found.neighbors[3, 0] == 1
    assert found.values[1, 0] < -0.999
    sizes = np.abs(np.delete(found.matrix[0], [0, 5]))
    assert np.allclose(np.abs(found.values[0]), np.sort(sizes)[::-1][:NEIGHBORS])
    assert (found.neighbors[5] == -1).all()
    assert np.isnan(found.values[5]).all()


def test_too_many_units_have_neighbors_but_no_matrix(monkeypatch) -> None:
    whole = correlate(_sample())
    monkeypatch.setattr(correlation, "MOST_CORRELATED", 11)
    found = correlate(_sample())
    assert found.matrix.shape == (0, 0)
    assert (found.neighbors == whole.neighbors).all()


def test_a_lone_unit_has_no_neighbors() -> None:
    found = correlate(_sample(6)[:, :1])
    assert (found.neighbors == -1).all()
    assert np.isnan(found.mean).all()
