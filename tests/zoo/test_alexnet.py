import pytest
import torch
from torch import nn

from striate import zoo
from striate.layers.network import Network


def on_meta(name: str, **options: object) -> Network:
    with torch.device("meta"):
        return zoo.create(name, **options)


def test_each_layer_has_the_parameters_of_the_paper() -> None:
    network = on_meta("alexnet")
    counts = [
        sum(weights.numel() for weights in layer.parameters())
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    assert counts == [34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000]


def test_the_towers_meet_in_the_third_convolution_only() -> None:
    network = zoo.create("alexnet", image_size=32, num_classes=2).eval()
    maps = torch.rand(1, 96, 16, 16)
    changed = maps.clone()
    changed[:, :48] += 1
    second = network.stages[0].conv2
    assert torch.equal(second(maps)[:, 128:], second(changed)[:, 128:])
    third = network.stages[1].conv3
    inputs = torch.rand(1, 256, 4, 4)
    assert not torch.equal(third(inputs)[:, 192:], third(inputs + torch.eye(256)[0][:, None, None])[:, 192:])


def test_weights_and_biases_start_as_published() -> None:
    torch.manual_seed(0)
    network = zoo.create("alexnet", image_size=16, num_classes=50)
    state = network.state_dict()
    for name in ("stages.1.conv3", "stages.1.conv4", "head.fc7"):
        assert state[f"{name}.weight"].std().item() == pytest.approx(0.01, rel=0.02)
    ones = [name.split(".")[-2] for name, values in state.items() if name.endswith("bias") and (values == 1).all()]
    zeros = [name.split(".")[-2] for name, values in state.items() if name.endswith("bias") and (values == 0).all()]
    assert ones == ["conv2", "conv4", "conv5", "fc6", "fc7"]
    assert zeros == ["conv1", "conv3", "fc8"]


@pytest.mark.parametrize("name", ["alexnet", "alexnet_owt"])
def test_the_first_fully_connected_layer_never_reads_more_than_as_published(name: str) -> None:
    assert on_meta(name, image_size=64).head.fc6.in_features == 256 * 6 * 6
    assert on_meta(name, image_size=32, stem="small").head.fc6.in_features == 256 * 6 * 6
    assert on_meta(name, image_size=20).head.fc6.in_features == 256 * 4 * 4


@pytest.mark.parametrize("size", [67, 100, 131, 227])
def test_what_the_head_is_built_for_is_what_comes(size: int) -> None:
    network = on_meta("alexnet", image_size=size)
    left = network.head.pool5(network.features(torch.empty(1, 3, size, size, device="meta"))[-1])
    assert network.head.fc6.in_features == 256 * left.shape[2] * left.shape[3]
