"""Pictures of networks: well-formed, deterministic, and with every part that runs."""

import re
from xml.etree import ElementTree as ET

import pytest

from striate.inside.phantom import of_model
from striate.inside.summary import summarize
from striate.report.architecture import architecture, picture, representative


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", ["resnet20", "lenet5", "mlp_300", "densenet_40_12"])
def test_every_part_that_runs_is_drawn_with_its_shape(name: str) -> None:
    svg = picture(name)
    network = of_model(name)
    assert {f"stages.{number}" for number in range(len(network.stages))} | {"head", "picture"} <= set(texts(svg))
    assert picture(name) == svg
    assert len(svg) < 20_000


def test_shares_of_all_parts_make_a_hundred_percent() -> None:
    shares = [int(text.split()[0]) for text in texts(picture("resnet20")) if re.fullmatch(r"\d+ %", text)]
    assert len(shares) == 2 * 5
    assert abs(sum(shares) - 200) <= 5  # rounded


def test_a_block_is_wider_with_more_maps_and_lower_with_smaller_ones() -> None:
    fronts = re.findall(r'points="([^"]*)"', picture("resnet20"))[2::3]
    corners = [[tuple(map(float, pair.split(","))) for pair in front.split()] for front in fronts]
    widths = [right[0] - left[0] for left, right, *_ in corners[1:5]]
    heights = [below[1] - above[1] for above, _, below, _ in corners[1:5]]
    assert widths == sorted(widths)
    assert heights == sorted(heights, reverse=True)


def test_names_cannot_break_the_picture() -> None:
    assert "a < b & c" in texts(architecture(summarize(of_model("lenet1"), (1, 28, 28)), "a < b & c"))


def test_a_family_is_shown_by_its_namesake_or_by_the_variant_of_least_work() -> None:
    found = [representative(family) for family in ("alexnet", "resnet", "cifar_resnet", "vgg")]
    assert found == ["alexnet", "resnet18", "resnet20", "vgg11"]
