import pytest
import torch

from striate import zoo
from striate.zoo.zfnet import BoundedConv2d


def test_filters_beyond_the_radius_are_scaled_back_to_it_in_training_and_others_left() -> None:
    layer = BoundedConv2d(3, 2, 3)
    with torch.no_grad():
        layer.weight[0], layer.weight[1] = torch.randn(3, 3, 3), 0.05
    before = layer.weight.detach().clone()
    layer.eval()(torch.rand(1, 3, 5, 5))
    assert torch.equal(layer.weight, before)
    layer.train()(torch.rand(1, 3, 5, 5))
    assert layer.weight[0].square().mean().sqrt().item() == pytest.approx(0.1)
    assert torch.allclose(layer.weight[0] / layer.weight[0].norm(), before[0] / before[0].norm(), atol=1e-6)
    assert torch.equal(layer.weight[1], before[1])


def test_training_goes_on_through_a_bounded_layer() -> None:
    layer = BoundedConv2d(3, 2, 3)
    torch.nn.init.ones_(layer.weight)
    layer(torch.rand(1, 3, 5, 5)).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("size", [47, 64, 100, 224])
def test_what_the_head_is_built_for_is_what_comes(size: int) -> None:
    with torch.device("meta"):
        network = zoo.create("zfnet", image_size=size, stem="published")
    left = network.head.pool5(network.features(torch.empty(1, 3, size, size, device="meta"))[-1])
    assert network.head.fc6.in_features == 256 * left.shape[2] * left.shape[3]


def test_local_contrast_takes_the_place_of_response_normalization_where_it_is_asked_for() -> None:
    network = zoo.create("zfnet", image_size=16, num_classes=3, norm="contrast").eval()
    kinds = [type(layer).__name__ for layer in network.modules() if "Norm" in type(layer).__name__]
    assert kinds == ["SubtractiveNorm", "DivisiveNorm"] * 2
    assert network(torch.rand(2, 3, 16, 16)).isfinite().all()
