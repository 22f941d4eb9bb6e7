import torch

from striate.layers.blocks import conv, conv_bn, fully_connected, pooled_linear


def test_a_convolution_keeps_the_size_or_divides_it_by_its_stride() -> None:
    maps = torch.rand(1, 3, 8, 8)
    for kernel in (1, 3, 5, 7):
        assert conv(3, 4, kernel)(maps).shape == (1, 4, 8, 8)
        assert conv_bn(3, 4, kernel, stride=2)(maps).shape == (1, 4, 4, 4)


def test_a_head_weighs_the_averages_of_maps_of_any_size() -> None:
    head = pooled_linear(3, 2)
    maps = torch.rand(4, 3, 5, 7)
    assert torch.allclose(head(maps), head.linear(maps.mean((2, 3))), atol=1e-6)


def test_fully_connected_layers_are_numbered_and_all_but_the_last_rectified() -> None:
    layers = fully_connected(2, (3, 3), (5, 4), 7, drop=(0.5, 0), first=6)
    assert list(layers) == ["fit", "flatten", "fc6", "relu6", "drop6", "fc7", "relu7", "fc8"]
    assert [layers[name].in_features for name in ("fc6", "fc7", "fc8")] == [18, 5, 4]
    maps = torch.rand(1, 2, 3, 3)
    assert torch.equal(layers["fit"](maps), maps)
