"""A draw is a function of what it is for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from striate.core.seeds import generator, seed_for, uniforms


def test_every_part_changes_the_seed() -> None:
    seeds = {seed_for("order", seed, epoch) for seed in range(30) for epoch in range(30)}
    assert len(seeds) == 900
    assert seed_for("order", 1, 2) != seed_for("dropout", 1, 2)
    assert seed_for("a", 12) != seed_for("a", 1, 2)


def test_a_generator_is_fresh_each_time() -> None:
    assert generator("order", 3).permutation(50).tolist() == generator("order", 3).permutation(50).tolist()


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.integers(0, 2**31))
def test_a_position_draws_the_same_alone_as_among_others(positions: list[int], seed: int) -> None:
    among = uniforms(np.array(positions), 8, "augment", seed, 1)
    for place, position in enumerate(positions):
        assert (uniforms(np.array([position]), 8, "augment", seed, 1)[0] == among[place]).all()


def test_draws_are_uniform_and_uncorrelated() -> None:
    u = uniforms(np.arange(20_000), 8, "augment", 0, 1)
    assert u.min() >= 0
    assert u.max() < 1
    counts = np.stack([np.histogram(column, 20, (0, 1))[0] for column in u.T])
    assert (np.abs(counts - 1000) < 6 * 31).all()
    correlations = np.corrcoef(u.T) - np.eye(8)
    assert np.abs(correlations).max() < 6 / np.sqrt(20_000)
    neighbors = np.corrcoef(u[:-1, 0], u[1:, 0])[0, 1]
    assert abs(neighbors) < 6 / np.sqrt(20_000)
