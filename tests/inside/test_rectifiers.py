"""Every style of ReLU is caught and counted, gradients follow the rules of the papers, the rest is refused."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.errors import DoesNotApply
from striate.inside.inspecting import inspecting
from striate.inside.rectifiers import deconvnet, guided, overriding, redirected

RULES = {"guided": guided, "deconvnet": deconvnet, "redirected": redirected}
STYLES = {
    "module": nn.ReLU(),
    "module in place": nn.ReLU(inplace=True),
    "F.relu": F.relu,
    "F.relu in place": lambda x: F.relu(x, inplace=True),
    "F.relu_": F.relu_,
    "torch.relu": torch.relu,
    "torch.relu_": torch.relu_,
    "x.relu()": lambda x: x.relu(),
    "x.relu_()": lambda x: x.relu_(),
    "by name": lambda x: F.relu(input=x, inplace=False),
}


class Stack(nn.Module):
    """Three convolutions with a nonlinearity behind each of the first two, and one on the sum of a residual block."""

    def __init__(self, rectify) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolutions = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(3))
        self.rectify = rectify
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        first, second, third = self.convolutions
        x = self.rectify(first(x))
        y = self.rectify(second(x))
        return self.head(self.rectify(third(y) + x).mean((2, 3)))


def gradient_of(network: nn.Module, rule) -> tuple[Tensor, int]:
    images = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.double).requires_grad_()
    with inspecting(network.double()) as inside, overriding(rule, "a method") as rectifiers:
        scores = inside.scores(images)
        (gradient,) = torch.autograd.grad(scores[:, 1].sum(), images)
        rectifiers.require()
    assert torch.equal(scores, network.eval()(images))
    return gradient, rectifiers.count


class ByHand(torch.autograd.Function):
    """A ReLU by one of the rules, as the papers write them."""

    @staticmethod
    def forward(ctx, x: Tensor, rule: str) -> Tensor:
        ctx.save_for_backward(x)
        ctx.rule = rule
        return x * (x > 0)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        (x,) = ctx.saved_tensors
        active, positive = (x > 0).to(x), (gradient > 0).to(x)
        share = {"guided": active * positive, "deconvnet": positive, "redirected": active + (1 - active) * positive}
        return gradient * share[ctx.rule], None


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("style", STYLES)
def test_every_style_gives_the_gradient_of_the_rule_and_the_right_count(style: str, rule: str) -> None:
    found, count = gradient_of(Stack(STYLES[style]), RULES[rule])
    by_hand = Stack(lambda x: ByHand.apply(x, rule)).double()
    images = torch.randn(2, 4, 6, 6, generator=torch.Generator().manual_seed(1), dtype=torch.double).requires_grad_()
    (expected,) = torch.autograd.grad(by_hand(images)[:, 1].sum(), images)
    (plain,) = torch.autograd.grad(Stack(F.relu).double()(images)[:, 1].sum(), images)
    assert count == 3
    assert torch.allclose(found, expected, rtol=0, atol=1e-14)
    assert not torch.allclose(found, plain, atol=1e-3)


class Views(nn.Module):
    """ReLUs in place on parts of maps, and on maps that were used before."""

    def __init__(self, rectify) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.head, self.rectify = nn.Conv2d(4, 4, 1), nn.Linear(4, 3), rectify

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        twice = x * 2
        if self.rectify is F.relu_:
            F.relu_(x[:, :2])
        else:
            x = torch.cat([self.rectify(x[:, :2]), x[:, 2:]], 1)
        return self.head((x + twice).mean((2, 3)))


@pytest.mark.parametrize("rule", RULES)
def test_a_part_of_maps_is_rectified_in_place_as_it_would_be_on_its_own(rule: str) -> None:
    (one, ones), (other, others) = (gradient_of(Views(style), RULES[rule]) for style in (F.relu_, F.relu))
    assert ones == others == 1
    assert torch.allclose(one, other, atol=1e-14)


def test_rules_pass_what_the_papers_say() -> None:
    gradient, output = torch.tensor([2.0, 2, -2, -2]), torch.tensor([1.0, 0, 1, 0])
    assert guided(gradient, output).tolist() == [2, 0, 0, 0]
    assert deconvnet(gradient, output).tolist() == [2, 2, 0, 0]
    assert redirected(gradient, output).tolist() == [2, 2, -2, 0]


def test_a_value_that_is_no_number_stays_none() -> None:
    x = torch.tensor([float("nan"), -1.0, float("inf")])
    with overriding(guided, "guided"):
        assert F.relu(x).isnan().tolist() == [True, False, False]
        assert F.relu(x)[1:].tolist() == [0, float("inf")]


class Maxout(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.maximum(x, -x)


OTHERS = {
    "gelu": nn.GELU(),
    "silu": F.silu,
    "hardtanh": nn.ReLU6(),
    "relu6": F.relu6,
    "leaky_relu": nn.LeakyReLU(inplace=True),
    "prelu": nn.PReLU(4),
    "elu": nn.ELU(),
    "sigmoid": torch.sigmoid,
    "tanh": lambda x: x.tanh_(),
    "softplus": nn.Softplus(),
    "threshold": nn.Threshold(0, 0),
    "clamp": lambda x: x.clamp(min=0),
    "clamp_min": lambda x: torch.clamp_min_(x, 0),
    "clip": lambda x: torch.clip(x, 0, 6),
    "softshrink": F.softshrink,
    "hardshrink": nn.Hardshrink(),
    "tanhshrink": F.tanhshrink,
    "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "max": lambda x: x.max(torch.tensor(0.0, dtype=x.dtype)),
    "where": lambda x: torch.where(x > 0, x, 0),
    "masked_fill": lambda x: x.masked_fill(x < 0, 0),
    "a product with a mask of its own": lambda x: x * (x > 0),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_nonlinearities_are_refused_by_name(name: str) -> None:
    with pytest.raises(
        DoesNotApply, match=rf"a method is defined for ReLU, and this network uses {name}: use saliency"
    ):
        gradient_of(Stack(OTHERS[name]), guided)


def test_a_clamp_that_rectifies_nothing_is_none() -> None:
    _, count = gradient_of(Stack(lambda x: F.relu(x).clamp(max=4).clamp(min=-1)), guided)
    assert count == 3


@pytest.mark.parametrize("network", [nn.Sequential(nn.Flatten(), nn.Linear(144, 3)), Stack(Maxout())])
def test_a_network_without_relu_is_refused(network: nn.Module) -> None:
    with pytest.raises(DoesNotApply, match="this network has none"):
        gradient_of(network, deconvnet)


def largest(x: Tensor) -> Tensor:
    return F.relu(x) / x.abs().max().clamp(min=1e-3) * x.max(1, keepdim=True).values


def window(x: Tensor) -> Tensor:
    bright = x.mean((2, 3), keepdim=True) > 0
    return F.relu(torch.where(bright, x, 0.5 * x))


@pytest.mark.parametrize("rectify", [largest, window])
def test_maxima_and_masks_of_something_else_are_no_rectifiers(rectify) -> None:
    _, count = gradient_of(Stack(rectify), guided)
    assert count == 3


def test_scripted_relus_are_out_of_reach_and_refused() -> None:
    network = Stack(torch.jit.script(nn.ReLU()))
    with pytest.raises(DoesNotApply, match=r"a method cannot reach 3 ReLUs of this network \(scripted"):
        gradient_of(network, guided)


def test_scripted_others_are_refused_by_name() -> None:
    with pytest.raises(DoesNotApply, match="this network uses hardswish"):
        gradient_of(nn.Sequential(nn.ReLU(), Stack(torch.jit.script(nn.Hardswish()))), guided)


def test_compiled_relus_are_reached(reusing: nn.Module) -> None:
    expected, count = gradient_of(Stack(nn.ReLU()), guided)
    network = Stack(nn.ReLU()).double()
    network.rectify.compile(backend="eager")
    network(torch.rand(1, 4, 6, 6).double())
    found, again = gradient_of(network, guided)
    assert again == count
    assert torch.equal(found, expected)


def test_rules_end_with_the_block_also_when_it_raises() -> None:
    x = torch.tensor([-1.0, 1.0], requires_grad=True)
    with pytest.raises(ZeroDivisionError), overriding(deconvnet, "deconvnet"):
        _ = 1 // 0
    (gradient,) = torch.autograd.grad(F.relu(x).sum(), x)
    assert gradient.tolist() == [0, 1]
