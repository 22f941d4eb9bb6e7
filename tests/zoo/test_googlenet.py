import pytest
import torch
from torch import nn

from striate import zoo
from striate.layers.network import Network


def on_meta(name: str, **options: object) -> Network:
    with torch.device("meta"):
        return zoo.create(name, **options)


@pytest.mark.parametrize(("name", "parameters"), [("googlenet", 13_378_280), ("googlenet_bn", 13_004_888)])
def test_auxiliary_heads_cost_what_is_published(name: str, parameters: int) -> None:
    assert on_meta(name).parameter_count(auxiliary=True) == parameters
    assert on_meta(name, auxiliary="off").parameter_count(auxiliary=True) == on_meta(name).parameter_count()


def test_there_are_22_weighted_layers_on_the_longest_path() -> None:
    network = on_meta("googlenet", auxiliary="off")
    on_path = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len([name for name in on_path if "inception" not in name or "b3x3" in name]) == 22


def test_the_row_3a_has_the_parameters_and_multiply_accumulates_of_its_layers() -> None:
    module = on_meta("googlenet").stages[0].inception3a
    weights = [layer.weight.numel() for layer in module.modules() if isinstance(layer, nn.Conv2d)]
    assert sum(parameter.numel() for parameter in module.parameters()) == 163_696
    assert sum(weights) * 28 * 28 == pytest.approx(128.0e6, rel=0.001)


def test_auxiliary_heads_read_4a_and_4d_and_count_a_third_or_so() -> None:
    network = on_meta("googlenet")
    assert [head.reads for head in network.auxiliary.values()] == ["stages.1.inception4a", "stages.1.inception4d"]
    assert network.auxiliary_weights == (0.3, 0.3)
    answers = network(torch.empty(2, 3, 224, 224, device="meta"), auxiliary=True)
    assert [tuple(scores.shape) for scores in answers] == [(2, 1000)] * 3
    head = network.auxiliary["aux1"].layers
    assert head.average(torch.empty(1, 512, 14, 14, device="meta")).shape[2:] == (
        4,
        4,
    )  # so that nothing is left to fit


def test_batch_norm_takes_the_place_of_biases_and_normalization() -> None:
    network = on_meta("googlenet_bn", auxiliary="off")
    assert not any(isinstance(layer, nn.Conv2d) and layer.bias is not None for layer in network.modules())
    assert max(layer.kernel_size[0] for layer in network.stages.modules() if isinstance(layer, nn.Conv2d)) == 3


def test_the_naive_module_passes_its_input_on_so_that_the_width_grows() -> None:
    network = on_meta("googlenet_naive")
    x, widths = network.stem(torch.empty(1, 3, 224, 224, device="meta")), []
    for stage in network.stages:
        for name, module in stage.named_children():
            x = module(x)
            if name != "pool":
                widths.append(x.shape[1])
    assert widths == [416, 832, 1280, 1728, 2176, 2640, 3344, 4048, 4944]
    assert not any(layer.out_channels in {16, 24, 96} for layer in network.stages[0].inception3a.modules()
                   if isinstance(layer, nn.Conv2d))  # fmt: skip
    maps = torch.rand(1, 192, 5, 5)
    module = zoo.create("googlenet_naive", image_size=32, num_classes=2, auxiliary="off").stages[0].inception3a
    assert torch.equal(module(maps)[:, -192:], nn.functional.max_pool2d(maps, 3, 1, padding=1))


def test_reductions_save_thirteen_parts_of_fourteen_of_the_weights_and_seven_of_eight_multiply_accumulates() -> None:
    published, naive = zoo.MODELS["googlenet"], zoo.MODELS["googlenet_naive"]
    assert naive.parameters / published.parameters == pytest.approx(13.9, abs=0.05)
    assert naive.macs / published.macs == pytest.approx(7.94, abs=0.01)


@pytest.mark.parametrize(("size", "stem"), [(32, "published"), (72, "auto"), (78, "auto"), (79, "auto")])
def test_auxiliary_heads_take_the_maps_that_every_size_leaves(size: int, stem: str) -> None:
    with torch.device("meta"):
        network = zoo.create("googlenet", num_classes=5, image_size=size, stem=stem)
        scores = network(torch.empty(2, 3, size, size), auxiliary=True)
    assert [tuple(part.shape) for part in scores] == [(2, 5)] * 3
    said = any("auxiliary heads average to 4 x 4" in note for note in network.notes)
    assert said == ("average" not in dict(network.auxiliary["aux1"].layers.named_children()))


def test_what_is_said_of_auxiliary_heads_is_said_of_those_there_are() -> None:
    assert not any("auxiliary" in note for note in on_meta("googlenet", image_size=64, auxiliary="off").notes)
    assert not any("auxiliary" in note for note in on_meta("googlenet_bn", image_size=64).notes)
