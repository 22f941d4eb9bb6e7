"""Layers in numbers: sums agree, nothing is counted twice, and what is in no layer is said."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from striate.inside.fields import Unknown
from striate.inside.geometry import Geometry
from striate.inside.phantom import of_model
from striate.inside.summary import Summary, summarize
from striate.zoo import MODELS


def summed(name: str, **options: object) -> Summary:
    network = of_model(name, **options)
    return summarize(network, (network.config["in_channels"], *network.config["image_size"]), batch=2)


@pytest.mark.parametrize(
    "name", ["resnet20", "lenet5", "googlenet", "densenet_40_12", "airbench94", "mlp_300", "zfnet"]
)
def test_at_every_depth_the_parts_make_the_whole(name: str) -> None:
    found = summed(name)
    assert (found.network.parameters, found.network.macs) == (MODELS[name].parameters, MODELS[name].macs)
    assert found.memory is not None
    assert found.network.activations == found.memory.kept
    for layer in found.layers:
        prefix = f"{layer.name}." if layer.name else ""
        inside = [part for part in found.layers if part.level == layer.level + 1 and part.name.startswith(prefix)]
        if inside:
            for number, what in enumerate(("parameters", "macs", "activations")):
                assert getattr(layer, what) == sum(getattr(part, what) for part in inside) + layer.rest[number]


def test_the_first_level_is_stem_stages_and_head() -> None:
    found = summed("resnet20")
    names = ["stem", "stages.0", "stages.1", "stages.2", "head"]
    assert [layer.name for layer in found.unfolded(1)] == names
    assert [layer.output for layer in found.unfolded(1)] == [
        (16, 32, 32),
        (16, 32, 32),
        (32, 16, 16),
        (64, 8, 8),
        (10,),
    ]


def test_parameters_that_are_not_read_or_not_trained_are_told_apart() -> None:
    assert summed("googlenet").unread == {"auxiliary": 6_379_728}
    assert summed("airbench94").frozen == 1_152


class Odd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(2, 2, 3, padding=1, dilation=1, bias=False)
        self.tied = nn.Conv2d(2, 2, 3, padding=1, bias=False)
        self.tied.weight = self.layer.weight
        self.kernel = nn.Parameter(torch.zeros(2, 2, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(self.tied(self.layer(self.layer(x))), self.kernel)


def test_reused_tied_and_functional_layers_are_counted_as_they_run() -> None:
    found = summarize(Odd(), (2, 5, 5))
    layer, tied = found.unfolded(1)
    assert (layer.calls, layer.parameters, layer.macs) == (2, 36, 2 * 36 * 25)
    assert (tied.calls, tied.parameters, tied.macs) == (1, 0, 36 * 25)
    assert found.network.rest == (4, 4 * 25, 0)


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        (nn.Conv2d(2, 2, 3), "Conv2d 3x3"),
        (nn.Conv2d(2, 2, (1, 3), stride=(1, 2), groups=2), "Conv2d 1x3 stride 1x2 groups 2"),
        (nn.MaxPool2d(2), "MaxPool2d 2x2 stride 2"),
        (nn.ReLU(), "ReLU"),
        (nn.Sequential(nn.ReLU(), nn.ReLU()), "2 x ReLU"),
        (nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU()), "Conv2d, ReLU"),
    ],
)
def test_a_kind_is_said_in_few_words(module: nn.Module, kind: str) -> None:
    assert summarize(nn.Sequential(module), (2, 6, 6)).unfolded(1)[0].kind == kind


@pytest.mark.parametrize(("name", "fields"), [("enet", (3, 45, 1217)), ("densenet_40_12", (27, 76, 174))])
def test_networks_of_the_zoo_know_what_their_stages_see(name: str, fields: tuple[int, ...]) -> None:
    seen = [layer.geometry for layer in summed(name).unfolded(1) if layer.name != "head"]
    assert not [geometry.reason for geometry in seen if isinstance(geometry, Unknown)]
    assert tuple(geometry.size[0] for geometry in seen if isinstance(geometry, Geometry))[-len(fields) :] == fields
