import math
from itertools import combinations
from xml.etree import ElementTree

import pytest

from striate.report.lineage import BOTTOM, CHARACTER, FONT, HEIGHT, LEFT, TOP, WIDTH, lineage
from striate.zoo.catalog import MODELS

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def picture():
    return ElementTree.fromstring(lineage())


@pytest.fixture(scope="module")
def circles(picture):
    return {circle.find(f"{SVG}title").text: circle for circle in picture.iter(f"{SVG}circle") if len(circle)}


def box(text):
    """Where a text lies: left, top, right, bottom."""
    wide = CHARACTER * len(text.text)
    left = float(text.get("x")) - {"start": 0, "middle": wide / 2, "end": wide}[text.get("text-anchor")]
    baseline = float(text.get("y"))
    return left, baseline - FONT + 1.5, left + wide, baseline + 1.5


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_every_network_is_a_circle_in_the_field(circles):
    assert set(circles) == set(MODELS)
    for circle in circles.values():
        x, y, radius = (float(circle.get(name)) for name in ("cx", "cy", "r"))
        assert x - radius > LEFT
        assert x + radius < WIDTH
        assert TOP < y < BOTTOM < HEIGHT


def test_later_is_further_right_and_more_parameters_are_higher(circles):
    assert float(circles["lenet5"].get("cx")) < float(circles["alexnet"].get("cx"))
    assert float(circles["alexnet"].get("cx")) < float(circles["resnet50"].get("cx"))
    heights = [float(circles[name].get("cy")) for name in ("resnet20", "squeezenet1_0", "resnet18", "vgg16")]
    assert heights == sorted(heights, reverse=True)


def test_areas_are_in_proportion_to_macs(circles):
    areas = {name: float(circles[name].get("r")) ** 2 for name in ("vgg19", "resnet50")}
    expected = MODELS["vgg19"].macs / MODELS["resnet50"].macs
    assert math.isclose(areas["vgg19"] / areas["resnet50"], expected, rel_tol=0.02)


def test_names_cover_neither_each_other_nor_a_circle(picture, circles):
    names = [text for text in picture.iter(f"{SVG}text") if text.text in MODELS and text.get("transform") is None]
    assert len(names) > len(MODELS) / 2
    for one, other in combinations(names, 2):
        assert not overlap(box(one), box(other)), (one.text, other.text)
    for text in names:
        for circle in circles.values():
            x, y, radius = (float(circle.get(name)) for name in ("cx", "cy", "r"))
            assert not overlap(box(text), (x - radius, y - radius, x + radius, y + radius)), text.text


def test_every_family_is_named_on_the_axis(picture):
    turned = {text.text for text in picture.iter(f"{SVG}text") if text.get("transform")}
    assert turned == {row.family for row in MODELS.values()}


def test_the_picture_is_the_same_every_time_and_small():
    assert lineage() == lineage()
    assert len(lineage()) < 40_000
