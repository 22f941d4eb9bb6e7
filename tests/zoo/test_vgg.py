import pytest
import torch
from torch import nn

from striate import zoo
from striate.layers.network import Network
from striate.zoo import MODELS


def on_meta(name: str, **options: object) -> Network:
    with torch.device("meta"):
        return zoo.create(name, **options)


@pytest.mark.parametrize("name", [name for name, row in MODELS.items() if row.family == "vgg"])
def test_a_network_has_as_many_weighted_layers_as_its_name_says(name: str) -> None:
    layers = sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in on_meta(name).modules())
    assert layers == int(name.removeprefix("vgg").partition("_")[0])


def test_configuration_c_has_a_1x1_convolution_at_the_end_of_its_last_three_stages() -> None:
    kernels = {
        name: layer.kernel_size for name, layer in on_meta("vgg16_c").named_modules() if hasattr(layer, "stride")
    }
    assert [name for name, kernel in kernels.items() if kernel == (1, 1)] == [f"stages.{i}.conv3" for i in (2, 3, 4)]


def test_small_pictures_leave_less_for_the_first_fully_connected_layer_and_the_user_is_told() -> None:
    network = on_meta("vgg11", image_size=64)
    assert network.head.fc6.in_features == 512 * 2 * 2
    assert network.notes == ("vgg11's first fully connected layer reads maps of 2 x 2; as published: 7 x 7",)


def test_large_pictures_are_averaged_to_the_published_maps_so_that_its_weights_fit() -> None:
    network = on_meta("vgg11", image_size=320)
    assert network.parameter_count() == MODELS["vgg11"].parameters
    assert network.notes == ("vgg11's first fully connected layer reads maps of 7 x 7, averages of 10 x 10",)
    assert network(torch.empty(1, 3, 320, 320, device="meta")).shape == (1, 1000)


def test_pictures_of_28_keep_the_first_stage_s_size() -> None:
    features = on_meta("vgg11", image_size=28).features(torch.empty(1, 3, 28, 28, device="meta"))
    assert [maps.shape[-1] for maps in features] == [28, 28, 14, 7, 3]


def test_without_dropout_there_is_none() -> None:
    assert not any(isinstance(layer, nn.Dropout) for layer in on_meta("vgg11", dropout=0).modules())
