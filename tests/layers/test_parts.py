"""Where stem, stages and head lie in networks of several builds."""

import torch
from torch import Tensor, nn

from striate.layers.parts import Parts, find, watching


def parts(network: nn.Module, size: int = 64) -> Parts:
    network.eval()
    with watching(network) as calls, torch.no_grad():
        scores = network(torch.rand(2, 3, size, size))
    return find(network, calls, (size, size), scores)


def block(c_in: int, c_out: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride, 1), nn.BatchNorm2d(c_out), nn.ReLU())


class Functional(nn.Module):
    """As tutorials write them: one pooling used twice, activations that are no modules."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(8 * 16 * 16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        return self.fc(x.flatten(1))


class Tokens(nn.Module):
    """A picture cut into patches, which are mixed as tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_proj = nn.Conv2d(3, 8, 16, 16)
        self.mix = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 8))
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.mix(self.conv_proj(x).flatten(2).transpose(1, 2)).mean(1))


class Wrapped(nn.Module):
    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, x: Tensor) -> Tensor:
        return self.backbone(x)


def chain() -> nn.Module:
    network = nn.Sequential()
    network.add_module("conv1", nn.Conv2d(3, 4, 7, 2, 3))
    network.add_module("pool", nn.MaxPool2d(2))
    network.add_module("layer1", nn.Sequential(block(4, 4, 1), block(4, 4, 1)))
    network.add_module("layer2", nn.Sequential(block(4, 8, 2), block(8, 8, 1)))
    network.add_module("extra", block(8, 8, 1))
    network.add_module("average", nn.AdaptiveAvgPool2d(1))
    network.add_module("flat", nn.Flatten())
    network.add_module("fc", nn.Linear(8, 5))
    return network


def test_layers_before_the_first_block_are_the_stem_and_blocks_of_one_resolution_a_stage() -> None:
    found = parts(chain())
    assert found.stem == ("conv1", "pool")
    assert found.stages == (("layer1",), ("layer2", "extra"))
    assert found.head == ("average", "flat", "fc")
    assert found.maps


def test_a_wrapper_is_looked_into() -> None:
    found = parts(Wrapped(chain()))
    assert found.stages == (("backbone.layer1",), ("backbone.layer2", "backbone.extra"))


def test_activations_that_are_no_modules_belong_to_a_stage_s_output() -> None:
    network = Functional()
    found = parts(network)
    assert found.stages == (("conv1",), ("pool", "conv2"))
    assert found.head == ("fc",)
    assert [(place.module, place.number, place.given) for place in found.features] == [
        ("pool", 0, True),
        ("pool", 1, True),
    ]


def test_a_pooling_begins_the_stage_after_it_and_the_last_one_the_head() -> None:
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU()]
    found = parts(nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 16 * 16, 2)))
    assert found.stages == (("0", "1"), ("2", "3", "4"))
    assert found.head == ("5", "6", "7")


def test_convolutions_without_padding_begin_no_stage() -> None:
    found = parts(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(4 * 60 * 60, 2)))
    assert found.stages == (("0", "1"),)


def test_tokens_are_no_maps_and_the_last_layer_weighs_vectors() -> None:
    found = parts(Tokens())
    assert not found.maps
    assert found.stages == (("conv_proj", "mix"),)
    assert found.head == ("fc",)
    assert [(place.module, place.given) for place in found.features] == [("fc", True)]


def test_maps_with_their_channels_last_are_not_taken_for_maps() -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fine, self.coarse, self.fc = nn.Linear(3, 16), nn.Linear(16, 32), nn.Linear(32, 5)

        def forward(self, x: Tensor) -> Tensor:
            x = self.fine(x.permute(0, 2, 3, 1))
            return self.fc(self.coarse(x[:, ::2, ::2]).mean((1, 2)))

    assert not parts(Last()).maps


def test_a_network_that_goes_back_to_fine_maps_has_no_stages() -> None:
    up = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.Upsample(scale_factor=2), nn.Conv2d(4, 4, 3, padding=1))
    found = parts(nn.Sequential(*up, nn.Flatten(), nn.Linear(4 * 64 * 64, 2)))
    assert not found.maps
    assert found.features[0].module == "4"


def test_watching_leaves_no_hook_behind_even_after_an_error() -> None:
    network = chain()
    try:
        with watching(network):
            network(torch.rand(1, 4, 8, 8))
    except RuntimeError:
        pass
    assert not any(module._forward_hooks for module in network.modules())


class Voting(nn.Module):
    """Two last layers whose scores are averaged."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = nn.Linear(48, 5), nn.Linear(48, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        return (self.one(x) + self.other(x)) / 2


def test_where_several_layers_give_the_scores_none_of_them_is_the_head() -> None:
    found = parts(Voting(), size=4)
    assert (found.head, found.features) == ((), ())
    chained = parts(nn.Sequential(nn.Flatten(), nn.Linear(48, 5), nn.ReLU(), nn.Linear(5, 5)), size=4)
    assert chained.head == ("3",)  # the scores are its own, though another gives as many numbers
