import pytest
import torch
from torch import nn

from striate import zoo
from striate.core.errors import UnknownName
from striate.layers.network import Network
from striate.layers.residual import Residual
from striate.zoo.weights import load_state


def on_meta(name: str, **options: object) -> Network:
    with torch.device("meta"):
        return zoo.create(name, **options)


@pytest.mark.parametrize(
    ("name", "layers"), [("resnet18", 18), ("resnet50", 50), ("plain34", 34), ("resnet101_v1", 101)]
)
def test_a_network_has_as_many_weighted_layers_as_its_name_says(name: str, layers: int) -> None:
    convolutions = [key for key, layer in on_meta(name).named_modules() if isinstance(layer, nn.Conv2d)]
    assert len([key for key in convolutions if "shortcut" not in key]) + 1 == layers


@pytest.mark.parametrize(
    ("name", "shortcut", "parameters"),
    [("resnet18", "A", 11_515_688), ("resnet34", "A", 21_623_848), ("resnet34", "B", 21_797_672)],
)
def test_shortcuts_cost_what_the_paper_s_options_do(name: str, shortcut: str, parameters: int) -> None:
    assert on_meta(name, shortcut=shortcut).parameter_count() == parameters


def test_option_c_projects_in_every_block_and_option_a_in_none() -> None:
    for shortcut, projected in (("A", 0), ("B", 4), ("C", 16)):
        blocks = [block for block in on_meta("resnet50", shortcut=shortcut).modules() if isinstance(block, Residual)]
        assert sum(any(True for _ in block.shortcut.parameters()) for block in blocks) == projected


def test_the_size_is_halved_in_the_first_convolution_as_published_and_in_the_second_as_in_torchvision() -> None:
    strides = {
        name: [layer.stride[0] for layer in on_meta(name).stages[1][0].body if isinstance(layer, nn.Conv2d)]
        for name in ("resnet50_v1", "resnet50")
    }
    assert strides == {"resnet50_v1": [2, 1, 1], "resnet50": [1, 2, 1]}


def test_a_block_that_starts_at_nothing_passes_its_input_on() -> None:
    network = zoo.create("resnet18", image_size=32, init="zero").eval()
    maps = torch.rand(1, 64, 8, 8)
    assert torch.equal(network.stages[0](maps), maps)


def test_torchvision_s_files_are_not_loaded_into_the_variant_with_other_strides() -> None:
    network = zoo.create("resnet50_v1", num_classes=2)
    with pytest.raises(UnknownName, match="layout"):
        load_state(network, network.state_dict(), layout="torchvision:resnet50_v1")
