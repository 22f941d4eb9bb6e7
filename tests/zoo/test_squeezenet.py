import torch

from striate import zoo
from striate.zoo.squeezenet import Fire


def test_a_fire_module_has_the_parameters_of_table_1() -> None:
    counts = {}
    for name, layer in zoo.create("squeezenet1_0", num_classes=2).named_modules():
        if isinstance(layer, Fire):
            counts[name.rpartition(".")[2]] = sum(weights.numel() for weights in layer.parameters())
    assert counts["fire2"] == 11_920
    assert counts["fire9"] == 197_184


def test_expanded_maps_stand_side_by_side_1x1_first() -> None:
    fire = Fire(4, 2)
    maps = torch.rand(1, 4, 5, 5)
    few = fire.squeeze(maps).relu()
    assert torch.equal(fire(maps)[:, :8], fire.expand1x1(few).relu())
    assert torch.equal(fire(maps)[:, 8:], fire.expand3x3(few).relu())


def test_no_class_begins_behind_a_dead_relu_with_the_modern_start() -> None:
    torch.manual_seed(0)
    network = zoo.create("squeezenet1_1", image_size=32, init="he").eval()
    assert (network(torch.randn(4, 3, 32, 32)) > 0).all()


def test_the_last_convolution_starts_with_deviation_0_01() -> None:
    torch.manual_seed(0)
    assert abs(zoo.create("squeezenet1_1").head.conv10.weight.std().item() - 0.01) < 1e-4
