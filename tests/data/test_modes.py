import numpy as np
import pytest
from PIL import Image

from striate.data.decode import Unreadable, decode

RAMP = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_16_bits_are_scaled_by_their_full_range(encode, kind):
    picture = decode(encode(Image.fromarray(RAMP), kind))
    np.testing.assert_array_equal(picture.pixels[:, :, 0], RAMP // 257)
    assert picture.notes == ("16-bit", "gray")


def test_16_bits_that_use_little_of_their_range_are_noted_as_dim(encode):
    picture = decode(encode(Image.fromarray(RAMP // 16), "PNG"))
    np.testing.assert_array_equal(picture.pixels[:, :, 0], np.rint(RAMP // 16 / 257))
    assert picture.notes == ("16-bit", "dim", "gray")


def test_a_16_bit_tiff_whose_zero_is_white_is_turned_around(encode):
    plain = encode(Image.fromarray(RAMP), "TIFF")
    entry = plain.index(b"\x06\x01\x03\x00")  # PhotometricInterpretation, one short, 1: black is zero
    negative = plain[: entry + 8] + b"\0" + plain[entry + 9 :]
    np.testing.assert_array_equal(decode(negative).pixels, 255 - decode(plain).pixels)


def test_floats_from_0_to_1_are_scaled_by_that_range(encode):
    values = np.linspace(0.2, 0.6, 256, dtype=np.float32).reshape(16, 16)
    picture = decode(encode(Image.fromarray(values), "TIFF"))
    np.testing.assert_array_equal(picture.pixels[:, :, 0], np.rint(values * 255))
    assert picture.notes == ("16-bit", "float", "gray")


@pytest.mark.parametrize("values", [np.linspace(-5, 900, 256), np.arange(256) * 1000 - 77])
def test_other_32_bit_values_are_stretched_over_their_own_range_and_noted(encode, values):
    kind = np.float32 if values.dtype.kind == "f" else np.int32
    picture = decode(encode(Image.fromarray(values.astype(kind).reshape(16, 16)), "TIFF"))
    np.testing.assert_array_equal(picture.pixels.ravel(), np.arange(256))
    assert picture.notes == ("16-bit", "stretched", "gray")


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(encode, odd):
    values = np.ones((16, 16), np.float32)
    values[3, 4] = odd
    with pytest.raises(Unreadable, match="not finite"):
        decode(encode(Image.fromarray(values), "TIFF"))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white_and_noted(scene, encode, mode):
    picture = scene(1).convert(mode)
    alpha = Image.linear_gradient("L").resize(picture.size)
    picture.putalpha(alpha)
    read = decode(encode(picture, "PNG"))
    ground = Image.new("RGBA", picture.size, "white")
    expected = Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB" if mode == "RGBA" else "L")
    np.testing.assert_allclose(read.pixels.squeeze(), np.asarray(expected), atol=1)
    assert read.notes == (("alpha",) if mode == "RGBA" else ("alpha", "gray"))


def test_an_alpha_that_is_opaque_is_dropped_without_a_word(scene, encode):
    picture = decode(encode(scene(1).convert("RGBA"), "PNG"))
    np.testing.assert_array_equal(picture.pixels, np.asarray(scene(1)))
    assert picture.notes == ()


def test_a_palette_is_turned_to_color_and_its_transparency_laid_on_white(scene, encode):
    picture = scene(1).quantize(16)
    assert decode(encode(picture, "GIF")).notes == ("palette",)
    read = decode(encode(picture, "PNG", transparency=3))
    clear = np.asarray(picture) == 3
    assert read.notes == ("palette", "alpha")
    assert (read.pixels[clear] == 255).all()
    np.testing.assert_array_equal(read.pixels[~clear], np.asarray(picture.convert("RGB"))[~clear])


def test_one_bit_becomes_black_and_white(encode):
    bits = np.eye(9, dtype=bool)
    read = decode(encode(Image.fromarray(bits), "PNG"))
    np.testing.assert_array_equal(read.pixels[:, :, 0], bits * 255)
    assert read.notes == ("gray",)


def test_a_clear_value_among_16_bits_is_white(encode):
    read = decode(encode(Image.fromarray(RAMP), "PNG", transparency=int(RAMP[4, 4])))
    assert read.pixels[4, 4, 0] == 255
    assert read.pixels[4, 5, 0] == RAMP[4, 5] // 257
    assert "alpha" in read.notes
