import numpy as np
import pytest
from PIL import Image

from striate.data import jpeg
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


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("options", [{}, {"restart_marker_blocks": 5}], ids=["plain", "restarts"])
def test_the_upper_rows_alone_are_those_of_the_whole_bit_by_bit(scene, encode, monkeypatch, mode, subsampling, options):
    if mode == "L" and subsampling != "4:4:4":
        pytest.skip("gray has no colors to sample")
    data = encode(scene(7, 203, 181).convert(mode), subsampling=subsampling, **options)
    complete, short = jpeg._decode, []
    monkeypatch.setattr(jpeg, "_decode", lambda *rest: (short.append(0), complete(*rest))[1])
    for least in (None, (91, 102), (46, 51), (23, 26)):
        step = 1 if least is None else -(-203 // least[1])
        whole = decode(data, min_size=least).pixels
        for rows in (1, 15, 16, 17, 96, 150, 181):
            short.clear()
            upper = decode(data, min_size=least, rows=lambda height, width, rows=rows: rows).pixels
            assert upper.shape == whole.shape
            assert (upper[: -(-rows // step)] == whole[: -(-rows // step)]).all()
            assert bool(short) == (options != {} or rows > 160)  # with restarts the first complaint may be another


def test_a_file_that_ends_too_early_is_found_out_by_its_upper_rows_too(scene, encode):
    data = encode(scene(7, 203, 181))
    for end in (b"", b"\xff"):
        with pytest.raises(Unreadable, match="truncated"):
            decode(data[:-300] + end, rows=lambda height, width: 10)


def test_damage_is_found_where_it_is_looked_at(scene, encode):
    data = encode(scene(7, 203, 181))
    middle = (scans(data) + len(data)) // 2
    for rows in (150, 181):
        with pytest.raises(Unreadable, match="damaged"):
            decode(data[:middle] + b"\xff\xd3" + data[middle:], rows=lambda height, width, rows=rows: rows)
    lost = data[:middle] + data[middle + 40 :]
    with pytest.raises(Unreadable, match="damaged"):
        decode(lost)
    upper = decode(lost, rows=lambda height, width: 10)
    assert (upper.pixels[:10] == decode(data).pixels[:10]).all()


def test_a_turned_picture_is_decoded_to_its_end(scene, encode):
    exif = Image.Exif()
    exif[0x0112] = 3
    data = encode(scene(7, 203, 181), exif=exif.tobytes())
    assert (decode(data, rows=lambda height, width: 10).pixels == decode(data).pixels).all()
