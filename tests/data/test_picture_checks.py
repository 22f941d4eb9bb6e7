import numpy as np
import pytest
from PIL import Image

from striate.core.findings import Verdict
from striate.data.examine import examine
from striate.data.picture_checks import NAMED, findings
from striate.data.table import Table, picture_columns


def checked(table):
    return {finding.check: finding for finding in findings(table, examine(table, quiet=True))}


def turned(picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    return {"exif": exif}


def test_what_was_decided_in_reading_is_told_with_names(album, scene, encode):
    clear = scene(3).convert("RGBA")
    clear.putalpha(100)
    stray = encode(scene(8))
    files = {
        "a/ink.jpg": encode(scene(1).convert("CMYK")),
        "a/table.gif": scene(2),
        "a/clear.png": clear,
        "a/turned.jpg": encode(scene(4), **turned(scene(4))),
        "a/film.gif": encode(scene(5), "GIF", save_all=True, append_images=[scene(6)]),
        "a/really.jpg": encode(scene(7), "PNG"),
        "a/stray.jpg": stray[:-2] + b"\0" * 30 + stray[-2:],
        "a/deep.png": Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64)),
        "a/float.tif": Image.fromarray(np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64)),
        "a/wide.tif": Image.fromarray(np.arange(4096, dtype=np.int32).reshape(64, 64)),
    }
    found = checked(album(files))
    told = {
        "cmyk": ("a/ink.jpg",),
        "palette": ("a/table.gif", "a/film.gif"),
        "alpha": ("a/clear.png",),
        "exif-rotated": ("a/turned.jpg",),
        "animated": ("a/film.gif",),
        "wrong-extension": ("a/really.jpg",),
        "irregular-files": ("a/stray.jpg",),
        "16-bit": ("a/deep.png", "a/float.tif", "a/wide.tif"),
        "dim": ("a/deep.png",),
        "float": ("a/float.tif",),
        "stretched": ("a/wide.tif",),
    }
    assert {check: found[check].names for check in told} == told
    assert "1 PNG" in found["wrong-extension"].detail
    assert "conversions" not in found


def test_what_no_picture_has_is_told_in_one_finding(album, scene):
    found = checked(album({"a/one.jpg": scene(1), "a/two.gif": scene(2)}))
    assert found["conversions"].verdict == Verdict.PASS
    assert "cmyk" in found["conversions"].detail
    assert "palette" not in found["conversions"].detail


@pytest.mark.parametrize("stored", ["L", "RGB"])
def test_gray_pictures_among_color_are_told_however_they_are_stored(album, scene, stored):
    files = {f"{kind}/{seed}.png": scene(seed) for kind in "ab" for seed in range(4)}
    files |= {f"b/{seed}.png": scene(seed).convert("L").convert(stored) for seed in range(3)}
    finding = checked(album(files))["gray-among-color"]
    assert (finding.verdict, finding.value) == (Verdict.WARN, 3)
    assert finding.detail.endswith("most of: b")


def test_all_gray_and_all_color_are_both_well(album, scene):
    color = {f"a/{seed}.png": scene(seed) for seed in range(3)}
    assert checked(album(color))["gray-among-color"].verdict == Verdict.PASS
    gray = {path: picture.convert("L") for path, picture in color.items()}
    assert checked(album(gray))["gray-among-color"].verdict == Verdict.PASS


def test_sizes_that_stand_out_are_told_with_an_example_of_each(album, scene):
    files = {f"a/{seed}.png": scene(seed, 120 + seed, 90) for seed in range(8)}
    files |= {"a/icon.png": scene(1, 16, 12), "a/poster.png": scene(1, 900, 700), "a/strip.png": scene(1, 400, 40)}
    finding = checked(album(files))["extreme-sizes"]
    assert finding.verdict == Verdict.WARN
    assert finding.names == ("a/icon.png", "a/poster.png", "a/strip.png")
    for words in ("small, such as a/icon.png (12 x 16)", "large, such as a/poster.png", "tall, such as a/strip.png"):
        assert words in finding.detail


def test_sizes_that_vary_as_photographs_do_are_well(album, scene):
    sizes = [(120, 90), (90, 120), (200, 150), (64, 64), (110, 60), (300, 225)]
    found = checked(album({f"a/{i}.png": scene(i, *size) for i, size in enumerate(sizes)}))
    assert found["extreme-sizes"].verdict == Verdict.PASS


def test_a_class_without_readable_pictures_is_named(album, scene):
    finding = checked(album({"a/one.png": scene(1), "b/bad.png": b"text"}))["empty-classes"]
    assert (finding.verdict, finding.value) == (Verdict.WARN, 1)
    assert finding.detail.endswith(": b")


def test_pictures_of_one_flat_color_are_named(album, scene):
    files = {
        "a/one.png": scene(1),
        "a/black.png": Image.new("RGB", (80, 80)),
        "a/red.jpg": Image.new("RGB", (99, 70), "red"),
    }
    finding = checked(album(files))["blank"]
    assert (finding.verdict, finding.names) == (Verdict.WARN, ("a/black.png", "a/red.jpg"))


def test_of_many_pictures_all_rows_and_the_first_names_are_told(album):
    found = checked(album({f"a/{number:02}.png": b"text" for number in range(50)}))["unreadable"]
    assert found.value == len(found.rows) == 50
    assert len(found.names) == NAMED


def test_arrays_are_not_told_of_file_formats():
    pixels = np.zeros((6, 8, 8, 3), np.uint8)
    columns = picture_columns(np.zeros(6, np.int64))
    found = checked(Table(columns=columns, classes=("a",), source="made", location="made", pixels=pixels))
    assert set(found) == {"unreadable", "empty-classes", "gray-among-color", "extreme-sizes"}
    assert "8 x 8" in found["extreme-sizes"].detail
