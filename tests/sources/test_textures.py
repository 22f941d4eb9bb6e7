import numpy as np

from striate.sources.textures import lit, two_textures


def test_the_two_mean_colors_are_apart():
    for seed in range(200):
        first, second = two_textures(np.random.default_rng(seed), 20)
        assert first.shape == second.shape == (20, 20, 3)
        assert np.linalg.norm(first.mean((0, 1)) - second.mean((0, 1))) > 0.3


def test_textures_are_of_many_kinds():
    deviations = [two_textures(np.random.default_rng(seed), 32)[0].std((0, 1)).max() for seed in range(60)]
    assert min(deviations) < 1e-9
    assert max(deviations) > 0.08


def test_light_keeps_bytes_within_their_range():
    for value in (0.0, 1.0):
        pixels = lit(np.random.default_rng(0), np.full((16, 16, 3), value))
        assert pixels.dtype == np.uint8
        assert abs(pixels.mean() / 255 - value) < 0.2
