"""Preprocessing: from any picture to a network's input."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from striate.data.decode import decode
from striate.data.preprocess import Crop, Preprocess, parts


def _ramp(height: int, width: int, channels: int = 1) -> NDArray[np.uint8]:
    ramp = np.linspace(0, 255, width)[None, :, None] * np.ones((height, 1, channels))
    return ramp.round().astype(np.uint8)


def _preprocess(fit: str, size: tuple[int, int] = (32, 32), channels: int = 1) -> Preprocess:
    statistics = {"mean": [0.5] * channels, "std": [0.25] * channels}
    return Preprocess.model_validate({"size": size, "fit": fit, "channels": channels, **statistics})


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch", "center"])
@pytest.mark.parametrize("shape", [(28, 28), (100, 40), (32, 32), (5, 300), (1, 1)])
def test_every_fit_gives_the_size_for_any_picture(fit: str, shape: tuple[int, int]) -> None:
    assert _preprocess(fit).place(_ramp(*shape)).shape == (32, 32, 1)


@pytest.mark.parametrize("side", [28, 176, 224, 299])
def test_the_middle_never_leaves_the_picture_by_rounding(side: int) -> None:
    preprocess = _preprocess("crop", (side, side))
    for short in range(20, 420, 7):
        for shape in ((short, 400), (400, short), (29, short), (short, short)):
            assert preprocess.place(_ramp(*shape)).shape == (side, side, 1)


def test_a_picture_of_the_right_size_is_untouched() -> None:
    picture = _ramp(32, 32)
    for fit in ("crop", "pad", "stretch", "center"):
        assert _preprocess(fit).place(picture) is picture


def test_crop_keeps_proportions_and_cuts_the_overhang() -> None:
    placed = _preprocess("crop").place(_ramp(64, 128))
    assert abs(int(placed[0, 0, 0]) - 64) <= 2
    assert abs(int(placed[0, -1, 0]) - 191) <= 2


def test_pad_keeps_everything_and_fills_with_black() -> None:
    placed = _preprocess("pad").place(np.full((64, 128, 1), 200, np.uint8))
    assert (placed[8:24] == 200).all()
    assert (placed[:8] == 0).all()
    assert (placed[24:] == 0).all()


def test_center_does_not_resize() -> None:
    picture = np.arange(28 * 28, dtype=np.uint16).astype(np.uint8).reshape(28, 28, 1)
    placed = _preprocess("center").place(picture)
    assert (placed[2:30, 2:30] == picture).all()
    assert placed[:2].sum() == placed[30:].sum() == 0
    larger = np.arange(40 * 40, dtype=np.uint16).astype(np.uint8).reshape(40, 40, 1)
    assert (_preprocess("center").place(larger) == larger[4:36, 4:36]).all()


def test_shrinking_is_antialiased() -> None:
    stripes = np.zeros((128, 128, 1), np.uint8)
    stripes[:, ::2] = 255
    placed = _preprocess("stretch").place(stripes)
    assert np.abs(placed.astype(int) - 128).max() <= 12  # every second line left out would give 0 or 255


def test_color_becomes_luma_and_gray_is_repeated() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 255
    assert abs(int(_preprocess("crop").place(red)[0, 0, 0]) - 76) <= 1  # 0.299 of 255
    gray = _preprocess("crop", channels=3).place(_ramp(32, 32))
    assert gray.shape == (32, 32, 3)
    assert (gray[..., 0] == gray[..., 2]).all()


def test_a_crop_is_cut_from_the_whole_picture() -> None:
    crop = Crop(area=0.25, ratio=1.0, top=0.0, left=1.0)
    assert crop.box(100, 100) == (50, 0, 100, 50)
    placed = _preprocess("crop").place(_ramp(100, 100), crop)
    assert abs(int(placed[0, 0, 0]) - 129) <= 3
    assert int(placed[0, -1, 0]) >= 253
    wide = Crop(area=1.0, ratio=4 / 3, top=0.5, left=0.5).box(100, 100)
    assert wide[0] == 0
    assert wide[2] == 100
    assert wide[3] - wide[1] < 100


def test_normalize_is_its_definition() -> None:
    preprocess = Preprocess(size=(2, 2), channels=3, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    images = torch.randint(0, 256, (4, 3, 2, 2), dtype=torch.uint8)
    mean, std = torch.tensor(preprocess.mean).view(3, 1, 1), torch.tensor(preprocess.std).view(3, 1, 1)
    assert torch.allclose(preprocess.normalize(images), (images.float() / 255 - mean) / std, atol=1e-6)
    assert preprocess.normalize(images).dtype == torch.float32


# Of 255, between a crop of a JPEG decoded reduced and of the same decoded whole; measured on these pictures: the worst
# mean was 1.3, the largest difference of a pixel 26.
MEAN, MOST = 2.0, 40


@pytest.mark.parametrize("grain", [0, 12])
def test_a_crop_of_a_reduced_jpeg_is_that_of_the_whole_one(scene: Callable[..., Image.Image], grain: int) -> None:
    preprocess = _preprocess("crop", (40, 48), channels=3)
    random, used = np.random.default_rng(grain), set()
    pixels = np.asarray(scene(5, 501, 397)).astype(float)
    texture = random.normal(0, grain, pixels.shape)
    file = io.BytesIO()
    Image.fromarray((pixels + texture).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    whole = decode(file.getvalue())
    for area, log_ratio, top, left in random.uniform((0.02, -0.3, 0, 0), (1, 0.3, 1, 1), (60, 4)):
        crop = Crop(area=area, ratio=np.exp(log_ratio), top=top, left=left)
        part = decode(file.getvalue(), min_size=preprocess.least_size(crop))
        used.add(round(501 / part.pixels.shape[1]))
        quick = preprocess.place(part.pixels, crop, whole=part.size).astype(int)
        difference = np.abs(quick - preprocess.place(whole.pixels, crop))
        assert difference.mean() <= MEAN
        assert difference.max() <= MOST
    assert used == {1, 2, 4}


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_placing_a_reduced_jpeg_is_placing_the_whole_one(scene: Callable[..., Image.Image], fit: str) -> None:
    for size in ((32, 32), (60, 40), (90, 100)):
        preprocess, file = _preprocess(fit, size, channels=3), io.BytesIO()
        scene(6, 501, 397).save(file, "JPEG", quality=90)
        reduced = decode(file.getvalue(), min_size=preprocess.least_size())
        assert reduced.pixels.shape[0] < 397
        quick = preprocess.place(reduced.pixels, whole=reduced.size).astype(int)
        difference = np.abs(quick - preprocess.place(decode(file.getvalue()).pixels))
        assert difference.mean() <= MEAN
        assert difference.max() <= MOST


def test_a_picture_is_reduced_as_far_as_its_crop_allows_and_no_further() -> None:
    preprocess = _preprocess("crop", (64, 64))
    whole = Crop(area=1.0, ratio=1.0, top=0.0, left=0.0)
    steps = {side: preprocess.reduction(whole, side, side) for side in (40, 64, 159, 160, 319, 320, 640, 6400)}
    assert steps == {40: 1, 64: 1, 159: 1, 160: 2, 319: 2, 320: 4, 640: 8, 6400: 8}
    assert preprocess.reduction(Crop(area=0.25, ratio=1.0, top=0, left=0), 640, 640) == 4
    assert preprocess.least_size(whole)(640, 644) == (80, 81)  # type: ignore[misc,operator]
    assert _preprocess("center").least_size() is None


@given(
    st.tuples(st.integers(1, 3000), st.integers(1, 3000)),
    st.floats(0.001, 1),
    st.floats(0.3, 3),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_the_part_lies_within_the_picture_near_the_crop_and_on_the_grid(
    size: tuple[int, int], area: float, ratio: float, top: float, left: float
) -> None:
    preprocess, crop = _preprocess("crop"), Crop(area=area, ratio=ratio, top=top, left=left)
    step, part, exact = preprocess.reduction(crop, *size), preprocess.part(crop, *size), crop.box(*size)
    assert 0 <= part[0] < part[2] <= size[1]
    assert 0 <= part[1] < part[3] <= size[0]
    assert all(edge % step == 0 for edge in part)
    assert all(abs(edge - near) <= 1.5 * step for edge, near in zip(part, exact, strict=True))  # one step is the least


def _in_two_steps(pixels: NDArray[np.uint8], size: int, covered: int, how: Image.Resampling) -> NDArray[np.uint8]:
    """Return what torchvision does: the shorter side to `covered` pixels, then the middle cut out."""
    height, width = pixels.shape[:2]
    short = min(height, width)
    to = (
        covered if width == short else covered * width // short,
        covered if height == short else covered * height // short,
    )
    resized = np.asarray(Image.fromarray(pixels).resize(to, how))
    left, top = round((to[0] - size) / 2), round((to[1] - size) / 2)
    return resized[top : top + size, left : left + size]


@pytest.mark.parametrize(("size", "covered"), [(56, 64), (56, 58), (75, 86)])
@pytest.mark.parametrize("shape", [(100, 151), (213, 140), (80, 80), (40, 30)])
@pytest.mark.parametrize("how", ["bilinear", "bicubic"])
def test_the_middle_of_a_larger_square_is_what_resizing_and_cutting_give(
    size: int, covered: int, shape: tuple[int, int], how: str
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    values = {"size": size, "center": size / covered, "interpolation": how, "mean": [0.5] * 3, "std": [0.5] * 3}
    placed = Preprocess.model_validate(values).place(pixels)
    expected = _in_two_steps(pixels, size, covered, getattr(Image.Resampling, how.upper()))
    differ = np.abs(placed.astype(int) - expected)
    assert differ.mean() < 0.5  # of noise; a place that is off by half a pixel differs by more than 10
    assert np.quantile(differ, 0.99) <= 2


def test_a_picture_of_the_input_s_size_is_cut_too_where_only_the_middle_counts() -> None:
    values = {"size": 32, "center": 0.5, "channels": 1}
    placed = Preprocess.model_validate(values).place(_ramp(32, 32))
    assert int(placed[0, 0, 0]) == pytest.approx(8 / 31 * 255, abs=6)


def test_more_is_decoded_where_only_the_middle_counts() -> None:
    whole, half = (Preprocess.model_validate({"size": 32, "center": c, "channels": 1}) for c in (1.0, 0.5))
    assert whole.least_size() == (40, 40)
    assert half.least_size() == (80, 80)


def test_the_middle_goes_with_crop_alone() -> None:
    with pytest.raises(ValueError, match="goes with fit = 'crop'"):
        Preprocess.model_validate({"size": 32, "center": 0.5, "channels": 1, "fit": "pad"})


def test_interpolation_counts_for_random_crops_too() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 60, 1), dtype=np.uint8)
    crop = Crop(area=0.5, ratio=1, top=0.5, left=0.5)
    ways = ({"size": 32, "channels": 1, "interpolation": how} for how in ("bilinear", "bicubic"))
    first, second = (Preprocess.model_validate(way).place(pixels, crop) for way in ways)
    assert (first != second).any()


_SIDE, _SHARE = st.integers(1, 5000), st.floats(0, 1)


@given(st.lists(st.tuples(st.floats(0.01, 1), st.floats(0.1, 10), _SHARE, _SHARE, _SIDE, _SIDE), min_size=1))
def test_parts_of_many_pictures_are_those_of_each(drawn: list[tuple[float, float, float, float, int, int]]) -> None:
    preprocess = _preprocess("crop", (48, 64))
    crops = [Crop(area=area, ratio=ratio, top=top, left=left) for area, ratio, top, left, _, _ in drawn]
    heights, widths = np.array([one[4:] for one in drawn]).T
    boxes, steps = parts(preprocess, crops, heights, widths)
    for crop, height, width, box, step in zip(crops, heights.tolist(), widths.tolist(), boxes, steps, strict=True):
        assert step == preprocess.reduction(crop, height, width)
        assert tuple(box) == preprocess.part(crop, height, width)
