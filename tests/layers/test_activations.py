import pytest
import torch

from striate.layers.activations import ACTIVATIONS, Squash


def test_the_scaled_tanh_keeps_one_and_bends_most_there() -> None:
    squash = Squash()
    assert squash(torch.tensor([1.0, -1.0])).tolist() == pytest.approx([1, -1], abs=1e-3)
    x = torch.linspace(0.2, 3, 281, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(squash(x).sum(), x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), x)
    assert x[curvature.abs().argmax()].item() == pytest.approx(1, abs=0.05)
    assert squash(torch.tensor(100.0)).item() == pytest.approx(1.7159)


@pytest.mark.parametrize("name", list(ACTIVATIONS))
def test_every_activation_leaves_its_input_as_it_was(name: str) -> None:
    x = torch.linspace(-2, 2, 9)
    before = x.clone()
    ACTIVATIONS[name]()(x)
    assert torch.equal(x, before)
