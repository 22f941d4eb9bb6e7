"""What is captured is what the layer gave; what is looked at stays what it is, over every family of the zoo."""

import gc

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply, UnknownName
from striate.explain import explain
from striate.inside.inspecting import inspecting, plain
from striate.layers.foreign import Foreign
from striate.layers.parts import Parts
from striate.zoo import MODELS

FAMILIES = list(dict.fromkeys(row.family for row in MODELS.values()))


def look(network: nn.Module, images: Tensor, layer: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return scores, what the layer gave, and its gradient."""
    with inspecting(network) as inside, torch.enable_grad():
        seen = inside.capture(layer)
        scores = inside.scores(images)
        (gradient,) = torch.autograd.grad(scores[:, 0].sum(), seen.output)
        return scores.detach(), seen.output.detach(), gradient


def last_stage(network: nn.Module) -> str:
    return f"stages.{len(network.stages) - 1}"


def leave_states(network: nn.Module) -> None:
    """Have half of the dropouts train, the last weights frozen, and a gradient in the first."""
    dropouts = [module for module in network.modules() if isinstance(module, nn.Dropout)]
    for dropout in dropouts[::2]:
        dropout.train()
    weights = list(network.parameters())
    weights[-1].requires_grad_(False)
    weights[0].grad = torch.ones_like(weights[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_left_as_it_was(unchanged, zoo_network, family: str) -> None:
    network, images = zoo_network(family)
    with torch.no_grad():
        expected = network(images)
    leave_states(network)
    try:
        with unchanged(network):
            scores, _, gradient = look(network, images, last_stage(network))
        assert torch.allclose(scores, expected, atol=1e-5)
        assert gradient.isfinite().all()
        network.train()
        with unchanged(network), pytest.raises(RuntimeError), inspecting(network) as inside:
            inside.scores(images[:, :0])
    finally:
        network.eval().zero_grad()
        list(network.parameters())[-1].requires_grad_()


def test_a_network_that_trains_is_looked_at_as_it_evaluates(unchanged, reusing: nn.Module) -> None:
    images = torch.rand(2, 2, 6, 6)
    with unchanged(reusing.train()), torch.no_grad(), inspecting(reusing) as inside:
        scores = inside.scores(images)
    assert torch.equal(scores, reusing.eval()(images))


class Adapting(nn.Linear):
    """Merges its weights where it is told to evaluate, as LoRA does."""

    def train(self, mode: bool = True) -> nn.Module:
        self.weight.data += 1
        return super().train(mode)


def test_a_network_with_an_eval_of_its_own_is_not_asked(unchanged) -> None:
    network = Adapting(2, 2)
    with unchanged(network), inspecting(network) as inside:
        inside.scores(torch.rand(1, 2))


class Writes(nn.Module):
    def __init__(self, rectify) -> None:
        super().__init__()
        self.conv, self.rectify = nn.Conv2d(1, 3, 3), rectify

    def forward(self, x: Tensor) -> Tensor:
        return self.rectify(self.conv(x)).mean((2, 3))


@pytest.mark.parametrize("rectify", [nn.ReLU(inplace=True), F.relu_, lambda x: x.relu_(), lambda x: x.mul_(2).relu()])
def test_what_a_layer_gave_is_captured_before_something_writes_into_it(rectify) -> None:
    network, images = Writes(rectify), torch.randn(2, 1, 5, 5)
    expected = network.conv(images)
    with inspecting(network) as inside:
        seen = inside.capture("conv")
        scores = inside.scores(images)
        assert torch.equal(seen.output, expected)
        assert seen.output.min() < 0
    assert torch.equal(scores, network(images))


def test_gradients_are_those_of_the_layer_and_none_is_left(reusing: nn.Module) -> None:
    images = torch.rand(2, 2, 6, 6)
    reusing.eval()
    _, _, gradient = look(reusing, images, "norm")
    inner = reusing.norm(reusing.conv(reusing.relu(reusing.stem(images)))).detach().requires_grad_()
    x = reusing.relu(inner.clone() + reusing.relu(reusing.stem(images)))
    y = reusing.conv(x)
    F.relu_(y[:, :2])
    (expected,) = torch.autograd.grad(reusing.head((y + x).mean((2, 3)))[:, 0].sum(), inner)
    assert torch.allclose(gradient, expected, atol=1e-7)
    assert all(weight.grad is None for weight in reusing.parameters())


def test_the_gradient_begins_at_the_layer_and_at_the_pictures_where_they_ask(reusing: nn.Module) -> None:
    images = torch.rand(2, 2, 6, 6, requires_grad=True)
    with inspecting(reusing) as inside:
        seen = inside.capture("stem")
        score = inside.scores(images).sum()
        pixels, units = torch.autograd.grad(score, [images, seen.output])
    assert pixels.shape == images.shape
    assert units.shape == (2, 4, 6, 6)
    assert images.grad is None


def test_a_module_that_is_called_twice_is_captured_by_the_number_of_its_call(reusing: nn.Module) -> None:
    with inspecting(reusing) as inside, torch.no_grad():
        first, second, both = (inside.capture(name) for name in ("relu#1", "relu#2", "relu"))
        third, stem = inside.capture("relu#3"), inside.capture("stem#1")
        inside.scores(torch.rand(2, 2, 6, 6))
        assert torch.equal(first.output, stem.output.relu())
        assert not torch.equal(first.output, second.output)
        with pytest.raises(DoesNotApply, match=r"relu is called 2 times: say which call, as relu#1 or relu#2"):
            both.output  # noqa: B018
        with pytest.raises(DoesNotApply, match=r"relu#3: relu is called 2 times only"):
            third.output  # noqa: B018


def test_an_auxiliary_head_does_not_run_and_says_so(reusing: nn.Module) -> None:
    with inspecting(reusing) as inside:
        seen = inside.capture("auxiliary")
        inside.scores(torch.rand(2, 2, 6, 6))
        with pytest.raises(DoesNotApply, match="auxiliary does not run when the network evaluates"):
            seen.output  # noqa: B018


class Shares(nn.Module):
    """A layer that gives what it was given, and a nonlinearity in place behind it."""

    def __init__(self, write, read) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.same, self.head = nn.Conv2d(1, 2, 1), nn.Identity(), nn.Linear(2, 3)
        self.write, self.read = write, read

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        y = self.same(x)
        self.write(x, y)
        return self.head(self.read(x, y).mean((2, 3)))


def test_a_copy_that_would_change_the_scores_is_refused() -> None:
    network, images = Shares(lambda x, y: y.relu_(), lambda x, y: x + y), torch.randn(2, 1, 4, 4)
    expected = network(images)
    with inspecting(network) as inside:
        seen = inside.capture("conv")
        assert torch.allclose(inside.scores(images), expected)
        assert seen.output.min() < 0
        inside.capture("same")
        with pytest.raises(DoesNotApply, match=r"same: the tensor it gives is the one .*: choose the layer before it"):
            inside.scores(images)


def test_a_copy_that_changes_nothing_is_none_of_our_business() -> None:
    network, images = Shares(lambda x, y: y.relu_(), lambda x, y: 2 * y), torch.randn(2, 1, 4, 4)
    expected = network(images)
    with inspecting(network) as inside:
        seen = inside.capture("same")
        assert torch.allclose(inside.scores(images), expected)
        assert seen.output.min() < 0
        assert seen.calls == 1


def test_values_that_were_written_into_are_not_shown() -> None:
    network, images = Shares(lambda x, y: x.relu_(), lambda x, y: x), torch.randn(2, 1, 4, 4)
    with torch.no_grad(), inspecting(network) as inside:
        seen = inside.capture("same")
        inside.scores(images)
        with pytest.raises(DoesNotApply, match="the network writes into that one afterwards: choose the layer before"):
            seen.output  # noqa: B018


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


class Pairs(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        one, other = self[1](self[0](x))
        return self[2](one + other)


def test_a_layer_that_gives_several_tensors_has_no_output() -> None:
    with inspecting(Pairs(nn.Flatten(), Pair(), nn.Linear(4, 2))) as inside:
        seen = inside.capture("1")
        inside.scores(torch.rand(2, 1, 2, 2))
        with pytest.raises(DoesNotApply, match="1 gives no single tensor: choose a layer in it"):
            seen.output  # noqa: B018


@pytest.mark.parametrize(
    ("network", "what"), [(Pair(), "a tuple"), (nn.Identity(), r"a tensor \(2, 1, 2, 2\)"), (nn.Flatten(0), r"\(8,\)")]
)
def test_what_gives_no_scores_is_refused(network: nn.Module, what: str) -> None:
    with inspecting(network) as inside, pytest.raises(DoesNotApply, match=rf"gives .*{what}.* and not scores \(N, K\)"):
        inside.scores(torch.rand(2, 1, 2, 2))


def test_an_unknown_layer_is_refused_and_nothing_is_left_behind(unchanged, reusing: nn.Module) -> None:
    message = r"no layer named 'stam': did you mean stem\?"
    with unchanged(reusing), pytest.raises(UnknownName, match=message), inspecting(reusing) as inside:
        inside.capture("stam")


def test_pictures_are_not_written_into() -> None:
    network, images = nn.Sequential(nn.ReLU(inplace=True), nn.Flatten()), -torch.ones(1, 1, 2, 2)
    with inspecting(network) as inside:
        assert not inside.scores(images).any()
    assert (images == -1).all()


def test_the_user_s_own_hooks_stay_and_fire(unchanged, reusing: nn.Module) -> None:
    seen: list[float] = []
    reusing.stem.register_forward_hook(lambda module, given, result: seen.append(result.mean().item()))
    reusing.stem.register_forward_hook(lambda module, given, result: result * 2)
    with unchanged(reusing), inspecting(reusing) as inside:
        captured = inside.capture("stem")
        inside.scores(torch.ones(1, 2, 6, 6))
        assert captured.output.mean().item() == pytest.approx(2 * seen[0])
    reusing(torch.ones(1, 2, 6, 6))
    assert len(seen) == 2


def test_modules_of_a_wrapped_network_are_captured_by_their_own_names(unchanged, reusing: nn.Module) -> None:
    network = Foreign(reusing.eval(), Parts(("stem",), (("conv",),), ("head",), (), maps=True))
    with unchanged(network), inspecting(network) as inside:
        seen = inside.capture("conv#2")
        inside.scores(torch.rand(2, 2, 8, 8))
        assert str(seen.name) == "body.conv#2"
        assert seen.output.shape == (2, 4, 8, 8)


def test_compiled_networks_and_parts_are_looked_at_as_they_are_written(unchanged, reusing: nn.Module) -> None:
    images = torch.rand(2, 2, 6, 6)
    expected = reusing.eval()(images)
    reusing.conv.compile(backend="eager")
    reusing.head = torch.compile(reusing.head, backend="eager")
    network = torch.compile(reusing, backend="eager")
    assert torch.allclose(network(images), expected)
    assert plain(network) is reusing
    with unchanged(reusing), inspecting(network) as inside:
        conv, head = inside.capture("conv#1"), inside.capture("head._orig_mod")
        assert torch.equal(inside.scores(images), head.output)
        assert conv.output.shape == (2, 4, 6, 6)


def test_a_scripted_layer_is_captured_and_what_is_in_it_says_that_it_is_out_of_sight() -> None:
    scripted = torch.jit.script(nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()))
    network = nn.Sequential(scripted, nn.Flatten(), nn.Linear(8, 2))
    with inspecting(network) as inside:
        whole, part = inside.capture("0"), inside.capture("0.0")
        inside.scores(torch.rand(2, 1, 4, 4))
        assert whole.output.shape == (2, 2, 2, 2)
        with pytest.raises(DoesNotApply, match="part of a scripted module"):
            part.output  # noqa: B018


def test_gradients_are_there_in_inference_mode_too(reusing: nn.Module) -> None:
    with torch.inference_mode():
        images = torch.rand(2, 2, 6, 6)
        inside = look(reusing, images, "norm")
        assert torch.is_inference_mode_enabled()
    outside = look(reusing, images.clone(), "norm")
    assert all(torch.equal(one, other) for one, other in zip(inside, outside, strict=True))


def test_what_is_released_is_captured_no_more(reusing: nn.Module) -> None:
    with inspecting(reusing) as inside:
        first, second = inside.capture("stem"), inside.capture("norm")
        inside.release(first)
        inside.scores(torch.rand(2, 2, 6, 6))
        assert (first.calls, second.calls) == (0, 1)
        assert not reusing.stem._forward_hooks


def test_looking_through_a_look_is_undone_in_turn(unchanged, reusing: nn.Module) -> None:
    with unchanged(reusing), inspecting(reusing), unchanged(reusing), inspecting(reusing) as inside:
        inside.capture("stem")
        inside.scores(torch.rand(2, 2, 6, 6))


def tensors_alive() -> int:
    gc.collect()
    return sum(issubclass(type(thing), Tensor) for thing in gc.get_objects())


def grown(network: nn.Module, times: int) -> int:
    """Return how many tensors more there are after some looks than after the first."""
    images = torch.rand(2, 2, 6, 6)
    look(network, images, "norm")
    before = tensors_alive()
    for _ in range(times):
        look(network, images, "norm")
    return tensors_alive() - before


def test_two_hundred_looks_leave_no_tensor_behind(reusing: nn.Module) -> None:
    assert grown(reusing, 200) == 0


def explain_often(network: nn.Module, images: Tensor, times: int) -> None:
    classes = torch.arange(len(images))
    for _ in range(times // 2):
        for method in ("gradcam", "saliency"):
            explain(network, images, classes, method=method)


def test_two_hundred_explanations_leave_no_tensor_and_no_object_behind() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))
    images = torch.rand(2, 1, 6, 6)
    explain_often(network, images, 4)
    tensors, objects = tensors_alive(), len(gc.get_objects())
    explain_often(network, images, 200)
    assert tensors_alive() == tensors
    assert len(gc.get_objects()) < objects + 50  # what each call left would be 200; a cache may fill


@pytest.mark.slow
def test_two_thousand_explanations_by_a_larger_network_leave_no_tensor_and_no_memory_behind(zoo_network) -> None:
    resource = pytest.importorskip("resource")
    network, images = zoo_network("cifar_resnet")
    explain_often(network, images, 200)
    tensors, peak = tensors_alive(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    explain_often(network, images, 1800)
    assert tensors_alive() == tensors
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 4096  # kilobytes: a pass keeps 5 MB
