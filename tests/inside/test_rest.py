"""The rest of a network, run alone, is that of the whole; oracles are hooks in full passes."""

from collections import namedtuple

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply, UnknownName
from striate.inside.inspecting import inspecting
from striate.inside.rest import Rest
from striate.zoo import MODELS

FAMILIES = list(dict.fromkeys(row.family for row in MODELS.values()))


def whole(network: nn.Module, layer: str, images: Tensor, activations: Tensor) -> Tensor:
    """Return the scores of a full pass in which the layer gives other activations."""
    module, _, call = layer.partition("#")
    calls = []

    def change(_module: nn.Module, _given, result: Tensor) -> Tensor:
        calls.append(1)
        return activations.clone() if len(calls) == int(call or 1) else result

    hook = nn.Module.register_forward_hook(network.get_submodule(module), change)
    try:
        with torch.no_grad():
            return network(images.clone())
    finally:
        hook.remove()


def require_same(network: nn.Module, layer: str, images: Tensor) -> None:
    """Compare runs of the last picture with full passes: with what was true, and with two other activations."""
    last = len(images) - 1
    with inspecting(network) as inside, torch.no_grad():
        rest = Rest(inside, layer, images)
        true = rest.activations[last:]
        others = torch.cat([true, true * 0, true.roll(1, -1) * 1.5])
        scores = rest.run(last, others)
        again, first = rest.run(last, true), rest.run(0, rest.activations[:1])
    expected = whole(network, layer, images[last:].expand(3, -1, -1, -1), others)
    for found, right in ((scores, expected), (again, rest.scores[last:]), (first, rest.scores[:1])):
        assert torch.allclose(found, right, rtol=0, atol=float(2e-5 * right.abs().max() + 1e-7)), layer
    with torch.no_grad():
        assert torch.allclose(rest.scores, network(images.clone()), atol=1e-6)


def places(network: nn.Module) -> list[str]:
    """The last stage but one, or what there is, and a convolution or linear layer in the midst of a stage."""
    layers = [name for name, part in network.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    inner = [name for name in layers if name.startswith("stages.")]
    stem = [] if isinstance(network.stem, nn.Identity) or len(network.stages) < 3 else ["stem"]
    return [*stem, f"stages.{max(0, len(network.stages) - 2)}", *inner[len(inner) // 2 :][:1]]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_rest_of_every_family_is_what_it_is_in_the_whole(unchanged, zoo_network, family: str) -> None:
    network, images = zoo_network(family)
    for layer in places(network):
        with unchanged(network):
            require_same(network, layer, images)


@pytest.mark.parametrize("layer", ["stem", "conv#1", "norm", "relu#1", "relu#2", "conv#2", "drop", "head"])
def test_reused_modules_and_maps_that_are_written_into_stay_right(reusing: nn.Module, layer: str) -> None:
    require_same(reusing.eval(), layer, torch.rand(3, 2, 6, 6))


class AddsInto(nn.Module):
    """Adds into the maps that an earlier module gave, which is not the same twice."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 2, 1), nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x.mul_(2)
        maps = self.first(x)
        return self.head(maps.add_(self.second(maps).relu_()).mean((2, 3)))


@pytest.mark.parametrize("layer", ["first", "second"])
def test_what_earlier_modules_gave_is_the_same_in_every_run(layer: str) -> None:
    network, images = AddsInto().eval(), torch.rand(2, 1, 4, 4)
    before = images.clone()
    with inspecting(network) as inside:
        rest = Rest(inside, layer, images)
        activations = rest.activations[:1].clone()
        runs = [rest.run(0, activations) for _ in range(3)]
        assert torch.equal(activations, rest.activations[:1]), "what is given is not written into"
    assert torch.equal(runs[0], runs[2])
    assert torch.equal(images, before)
    require_same(network, layer, images)


def test_only_what_follows_is_computed(zoo_network) -> None:
    network, images = zoo_network("cifar_resnet")
    ran: list[str] = []
    hooks = [
        module.register_forward_pre_hook(lambda _module, _given, name=name: ran.append(name))
        for name, module in network.named_modules()
    ]
    with inspecting(network) as inside:
        rest = Rest(inside, "stages.1", images)
        ran.clear()
        rest.run(0, rest.activations[:1])
    for hook in hooks:
        hook.remove()
    assert "head" in ran
    assert "stages.2" in ran
    assert [name for name in ran if name.startswith(("stem", "stages.0", "stages.1"))] == []


def test_the_user_s_hooks_have_their_effect_once(reusing: nn.Module) -> None:
    reusing.eval().conv.register_forward_hook(lambda module, given, result: result * 3)
    require_same(reusing, "norm", torch.rand(2, 2, 6, 6))


def test_gradients_reach_the_activations(reusing: nn.Module) -> None:
    images = torch.rand(2, 2, 6, 6)
    with inspecting(reusing) as inside, torch.enable_grad():
        seen = inside.capture("norm")
        (expected,) = torch.autograd.grad(inside.scores(images)[1, 0], seen.output)
        rest = Rest(inside, "norm", images)
        given = rest.activations[1:].clone().requires_grad_()
        (found,) = torch.autograd.grad(rest.run(1, given)[0, 0], given)
    assert torch.allclose(found, expected[1:], atol=1e-7)


Halves = namedtuple("Halves", "low high positions")


class Splits(nn.Module):
    """Gives a named tuple, with a tensor that is no batch."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.rand(1, 2, 1, 1))

    def forward(self, x: Tensor) -> Halves:
        return Halves(*x.chunk(2, 1), self.positions)


class Joins(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.split, self.conv, self.head = Splits(), nn.Conv2d(2, 2, 3), nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        halves = self.split(x)
        maps = self.conv(halves.low + halves.positions) * halves.high[..., 1:-1, 1:-1]
        return self.head(maps.mean((2, 3)))


def test_named_tuples_and_what_is_no_batch_are_given_again() -> None:
    require_same(Joins().eval(), "conv", torch.rand(3, 4, 5, 5))


class Windows(nn.Module):
    """Cuts pictures into more pictures, so that what its layer gives is another batch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 2, 3), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.conv(torch.cat(x.chunk(2, 3)))
        return self.head(torch.cat(maps.chunk(2, 0), 1).mean((2, 3)).repeat(1, 2))


def test_a_layer_that_works_on_parts_of_pictures_is_refused() -> None:
    message = "what follows conv cannot be run alone: Windows does not keep pictures apart there"
    with inspecting(Windows()) as inside, pytest.raises(DoesNotApply, match=message):
        Rest(inside, "conv", torch.rand(3, 1, 6, 12))


class Draws(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.dropout(x, 0.5, training=True))


class Mixes(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x - x.mean(0, keepdim=True)) + x.sum((0, 2, 3))[:2]


@pytest.mark.parametrize("kind", [Draws, Mixes])
def test_chance_and_pictures_that_depend_on_each_other_are_refused(unchanged, kind: type[nn.Sequential]) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), kind(nn.Flatten(), nn.Linear(32, 2)))
    message = "what follows 0 cannot be run alone: .* gives other scores then"
    with unchanged(network), pytest.raises(DoesNotApply, match=message), inspecting(network) as inside:
        Rest(inside, "0", torch.rand(3, 1, 6, 6))


class Leans(nn.Module):
    """Adds a little of the mean of its batch."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 5e-3 * x.mean(0, keepdim=True)


def leaning() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), Leans(), nn.Flatten(), nn.Linear(32, 2)).eval()


def test_pictures_that_depend_on_each_other_a_little_are_refused() -> None:
    images = torch.randn(4, 1, 6, 6)
    with inspecting(leaning()) as inside, pytest.raises(DoesNotApply, match="its pictures depend on each other"):
        Rest(inside, "0", images)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16])
def test_half_precision_may_round_differently(kind: torch.dtype) -> None:
    network, images = leaning().to(kind), torch.randn(4, 1, 6, 6).to(kind)
    with inspecting(network) as inside:
        assert Rest(inside, "0", images).scores.dtype == kind


def test_autocast_may_round_differently_behind_exact_layers() -> None:
    with torch.autocast("cpu", torch.bfloat16), inspecting(nn.Sequential(leaning(), Float())) as inside:
        assert Rest(inside, "0.0", torch.randn(4, 1, 6, 6)).scores.dtype == torch.float32


class Float(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.float()


class Decides(nn.Module):
    """Takes the layer only where the maps are bright."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.head = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 2, 1), nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.first(x)
        for _ in range(2 if self.training or x.shape[0] == 2 else 1):
            maps = self.second(maps)
        return self.head(maps.mean((2, 3)))


def test_another_way_is_refused() -> None:
    with inspecting(Decides()) as inside, pytest.raises(DoesNotApply, match="does not take the same way twice"):
        Rest(inside, "second#2", torch.rand(2, 1, 4, 4))


def test_what_is_no_layer_or_does_not_run_or_fit_is_refused_and_nothing_stays(unchanged, reusing: nn.Module) -> None:
    images = torch.rand(2, 2, 6, 6)
    with unchanged(reusing), inspecting(reusing) as inside, unchanged(reusing):
        with pytest.raises(UnknownName):
            Rest(inside, "stam", images)
        with pytest.raises(DoesNotApply, match="does not run"):
            Rest(inside, "auxiliary", images)
        with pytest.raises(DoesNotApply, match="called 2 times: say which"):
            Rest(inside, "conv", images)
        with pytest.raises(ValueError, match=r"\(4, 5, 5\) for a layer of \(4, 6, 6\)"):
            Rest(inside, "stem", images).run(0, torch.zeros(1, 4, 5, 5))


def test_a_scripted_part_is_taken_as_a_whole() -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()))
    network = nn.Sequential(scripted, nn.Conv2d(2, 2, 1), nn.Flatten(), nn.Linear(8, 2)).eval()
    for layer in ("0", "1"):
        require_same(network, layer, torch.rand(2, 1, 4, 4))
