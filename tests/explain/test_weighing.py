"""What all methods share that weigh the maps of a layer: closed forms are in the test file of each method."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.explain import explain
from striate.explain.weighing import NOTHING, SIGNED

METHODS = ["cam", "gradcam", "gradcam++", "hirescam", "layercam", "scorecam", "ablationcam"]


class Bare(nn.Module):
    """Of others: ReLUs in place and as functions, a global average by itself, weights of both signs."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.maps = nn.Conv2d(6, 8, 3, padding=1)
        self.rectify = nn.ReLU(inplace=True)
        self.side = nn.Linear(8, 8)
        self.scores = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.first(x)), inplace=True)
        return self.scores(self.rectify(self.maps(x)).mean((2, 3)))


@pytest.fixture
def network() -> nn.Module:
    return Bare().double().train()


@pytest.fixture
def images() -> Tensor:
    return torch.randn(3, 3, 16, 16, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


CLASSES = torch.tensor([2, 0, 3])


@pytest.mark.parametrize("method", METHODS)
def test_a_batch_is_the_loop_in_parts_of_any_size(network: nn.Module, images: Tensor, method: str) -> None:
    whole = explain(network, images, CLASSES, method=method, layer="rectify").values
    parts = explain(network, images, CLASSES, method=method, layer="rectify", batch=2).values
    alone = [
        explain(network, images[n : n + 1], CLASSES[n : n + 1], method=method, layer="rectify").values for n in range(3)
    ]
    torch.testing.assert_close(parts, whole)
    torch.testing.assert_close(torch.cat(alone), whole)
    assert not whole.requires_grad
    assert whole.abs().max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_nothing_of_the_network_is_changed(network: nn.Module, images: Tensor, method: str) -> None:
    network.first.weight.grad = torch.ones_like(network.first.weight)
    before, given = copy.deepcopy(network.state_dict()), images.clone()
    explain(network, images, CLASSES, method=method, layer="rectify")
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(module.training for module in network.modules())
    assert all(weight.requires_grad for weight in network.parameters())
    assert torch.equal(network.first.weight.grad, torch.ones_like(network.first.weight))
    assert torch.equal(images, given)
    assert network.rectify.inplace


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "hirescam", "layercam", "scorecam", "ablationcam"])
def test_a_relu_in_place_behind_the_layer_does_not_come_between(
    network: nn.Module, images: Tensor, method: str
) -> None:
    written = explain(network, images, CLASSES, method=method, layer="maps").values
    network.rectify = nn.ReLU()
    torch.testing.assert_close(explain(network, images, CLASSES, method=method, layer="maps").values, written)


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "layercam", "cam", "hirescam", "ablationcam"])
def test_a_constant_added_to_the_scores_changes_nothing(network: nn.Module, images: Tensor, method: str) -> None:
    maps = explain(network, images, CLASSES, method=method, layer="rectify").values
    with torch.no_grad():
        network.scores.bias -= 10
        assert (network.eval()(images) < 0).all()
    torch.testing.assert_close(explain(network, images, CLASSES, method=method, layer="rectify").values, maps)


@pytest.mark.parametrize("method", ["cam", "gradcam", "gradcam++", "hirescam", "layercam", "ablationcam"])
def test_where_nothing_speaks_for_the_class_the_note_says_so(network: nn.Module, images: Tensor, method: str) -> None:
    with torch.no_grad():
        network.scores.weight[0] = -network.scores.weight[0].abs()
    made = explain(network, images[:2], torch.tensor([0, 2]), method=method, layer="rectify")
    assert made.notes[0] == (NOTHING if made.signed else NOTHING + SIGNED)  # what is signed itself sends nobody on
    assert made.values[0].max() <= 0
    with torch.no_grad():
        network.scores.weight[2] = network.scores.weight[2].abs()
    assert explain(network, images[:1], torch.tensor([2]), method=method, layer="rectify").notes == ("",)


@pytest.mark.parametrize("method", METHODS)
def test_a_class_that_the_network_has_not_is_refused(network: nn.Module, images: Tensor, method: str) -> None:
    with pytest.raises(DoesNotApply, match="class 4 is none of the network's 4"):
        explain(network, images, torch.tensor([0, 4, 1]), method=method, layer="rectify")


class Severed(Bare):
    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.norm(self.first(x)))
        return self.scores(self.rectify(self.maps(x)).detach().mean((2, 3)))


@pytest.mark.parametrize("method", ["gradcam", "gradcam++", "hirescam", "layercam"])
def test_a_layer_that_the_scores_have_no_gradient_by_is_refused(images: Tensor, method: str) -> None:
    with pytest.raises(DoesNotApply, match="no gradient by what maps gives"):
        explain(Severed().double(), images, CLASSES, method=method, layer="maps")


def test_values_that_overflow_are_refused(network: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        network.maps.bias[0] = torch.inf
    with pytest.raises(DoesNotApply, match="not finite"):
        explain(network, images, CLASSES, method="hirescam", layer="rectify")


def test_a_caller_in_inference_mode_gets_the_same(network: nn.Module, images: Tensor) -> None:
    maps = explain(network, images, CLASSES, layer="rectify").values
    with torch.inference_mode():
        assert torch.equal(explain(network, images, CLASSES, layer="rectify").values, maps)
