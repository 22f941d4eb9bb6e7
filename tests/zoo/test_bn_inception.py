import pytest
import torch
from torch import nn

from striate import zoo
from striate.layers.network import Network
from striate.zoo.weights import load_state


def on_meta(name: str, **options: object) -> Network:
    with torch.device("meta"):
        return zoo.create(name, **options)


@pytest.mark.parametrize(("name", "width"), [("bn_inception", 576), ("bn_inception_caffe", 608)])
def test_every_module_gives_the_channels_of_the_table(name: str, width: int) -> None:
    network = on_meta(name)
    x, widths = network.stem(torch.empty(1, 3, 224, 224, device="meta")), {}
    for stage in network.stages:
        for place, module in stage.named_children():
            x = module(x)
            widths[place.removeprefix("inception")] = (x.shape[1], x.shape[2])
    assert widths == {
        "3a": (256, 28), "3b": (320, 28), "3c": (576, 14), "4a": (576, 14), "4b": (576, 14), "4c": (width, 14),
        "4d": (width, 14), "4e": (width + 448, 7), "5a": (1024, 7), "5b": (1024, 7),
    }  # fmt: skip


def test_the_caffe_weights_have_biases_before_batch_norm_and_the_table_s_network_has_none() -> None:
    for name, biased in (("bn_inception", False), ("bn_inception_caffe", True)):
        convolutions = [layer for layer in on_meta(name).modules() if isinstance(layer, nn.Conv2d)]
        assert len(convolutions) == 69
        assert all((layer.bias is not None) == biased for layer in convolutions)


def test_what_is_passed_on_is_caffe_s_pooling_and_fits_the_convolutions_at_odd_sizes() -> None:
    module = zoo.create("bn_inception", image_size=32).stages[1].inception3c.eval()
    maps = torch.rand(1, 320, 28, 28)
    assert torch.equal(module(maps)[:, 256:], nn.functional.max_pool2d(maps, 3, 2, ceil_mode=True))
    for side in (1, 2, 5, 6, 7):
        assert module(torch.rand(1, 320, side, side)).shape[2:] == ((side + 1) // 2,) * 2


def test_the_shared_caffe_weights_load_by_their_own_names() -> None:
    network = zoo.create("bn_inception_caffe", num_classes=2, image_size=32, stem="published")
    ours = network.state_dict()
    parts = {"b1x1": "1x1", "b3x3.conv1": "3x3_reduce", "b3x3.conv2": "3x3", "bpool.project": "pool_proj"}
    parts |= {"b3x3dbl.conv1": "double_3x3_reduce", "b3x3dbl.conv2": "double_3x3_1", "b3x3dbl.conv3": "double_3x3_2"}
    stem = {"conv1": "conv1_7x7_s2", "conv2": "conv2_3x3_reduce", "conv3": "conv2_3x3", "linear": "last_linear"}
    theirs = {}
    for name, value in ours.items():
        *_, place, what = name.rsplit(".", 2)
        before = name.removesuffix(f".{place}.{what}").removesuffix(".linear")
        if "inception" in before:
            module, part = before.split(".", 3)[2:]
            known = f"inception_{module.removeprefix('inception')}_{parts[part]}"
        else:
            known = stem[place] if place == "linear" else stem[before.removeprefix("stem.")]
        theirs[f"{known}_bn.{what}" if place == "bn" else f"{known}.{what}"] = value + 1
    assert len(theirs) == 485  # as many as the file has
    assert load_state(network, theirs) == "cadene:bninception"
    assert torch.equal(network.state_dict()["stages.2.inception5b.bpool.project.bn.weight"], torch.full((128,), 2.0))
