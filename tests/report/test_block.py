"""Below a network's stages stands what one of their blocks is made of."""

import xml.etree.ElementTree as ET

import pytest

from striate.inside.phantom import of_model
from striate.inside.summary import summarize
from striate.report.block import panel


def rows(name: str, side: int) -> tuple[str, list[list[str]]]:
    """Return the heading, and of each row the words from left to right."""
    parts, width, _ = panel(summarize(of_model(name), (3, side, side)), 0)
    elements = [ET.fromstring(part) for part in parts]
    heading, *words = [element for element in elements if element.tag == "text"]
    assert all(float(box.get("x", 0)) + float(box.get("width", 0)) < width for box in elements if box.tag == "rect")
    found: dict[float, list[str]] = {}
    for element in words:
        found.setdefault(float(element.get("y", 0)), []).append(element.text or "")
    return heading.text or "", list(found.values())


def test_a_residual_block_has_a_row_for_each_of_its_ways() -> None:
    heading, found = rows("resnet18", 64)
    assert heading == "inside stages.2.1: Residual"
    assert found == [
        ["body", "3x3, 256", "BN", "ReLU", "3x3, 256", "BN"],
        ["shortcut", "as it is"],
        ["join", "ReLU"],
    ]


def test_an_inception_module_has_a_row_for_each_branch() -> None:
    heading, found = rows("googlenet", 64)
    assert heading == "inside stages.1.inception4e: Branches"
    assert [row[0] for row in found] == ["b1x1", "b3x3", "b5x5", "pool"]
    assert found[3] == ["pool", "max 3x3", "1x1, 128", "ReLU"]


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("densenet121", "inside stages.2.block.layer24: Layer"),
        ("inception_resnet_v2", "inside stages.1.blocks.19: ScaledResidual"),
        ("vgg11", "inside stages.2: 5 layers"),
        ("squeezenet1_0", "inside stages.1.fire8: Fire"),
    ],
)
def test_the_block_is_what_a_stage_repeats(name: str, heading: str) -> None:
    assert rows(name, 96)[0] == heading


def test_a_network_without_layers_in_its_stages_has_none() -> None:
    assert panel(summarize(of_model("linear"), (1, 28, 28)), 0) == ([], 0, 0)
