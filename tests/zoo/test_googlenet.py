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
