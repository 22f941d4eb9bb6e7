"""Moves, each against its definition on pictures whose every value is known."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from striate.data.augment import Draws, apply

HEIGHT, WIDTH = 24, 36
Y, X = (torch.arange(side).float() - (side - 1) / 2 for side in (HEIGHT, WIDTH))  # from the center
BORDERS = ["zeros", "edge", "reflect"]


def _ramp(down: float, right: float) -> Tensor:
    return (down * Y[:, None] + right * X[None, :])[None, None]


def _moved(images: Tensor, **drawn: object) -> Tensor:
    draws = Draws.still(np.arange(len(images)), **{name: np.array([value]) for name, value in drawn.items()})
    return apply(images, draws)


def _inner(images: Tensor, margin: int = 8) -> Tensor:
    return images[..., margin:-margin, margin:-margin]


def _smooth(count: int, size: int = 48) -> Tensor:
    small = torch.rand((count, 3, 5, 5), generator=torch.Generator().manual_seed(1)) * 255
    return torch.nn.functional.interpolate(small, (size, size), mode="bicubic")


@pytest.mark.parametrize("turns", [-1, 1, 2, 3])
@pytest.mark.parametrize("size", [7, 20])
def test_a_quarter_turn_of_a_square_is_rot90(turns: int, size: int) -> None:
    images = torch.rand((2, 3, size, size))
    turned = apply(images, Draws.still(np.arange(2), angles=np.full(2, 90.0 * turns)))
    assert torch.allclose(turned, torch.rot90(images, turns, (2, 3)), atol=1e-4)


@pytest.mark.parametrize("angle", [10.0, 37.0, -75.0])
def test_a_ramp_turns_with_its_picture_and_is_not_sheared(angle: float) -> None:
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turned = _moved(_ramp(0.0, 1.0), angles=angle)  # rose to the right; counterclockwise it rises upward
    assert torch.allclose(_inner(turned, 10), _inner(_ramp(-sin, cos), 10), atol=1e-4)


def test_twice_the_scale_is_half_the_slope() -> None:
    assert torch.allclose(_moved(_ramp(3.0, 1.0), scales=2.0), _ramp(1.5, 0.5), atol=1e-4)


def test_shears_move_rows_then_columns() -> None:
    steep = np.degrees(np.arctan(0.25))
    rows = _moved(_ramp(0.0, 1.0), shears=(steep, 0.0))  # what stood at x is at x + y / 4
    assert torch.allclose(_inner(rows), _inner(_ramp(-0.25, 1.0)), atol=1e-4)
    columns = _moved(_ramp(1.0, 0.0), shears=(0.0, steep))
    assert torch.allclose(_inner(columns), _inner(_ramp(1.0, -0.25)), atol=1e-4)


def test_a_translation_is_a_share_of_the_side() -> None:
    moved = _moved(_ramp(1.0, 10.0), translations=(0.1, -0.05))
    assert torch.allclose(_inner(moved), _inner(_ramp(1.0, 10.0) - 0.1 * HEIGHT + 10 * 0.05 * WIDTH), atol=1e-3)


@pytest.mark.parametrize("border", BORDERS)
def test_half_a_pixel_averages_neighbors_within_the_border(border: str) -> None:
    images = torch.tensor([[[[10.0, 30.0, 50.0, 90.0]]]]).expand(1, 1, 3, 4)
    moved = apply(images, Draws.still(np.arange(1), translations=np.array([[0.0, 0.125]]), border=border))
    first = {"zeros": 5.0, "edge": 10.0, "reflect": 20.0}[border]
    assert moved[0, 0, 1].tolist() == pytest.approx([first, 20, 40, 70], abs=1e-3)


def test_the_center_stays_where_it_is() -> None:
    spot = torch.zeros((1, 1, 9, 15))
    spot[0, 0, 4, 7] = 1
    for drawn in ({"angles": 33.0}, {"scales": 1.7}, {"shears": (20.0, 10.0)}):
        assert float(_moved(spot, **drawn)[0, 0, 4, 7]) == pytest.approx(1, abs=1e-5)


def test_the_composed_matrix_is_the_product_in_the_order_told() -> None:
    drawn: dict[str, NDArray[np.float64]] = {
        "flips": np.array([[False, True]]),
        "scales": np.array([1.2]),
        "shears": np.array([[8.0, -6.0]]),
        "angles": np.array([15.0]),
        "shifts": np.array([[2, -1]]),
    }
    images = _smooth(1)
    once = apply(images, Draws.still(np.arange(1), **drawn, border="edge"))
    step = images
    for name, value in drawn.items():
        step = apply(step, Draws.still(np.arange(1), **{name: value}, border="edge"))
    apart = (_inner(once, 12) - _inner(step, 12)).abs()  # of 255; the second was interpolated three times more
    assert apart.max() < 4
    assert apart.mean() < 0.5
    whole = np.eye(3)
    for name in reversed(drawn):
        matrix = Draws.still(np.arange(1), **{name: drawn[name]}).geometry((48, 48))[0]
        whole = np.vstack([matrix, [0, 0, 1]]) @ whole
    assert np.allclose(whole[:2], Draws.still(np.arange(1), **drawn).geometry((48, 48))[0])


def test_a_matrix_says_where_an_output_pixel_is_found() -> None:
    draws = Draws.still(np.arange(1), shifts=np.array([[2, 5]]), translations=np.array([[0.5, 0.0]]))
    assert draws.geometry((10, 20))[0].tolist() == [[1, 0, -5], [0, 1, -7]]


def test_one_pixel_wide_pictures_can_be_moved() -> None:
    images = torch.rand((1, 1, 5, 1))
    assert apply(images, Draws.still(np.arange(1), angles=np.array([10.0]))).isfinite().all()
