import numpy as np

from striate.sources import digits


def test_the_levels_of_gray_are_spread_over_a_byte_without_loss():
    from sklearn.datasets import load_digits

    pixels = digits.read().pixels
    assert pixels.shape == (1797, 8, 8, 1)
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert (np.rint(pixels[..., 0] * (16 / 255)) == load_digits().images).all()


def test_each_digit_is_there_about_as_often():
    table = digits.read()
    assert table.counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert not table.has("split")
