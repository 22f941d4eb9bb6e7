"""The contract of every network: what its row says is what its code builds."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
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
DEEPEST = {"resnet1202", "preresnet1001"}  # whose thousands of layers take seconds even without numbers
FAMILIES = sorted({row.family for row in MODELS.values()})


def lightest(family: str) -> str:
    """The variant of a family with the fewest multiply-accumulates; where it has several forms, one of each."""
    return min((row.macs, row.name) for row in MODELS.values() if row.family == family)[1]


SMALL = sorted({lightest(family) for family in FAMILIES} | {"lenet5", "lenet5_modern", "plain20"})

HEAVY = {"alexnet_owt", "zfnet", "overfeat_fast", "inception_v4"}  # of tens of millions of weights at any size
COMPUTED = [pytest.param(name, marks=pytest.mark.slow) if name in HEAVY else name for name in SMALL]


@cache
def on_meta(name: str, **changes: object) -> Network:
    with torch.device("meta"):
        return create(name, **changes).eval()


def small(name: str) -> Network:
    """The network as it is, or, of one for large pictures, for few classes of pictures small enough to compute with."""
    return create(name, image_size=16, num_classes=3) if "stem" in MODELS[name].options else create(name)


def sizes(features: list[torch.Tensor]) -> list[int]:
    return [maps.shape[2] * maps.shape[3] if maps.ndim == 4 else 1 for maps in features]


@contextmanager
def counting(network: Network) -> Iterator[list[int]]:
    """Gather each layer's multiply-accumulates for one picture: much faster than torch's counter, see below."""
    found: list[int] = []

    def count(layer: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        positions = output.shape[2] * output.shape[3] if output.ndim == 4 else 1
        found.append(layer.weight.numel() * positions)  # of a convolution by a table: of what the table joins

    counted = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear | TableConv2d)]
    hooks = [layer.register_forward_hook(count) for layer in counted]
    yield found
    for hook in hooks:
        hook.remove()


@pytest.mark.parametrize("name", EVERY)
def test_parameters_are_those_of_the_row_and_nothing_was_adapted(name: str) -> None:
    assert on_meta(name).parameter_count() == MODELS[name].parameters
    assert on_meta(name).notes == ()


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in DEEPEST else name for name in EVERY]
)
def test_stages_run_from_fine_to_coarse_and_with_the_head_make_the_row_s_multiply_accumulates(name: str) -> None:
    row, network = MODELS[name], on_meta(name)
    images = torch.empty(2, row.in_channels, *row.image_size, device="meta")
    with counting(network) as found:
        features = network.features(images)
        scores = network.head(features[-1])
    assert sum(found) == row.macs
    assert scores.shape == (2, row.num_classes)
    assert len(features) == len(network.stages) >= 1
    assert sizes(features) == sorted(sizes(features), reverse=True)
    assert network.get_submodule(network.last_stage) is network.stages[-1]


@pytest.mark.parametrize("name", [name for name in SMALL if name not in {"lenet1", "lenet5"}])
def test_multiply_accumulates_are_what_torch_counts(name: str) -> None:
    row, network = MODELS[name], on_meta(name)
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(1, row.in_channels, *row.image_size, device="meta"))
    assert counter.get_total_flops() // 2 == row.macs


@pytest.mark.parametrize(("name", "size"), [("vgg11", 16), ("vgg16_bn", 32), ("nin_imagenet", 32)])
def test_a_small_stem_that_leaves_two_stages_of_one_size_says_so(name: str, size: int) -> None:
    network = on_meta(name, image_size=size, stem="small")
    features = network.features(torch.empty(2, 3, size, size, device="meta"))
    first, second, *others = sizes(features)
    assert first == second > others[0]
    assert "first two stages are of one size" in network.notes[0]


@pytest.mark.parametrize("name", SMALL)
def test_other_classes_channels_and_sizes_are_taken(name: str) -> None:
    network = on_meta(name, num_classes=7, in_channels=3, image_size=(40, 48))
    features = network.features(torch.empty(2, 3, 40, 48, device="meta"))
    assert network.head(features[-1]).shape == (2, 7)
    assert sizes(features) == sorted(sizes(features), reverse=True)


@pytest.mark.parametrize("name", COMPUTED)
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(name: str) -> None:
    states = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        states.append(torch.cat([weights.flatten() for weights in small(name).state_dict().values()]))
    assert torch.equal(states[0], states[1])
    assert torch.equal(states[0], states[2]) == (name in {"linear", "perceptron"})  # these start at zero


@pytest.mark.parametrize("name", COMPUTED)
def test_gradients_reach_every_parameter(name: str) -> None:
    torch.manual_seed(0)
    network = small(name)
    images = torch.rand(4, network.config["in_channels"], *network.config["image_size"])
    (torch.stack(network(images, auxiliary=True)) - 1).square().sum().backward()
    assert [key for key, weights in network.named_parameters() if weights.requires_grad and weights.grad is None] == []
    assert all(weights.grad.isfinite().all() for weights in network.parameters() if weights.requires_grad)


@pytest.mark.parametrize("name", EVERY)
def test_an_unknown_option_is_refused_with_the_nearest_name(name: str) -> None:
    with pytest.raises(UnknownName, match=f"no option of {name} named 'num_clases': did you mean num_classes"):
        create(name, num_clases=3)
    with pytest.raises(UnknownName, match="depth"):
        import_module(MODELS[name].module).build(name, num_classes=2, in_channels=1, image_size=(32, 32), depth=3)


@pytest.mark.parametrize("family", FAMILIES)
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
