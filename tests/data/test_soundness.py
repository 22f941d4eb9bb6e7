import struct

import pytest
from PIL import Image

from striate.data.decode import FORMATS, Unreadable, decode
from striate.data.soundness import describe


def chunk_at(data, kind):
    return data.index(kind) - 4


def test_a_png_with_a_wrong_checksum_behind_its_pixels_is_read(scene, encode):
    data = encode(scene(1), "PNG")
    end = chunk_at(data, b"IEND")
    text = struct.pack(">I", 7) + b"tEXtTitle\0a" + b"\1\2\3\4"
    assert decode(data[:end] + text + data[end:]).pixels.shape == (90, 120, 3)


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"IDAT"])
def test_a_png_with_a_wrong_checksum_on_what_makes_its_pixels_is_refused(scene, encode, kind):
    data = bytearray(encode(scene(1).quantize(16), "PNG"))
    start = chunk_at(data, kind)
    end = start + 8 + struct.unpack_from(">I", data, start)[0]
    data[end] ^= 1
    with pytest.raises(Unreadable, match="damaged"):
        decode(bytes(data))


def test_a_compressed_tiff_whose_strips_lie_beyond_its_end_is_refused(scene, encode):
    data = encode(scene(1), "TIFF", compression="tiff_lzw")
    entry = data.index(b"\x11\x01\x04\x00\x01\x00\x00\x00")  # StripOffsets, one long
    beyond = data[: entry + 8] + struct.pack("<I", len(data)) + data[entry + 12 :]
    with pytest.raises(Unreadable, match="beyond the end"):
        decode(beyond)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "WEBP"])
def test_a_picture_with_a_broken_header_is_named_by_its_signature(scene, encode, kind):
    with pytest.raises(Unreadable, match=kind if kind != "WEBP" else "WebP"):
        decode(encode(scene(1), kind)[:14])


def test_a_film_and_a_heic_picture_are_told_apart():
    assert "HEIC" in describe(b"\0\0\0\x18ftypheic")
    assert "film" in describe(b"\0\0\0\x18ftypisom")


def test_formats_without_a_signature_and_those_that_start_programs_are_not_read(scene, encode):
    assert not {"TGA", "PCX", "EPS", "PSD"} & set(FORMATS)
    for kind in ("TGA", "PCX", "EPS"):
        with pytest.raises(Unreadable):
            decode(encode(scene(1), kind))


def test_every_format_that_is_read_is_known_to_pillow():
    Image.init()
    assert set(FORMATS) <= set(Image.OPEN)
