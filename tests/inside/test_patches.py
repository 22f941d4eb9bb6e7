"""A unit sees its patch, all of it and nothing else; alone, the patch gives the unit the same value."""

import pytest
import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.layers import layers
from striate.inside.patches import Box, crop, patch
from striate.zoo import create

NETWORKS = {  # side of the picture; layers, with their fields
    "lenet5": (32, {"stages.0.c1": 5, "stages.1.c3": 14}),
    "resnet20": (32, {"stem": 3, "stages.0.0": 7, "stages.0": 15, "stages.1.0": 21}),
    "vgg11": (48, {"stages.0": 3, "stages.1.conv1": 8, "stages.2.conv1": 18, "stages.2.relu2": 26}),
    "alexnet_owt": (127, {"stem.conv1": 11, "stem": 19, "stages.0.conv2": 51, "stages.1.pool2": 67}),
}


def values(network: nn.Module, layer: str, images: Tensor) -> Tensor:
    """Return what the layer gives; what follows it may fail on a small picture."""
    seen: list[Tensor] = []
    hook = network.get_submodule(layer).register_forward_hook(
        lambda _module, _given, result: seen.append(result.clone())
    )
    try:
        with torch.no_grad():
            network(images.clone())
    except RuntimeError:
        pass
    finally:
        hook.remove()
    return seen[0]


@pytest.fixture(scope="module", params=NETWORKS)
def case(request):
    side, fields = NETWORKS[request.param]
    torch.manual_seed(0)
    network = create(request.param, num_classes=2, image_size=side).eval().double()
    images = torch.randn(1, network.config["in_channels"], side, side, dtype=torch.double)
    return network, images, fields


def test_a_change_outside_of_the_patch_changes_nothing_and_one_inside_can(case) -> None:
    network, images, fields = case
    for name, side in fields.items():
        found = layers(network, tuple(images.shape[1:]))[name].placed
        y, x = found.units[0] // 2, found.units[1] // 2
        box = patch(found, y, x)
        assert box.size == (side, side)
        inside = torch.zeros(images.shape[-2:], dtype=torch.bool)
        top, left, bottom, right = found.box(y, x)
        inside[top:bottom, left:right] = True
        before, outer = (values(network, name, pictures)[0, :, y, x] for pictures in (images, images + 9.0 * ~inside))
        assert torch.equal(outer, before)
        for row, column in ((top, left), (top, right - 1), (bottom - 1, left), (bottom - 1, right - 1)):
            changed = images.clone()
            changed[..., row, column] += 1e3  # a corner pixel, large enough to win every maximum
            assert not torch.equal(values(network, name, changed)[0, :, y, x], before), (name, row, column)


def test_the_patch_alone_gives_the_unit_the_same_value(case) -> None:
    network, images, fields = case
    for name in fields:
        found = layers(network, tuple(images.shape[1:]))[name].placed
        y, x = (units // 2 for units in found.units)
        box = patch(found, y, x)
        assert found.box(y, x) == box, "no padding enters"
        down, right = map(int, found.stride)
        whole = box._replace(top=box.top // down * down, left=box.left // right * right)  # strides begin anew there
        alone = values(network, name, crop(images, whole))[0, :, y - whole.top // down, x - whole.left // right]
        assert torch.allclose(alone, values(network, name, images)[0, :, y, x], rtol=1e-12, atol=1e-12), name


def test_the_least_picture_that_has_a_unit_without_padding_is_its_patch() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(3, 3, 3, dilation=2))
    images = torch.randn(1, 2, 40, 44)
    found = layers(network, (2, 40, 44))["3"].placed
    maps = network(images)
    for y in range(found.units[0]):
        alone = network(crop(images, patch(found, y, 1)))
        assert alone.shape == (1, 3, 1, 1)
        assert torch.allclose(alone[..., 0, 0], maps[..., y, 1], atol=1e-6)


def test_patches_at_the_border_stick_out_and_are_all_of_one_size() -> None:
    found = layers(nn.Sequential(nn.Conv2d(1, 1, 5, 2, 2)), (1, 9, 9))["0"].placed
    boxes = [patch(found, y, x) for y in range(5) for x in range(5)]
    assert {box.size for box in boxes} == {(5, 5)}
    assert boxes[0] == (-2, -2, 3, 3)
    assert boxes[-1] == (6, 6, 11, 11)


@pytest.mark.parametrize("unit", [(-1, 0), (0, 5), (5, 0)])
def test_a_unit_that_there_is_not_has_no_patch(unit: tuple[int, int]) -> None:
    found = layers(nn.Sequential(nn.Conv2d(1, 1, 5, 2, 2)), (1, 9, 9))["0"].placed
    with pytest.raises(IndexError, match=r"of a layer of 5 x 5 units"):
        patch(found, *unit)


def test_a_unit_that_sees_nothing_has_no_patch() -> None:
    found = layers(nn.Sequential(nn.ConvTranspose2d(1, 1, 1, 2)), (1, 4, 4))["0"].placed
    assert patch(found, 2, 2) == (1, 1, 2, 2)
    with pytest.raises(DoesNotApply, match=r"unit \(1, 2\) sees nothing"):
        patch(found, 1, 2)


def test_a_unit_that_sees_the_whole_picture_has_it_for_a_patch() -> None:
    found = layers(nn.Sequential(nn.AdaptiveAvgPool2d(1)), (1, 6, 7))["0"].geometry
    assert patch(found, 0, 0) == (0, 0, 6, 7)


@pytest.mark.parametrize(
    "box", [(1, 2, 4, 7), (-2, 3, 2, 9), (3, -4, 9, -1), (-3, -3, 8, 9), (2, 2, 2, 5), (9, 9, 12, 11)]
)
def test_a_crop_is_the_padded_picture_s(box: tuple[int, int, int, int]) -> None:
    images = torch.arange(2 * 3 * 5 * 6).reshape(2, 3, 5, 6)
    around = torch.full((2, 3, 45, 46), -7)
    around[..., 20:25, 20:26] = images
    top, left, bottom, right = (20 + end for end in box)
    cut = crop(images, box, -7)
    assert torch.equal(cut, around[..., top:bottom, left:right])
    assert cut.dtype == images.dtype
    cut.zero_()
    assert images.any(), "it is a copy"


def test_a_box_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        crop(torch.rand(1, 4, 4), Box(3, 0, 2, 4))
