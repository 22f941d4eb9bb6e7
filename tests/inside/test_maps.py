"""Maps are laid where the units of the layer look, by the networks' own gradients; other ways are not."""

from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.inside.axes import Axis
from striate.inside.geometry import Geometry, geometry
from striate.inside.maps import Maps, center, place
from striate.inside.patches import patch
from striate.inside.phantom import of_model


class Even(nn.Module):
    """A convolution of one map, the mean of all it is given, with one constant positive weight: only windows matter."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.options = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
        self.weight = torch.full((1, 1, *layer.kernel_size), 1 / (layer.kernel_size[0] * layer.kernel_size[1]))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x.mean(1, keepdim=True), self.weight.to(x), **self.options)


def even(network: nn.Module) -> nn.Module:
    """The network with constant positive weights, average in place of maximum pooling, and no normalization."""
    for name, layer in list(network.named_children()):
        if isinstance(layer, nn.Conv2d):
            setattr(network, name, Even(layer))
        elif isinstance(layer, nn.MaxPool2d):
            setattr(network, name, nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode))
        elif isinstance(layer, nn.BatchNorm2d | nn.LocalResponseNorm):
            setattr(network, name, nn.Identity())
        else:
            even(layer)
    return network


def centroid(values: Tensor) -> tuple[float, float]:
    """The mean place, down and right, of all that a plane (H, W) holds."""
    rows, columns = (torch.arange(side, dtype=values.dtype) for side in values.shape)
    return float((values.sum(1) * rows).sum() / values.sum()), float((values.sum(0) * columns).sum() / values.sum())


PLACES = [  # network; stage and its field; side of the picture, which holds the field of a unit in its midst
    ("resnet50", 3, 427, 480),
    ("resnet20", 2, 81, 96),
    ("vgg16", 4, 196, 256),
    ("googlenet", 1, 427, 480),
    ("inception_v3", 0, 127, 299),
    ("densenet121", 1, 255, 320),
    pytest.param("googlenet", 2, 715, 800, marks=pytest.mark.slow),
    pytest.param("inception_v3", 2, 1311, 1440, marks=pytest.mark.slow),
    pytest.param("densenet121", 3, 2071, 2208, marks=pytest.mark.slow),
]


def one_unit(name: str, stage: int, side: int) -> tuple[Geometry, tuple[int, int], tuple[float, float]]:
    """Return a stage's geometry, a unit in its midst, and where in the picture that unit's gradient is centered."""
    network = of_model(name, image_size=side)
    found = geometry(network, (3, side, side))[f"stages.{stage}"]
    assert isinstance(found, Geometry)
    y, x = found.units[0] // 2, (found.units[1] - 1) // 2
    images = torch.ones(1, 3, side, side, dtype=torch.double, requires_grad=True)
    maps = even(network).features(images)[stage]
    assert tuple(maps.shape[2:]) == found.units
    (gradient,) = torch.autograd.grad(maps[0, :, y, x].sum(), images)
    return found, (y, x), centroid(gradient.abs().sum((0, 1)))


def laid_alone(found: Geometry, unit: tuple[int, int]) -> Tensor:
    maps = torch.zeros(1, *found.units, dtype=torch.double)
    maps[(0, *unit)] = 1
    return maps


@pytest.mark.parametrize(("name", "stage", "field", "side"), PLACES)
def test_units_are_placed_where_their_gradient_is_centered(name: str, stage: int, field: int, side: int) -> None:
    found, unit, true = one_unit(name, stage, side)
    assert found.size == (field, field)
    assert found.box(*unit) == patch(found, *unit), "no border enters"
    placed = place(laid_alone(found, unit), found)[0]
    assert center(found, *unit) == pytest.approx(true, abs=0.5)
    assert centroid(placed) == pytest.approx(true, abs=0.5)
    highest = (placed == placed.max()).nonzero().double().mean(0).tolist()
    assert highest == pytest.approx(true, abs=0.5)


@pytest.mark.parametrize(("name", "stage", "side", "off"), [("resnet50", 3, 480, 15.5), ("resnet20", 2, 96, 1.5)])
def test_bilinear_enlarging_is_off_by_half_a_stride_less_half_a_pixel(
    name: str, stage: int, side: int, off: float
) -> None:
    found, unit, true = one_unit(name, stage, side)
    enlarged = F.interpolate(laid_alone(found, unit)[None], size=(side, side), mode="bilinear")[0, 0]
    assert [laid - seen for laid, seen in zip(centroid(enlarged), true, strict=True)] == pytest.approx([off, off])
    placed = centroid(place(laid_alone(found, unit), found)[0])
    assert [laid - seen for laid, seen in zip(placed, true, strict=True)] == pytest.approx([0, 0], abs=1e-6)


def rows(stride: int, first: int, units: int, side: int) -> Geometry:
    """The geometry of units that each see one row, and of columns that each see one."""
    return Geometry((Axis(((first, first + 1),), stride), Axis()), (side, 3), (units, 3))


def test_values_are_linear_between_centers_and_constant_beyond_the_outermost() -> None:
    maps = torch.tensor([[4.0, 8.0, 0.0]]).T.expand(3, 3)
    laid = place(maps, rows(4, 2, 3, 14))
    assert laid.shape == (14, 3)
    assert laid[:, 0].tolist() == [4, 4, 4, 5, 6, 7, 8, 6, 4, 2, 0, 0, 0, 0]
    assert center(rows(4, 2, 3, 14), 1, 2) == (Fraction(6), Fraction(2))


def test_a_picture_of_another_size_shows_the_same() -> None:
    maps = torch.tensor([[4.0, 8.0, 0.0]]).T.expand(3, 3)
    doubled = place(maps, rows(4, 2, 3, 14), (28, 3))[:, 0]
    assert doubled[::2].add(doubled[1::2]).div(2)[[2, 6, 10]].tolist() == [4.125, 7.625, 0.25]
    assert torch.equal(place(maps, rows(4, 2, 3, 14), (14, 6))[:, ::2], place(maps, rows(4, 2, 3, 14)))


def test_one_unit_and_units_without_a_place_speak_of_the_whole_picture() -> None:
    everywhere = Geometry((Axis((), 0, (0, 5)), Axis((), 0, (0, 3))), (5, 3), (1, 1))
    assert torch.equal(place(torch.full((2, 1, 1), 3.0), everywhere), torch.full((2, 5, 3), 3.0))
    assert center(everywhere, 0, 0) is None
    single = Geometry((Axis(((0, 5),), 5), Axis(((0, 3),), 3)), (5, 3), (1, 1))
    assert torch.equal(place(torch.ones(1, 1), single), torch.ones(5, 3))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_maps_keep_their_kind_of_number(dtype: torch.dtype) -> None:
    assert place(torch.ones(2, 3, 3, dtype=dtype), rows(4, 2, 3, 14)).dtype == dtype


def test_maps_of_another_layer_are_refused() -> None:
    with pytest.raises(ValueError, match=r"maps of \(2, 3\) values for a layer of \(3, 3\) units"):
        place(torch.ones(2, 3), rows(4, 2, 3, 14))


def test_a_map_of_pixels_lies_where_its_pixels_are() -> None:
    values = torch.rand(2, 4, 6)
    maps = Maps(values, signed=True, method="saliency", picture=(4, 6), channels=torch.rand(2, 3, 4, 6))
    assert torch.equal(maps.place(), values)
    half = maps.place((2, 3))
    assert torch.allclose(half, F.avg_pool2d(values, 2), atol=1e-6)
    assert torch.equal(maps.cpu().values, values)


def test_a_map_of_units_is_placed_by_their_geometry() -> None:
    values = torch.rand(2, 3, 3)
    maps = Maps(values, signed=False, method="gradcam", picture=(14, 3), geometry=rows(4, 2, 3, 14))
    assert torch.equal(maps.place(), place(values, rows(4, 2, 3, 14)))
    assert maps.place((7, 9)).shape == (2, 7, 9)
