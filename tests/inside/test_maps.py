"""Maps are laid where the units of the layer look, by the networks' own gradients; other ways are not."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.inside.axes import Axis
from striate.inside.geometry import Geometry, geometry
from striate.inside.maps import Maps, center, place
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


PLACES = [  # network, side of the picture, stage, pixels that bilinear enlarging is off
    ("resnet50", 544, 3, 15.5),
    ("resnet18", 544, 3, 15.5),
    ("resnet20", 64, 2, 1.5),
    ("vgg16", 288, 4, 0),
    ("googlenet", 416, 1, None),
    ("inception_v3", 640, 1, None),
    ("densenet121", 480, 1, None),
]


@pytest.mark.parametrize(("name", "side", "stage", "off"), PLACES)
def test_units_are_placed_where_their_gradient_is_centered(name: str, side: int, stage: int, off: float | None) -> None:
    network = of_model(name, image_size=side)
    found = geometry(network, (3, side, side))[f"stages.{stage}"]
    assert isinstance(found, Geometry)
    y, x = found.units[0] // 2, found.units[1] // 2 + 1
    assert found.box(y, x) == tuple(int(end) for axis, unit in ((0, y), (1, x)) for end in ())[:0] or inner(found, y, x)
    images = torch.ones(1, 3, side, side, dtype=torch.double, requires_grad=True)
    maps = even(network).features(images)[stage]
    (gradient,) = torch.autograd.grad(maps[0, :, y, x].sum(), images)
    true = centroid(gradient.abs().sum((0, 1)))
    stated = center(found, y, x)
    hot = torch.zeros(1, *found.units, dtype=torch.double)
    hot[0, y, x] = 1
    placed = place(hot, found)[0]
    assert stated == pytest.approx(true, abs=0.5)
    assert centroid(placed) == pytest.approx(true, abs=0.5)
    assert divmod(int(placed.argmax()), side) == pytest.approx(true, abs=0.51)
