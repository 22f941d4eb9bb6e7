"""Activation maximization: what is found in closed form, better than any picture of the data, and by itself."""

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from striate import zoo
from striate.core.errors import DoesNotApply, UnknownName
from striate.data.preprocess import Preprocess
from striate.inside.inspecting import inspecting
from striate.units.maximization import UNMOVED, At, Climb, maximize

SMALL = Preprocess(size=(12, 12), channels=1)
DIGITS = Preprocess(size=(16, 16), channels=1, mean=(0.3,), std=(0.37,))


@pytest.fixture(scope="module")
def digits() -> tuple[nn.Module, Tensor]:
    """A lenet5 that knows the digits, and the normalized digits."""
    data = load_digits()
    pictures = torch.from_numpy(data.images).float()[:, None] / 16
    images = (F.interpolate(pictures, scale_factor=2) - DIGITS.mean[0]) / DIGITS.std[0]
    labels = torch.from_numpy(data.target)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = zoo.create("lenet5", num_classes=10, in_channels=1, image_size=16)
        optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
        for _ in range(4):
            for part in torch.randperm(len(images)).split(64):
                optimizer.zero_grad()
                F.cross_entropy(network(images[part]), labels[part]).backward()
                optimizer.step()
    network.eval()
    assert float((network(images).argmax(1) == labels).float().mean()) > 0.9
    return network, images


def _seen(network: nn.Module, images: Tensor, layer: str) -> Tensor:
    with inspecting(network) as inside, torch.no_grad():
        captured = inside.capture(layer)
        inside.scores(images)
        return captured.output


def test_of_a_linear_unit_the_picture_in_a_ball_is_its_filter() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(144, 3)).double()
    filters = network.get_parameter("1.weight").detach()
    found = maximize(network, SMALL, "1", climb=Climb(prior="ball", steps=100, radius=2.0, jitter=0))
    offset = (found.pictures.double() / 255 - 0.5) / 0.5
    assert float(F.cosine_similarity(offset.flatten(1), filters).min()) > 0.999
    torch.testing.assert_close(offset.flatten(1).norm(dim=1), torch.full((3,), 2.0).double(), rtol=1e-4, atol=0)
    best = 2.0 * filters.norm(dim=1) + network.get_parameter("1.bias").detach()
    torch.testing.assert_close(found.values, best, rtol=1e-3, atol=0)


def test_of_a_convolution_it_is_the_kernel_within_the_field() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten())
    found = maximize(network, SMALL, "0", climb=Climb(prior="ball", radius=1.0, jitter=0, steps=100))
    assert found.box == (4, 4, 9, 9)
    offset = (found.pictures / 255 - 0.5) / 0.5
    kernels = network.get_parameter("0.weight").detach()
    cosine = F.cosine_similarity(offset[:, :, 4:9, 4:9].flatten(1), kernels.flatten(1))
    assert float(cosine.min()) > 0.999


@pytest.mark.parametrize("layer", ["stages.0.c1", "stages.1.c3", "head.c5"])
def test_a_trained_unit_likes_it_better_than_any_digit(digits: tuple[nn.Module, Tensor], layer: str) -> None:
    network, images = digits
    answers = _seen(network, images, layer)
    units = range(min(32, answers.shape[1]))
    best = answers[:, list(units)].amax(dim=(0, 2, 3))
    found = maximize(network, DIGITS, layer, units, climb=Climb(steps=128))
    assert (found.values > found.started).all()
    assert not any(found.notes)
    assert float((found.values > best).float().mean()) >= 0.75
    assert float(found.pictures.min()) >= 0
    assert float(found.pictures.max()) <= 255


def test_the_values_are_those_of_the_pictures(digits: tuple[nn.Module, Tensor]) -> None:
    network, _ = digits
    ways: tuple[At, ...] = ("center", "mean")
    for at in ways:
        found = maximize(network, DIGITS, "stages.0.c1", [2, 0], at=at, climb=Climb(steps=16))
        maps = _seen(network, DIGITS.normalize(found.pictures), "stages.0.c1")[[0, 1], [2, 0]]
        expected = maps.mean(dim=(1, 2)) if at == "mean" else maps[:, maps.shape[1] // 2, maps.shape[2] // 2]
        torch.testing.assert_close(found.values, expected)


def test_a_unit_s_picture_depends_on_the_seed_and_not_on_the_others() -> None:
    network = zoo.create("resnet20", num_classes=10, in_channels=1, image_size=12).double()
    layer = "stages.1"
    once = maximize(network, SMALL, layer, [3, 7, 1], climb=Climb(steps=8))
    again = maximize(network, SMALL, layer, [3, 7, 1], climb=Climb(steps=8))
    assert torch.equal(once.pictures, again.pictures)
    alone = maximize(network, SMALL, layer, [7], climb=Climb(steps=8))
    apart = maximize(network, SMALL, layer, [3, 7, 1], climb=Climb(steps=8, batch=2))
    torch.testing.assert_close(alone.pictures[0], once.pictures[1], rtol=0, atol=1e-3)
    torch.testing.assert_close(apart.pictures, once.pictures, rtol=0, atol=1e-3)
    other = maximize(network, SMALL, layer, [3, 7, 1], climb=Climb(steps=8, seed=1))
    assert not torch.allclose(other.pictures, once.pictures, atol=1e-2)


def test_only_what_leads_to_the_layer_runs_and_a_call_is_told_from_another() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.last = nn.Conv2d(1, 1, 3), nn.Linear(64, 2)

        def forward(self, x: Tensor) -> Tensor:
            once = self.layer(x)
            scores: Tensor = self.last(self.layer(once).flatten(1))
            return scores

    network = Twice()
    ran: list[int] = []
    network.last.register_forward_hook(lambda _module, _given, result: ran.append(1) if not result.is_meta else None)
    first, second = (maximize(network, SMALL, name, climb=Climb(steps=4)) for name in ("layer#1", "layer#2"))
    assert not ran
    assert first.box == (5, 5, 8, 8)
    assert second.box == (4, 4, 9, 9)
    maximize(network, SMALL, "last", climb=Climb(steps=4))
    assert len(ran) == 4 + 3  # steps; the values of the first start, of the chosen one, and at the end
    with pytest.raises(DoesNotApply, match="layer#1 or layer#2"):
        maximize(network, SMALL, "layer")


class _Silent(nn.Module):
    """A unit that is silent but where all around is all but white, behind another that is."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)
        with torch.no_grad():
            for layer, bias in ((self.first, -8.0), (self.second, -0.5)):
                layer.weight.fill_(1.0)
                nn.init.constant_(layer.get_parameter("bias"), bias)
        self.last = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.second(F.relu(self.first(x)))).flatten(1)


def test_silent_units_wake_and_do_not_stay_gray() -> None:
    woken = maximize(_Silent(), SMALL, "last", [0], climb=Climb(steps=64))
    assert float(woken.started) == 0
    assert float(woken.values) > 1
    inner = maximize(
        _Silent(), SMALL, "second", [0], climb=Climb(steps=64)
    )  # no ReLU of its own, and nothing before it
    assert float(inner.started) == -0.5
    assert float(inner.values) > 1
    asleep = maximize(_Silent(), SMALL, "last", [0], climb=Climb(steps=64, wake=False))
    assert float(asleep.values) == 0
    assert asleep.notes == (UNMOVED,)


def test_a_silent_unit_begins_where_it_is_not_silent_if_one_of_its_starts_is_such_a_place() -> None:
    network = _Silent()
    with torch.no_grad():
        network.first.get_parameter("bias").fill_(-1.0)
    found = maximize(network, SMALL, "last", [0], climb=Climb(steps=64, wake=False))
    assert float(found.started) > 0
    assert float(found.values) > 30


def test_a_unit_that_nothing_moves_is_said_to_be_so() -> None:
    class Deaf(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(2, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(torch.ones(len(x), 2, dtype=x.dtype))

    found = maximize(Deaf(), SMALL, "layer", climb=Climb(steps=4))
    assert found.notes == (UNMOVED,) * 3


def test_the_network_is_left_as_it_was() -> None:
    network = zoo.create("resnet20", num_classes=10, in_channels=1, image_size=12).train()
    next(network.parameters()).grad = torch.ones_like(next(network.parameters()))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    maximize(network, SMALL, "stages.0", [0], climb=Climb(steps=2))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(module.training for module in network.modules())
    assert [weight.grad is None for weight in network.parameters()] == [False] + [True] * (
        len(list(network.parameters())) - 1
    )
    assert all(weight.requires_grad for weight in network.parameters())


def test_units_that_are_not_there_are_refused() -> None:
    network = nn.Sequential(nn.Conv2d(1, 4, 5), nn.Flatten())
    with pytest.raises(DoesNotApply, match=r"0 has the units 0 to 3, not all of \(4,\)"):
        maximize(network, SMALL, "0", [4])
    with pytest.raises(UnknownName):
        maximize(network, SMALL, "conv9", [0])
