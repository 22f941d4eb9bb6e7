import pytest
import torch
from torch import nn

from striate import zoo
from striate.core.errors import DoesNotApply


@pytest.mark.parametrize(
    ("name", "layers"), [("resnet20", 20), ("resnet56", 56), ("plain32", 32), ("resnet1202", 1202)]
)
def test_a_network_has_as_many_weighted_layers_as_its_name_says(name: str, layers: int) -> None:
    with torch.device("meta"):
        network = zoo.create(name)
    assert sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in network.modules()) == layers


def test_projections_in_place_of_padding_cost_2752_parameters() -> None:
    assert zoo.create("resnet20", shortcut="B").parameter_count() == 272_474


def test_a_hundred_classes_cost_resnet110_what_the_paper_s_has() -> None:
    with torch.device("meta"):
        assert zoo.create("resnet110", num_classes=100).parameter_count() == 1_733_812


def test_a_block_whose_body_gives_nothing_passes_its_input_on() -> None:
    network = zoo.create("resnet20").eval()
    block = network.stages[0][1]
    nn.init.zeros_(block.body.bn2.weight)
    maps = torch.rand(1, 16, 8, 8)
    assert torch.equal(block(maps), maps)


def test_a_plain_network_has_no_shortcut() -> None:
    network = zoo.create("plain20").eval()
    block = network.stages[0][1]
    nn.init.zeros_(block.body.bn2.weight)
    assert block(torch.rand(1, 16, 8, 8)).abs().sum() == 0


def test_no_activation_overwrites_its_input_or_serves_twice() -> None:
    network = zoo.create("resnet20")
    activations = [layer for layer in network.modules() if isinstance(layer, nn.ReLU)]
    assert len({id(layer) for layer in activations}) == 19
    assert not any(layer.inplace for layer in activations)


def test_the_start_is_that_of_he_et_al() -> None:
    torch.manual_seed(0)
    for layer in zoo.create("resnet20").modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > 2000:
            assert layer.weight.std().item() == pytest.approx((2 / layer.weight[0].numel()) ** 0.5, rel=0.05)


def test_pictures_of_8_are_taken_and_smaller_ones_refused_with_the_size() -> None:
    features = zoo.create("resnet20", image_size=8, in_channels=1).features(torch.rand(2, 1, 8, 8))
    assert [maps.shape[-1] for maps in features] == [8, 4, 2]
    with pytest.raises(DoesNotApply, match="resnet20 takes pictures of 8 x 8 and more, not 8 x 7"):
        zoo.create("resnet20", image_size=(8, 7))


def test_blocks_that_start_at_nothing_leave_the_stem_s_maps_as_they_are() -> None:
    network = zoo.create("resnet20", image_size=8, init="zero").eval()
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(network.features(images)[0], network.stem(images))
