"""The quick look at a JPEG's head: right about ordinary files, silent about all others."""

import numpy as np
import pytest
from PIL import Image

from striate.data.decode import decode
from striate.data.jpeg_head import plain


def exif(turn: int) -> bytes:
    made = Image.Exif()
    made[0x0112] = turn
    return made.tobytes()


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_an_ordinary_jpeg_tells_its_size(scene, encode, mode):
    head = plain(encode(scene(1).convert(mode)))
    assert head is not None
    assert (head.size, head.exif) == ((90, 120), b"")


def test_exif_is_found_and_applied_as_pillow_does(scene, encode):
    for turn in range(1, 9):
        data = encode(scene(2), exif=exif(turn))
        assert plain(data).exif.startswith(b"Exif\0\0")
        picture = decode(data)
        assert picture.size == picture.pixels.shape[:2] == ((120, 90) if turn >= 5 else (90, 120))
        reduced = decode(data, min_size=lambda height, width: (height // 2, width // 2))
        assert reduced.size == picture.size
        assert np.abs(reduced.pixels.astype(int) - picture.pixels[::2, ::2]).mean() < 12


@pytest.mark.parametrize(
    ("mode", "options"),
    [("CMYK", {}), ("RGB", {"progressive": True}), ("RGB", {"xmp": b"<x tiff:Orientation='6'/>"})],
    ids=["CMYK", "progressive", "XMP"],
)
def test_what_is_not_ordinary_is_left_to_pillow(scene, encode, mode, options):
    assert plain(encode(scene(3).convert(mode), **options)) is None


def test_an_orientation_said_in_xmp_alone_counts(scene, encode):
    xmp = b'<x:xmpmeta><rdf tiff:Orientation="6"/></x:xmpmeta>'
    assert decode(encode(scene(3), xmp=xmp)).size == (120, 90)


def test_no_bytes_of_a_head_are_needed_that_are_not_there(scene, encode):
    data = encode(scene(4), exif=exif(3))
    start = data.index(b"\xff\xda")
    assert all(plain(data[:cut]) is None for cut in range(start))
    assert plain(b"\xff\xd8\xff" + bytes(100)) is None
    assert plain(b"") is None
