"""Fused convolutions compute what convolution, sum and ReLU compute one after the other."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate import zoo
from striate.runtime.folding import fold
from striate.runtime.fusing import FusedConvolution, fuse, lacks_fusion

pytestmark = pytest.mark.skipif(lacks_fusion() is not None, reason=f"nothing is fused here: {lacks_fusion()}")


def fused(network: nn.Module) -> int:
    return sum(isinstance(module, FusedConvolution) for module in network.modules())


class _Block(nn.Module):
    """Sums in many spellings, of maps that others read too and of maps that must be repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, (3, 1), padding=(1, 0), groups=2)
        self.c, self.d = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 1, 3, padding=2, dilation=2, bias=False)
        self.e, self.f = nn.Conv2d(4, 4, 3, stride=2), nn.Conv2d(4, 4, 3, stride=2, padding=0)
        self.inplace = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.inplace(self.a(x) + x)
        y = F.relu(y + self.b(y))
        z = self.c(y)
        z += y
        z = z.relu() + self.d(z)
        w = self.e(z)
        v = w * 2
        v += self.f(z)
        return torch.relu(v) + w


@torch.inference_mode()
def test_sums_in_many_spellings() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(_Block(), nn.Conv2d(4, 3, 3, padding="same"), nn.ReLU())
    quick = fuse(fold(network))
    assert fused(quick) == 6
    images = torch.randn(3, 4, 9, 9)
    for layout in (torch.contiguous_format, torch.channels_last):
        assert torch.allclose(quick(images.contiguous(memory_format=layout)), network(images), atol=1e-5)


class _Repeated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.wide(x) + self.narrow(x))


@torch.inference_mode()
def test_maps_that_a_sum_repeats_are_repeated() -> None:
    network = _Repeated()
    images = torch.randn(2, 3, 5, 5)
    assert torch.allclose(fuse(fold(network))(images), network(images), atol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize(
    "name", ["resnet20", "lenet5_modern", "nin_cifar10", "squeezenet1_1", "enet", "densenet_40_12", "airbench94"]
)
def test_a_network_of_the_zoo_fused(name: str) -> None:
    torch.manual_seed(0)
    network = zoo.create(name, in_channels=3, image_size=32).eval()
    images = torch.randn(4, 3, 32, 32)
    exact = network(images)
    quick = fuse(fold(network))
    assert fused(quick) == sum(type(module) is nn.Conv2d for module in network.modules())
    assert torch.allclose(quick(images), exact, atol=1e-4 * float(exact.abs().max()))
    with torch.autocast("cpu", torch.bfloat16):
        rough = fuse(fold(network), torch.bfloat16)(images)
    assert rough.dtype == torch.float32
    assert torch.allclose(rough, exact, atol=0.05 * float(exact.abs().max()))
    assert not torch.equal(rough, exact)
