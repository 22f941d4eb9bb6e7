import numpy as np
import pytest
from PIL import Image

from striate.data.decode import Unreadable, decode


def scans(data):
    return data.index(b"\xff\xda")


def test_stray_bytes_after_the_last_pixel_are_noted_and_nothing_is_lost(scene, encode):
    data = encode(scene(1))
    picture = decode(data[:-2] + b"\0" * 40 + data[-2:])
    assert picture.notes == ("irregular",)
    np.testing.assert_allclose(picture.pixels, decode(data).pixels, atol=2)


def test_bytes_behind_the_end_mark_are_none_of_ours(scene, encode):
    data = encode(scene(1))
    assert decode(data + b"camera notes").notes == ()


def test_stray_bytes_in_the_header_are_noted_and_nothing_is_lost(scene, encode):
    data = encode(scene(1))
    tables = data.index(b"\xff\xdb")
    picture = decode(data[:tables] + b"\0\1\2" + data[tables:])
    assert picture.notes == ("irregular",)
    np.testing.assert_allclose(picture.pixels, decode(data).pixels, atol=2)


def test_stray_bytes_in_the_header_do_not_hide_that_the_rest_is_missing(scene, encode):
    data = encode(scene(1))
    tables = data.index(b"\xff\xdb")
    with pytest.raises(Unreadable, match="damaged"):
        decode(data[:tables] + b"\0\1\2" + data[tables:-600] + b"\xff\xd9")


def test_bytes_lost_between_restart_marks_are_damage(scene, encode):
    data = encode(scene(1), restart_marker_rows=1)
    middle = (scans(data) + len(data)) // 2
    with pytest.raises(Unreadable, match="damaged"):
        decode(data[:middle] + data[middle + 200 :])


def test_a_progressive_jpeg_cut_between_scans_and_closed_is_truncated(scene, encode):
    data = encode(scene(1), progressive=True)
    starts = [place for place in range(len(data)) if data[place : place + 2] == b"\xff\xda"]
    assert len(starts) > 5
    assert decode(data).notes == ()
    for start in starts[1:]:
        tables = data.rindex(b"\xff\xc4", 0, start)
        with pytest.raises(Unreadable, match="truncated: scans"):
            decode(data[:tables] + b"\xff\xd9")


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("progressive", [False, True])
def test_the_pixels_are_those_of_pillow(scene, encode, tmp_path, subsampling, progressive):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(scene(5, 101, 67), subsampling=subsampling, progressive=progressive))
    with Image.open(path) as image:
        np.testing.assert_allclose(decode(path).pixels, np.asarray(image), atol=2)


def test_cmyk_is_turned_to_rgb_and_noted(scene, encode):
    picture = decode(encode(scene(1).convert("CMYK"), quality=95))
    assert picture.notes == ("cmyk",)
    assert np.abs(picture.pixels.astype(int) - np.asarray(scene(1))).mean() < 6
