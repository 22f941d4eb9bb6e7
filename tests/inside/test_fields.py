"""Dimensions as products of factors: reshaping keeps places, and what would lose them is refused."""

import pytest
import torch

from striate.inside.axes import Axis, Irregular
from striate.inside.fields import Field, expanded, mixing, of_images, plain, relaid, reshaped, together, without


@pytest.mark.parametrize("shape", [(2, 6 * 4 * 5), (2 * 6, 4 * 5), (2 * 6 * 4, 5), (2, 3, 2, 4, 5), (2, 6, 4, 5, 1)])
def test_a_view_that_is_undone_loses_nothing(shape: tuple[int, ...]) -> None:
    field = of_images((2, 6, 4, 5))
    assert torch.empty(2, 6, 4, 5).view(shape).shape == shape
    assert reshaped(reshaped(field, shape), (2, 6, 4, 5)) == field


def test_maps_of_one_unit_keep_their_axes_through_a_view() -> None:
    field = of_images((1, 6, 1, 1))
    assert reshaped(field, (1, 6, 1, 1)) == field
    assert reshaped(field, (1, 6)).placed


def test_channels_last_and_back_is_the_same() -> None:
    field = of_images((2, 6, 4, 5))
    last = relaid(field, [field.layout[place] for place in (0, 2, 3, 1)])
    rows = reshaped(last, (2 * 4 * 5, 6))
    assert reshaped(rows, (2, 4, 5, 6)) == last


@pytest.mark.parametrize("shape", [(2, 6, 2, 10), (2, 4, 6, 5), (2, 6, 2, 2, 5)])
def test_a_view_that_cuts_rows_apart_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(Irregular, match="apart"):
        reshaped(of_images((2, 6, 4, 5)), shape)


def test_a_mean_over_rows_sees_all_rows_and_keeps_columns() -> None:
    field = without(of_images((2, 6, 4, 5)), [2])
    assert field.layout == (plain(2), plain(6), ((5, 1),))
    assert field.axes == (Axis((), 0, (0, 4)), Axis())


def test_a_scale_for_every_map_makes_every_unit_see_all_and_keeps_its_place() -> None:
    field = of_images((2, 6, 4, 5))
    scaled = together([field, expanded(without(field, [2, 3], keep=True), (2, 6, 4, 5))])
    assert scaled.axes[0].interval(3) == (0, 4)
    assert scaled.axes[0].own(3) == (3, 4)
    assert scaled == mixing(field, [2, 3])


def test_a_picture_and_its_transpose_do_not_meet() -> None:
    field = of_images((2, 6, 5, 5))
    turned = relaid(field, [field.layout[place] for place in (0, 1, 3, 2)])
    with pytest.raises(Irregular, match="different dimensions"):
        together([field, turned])
    crossed = Field((plain(2), plain(6), ((5, 1),), plain(5)), field.axes)
    with pytest.raises(Irregular, match="different dimensions"):
        together([field, crossed])
