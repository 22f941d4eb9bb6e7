"""Networks of others by name: what is called with what, and every way in which it can go wrong."""

import json
import re
from collections.abc import Callable

import pytest
import torch
from torch import nn

from striate import zoo
from striate.core.errors import RecipeError, UnknownName
from striate.layers.foreign import Foreign
from striate.zoo import lookup

PLAIN = """
class Net(nn.Module):
    def __init__(self, num_classes, in_channels=3, width=4):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, width, 3, 2, 1)
        self.norm = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 2, 1)
        self.fc = nn.Linear(width, num_classes)

    def forward(self, x):
        return self.fc(self.conv2(torch.relu(self.norm(self.conv(x)))).mean((2, 3)))

def passes_on(**options):
    return Net(**options)

def sized(num_classes, in_channels, image_size=20, *, depth):
    assert depth == 2
    return nn.Sequential(nn.Flatten(), nn.Linear(in_channels * image_size**2, num_classes))

def patches(num_classes, in_chans, img_size):
    return nn.Sequential(nn.Flatten(), nn.Linear(in_chans * img_size[0] * img_size[1], num_classes))

def ours(num_classes):
    from striate import zoo
    return zoo.create("lecture_conv3", num_classes=num_classes)
"""

Write = Callable[[str], str]


def test_a_function_gets_the_classes_channels_and_options_and_its_network_is_wrapped(own_module: Write) -> None:
    name = f"{own_module(PLAIN)}:Net"
    network = zoo.create(name, num_classes=7, in_channels=1, image_size=32, width=6)
    assert isinstance(network, Foreign)
    assert network.training
    assert network(torch.rand(2, 1, 32, 32)).shape == (2, 7)
    assert [tuple(maps.shape[1:]) for maps in network.features(torch.rand(2, 1, 32, 32))] == [(6, 16, 16), (6, 8, 8)]
    assert next(iter(network.state_dict())) == "conv.weight"
    assert network.config == {
        "name": name, "num_classes": 7, "in_channels": 1, "image_size": [32, 32], "width": 6,
    }  # fmt: skip
    (note,) = network.notes
    assert re.fullmatch(rf"{name} \(.*\.py\): stages conv to norm, conv2; head fc", note)
    assert network.origin["file"].endswith(".py")


def test_the_seed_settles_the_weights_and_the_trial_leaves_no_trace(own_module: Write) -> None:
    name = f"{own_module(PLAIN)}:Net"
    torch.manual_seed(3)
    first = zoo.create(name, num_classes=2)
    follows = torch.rand(1)
    torch.manual_seed(3)
    second = zoo.create(**json.loads(json.dumps(first.config)))
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    assert torch.equal(torch.rand(1), follows)
    assert not first.state_dict()["norm.running_mean"].any()
    assert first.state_dict()["norm.num_batches_tracked"] == 0


def test_the_picture_s_size_is_a_number_where_it_is_square_and_a_pair_where_not(own_module: Write) -> None:
    module = own_module(PLAIN)
    assert zoo.create(f"{module}:sized", num_classes=3, depth=2).config["image_size"] == [20, 20]
    assert lookup.find(f"{module}:sized").image_size == (20, 20)
    assert zoo.create(f"{module}:patches", num_classes=3, image_size=(8, 6))(torch.rand(2, 3, 8, 6)).shape == (2, 3)


def test_a_function_that_passes_everything_on_gets_the_classes(own_module: Write) -> None:
    module = own_module(PLAIN)
    assert zoo.create(f"{module}:passes_on", num_classes=3, width=2).body.fc.weight.shape == (3, 2)
    with pytest.raises(RecipeError, match=r"passes_on\(num_classes=3, wdth=2\) fails: TypeError: .*wdth.*, line \d+\)"):
        zoo.create(f"{module}:passes_on", num_classes=3, wdth=2)


def test_a_network_of_ours_stays_what_it_is(own_module: Write) -> None:
    network = zoo.create(f"{own_module(PLAIN)}:ours", num_classes=4, image_size=32)
    assert not isinstance(network, Foreign)
    assert len(network.stages) == 3


def test_weights_are_saved_and_loaded_in_its_own_names(own_module: Write, tmp_path) -> None:
    network = zoo.create(f"{own_module(PLAIN)}:Net", num_classes=4)
    zoo.weights.save(network, tmp_path / "mine.safetensors")
    nn.init.zeros_(network.body.conv.weight)
    assert zoo.weights.load(network, tmp_path / "mine.safetensors") == "striate"
    assert network.body.conv.weight.any()


def test_on_the_meta_device_nothing_is_computed(own_module: Write) -> None:
    name = f"{own_module(PLAIN)}:Net"
    with torch.device("meta"):
        network = zoo.create(name, num_classes=4)
    assert network.parameter_count() == (27 * 4 + 4) + 8 + (36 * 4 + 4) + (16 + 4)
    assert len(network.stages) == 2


def test_layers_that_wait_for_their_first_picture_get_their_shapes(own_module: Write) -> None:
    text = "def build(num_classes):\n    return nn.Sequential(nn.Flatten(), nn.LazyLinear(num_classes))\n"
    assert zoo.create(f"{own_module(text)}:build", num_classes=3, image_size=4).parameter_count() == 48 * 3 + 3


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("no_such.module:build", RecipeError, r"no module no_such, neither in the current folder .*PYTHONPATH"),
        ("no_such.module:", RecipeError, r"write timm:NAME, or package\.module:function"),
        ("OWN:biuld", UnknownName, r"no function in .*\.py named 'biuld': did you mean build\?"),
        ("OWN:number", UnknownName, r"no function in .*\.py named 'number'"),
    ],
)
def test_what_is_not_there_is_said(own_module: Write, name: str, error: type[Exception], message: str) -> None:
    own = own_module("number = 3\ndef build(num_classes): ...\n")
    with pytest.raises(error, match=message):
        zoo.create(name.replace("OWN", own))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_library", r"importing own_\w+ fails: ModuleNotFoundError: .*no_such_library.*install it"),
        ("1 / 0", r"importing own_\w+ fails: ZeroDivisionError: division by zero \(.*own_\w+\.py, line 4\)"),
    ],
)
def test_a_module_that_cannot_be_imported_is_said_with_its_line(own_module: Write, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        zoo.create(f"{own_module(text)}:build")


def test_options_are_checked_against_the_function(own_module: Write) -> None:
    module = own_module(PLAIN)
    with pytest.raises(UnknownName, match=r"no option of .*:Net named 'widht': did you mean width\?"):
        zoo.create(f"{module}:Net", num_classes=2, widht=3)
    with pytest.raises(RecipeError, match=r"needs depth: give it with --set options\.depth=VALUE"):
        zoo.create(f"{module}:sized", num_classes=2)


def test_timm_is_not_needed_until_it_is_named() -> None:
    try:
        import timm  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(RecipeError, match="timm:resnet18 needs timm, which is not installed: pip install timm"):
            zoo.create("timm:resnet18")
    except RuntimeError:  # with a torchvision for another torch
        with pytest.raises(RecipeError, match=r"timm cannot be imported .*torchvision"):
            zoo.create("timm:resnet18")


STAGES = {
    "resnet18": ["layer1", "layer2", "layer3", "layer4"],
    "convnext_atto": ["stages.0", "stages.1", "stages.2", "stages.3 to norm_pre"],
    "mobilenetv3_small_050": ["blocks.0", "blocks.1", "blocks.2 to blocks.3", "blocks.4 to blocks.5"],
}


@pytest.mark.reference
@pytest.mark.parametrize("model", [*STAGES, "vit_tiny_patch16_224"])
def test_timm_s_networks_give_their_own_scores_under_their_own_names(torchvision: object, model: str) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    network = zoo.create(f"timm:{model}", num_classes=5, in_channels=1, image_size=64)
    torch.manual_seed(0)
    sized = {"img_size": 64} if model.startswith("vit") else {}
    bare = timm.create_model(model, num_classes=5, in_chans=1, **sized)
    images = torch.rand(2, 1, 64, 64)
    assert list(network.state_dict()) == list(bare.state_dict())
    assert torch.equal(network.eval()(images), bare.eval()(images))
    torch.manual_seed(1)
    seen = network.train()(images)
    torch.manual_seed(1)
    assert torch.equal(seen, bare.train()(images))
    sizes = [tuple(maps.shape[2:]) for maps in network.eval().features(images)]
    assert sizes == ([()] if model.startswith("vit") else [(16, 16), (8, 8), (4, 4), (2, 2)])
    assert model.startswith("vit") or f"stages {', '.join(STAGES[model])};" in network.notes[0]


@pytest.mark.reference
def test_timm_s_names_and_options_are_checked(torchvision: object) -> None:
    pytest.importorskip("timm")
    assert lookup.find("timm:inception_v4").image_size == (299, 299)
    with pytest.raises(UnknownName, match=r"no network of timm's named 'resnet_18': did you mean resnet18"):
        zoo.create("timm:resnet_18")
    with pytest.raises(RecipeError, match=r"options\.pretrained is no matter of the network: .*--weights"):
        zoo.create("timm:resnet18", pretrained=True)
    with pytest.raises(RecipeError, match=r"timm:resnet18\(.*depth=3\) fails: TypeError"):
        zoo.create("timm:resnet18", depth=3)


@pytest.mark.reference
def test_torchvision_s_networks_are_functions_like_any_other(torchvision: object) -> None:
    network = zoo.create("torchvision.models:resnet18", num_classes=5, image_size=64)
    torch.manual_seed(0)
    assert [maps.shape[1] for maps in network.eval().features(torch.rand(2, 3, 64, 64))] == [64, 128, 256, 512]
    assert lookup.find("torchvision.models:resnet18").num_classes == 1000
    with pytest.raises(RecipeError, match=r"in training the network returns a InceptionOutputs of 2.*aux_logits=false"):
        zoo.create("torchvision.models:inception_v3", num_classes=5, image_size=299, init_weights=False)
    plain = zoo.create(
        "torchvision.models:inception_v3", num_classes=5, image_size=299, aux_logits=False, init_weights=False
    )
    assert len(plain.stages) == 5
    with pytest.raises(RecipeError, match=r"fails on 2 pictures 1 x 64 x 64 .*preprocess\.channels"):
        zoo.create("torchvision.models:resnet18", num_classes=5, in_channels=1, image_size=64)
