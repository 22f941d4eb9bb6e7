"""Layers by name, in their order, with what they give; and the one that is looked at by default."""

import gc
import weakref

import pytest
import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply, UnknownName
from striate.inside.fields import Unknown
from striate.inside.layers import layer_of, layers, map_layer
from striate.inside.phantom import of_model
from striate.layers.foreign import Foreign
from striate.layers.network import Network
from striate.layers.parts import Parts
from striate.zoo import MODELS

FAMILIES = list(dict.fromkeys(row.family for row in MODELS.values()))


def test_layers_come_in_the_order_in_which_they_end_with_what_they_give(reusing: nn.Module) -> None:
    found = layers(reusing, (2, 6, 8))
    assert list(found) == ["stem", "relu#1", "conv#1", "norm", "relu#2", "conv#2", "drop", "head", ""]
    assert {name: layer.name for name, layer in found.items()} == {name: name for name in found}
    assert (found["conv#2"].kind, found["conv#2"].shape) == ("Conv2d", (4, 6, 8))
    assert found["conv#1"].placed.size == (5, 5)
    assert found["conv#2"].placed.size == (7, 7)
    assert [found[name].maps for name in ("relu#2", "drop", "head")] == [True, False, False]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_default_layer_of_every_family_has_maps_or_the_refusal_says_what_to_use(zoo_network, family: str) -> None:
    network, images = zoo_network(family)
    shape = tuple(images.shape[1:])
    if family in {"linear", "perceptron", "mlp", "alvinn"}:
        with pytest.raises(DoesNotApply, match=r"has no layer with maps.*: use a method that works on pixels"):
            map_layer(network, shape)
        return
    layer = map_layer(network, shape)
    assert layer.name == network.last_stage
    assert layer.shape == tuple(network.features(images)[-1].shape[1:])
    assert layer.placed.units == layer.shape[1:]


def test_what_layers_give_is_what_they_say(zoo_network) -> None:
    network, images = zoo_network("googlenet")
    said = layers(network, tuple(images.shape[1:]))
    given: dict[str, tuple[int, ...]] = {}
    hooks = [
        module.register_forward_hook(lambda _m, _g, result, name=name: given.update({name: tuple(result.shape[1:])}))
        for name, module in network.named_modules()
    ]
    with torch.no_grad():
        network(images)
    for hook in hooks:
        hook.remove()
    assert {name: layer.shape for name, layer in said.items()} == given
    assert "auxiliary" not in {name.partition(".")[0] for name in said}


def test_a_layer_of_several_calls_is_named_by_one_of_them(reusing: nn.Module) -> None:
    assert layer_of(reusing, (2, 6, 6), "conv#2").name == "conv#2"
    assert layer_of(reusing, (2, 6, 6), "norm#1").name == "norm"
    for name in ("conv", "conv#3"):
        with pytest.raises(DoesNotApply, match=rf"conv is called 2 times: say conv#1 or conv#2, not {name}"):
            layer_of(reusing, (2, 6, 6), name)
    with pytest.raises(DoesNotApply, match="norm is called once, so there is no norm#2: say norm"):
        layer_of(reusing, (2, 6, 6), "norm#2")
    with pytest.raises(DoesNotApply, match="auxiliary does not run when the network evaluates"):
        layer_of(reusing, (2, 6, 6), "auxiliary")
    with pytest.raises(UnknownName, match="did you mean norm"):
        layer_of(reusing, (2, 6, 6), "nurm")


@pytest.mark.parametrize(("name", "why"), [("head", "gives 3, no maps with places"), ("drop", "gives 4, no maps")])
def test_a_layer_without_maps_is_refused(reusing: nn.Module, name: str, why: str) -> None:
    with pytest.raises(DoesNotApply, match=f"{name} {why}"):
        map_layer(reusing, (2, 6, 6), name)


class Rolls(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.fft2(x).real


def test_a_layer_whose_units_lie_nobody_knows_where_is_refused_with_the_reason() -> None:
    network = nn.Sequential(Rolls(), nn.Flatten(), nn.Linear(36, 2))
    assert isinstance(layers(network, (1, 6, 6))["0"].geometry, Unknown)
    with pytest.raises(DoesNotApply, match=r"where the units of 0 lie in the picture is unknown: .*fft"):
        map_layer(network, (1, 6, 6), "0")


def test_of_a_module_of_others_the_last_layer_with_more_than_one_unit_each_way_is_taken() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))
    assert map_layer(network, (1, 6, 6)).name == "1"


class Tokens(nn.Module):
    """Cuts the picture into patches and goes on with a row of them, as a transformer does."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.mix, self.head = nn.Conv2d(1, 4, 2, 2), nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.mix(self.embed(x).flatten(2).transpose(1, 2)).mean(1))


def test_a_beginning_before_tokens_is_not_taken_for_the_last_layer_with_maps() -> None:
    message = r"last layer of Tokens with maps is embed, but mix behind it gives 9 x 4 values.*: name the layer"
    with pytest.raises(DoesNotApply, match=message):
        map_layer(Tokens(), (1, 6, 6))
    assert map_layer(Tokens(), (1, 6, 6), "embed").name == "embed"


def test_a_last_stage_of_one_unit_tells_nothing_of_places_and_one_before_it_is_taken() -> None:
    stages = [nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1)]
    network = Network(nn.Identity(), stages, nn.Sequential(nn.Flatten(), nn.Linear(2, 3)))
    assert layers(network, (1, 6, 6))[network.last_stage].shape == (2, 1, 1)
    assert map_layer(network, (1, 6, 6)).name == "stages.0"


def test_modules_of_a_wrapped_network_go_by_their_own_names(reusing: nn.Module) -> None:
    network = Foreign(reusing, Parts(("stem",), (("norm",),), ("head",), (), maps=True))
    assert map_layer(network, (2, 6, 6)).name == "body.norm"
    assert layer_of(network, (2, 6, 6), "stem").name == "body.stem"


def test_compiled_networks_have_the_layers_of_what_was_compiled(reusing: nn.Module) -> None:
    assert layers(torch.compile(reusing, backend="eager"), (2, 6, 6)) is layers(reusing, (2, 6, 6))


def test_layers_are_remembered_until_the_network_changes_or_is_gone() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    found = layers(network, (1, 28, 28))
    assert layers(network, (1, 28, 28)) is found
    assert layers(network, (1, 24, 24)) is not found
    network.append(nn.AvgPool2d(2))
    assert layers(network, (1, 28, 28)) is not found
    alive = weakref.ref(network)
    del network
    gc.collect()
    assert alive() is None


def test_the_last_few_shapes_are_remembered_and_no_more() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    first, second = layers(network, (1, 10, 10)), layers(network, (1, 11, 11))
    others = [layers(network, (1, size, size)) for size in range(12, 18)]
    assert layers(network, (1, 10, 10)) is first, "eight are remembered"
    gone = [weakref.ref(found["0"]) for found in (second, *others)]
    del second, others
    layers(network, (1, 18, 18))
    gc.collect()
    assert gone[0]() is None, "and the one that was asked for longest ago is forgotten"
    assert all(layer() is not None for layer in gone[1:])
    assert layers(network, (1, 10, 10)) is first


class Pools(nn.Module):
    """Pools by a stride that it does not print."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.stride = nn.Conv2d(1, 2, 3, padding=1), 1

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(self.conv(x), self.stride)


def test_a_value_that_a_module_does_not_print_changes_its_layers() -> None:
    network = nn.Sequential(Pools(), nn.Conv2d(2, 2, 1))
    assert map_layer(network, (1, 16, 16), "1").shape == (2, 16, 16)
    network[0].stride = 4
    assert map_layer(network, (1, 16, 16), "1").shape == (2, 4, 4)


def test_neither_numbers_nor_the_user_s_hooks_are_needed(unchanged, reusing: nn.Module) -> None:
    values: list[float] = []
    reusing.stem.register_forward_hook(lambda module, given, result: values.append(float(result.mean())))
    with unchanged(reusing):
        layers(reusing, (2, 10, 10))
    assert values == []
    assert map_layer(of_model("resnet50"), (3, 224, 224)).shape == (2048, 7, 7)
