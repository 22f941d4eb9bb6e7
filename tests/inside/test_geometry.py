"""Fields against brute force: the pixels that have a gradient, of networks drawn at random and of every operation."""

from collections.abc import Callable

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.inside.geometry import Geometry, geometry
from striate.inside.phantom import of_model
from striate.layers.branches import Branches

SIDE = 72


class Sum(nn.Module):
    def __init__(self, *ways: nn.Module) -> None:
        super().__init__()
        self.ways = nn.ModuleList(ways)

    def forward(self, x: Tensor) -> Tensor:
        return sum((way(x) for way in self.ways[1:]), self.ways[0](x))


class Does(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def averaging(network: nn.Module) -> nn.Module:
    """The network with average in place of maximum pooling, which gives every pixel of a window a gradient."""
    for name, layer in list(network.named_children()):
        if isinstance(layer, nn.MaxPool2d):
            twin = nn.AvgPool2d(layer.kernel_size, layer.stride, layer.padding, layer.ceil_mode)
            setattr(network, name, twin)
        averaging(layer)
    return network


def support(network: nn.Module, unit: tuple[int, int], side: int = SIDE) -> tuple[int, int, int, int]:
    """The least box that holds all pixels with a gradient."""
    network = averaging(network).double().eval()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.rand_like(parameter) + 0.5)
    images = torch.ones(1, 2, side, side, dtype=torch.double, requires_grad=True)
    maps = network(images)
    place = (0, slice(None)) if maps.ndim == 2 else (0, slice(None), *unit)
    (gradient,) = torch.autograd.grad(maps[place].sum(), images)
    rows, columns = (gradient.abs().sum(dim=(0, 1)).sum(dim=1 - axis).nonzero() for axis in (0, 1))
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1


def known(network: nn.Module, side: int = SIDE) -> Geometry:
    found = geometry(network, (2, side, side))[""]
    assert isinstance(found, Geometry), found
    return found


small = st.integers(1, 4)
pairs = st.tuples(small, small)


@st.composite
def convolutions(draw: st.DrawFn) -> nn.Module:
    options = {"padding": draw(st.integers(0, 2)), "dilation": draw(pairs), "groups": draw(st.sampled_from([1, 2]))}
    return nn.Conv2d(2, 2, draw(pairs), draw(st.integers(1, 3)), bias=False, **options)


@st.composite
def transposed(draw: st.DrawFn) -> nn.Module:
    kernel, dilation = draw(st.integers(2, 5)), draw(st.integers(1, 2))
    stride = draw(st.integers(1, 3))
    return nn.ConvTranspose2d(2, 2, kernel, stride, draw(st.integers(0, 1)), dilation=dilation, bias=False)


@st.composite
def poolings(draw: st.DrawFn) -> nn.Module:
    kernel = draw(st.integers(2, 4))
    kind = draw(st.sampled_from([nn.MaxPool2d, nn.AvgPool2d]))
    return kind(kernel, draw(st.integers(1, 3)), draw(st.integers(0, kernel // 2)), ceil_mode=draw(st.booleans()))


@st.composite
def branches(draw: st.DrawFn) -> nn.Module:
    stride = draw(st.integers(1, 2))
    ways = [
        nn.Conv2d(2, 2, 2 * reach + 1, stride, padding=reach * dilation, dilation=dilation, bias=False)
        for reach, dilation in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2)), min_size=2, max_size=3))
    ]
    if draw(st.booleans()):
        return Sum(*ways)
    joined = Branches({f"b{number}": way for number, way in enumerate(ways)})
    return nn.Sequential(joined, nn.Conv2d(2 * len(ways), 2, 1, bias=False))


simple = st.sampled_from([nn.Identity(), nn.BatchNorm2d(2), nn.ReLU(), nn.Dropout(0.5), nn.Upsample(scale_factor=2)])
layers = st.one_of(convolutions(), transposed(), poolings(), branches(), simple)


@settings(max_examples=60, deadline=None)
@given(st.lists(layers, min_size=1, max_size=4), st.data())
def test_the_field_is_where_the_gradient_is(chain: list[nn.Module], data: st.DataObject) -> None:
    network = nn.Sequential(*chain)
    try:
        found = known(network)
    except DoesNotApply:  # nothing is left of the picture
        assume(False)
    units = [count // 2 + data.draw(st.integers(-1, 1)) for count in found.units]
    inner = [axis.interval(unit) for axis, unit in zip(found.axes, units, strict=True)]
    assume(all(seen is not None and seen[0] >= 0 and seen[1] <= SIDE for seen in inner))
    box, seen = found.box(*units), support(network, (units[0], units[1]))
    assert all(low <= first for low, first in zip(box[:2], seen[:2], strict=True))
    assert all(last <= high for high, last in zip(box[2:], seen[2:], strict=True))
    if not any(_leaves_units_blind(layer) for layer in network.modules()):
        assert box == seen


def _leaves_units_blind(layer: nn.Module) -> bool:
    """A transposed convolution that skips units: what they see along one axis depends on the place along the other."""
    return isinstance(layer, nn.ConvTranspose2d) and any(
        all((unit - layer.dilation[0] * tap) % layer.stride[0] for tap in range(layer.kernel_size[0]))
        for unit in range(layer.stride[0])
    )


MODULES = {
    "flatten and linear": nn.Sequential(nn.Conv2d(2, 1, 3, 2), nn.Flatten(), nn.Linear(12 * 12, 3)),
    "adaptive pooling": nn.Sequential(nn.Conv2d(2, 2, 3, 2), nn.AdaptiveAvgPool2d((5, 7))),
    "global average": nn.Sequential(nn.Conv2d(2, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)),
    "bilinear": nn.Sequential(nn.Conv2d(2, 2, 3, 2), nn.Upsample(scale_factor=2, mode="bilinear")),
    "bilinear, corners aligned": nn.Upsample(size=(51, 34), mode="bilinear", align_corners=True),
    "bicubic": nn.Upsample(size=(50, 75), mode="bicubic"),
    "nearest, smaller": nn.Upsample(size=(10, 20)),
    "interpolated by a fraction": nn.Upsample(scale_factor=1.5, mode="bilinear"),
    "pixel shuffle": nn.Sequential(nn.Conv2d(2, 8, 3, 2), nn.PixelShuffle(2)),
    "every second pixel": Does(lambda x: x[:, :, 1::2, ::2]),
    "cropped and padded": Does(lambda x: F.pad(x[:, :, 3:, :-2], (1, 0, 2, 2))),
    "one row": nn.Sequential(nn.Conv2d(2, 2, 3), Does(lambda x: x[:, :, 4:5].expand(-1, -1, 9, -1))),
    "a linear layer in every place": Does(lambda x: F.linear(x.permute(0, 2, 3, 1), x.new_ones(2, 2)).movedim(3, 1)),
    "channels shuffled": Does(lambda x: x[:, :, None].transpose(1, 2).flatten(1, 2)),
    "channels split and joined": Does(lambda x: torch.cat(x.chunk(2, 1)[::-1], 1)),
    "squeeze and excite": Does(lambda x: x * x.mean(dim=(2, 3), keepdim=True)),
    "sums of rows": Does(lambda x: x + x.sum(dim=2, keepdim=True)),
    "stacked": Does(lambda x: torch.stack([x, F.avg_pool2d(x, 3, 1, 1)]).sum(dim=0)),
    "local response normalization": nn.LocalResponseNorm(2, alpha=1.0),
    "group normalization": nn.Sequential(nn.Conv2d(2, 2, 3), nn.GroupNorm(1, 2)),
}  # fmt: skip


@pytest.mark.parametrize("what", MODULES)
def test_every_operation_sees_what_has_a_gradient(what: str) -> None:
    side = 26
    found = known(MODULES[what], side)
    units = (found.units[0] // 2, found.units[1] // 2)
    assert found.box(*units) == support(MODULES[what], units, side)


@pytest.mark.parametrize(
    ("name", "stage", "field", "stride", "offset"),
    [
        ("alexnet", 1, 163, 16, 17),  # conv5; Araujo et al., 2019, count pool5: 195 and 32
        ("vgg16", 4, 196, 16, 7.5),  # conv5_3
        ("resnet50", 3, 427, 32, 0),  # torchvision's v1.5
        ("resnet50_v1", 3, 483, 32, 0),  # Araujo et al., Table 1
        ("inception_v3", 2, 1311, 32, 37),  # Araujo et al., Table 1
        ("lenet5", 1, 14, 2, 6.5),
    ],
)
def test_known_networks_have_the_published_fields(
    name: str, stage: int, field: int, stride: int, offset: float
) -> None:
    network = of_model(name)
    found = geometry(network, (network.config["in_channels"], *network.config["image_size"]))[f"stages.{stage}"]
    assert isinstance(found, Geometry)
    assert (found.size, found.stride, found.offset) == ((field,) * 2, (stride,) * 2, (offset,) * 2)


def test_what_is_in_place_is_followed() -> None:
    network = nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU(inplace=True), Does(lambda x: x.add_(F.avg_pool2d(x, 5, 1, 2))))
    assert known(network).size == (7, 7)


def test_a_reused_layer_has_the_geometry_of_its_last_call() -> None:
    layer = nn.Conv2d(2, 2, 3)
    found = geometry(nn.Sequential(layer, layer), (2, 9, 9))["0"]
    assert isinstance(found, Geometry)
    assert found.size == (5, 5)


def test_boxes_end_with_the_picture() -> None:
    found = known(nn.Conv2d(2, 2, 5, padding=2))
    assert found.box(0, SIDE - 1) == (0, SIDE - 3, 3, SIDE)


def test_what_is_no_batch_of_pictures_is_refused() -> None:
    with pytest.raises(DoesNotApply, match=r"N, C, H, W"):
        geometry(nn.Linear(3, 3), (4, 3))
