import io
import json
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from striate.data.decode import MAX_PIXELS, Unreadable, decode, to_channels

# Every odd picture that must be refused, with a word of its reason; all others must be read.
REFUSED = {
    "made-here/empty.jpg": "empty",
    "made-here/error_page.jpg": "HTML",
    "made-here/git_lfs_pointer.jpg": "git lfs pull",
    "made-here/jpeg_first_half.jpg": "truncated",
    "made-here/jpeg_zeroed_tail.jpg": "truncated",
    "pillow/broken.png": "damaged",
    "pillow/broken_data_stream.png": "checksum",
    "pillow/crash-86214e58da443d2b80820cff9677a38a33dcbbca.tif": "truncated",
    "pillow/decompression_bomb.gif": str(MAX_PIXELS),
    "pillow/hopper_bad_exif.jpg": "damaged",  # Pillow reads it, as stripes: 1214 bytes of it are lost
    "pillow/libtiff_segfault.tif": "damaged",
    "pillow/oom-225817ca0f8c663be7ab4b9e717b02c661e66834.tif": "damaged",
    "pillow/png_decompression_dos.png": "too large",
    "pillow/seek_too_large.tif": "damaged",
    "pillow/truncated_end_chunk.png": "truncated",  # its last third is missing
    "pillow/truncated_image.png": "truncated",
    "pillow/truncated_jpeg.jpg": "truncated",
    "pillow/unknown_compression_method.png": "damaged",
    "pillow/zero_width.gif": "damaged",
    "skimage/multipage_rgb.tif": "cannot be read",
    "skimage/truncated.jpg": "truncated",
}


def reason(data, **options):
    with pytest.raises(Unreadable) as caught:
        decode(data, **options)
    return caught.value.reason


def answered(data):
    try:
        return decode(data).pixels.size > 0
    except Unreadable as error:
        return bool(error.reason)


def by_pillow(path, channels):
    """Pillow's answer by another way than ours, for all but 16-bit gray, which Pillow clips."""
    with Image.open(path) as opened:
        opened.load()
        image = ImageOps.exif_transpose(opened)
        if image.mode.startswith("I;16"):
            assert not image.info.get("transparency") or image.info["transparency"] == 255
            values = np.asarray(image).astype(np.float64)
            top = 4095 if "12bit" in path.name else 65535
            white = image.info.get("transparency")
            return np.where(values == white, 255, np.rint(values * 255 / top))[:, :, None]
        if image.has_transparency_data:
            full = image.convert("RGBA")
            ground = Image.new("RGBA", full.size, "white")
            image = Image.alpha_composite(ground, full)
        return np.asarray(image.convert("L" if channels == 1 else "RGB")).reshape(*image.size[::-1], channels)


@pytest.mark.filterwarnings("ignore")  # those of Pillow's own reading
def test_every_odd_picture_is_read_as_pillow_reads_it_or_refused_with_its_reason(shared_data):
    root, wrong = shared_data / "odd-images", []
    files = [row["file"] for row in json.loads((root / "EXPECTED.json").read_text())["files"]]
    for file in files:
        try:
            picture = decode(root / file)
        except Unreadable as error:
            if REFUSED.get(file, "read it") not in error.reason:
                wrong.append(f"{file}: {error.reason}")
            continue
        if file in REFUSED:
            wrong.append(f"{file} must be refused")
            continue
        expected = by_pillow(root / file, picture.pixels.shape[2])
        same = picture.pixels.shape == expected.shape and picture.size == expected.shape[:2]
        if not same or np.abs(picture.pixels - expected.astype(np.float64)).max() > 2:
            wrong.append(f"{file}: other pixels than Pillow's")
    assert len(files) == 98
    assert not wrong


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("end", [b"", b"\xff\xd9"], ids=["cut", "cut and closed"])
def test_a_truncated_jpeg_is_refused_wherever_it_ends(scene, encode, mode, options, end):
    data = encode(scene(1).convert(mode), **options)
    header = data.index(b"\xff\xda")
    for cut in [*range(3, 12), *range(12, len(data) - header, 401)]:
        assert reason(data[:-cut] + end)
        assert reason(data[:-cut] + end, min_size=(8, 8))


def test_a_jpeg_without_its_end_mark_is_truncated(scene, encode):
    assert reason(encode(scene(1))[:-2]).startswith("truncated")


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "JPEG2000", "ICO", "SGI"])
def test_a_truncated_file_is_refused_or_read_whole_never_half(scene, encode, kind):
    data = encode(scene(2), kind)
    whole = decode(data).pixels
    for cut in [*range(1, 20), *range(20, len(data), len(data) // 40)]:
        try:
            picture = decode(data[:-cut])
        except Unreadable:
            continue
        np.testing.assert_array_equal(picture.pixels, whole)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"])
def test_a_truncated_compressed_tiff_is_refused(scene, encode, compression):
    data = encode(scene(2), "TIFF", compression=compression)
    assert all(reason(data[: len(data) * part // 10]) for part in range(1, 10))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "PPM", "JPEG2000", "ICO", "MPO"])
def test_flipped_bytes_raise_nothing_but_unreadable(scene, encode, kind):
    data = encode(scene(3, 40, 30), kind)
    random = np.random.default_rng(0)
    for _ in range(150):
        flipped = bytearray(data)
        reach = len(data) if random.random() < 0.5 else min(len(data), 200)
        for place in random.integers(0, reach, random.integers(1, 4)):
            flipped[place] = random.integers(256)
        assert answered(bytes(flipped))


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from(
        [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"MM\0*", b"P6 "]
    ),
    rest=st.binary(max_size=200),
)
def test_noise_behind_any_signature_raises_nothing_but_unreadable(start, rest):
    assert answered(start + rest)


def test_a_damaged_png_is_refused_by_its_checksum(scene, encode):
    data = bytearray(encode(scene(1), "PNG"))
    data[len(data) // 2] ^= 1
    assert "checksum" in reason(bytes(data))


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"\n<!DOCTYPE html><html>404</html>", "HTML"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04abc", "ZIP"),
        (b"once upon a time", "text"),
        (bytes(range(256)), "not a picture"),
    ],
)
def test_a_file_that_is_no_picture_is_called_what_it_is(data, word):
    assert word in reason(data)


def test_a_missing_file_a_folder_and_an_impossible_name_are_unreadable(tmp_path):
    assert reason(tmp_path / "none.jpg") == "no such file"
    assert reason(tmp_path) == "it is a folder"
    assert "null" in reason(tmp_path / "a\0b.jpg")
    with pytest.raises(Unreadable, match=r"none\.jpg cannot be read: no such file"):
        decode(tmp_path / "none.jpg")


def test_a_pipe_does_not_hold_up_the_reader(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    assert reason(tmp_path / "pipe.jpg") == "it is no regular file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_is_not_permitted_is_unreadable(tmp_path, scene, encode):
    path = tmp_path / "secret.jpg"
    path.write_bytes(encode(scene(1)))
    path.chmod(0)
    assert "ermission" in reason(path)


def test_a_bomb_is_refused_by_its_header_with_the_limit_named():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 13_000, 14_000, 1, 0, 0, 0, 0))
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert str(MAX_PIXELS) in reason(data)


def test_warnings_of_pillow_neither_leak_nor_make_a_picture_unreadable(scene, encode):
    palette = scene(1).quantize(16)
    data = encode(palette, "PNG", transparency=bytes(range(16)))  # "should be converted to RGBA images"
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert "alpha" in decode(data).notes
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "alpha" in decode(data).notes
    assert not seen


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_the_orientation_of_exif_is_applied_and_noted(scene, encode, kind, turn):
    exif = Image.Exif()
    exif[0x0112] = turn
    data = encode(scene(4), kind, exif=exif)
    with Image.open(io.BytesIO(data)) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    picture = decode(data)
    np.testing.assert_allclose(picture.pixels, expected, atol=2)
    assert picture.size == expected.shape[:2]
    assert ("exif-rotated" in picture.notes) == (turn > 1)


@pytest.mark.parametrize("turn", [1, 6])
@pytest.mark.parametrize("least", [(8, 8), (20, 10), (50, 90), (60, 80), (500, 20)])
def test_a_jpeg_decoded_reduced_keeps_the_size_asked_for(scene, encode, turn, least):
    exif = Image.Exif()
    exif[0x0112] = turn
    whole = decode(encode(scene(4, 320, 240), exif=exif))
    small = decode(encode(scene(4, 320, 240), exif=exif), min_size=least)
    height, width = small.pixels.shape[:2]
    assert small.size == whole.size == whole.pixels.shape[:2]
    assert height >= min(least[0], whole.size[0])
    assert width >= min(least[1], whole.size[1])
    assert height / width == pytest.approx(whole.size[0] / whole.size[1], abs=0.05)
    if max(least) <= 90:
        assert height < whole.size[0]


def test_a_gray_jpeg_has_one_channel_and_others_three(scene, encode):
    gray, color = encode(scene(1).convert("L")), encode(scene(1))
    assert decode(gray).pixels.shape == (90, 120, 1)
    assert decode(gray).notes == ("gray",)
    assert decode(color).pixels.shape == (90, 120, 3)
    assert decode(gray, channels=3).pixels.shape == (90, 120, 3)
    np.testing.assert_array_equal(decode(color, channels=1).pixels, to_channels(decode(color).pixels, 1))


def test_luma_is_that_of_pillow_to_the_bit():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    np.testing.assert_array_equal(to_channels(pixels, 1)[:, :, 0], np.asarray(Image.fromarray(pixels).convert("L")))
    np.testing.assert_array_equal(to_channels(to_channels(pixels, 1), 3)[:, :, 2:], to_channels(pixels, 1))
    with pytest.raises(ValueError, match="1 or 3"):
        to_channels(pixels, 4)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "MPO"])
def test_of_several_frames_the_first_is_read_and_that_is_noted(scene, encode, kind):
    one, two = scene(1).convert("L").convert("RGB"), scene(2)
    picture = decode(encode(one, kind, save_all=True, append_images=[two]))
    assert "animated" in picture.notes
    assert np.abs(to_channels(picture.pixels, 3).astype(int) - np.asarray(one)).mean() < 8


def test_the_format_is_that_of_the_content(tmp_path, scene, encode):
    (tmp_path / "photo.jpg").write_bytes(encode(scene(1), "PNG"))
    assert decode(tmp_path / "photo.jpg").format == "PNG"


def test_threads_read_the_same_as_one(scene, encode):
    files = [encode(scene(seed), kind) for seed in range(6) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")]
    alone = [decode(data).pixels for data in files]
    with ThreadPoolExecutor(8) as pool:
        for one, other in zip(alone * 4, pool.map(lambda data: decode(data).pixels, files * 4), strict=True):
            np.testing.assert_array_equal(one, other)
