"""Likeness of layers: 1 for the same up to rotation, shift and scale, near 0 for independent ones, in any batches."""

import numpy as np
import pytest
import torch
from torch import Tensor

from striate.core.errors import DoesNotApply
from striate.units.similarity import Alignment, cka, gram, independence


def _normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_layer_is_alike_itself_rotated_shifted_and_scaled() -> None:
    features = _normal(40, 12) * torch.linspace(0.1, 3, 12)
    rotation = torch.linalg.qr(_normal(12, 12, seed=1)).Q
    assert cka(features, features) == pytest.approx(1, abs=1e-12)
    assert cka(features, 7 * features @ rotation + 100) == pytest.approx(1, abs=1e-9)
    assert cka(features, features.view(40, 3, 2, 2)) == pytest.approx(1, abs=1e-12)


def test_a_stretch_along_one_axis_is_no_likeness() -> None:
    features = _normal(60, 5)
    stretched = features * torch.tensor([30.0, 1, 1, 1, 1])
    assert cka(features, stretched) < 0.7


def test_independent_layers_are_near_nothing_without_bias_even_where_features_are_many() -> None:
    values = [cka(_normal(32, 2000, seed=2 * seed), _normal(32, 2000, seed=2 * seed + 1)) for seed in range(20)]
    assert abs(np.mean(values)) < 0.02
    assert min(values) < 0 < max(values)


def test_the_criterion_is_the_mean_over_all_pairs_of_pairs() -> None:
    """Equation 3 against the U-statistic that it is the closed form of, summed term by term."""
    from itertools import permutations

    one, other = _normal(6, 3), _normal(6, 4, seed=1)
    k, m = one @ one.T, other @ other.T
    terms = [k[i, j] * m[i, j] + k[i, j] * m[q, r] - 2 * k[i, j] * m[i, q] for i, j, q, r in permutations(range(6), 4)]
    assert independence(gram(one), gram(other)) == pytest.approx(float(sum(terms)) / len(terms), abs=1e-9)


def test_minibatches_add_up_to_an_estimate_of_the_same() -> None:
    features = _normal(512, 10)
    noisy = features + 0.5 * _normal(512, 10, seed=1)
    whole, parts = cka(features, noisy), Alignment()
    for start in range(0, 512, 64):
        part = slice(start, start + 64)
        parts.add(gram(features[part]), gram(noisy[part]))
    assert parts.value == pytest.approx(whole, abs=0.02)


def test_wide_layers_are_summed_in_parts() -> None:
    features = _normal(8, 20_000)
    centered = features - features.mean(0)
    torch.testing.assert_close(gram(features.float()), centered @ centered.T, rtol=1e-5, atol=1e-2)


def test_a_layer_that_is_always_the_same_has_no_likeness() -> None:
    assert np.isnan(cka(torch.ones(10, 3), _normal(10, 3)))


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(DoesNotApply, match="at least 4 pictures at once, not 3"):
        cka(_normal(3, 2), _normal(3, 2))
