"""Augmentation, against its definition on pictures that tell where each pixel came from."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from pydantic import ValidationError

from striate.data.augment import Augment, Draws, apply, draw

POSITIONS = np.arange(200)


def _draws(shifts: list[tuple[int, int]], flips: list[tuple[bool, bool]], border: str = "zeros") -> Draws:
    return Draws(None, np.array(shifts), np.array(flips), border)


def _numbered(height: int, width: int) -> NDArray[np.uint8]:
    return np.arange(1, height * width + 1, dtype=np.uint8).reshape(1, 1, height, width)


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


def test_flips_mirror_their_axis() -> None:
    images = torch.from_numpy(np.repeat(_numbered(3, 4), 4, axis=0))
    flips = [(False, False), (True, False), (False, True), (True, True)]
    moved = apply(images, _draws([(0, 0)] * 4, flips))
    plain = images[0]
    for got, axes in zip(moved, [[], [1], [2], [1, 2]], strict=True):
        assert torch.equal(got, plain.flip(axes))


def test_channels_move_together_and_pictures_apart() -> None:
    images = torch.randint(0, 255, (50, 3, 8, 8), dtype=torch.uint8)
    draws = draw(Augment(shift=2, flip="both"), 0, 1, np.arange(50))
    moved = apply(images, draws)
    for place in range(50):
        alone = Draws(None, draws.shifts[place : place + 1], draws.flips[place : place + 1], draws.border)
        for channel in range(3):
            single = apply(images[place : place + 1, channel : channel + 1], alone)
            assert torch.equal(moved[place, channel], single[0, 0])


def test_draws_depend_on_seed_epoch_and_position_alone() -> None:
    augment = Augment(crop=(0.3, 1.0), shift=4, flip="horizontal")
    whole = draw(augment, 3, 2, POSITIONS)
    part = draw(augment, 3, 2, POSITIONS[70:90][::-1])
    assert (part.shifts == whole.shifts[70:90][::-1]).all()
    assert part.crops == whole.crops[70:90][::-1]  # type: ignore[index]
    assert (draw(augment, 4, 2, POSITIONS).shifts != whole.shifts).any()
    assert (draw(augment, 3, 3, POSITIONS).shifts != whole.shifts).any()


def test_what_is_not_asked_for_is_not_drawn() -> None:
    draws = draw(Augment(shift=3, flip="horizontal"), 0, 1, np.arange(2000))
    assert not draws.flips[:, 0].any()
    assert 0.45 < draws.flips[:, 1].mean() < 0.55
    assert set(draws.shifts.ravel().tolist()) == set(range(-3, 4))
    assert draws.crops is None


def test_crops_stay_within_what_was_asked_for() -> None:
    crops = draw(Augment(crop=(0.25, 0.5), ratio=(0.5, 2.0)), 0, 1, np.arange(500)).crops
    assert crops is not None
    for crop in crops:
        left, top, right, bottom = crop.box(100, 120)
        assert 0 <= left < right <= 120
        assert 0 <= top < bottom <= 100
        assert (right - left) * (bottom - top) <= 0.5 * 100 * 120 + 1e-6
        assert 0.5 - 1e-9 <= crop.ratio <= 2 + 1e-9


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="shares of the area"):
        Augment(crop=(0.8, 0.2))
    with pytest.raises(ValidationError, match="shift"):
        Augment(shift=-1)
