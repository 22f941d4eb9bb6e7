"""A folded network answers as the one it was made from, which is left as it was."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from striate import zoo
from striate.layers.network import Network
from striate.runtime.folding import fold

SMALLEST = {
    row.family: name for name, row in sorted(zoo.MODELS.items(), key=lambda item: -item[1].macs)
}  # the last wins
SMALL = [name for name in SMALLEST.values() if zoo.MODELS[name].macs < 3e8]


def lived_in(network: nn.Module) -> nn.Module:
    """Give batch norms the statistics and weights of a network that has been trained."""
    torch.manual_seed(1)
    for module in network.modules():
        if isinstance(module, _BatchNorm) and module.running_mean is not None:
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
            if module.weight is not None:
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, 0.2)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, _BatchNorm) for module in network.modules())


def departure(network: nn.Module, images: Tensor) -> float:
    with torch.inference_mode():
        exact = network(images)
        return float((fold(network)(images) - exact).abs().max() / exact.abs().max().clamp_min(1e-30))


@pytest.mark.parametrize("name", SMALL)
def test_scores_are_the_same_but_for_rounding(name: str) -> None:
    torch.manual_seed(0)
    network = lived_in(zoo.create(name))
    row = zoo.MODELS[name]
    images = torch.randn(2, row.in_channels, *row.image_size)
    assert departure(network, images) <= 1e-5
    assert departure(network.double(), images.double()) <= 1e-12


def test_every_batch_norm_of_a_residual_network_is_folded_and_the_network_left_alone() -> None:
    network = lived_in(zoo.create("resnet20")).train()
    before = copy.deepcopy(network.state_dict())
    folded = fold(network)
    assert isinstance(folded, Network)
    assert norms(folded) == 0
    assert not folded.training
    assert not any(parameter.requires_grad for parameter in folded.parameters())
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_stages_of_a_folded_network_can_be_read() -> None:
    network = lived_in(zoo.create("resnet20"))
    images = torch.randn(2, 3, 32, 32)
    for own, folded in zip(network.features(images), fold(network).features(images), strict=True):
        assert torch.allclose(own, folded, atol=1e-5 * float(own.detach().max()))


class _ReadTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return self.bn(y) + y


class _CalledTwice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.bn(self.conv(x)))


class _WeightRead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.conv(x)) * self.conv.weight.sum()


class _DependsOnItsInput(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn(self.conv(x))
        return y if y.mean() > 0 else -y


def _hooked() -> nn.Module:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    network[0].register_forward_hook(lambda module, inputs, output: output * 2)
    return network


@pytest.mark.parametrize(
    "network",
    [
        _ReadTwice(),
        _CalledTwice(),
        _WeightRead(),
        _DependsOnItsInput(),
        _hooked(),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)),
    ],
    ids=lambda network: type(network).__name__,
)
def test_what_cannot_be_folded_is_left_as_it_is(network: nn.Module) -> None:
    network = lived_in(network)
    assert norms(fold(network)) == 1
    assert departure(network, torch.randn(4, 3, 8, 8)) <= 1e-6


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_layers_of_every_kind_are_folded(affine: bool, bias: bool) -> None:
    pairs = [
        (nn.Linear(6, 4, bias=bias), nn.BatchNorm1d(4, affine=affine), (5, 6)),
        (nn.Conv1d(3, 4, 3, bias=bias), nn.BatchNorm1d(4, affine=affine), (5, 3, 8)),
        (nn.Conv2d(4, 6, 3, groups=2, bias=bias), nn.BatchNorm2d(6, affine=affine), (5, 4, 8, 8)),
        (nn.Conv3d(3, 4, 3, padding=1, padding_mode="replicate", bias=bias), nn.BatchNorm3d(4, affine=affine),
         (2, 3, 4, 4, 4)),
    ]  # fmt: skip
    for layer, norm, shape in pairs:
        network = lived_in(nn.Sequential(layer, norm).double())
        assert norms(fold(network)) == 0
        assert departure(network, torch.randn(*shape, dtype=torch.float64)) <= 1e-12
