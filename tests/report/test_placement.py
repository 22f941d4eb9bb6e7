"""The figure of placement, and the page on it: what they say is what is computed."""

import doctest
from pathlib import Path

import pytest
from torch import nn

from striate.core.errors import DoesNotApply
from striate.inside.geometry import Geometry, geometry
from striate.inside.layers import map_layer
from striate.inside.maps import place
from striate.inside.phantom import of_model
from striate.report.placement import WAYS, departure, enlarged, placement
from striate.sources import shapes

PAGE = Path(__file__).parents[2] / "docs" / "placement.md"


def small(*layers: nn.Module, side: int = 32) -> Geometry:
    found = geometry(nn.Sequential(*layers), (3, side, side))[""]
    assert isinstance(found, Geometry)
    return found


@pytest.mark.parametrize(
    ("layer", "off"),
    [
        (nn.Conv2d(3, 1, 3, 4, 1), 1.5),  # units at pixels 0, 4, ..., tiles of 4 pixels
        (nn.Conv2d(3, 1, 3, 2, 1), 0.5),
        (nn.Conv2d(3, 1, 4, 4), 0),
        (nn.Conv2d(3, 1, 3, 1, 1), 0),
    ],
)
def test_enlarging_is_off_by_what_the_middles_of_tiles_are_off(layer: nn.Module, off: float) -> None:
    found = small(layer)
    unit = (found.units[0] // 2, found.units[1] // 2)
    assert departure(found, unit, enlarged) == pytest.approx((off, off), abs=1e-6)
    assert departure(found, unit, place) == pytest.approx((0, 0), abs=1e-6)


def test_the_figure_says_the_field_and_how_far_each_way_is_off() -> None:
    layer = map_layer(of_model("resnet20", image_size=96), (3, 96, 96))
    axes = placement(shapes.draw(2, size=96, seed=0).pixels, layer.placed, (12, 12)).axes
    assert len(axes) == 1 + len(WAYS)
    assert axes[0].get_xlabel() == "field 81 x 81, stride 4"
    assert [axis.get_xlabel() for axis in axes[1:]] == ["off by 0.0 and 0.0 pixels", "off by 1.5 and 1.5 pixels"]
    frame = axes[0].patches[0]
    assert (frame.get_x(), frame.get_y(), frame.get_width()) == (48 - 40 - 0.5, 48 - 40 - 0.5, 81)
    assert axes[1].images[1].get_array().argmax() == 48 * 96 + 48


def test_units_without_a_place_are_refused() -> None:
    with pytest.raises(DoesNotApply, match="no place in the picture"):
        departure(small(nn.Flatten(), nn.Linear(3 * 32 * 32, 2)), (0, 0), place)


def test_the_page_prints_what_stands_under_its_lines() -> None:
    results = doctest.testfile(str(PAGE), module_relative=False)
    assert results.failed == 0
    assert results.attempted > 3
