"""The contract of every network: what its row says is what its code builds."""

import subprocess
import sys
from importlib import import_module

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from striate.core.errors import UnknownName
from striate.layers.network import Network
from striate.zoo import MODELS, create
from striate.zoo.lenet import TableConv2d

EVERY = sorted(MODELS)
BUILT = [name for name in EVERY if name not in {"resnet1202", "resnet110", "plain110"}]  # not the slow ones
SMALL = [name for name in BUILT if not name.endswith(("32", "44", "56"))]  # one of each kind


def on_meta(name: str, **changes: object) -> Network:
    with torch.device("meta"):
        return create(name, **changes).eval()


def sizes(features: list[torch.Tensor]) -> list[int]:
    return [maps.shape[2] * maps.shape[3] if maps.ndim == 4 else 1 for maps in features]


def absent(network: Network, images: torch.Tensor) -> int:
    """Count the multiply-accumulates with the zeros that a table convolution fills in."""
    found: list[int] = []
    tables = [layer for layer in network.modules() if isinstance(layer, TableConv2d)]
    if not tables:
        return 0

    def count(layer: nn.Module, _inputs: object, maps: torch.Tensor) -> None:
        assert isinstance(layer, TableConv2d)
        links, kernel, _ = layer.weight.shape
        missing = len(layer.table) * layer.in_channels - links
        found.append(missing * kernel**2 * maps.shape[2] * maps.shape[3])

    hooks = [layer.register_forward_hook(count) for layer in tables]
    network(images)
    for hook in hooks:
        hook.remove()
    return sum(found)


@pytest.mark.parametrize("name", EVERY)
def test_parameters_macs_and_shapes_are_those_of_the_row(name: str) -> None:
    row, network = MODELS[name], on_meta(name)
    images = torch.empty(1, row.in_channels, *row.image_size, device="meta")
    with FlopCounterMode(display=False) as counter:
        scores = network(images)
    assert scores.shape == (1, row.num_classes)
    assert network.parameter_count() == row.parameters
    assert counter.get_total_flops() // 2 - absent(network, images) == row.macs
    assert network.notes == ()


@pytest.mark.parametrize("name", BUILT)
def test_stages_run_from_fine_to_coarse_and_end_in_the_head(name: str) -> None:
    row, network = MODELS[name], on_meta(name)
    features = network.features(torch.empty(2, row.in_channels, *row.image_size, device="meta"))
    assert len(features) == len(network.stages) >= 1
    assert sizes(features) == sorted(sizes(features), reverse=True)
    assert network.get_submodule(network.last_stage) is network.stages[-1]
    assert network.head(features[-1]).shape == (2, row.num_classes)


@pytest.mark.parametrize("name", BUILT)
def test_other_classes_channels_and_sizes_are_taken(name: str) -> None:
    network = on_meta(name, num_classes=7, in_channels=3, image_size=(40, 48))
    features = network.features(torch.empty(2, 3, 40, 48, device="meta"))
    assert network.head(features[-1]).shape == (2, 7)
    assert sizes(features) == sorted(sizes(features), reverse=True)


@pytest.mark.parametrize("name", BUILT)
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(name: str) -> None:
    states = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        states.append(torch.cat([weights.flatten() for weights in create(name).state_dict().values()]))
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2]) == (name in {"linear", "perceptron"})  # these start at zero


@pytest.mark.parametrize("name", SMALL)
def test_gradients_reach_every_parameter(name: str) -> None:
    row = MODELS[name]
    torch.manual_seed(0)
    network = create(name)
    images = torch.rand(4, row.in_channels, *row.image_size)
    (network(images) - 1).square().sum().backward()
    assert [key for key, weights in network.named_parameters() if weights.grad is None] == []
    assert all(weights.grad.isfinite().all() for weights in network.parameters())


@pytest.mark.parametrize("name", EVERY)
def test_an_unknown_option_is_refused_with_the_nearest_name(name: str) -> None:
    with pytest.raises(UnknownName, match=f"no option of {name} named 'num_clases': did you mean num_classes"):
        create(name, num_clases=3)
    with pytest.raises(UnknownName, match="depth"):
        import_module(MODELS[name].module).build(name, num_classes=2, in_channels=1, image_size=(32, 32), depth=3)


@pytest.mark.parametrize("family", sorted({row.family for row in MODELS.values()}))
def test_a_family_s_variants_and_options_are_those_of_its_rows(family: str) -> None:
    rows = [row for row in MODELS.values() if row.family == family]
    module = import_module(rows[0].module)
    assert set(module.VARIANTS) == {row.name for row in rows}
    assert set(module.OPTIONS) == {option for row in rows for option in row.options}


def test_an_unknown_model_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match=r"did you mean .*resnet20"):
        MODELS["resnet_20"]
    assert "resnet_20" not in MODELS


def test_listing_the_models_imports_no_torch() -> None:
    code = "import sys, striate.zoo; assert len(striate.zoo.MODELS) > 20; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
