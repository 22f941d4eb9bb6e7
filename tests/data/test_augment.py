"""Augmentation: bypass and borders on pictures that tell where each pixel came from, and how draws depend on what."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from striate.data.augment import Augment, Draws, apply, draw, targets

POSITIONS = np.arange(200)
EVERYTHING = Augment(
    shift=2,
    flip="both",
    rotation=20,
    translate=0.1,
    scale=(0.8, 1.25),
    shear=(10, 5),
    brightness=0.3,
    contrast=0.3,
    saturation=0.3,
    hue=0.1,
    pca_noise=0.1,
    noise=4,
    noise_chance=0.5,
    blur=(0.5, 1.5),
    erasing=(0.05, 0.3),
    mixup=0.4,
    cutmix=1.0,
    policy="trivial",
)


def _draws(shifts: list[tuple[int, int]], flips: list[tuple[bool, bool]], border: str = "zeros") -> Draws:
    return Draws.still(np.arange(len(shifts)), shifts=np.array(shifts), flips=np.array(flips), border=border)


def _drawn(augment: Augment, positions: NDArray[np.int64], **options: Any) -> Draws:
    return draw(augment, 0, 1, positions, rows=positions, size=(24, 20), **options)


def _numbered(height: int, width: int) -> NDArray[np.uint8]:
    return np.arange(1, height * width + 1, dtype=np.uint8).reshape(1, 1, height, width)


def _pictures(count: int = 16) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, 24, 20), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_nothing_drawn_is_the_same_tensor() -> None:
    images = torch.from_numpy(_numbered(4, 5))
    assert apply(images, draw(Augment(), 0, 1, np.array([0]))) is images


def test_a_shift_moves_down_and_right_and_brings_in_zeros() -> None:
    moved = apply(torch.from_numpy(_numbered(3, 3)), _draws([(1, 2)], [(False, False)]))
    assert moved[0, 0].tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 4]]


@pytest.mark.parametrize(("border", "first"), [("edge", [1, 1, 1, 2]), ("reflect", [3, 2, 1, 2])])
def test_a_border_comes_in_as_named(border: str, first: list[int]) -> None:
    moved = apply(torch.from_numpy(_numbered(4, 4)), _draws([(0, 2)], [(False, False)], border))
    assert moved[0, 0, 0].tolist() == first


def test_reflection_agrees_with_numpy_at_any_shift() -> None:
    picture = _numbered(5, 6)
    padded = np.pad(picture[0, 0], 4, mode="reflect")
    for down in range(-4, 5):
        for right in range(-4, 5):
            moved = apply(torch.from_numpy(picture), _draws([(down, right)], [(False, False)], "reflect"))
            assert (moved[0, 0].numpy() == padded[4 - down : 9 - down, 4 - right : 10 - right]).all()


# 12, 15 and 6 bytes are no whole words of 8, 80 are; the last is large enough to be mirrored by itself
@pytest.mark.parametrize("size", [(3, 4), (3, 5), (3, 2), (8, 10), (130, 127)])
def test_flips_mirror_their_axis(size: tuple[int, int]) -> None:
    images = torch.from_numpy(np.repeat(_numbered(*size), 4, axis=0))
    flips = [(False, False), (True, False), (False, True), (True, True)]
    moved = apply(images, _draws([(0, 0)] * 4, flips))
    plain = images[0]
    for got, axes in zip(moved, [[], [1], [2], [1, 2]], strict=True):
        assert torch.equal(got, plain.flip(axes))


@pytest.mark.parametrize("border", ["zeros", "edge", "reflect"])
def test_whole_pixels_and_mirrors_are_the_same_through_the_matrix(border: str) -> None:
    shifts = np.random.default_rng(0).integers(-12, 13, (16, 2))
    flips = np.random.default_rng(1).random((16, 2)) < 0.5
    bypassed = Draws.still(np.arange(16), shifts=shifts, flips=flips, border=border)
    images = _pictures()
    exact = apply(images, bypassed)
    assert exact.dtype == torch.uint8
    turned = Draws.still(np.arange(16), shifts=shifts, flips=flips, border=border, angles=np.full(16, 360.0))
    assert turned.sampled.all()
    assert torch.allclose(apply(images, turned), exact.float(), atol=0.01)


def test_what_is_not_sampled_stays_exact_beside_what_is() -> None:
    angles = np.where(np.arange(16) % 3 == 0, 30.0, 0.0)
    shifts = np.full((16, 2), 3)
    images = _pictures()
    moved = apply(images, Draws.still(np.arange(16), shifts=shifts, angles=angles))
    exact = apply(images, Draws.still(np.arange(16), shifts=shifts))
    assert torch.equal(moved[angles == 0], exact[angles == 0].float())
    assert not torch.equal(moved[angles != 0], exact[angles != 0].float())


@pytest.mark.parametrize("kind", [torch.uint8, torch.float32])
def test_the_pictures_given_are_never_changed(kind: torch.dtype) -> None:
    images = _pictures().to(kind)
    before = images.clone()
    for augment in (EVERYTHING, Augment(noise=3), Augment(blur=(1, 1)), Augment(cutmix=1), Augment(rotation=9)):
        apply(images, _drawn(augment, np.arange(16)))
        assert torch.equal(images, before)


def test_a_picture_looks_the_same_in_any_batch() -> None:
    images = _pictures()
    positions = np.arange(40, 56)
    whole = apply(images, _drawn(EVERYTHING, positions))
    for chosen in (np.array([4, 5]), np.array([10, 11, 2, 3]), np.arange(15, -1, -1)):
        part = apply(images[torch.from_numpy(chosen)], _drawn(EVERYTHING, positions[chosen]))
        assert torch.allclose(part, whole[torch.from_numpy(chosen)], atol=1e-4)
        taken = apply(images[torch.from_numpy(chosen)], _drawn(EVERYTHING, positions).take(chosen))
        assert torch.equal(taken, part)


def test_channels_move_together() -> None:
    images = _pictures(50)
    draws = draw(Augment(shift=2, flip="both"), 0, 1, np.arange(50))
    moved = apply(images, draws)
    for channel in range(3):
        assert torch.equal(moved[:, channel], apply(images[:, channel : channel + 1], draws)[:, 0])


def test_draws_depend_on_seed_epoch_and_position_alone() -> None:
    augment = EVERYTHING.model_copy(update={"crop": (0.3, 1.0)})
    whole = draw(augment, 3, 2, POSITIONS, size=(8, 8))
    part = draw(augment, 3, 2, POSITIONS[70:90][::-1], size=(8, 8))
    assert part.crops == whole.crops[70:90][::-1]  # type: ignore[index]
    for name in ("flips", "scales", "shears", "angles", "shifts", "translations", "blurs", "hue", "principal", "keys"):
        assert (getattr(part, name) == getattr(whole, name)[70:90][::-1]).all()
    assert (draw(augment, 4, 2, POSITIONS, size=(8, 8)).angles != whole.angles).any()
    assert (draw(augment, 3, 3, POSITIONS, size=(8, 8)).angles != whole.angles).any()


def test_switching_one_on_leaves_the_draws_of_the_others() -> None:
    few, all_on = draw(Augment(shift=2, hue=0.1), 0, 1, POSITIONS), _drawn(EVERYTHING, POSITIONS)
    assert (few.hue == all_on.hue).all()
    assert (few.shifts == draw(Augment(shift=2, rotation=5, blur=(1, 1)), 0, 1, POSITIONS).shifts).all()


def test_what_is_not_asked_for_is_not_drawn() -> None:
    draws = draw(Augment(shift=3, flip="horizontal"), 0, 1, np.arange(2000))
    assert not draws.flips[:, 0].any()
    assert 0.45 < draws.flips[:, 1].mean() < 0.55
    assert set(draws.shifts.ravel().tolist()) == set(range(-3, 4))
    assert draws.crops is None
    assert not draws.sampled.any()
    assert not draws.colored
    assert not draws.mixed.any()


def test_draws_fill_the_range_that_was_asked_for() -> None:
    draws = _drawn(EVERYTHING.model_copy(update={"policy": "none"}), np.arange(4000))
    spans = {"angles": (-20, 20), "translations": (-0.1, 0.1), "scales": (0.8, 1.25), "hue": (-0.1, 0.1)}
    spans |= dict.fromkeys(("brightness", "contrast", "saturation"), (0.7, 1.3))
    for name, (low, high) in spans.items():
        values, margin = getattr(draws, name), (high - low) / 100
        assert low <= values.min() < low + margin, name
        assert high - margin < values.max() <= high, name
    assert abs(np.median(draws.scales) - 1) < 0.02  # halving is as likely as doubling
    assert draws.principal.std() == pytest.approx(0.1, rel=0.05)
    assert (draws.noises > 0).mean() == pytest.approx(0.5, abs=0.03)
    assert (draws.blurs > 0).mean() == pytest.approx(0.5, abs=0.03)
    assert set(np.unique(np.abs(draws.shears).max(0).round()).tolist()) == {5.0, 10.0}


def test_crops_stay_within_what_was_asked_for() -> None:
    crops = draw(Augment(crop=(0.25, 0.5), ratio=(0.5, 2.0)), 0, 1, np.arange(500)).crops
    assert crops is not None
    for crop in crops:
        left, top, right, bottom = crop.box(100, 120)
        assert 0 <= left < right <= 120
        assert 0 <= top < bottom <= 100
        assert (right - left) * (bottom - top) <= 0.5 * 100 * 120 + 1e-6
        assert 0.5 - 1e-9 <= crop.ratio <= 2 + 1e-9


def test_what_was_drawn_can_be_read_back_in_words() -> None:
    draws = Draws.still(np.arange(2), angles=np.array([12.0, 0.0]), shifts=np.array([[0, 0], [2, -1]]))
    assert draws.describe(0) == {"rotation": "+12°"}
    assert draws.describe(1) == {"shift": "+2 down, -1 right"}
    everything = _drawn(EVERYTHING, np.arange(50))
    told = {name for place in range(50) for name in everything.describe(place)}
    assert {"rotation", "scale", "shear", "hue", "noise", "blur", "erased", "mixup", "cutmix", "color noise"} <= told


def test_labels_stay_labels_where_nothing_is_mixed() -> None:
    labels = torch.arange(16) % 3
    assert targets(labels, draw(Augment(rotation=5), 0, 1, np.arange(16)), 3) is labels


def test_what_a_draw_needs_to_know_is_asked_for() -> None:
    with pytest.raises(ValueError, match="pass rows"):
        draw(Augment(flip="alternating"), 0, 1, POSITIONS)
    with pytest.raises(ValueError, match="pass size"):
        draw(Augment(cutmix=1.0), 0, 1, POSITIONS)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("crop", (0.8, 0.2), "shares of the area"),
        ("shift", -1, "shift"),
        ("scale", (0.3, 1.0), "to shrink, use crop"),
        ("shear", (0.0, 90.0), "0 to 75 degrees"),
        ("blur", (0.0, 1.0), "deviations in pixels"),
        ("erasing", (0.1, 1.0), "less than|least <= greatest < 1"),
        ("hue", 0.6, "less than or equal to 0.5"),
    ],
)
def test_impossible_settings_are_refused(field: str, value: object, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Augment.model_validate({field: value})


def test_the_recipe_says_what_is_on() -> None:
    assert Augment().told() == []
    assert Augment(shift=2, flip="horizontal").told() == ["shift 2", "horizontal flip"]
    told = EVERYTHING.told()
    assert "rotation 20°" in told
    assert "noise 4 in 0.5 of the pictures" in told
    assert "trivial policy" in told
    assert len(told) == 17
