"""Every family can learn: sixteen pictures of shapes by heart, at the smallest size that the network takes.

Within `STEPS` steps of Adam on the cross entropy, without dropout, by the start of He et al. where a family offers it.
"""

import re
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.sources import open_table
from striate.zoo import MODELS

STEPS = 200
RATES = {"nin_cifar10": 3e-4, "alvinn": 1e-2}  # small where a class that a last ReLU makes 0 is lost for good
PLAIN = {"dropout": 0.0, "input_dropout": 0.0, "init": "he", "output": "linear"}  # scores, as the loss wants them
LEAST = 8  # pixels a side, of networks that take pictures of any size
SIZES = {"overfeat_fast": 16}  # of 1024 maps with the published padding
SLOW = {
    *("alexnet", "alexnet_owt", "zfnet", "overfeat_fast", "vgg11", "vgg11_bn", "googlenet"),
    *("inception_v2", "inception_v3", "inception_v4", "inception_resnet_v1"),
}
OTHERS = [
    *("lenet5_modern", "resnet20", "resnet18", "resnet50_v1", "densenet121", "googlenet", "googlenet_bn"),
    *("inception_v2", "inception_v3"),
    *("vgg11", "vgg11_bn", "alexnet", "alexnet_owt", "enet_torch7"),
]
LIGHTEST = [
    min((row.macs, row.name) for row in MODELS.values() if row.family == family)[1]
    for family in sorted({row.family for row in MODELS.values()})
]


@cache
def pictures() -> tuple[Tensor, Tensor]:
    """Sixteen pictures (16, 3, 32, 32) of shapes and their classes."""
    table = open_table("shapes?count=16&size=32&seed=3")
    assert table.pixels is not None
    images = torch.tensor(table.pixels).permute(0, 3, 1, 2).float() / 128 - 1
    return images, torch.tensor(table.labels)


def smallest(name: str) -> int:
    """The smallest side that a network takes, as it says when it refuses."""
    try:
        with torch.device("meta"):
            zoo.create(name, image_size=1)
    except DoesNotApply as refusal:
        return int(re.findall(r"pictures of (\d+) x \1 and more", str(refusal))[0])
    return LEAST


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in sorted({*LIGHTEST, *OTHERS})],
)
def test_sixteen_pictures_are_learned_by_heart(name: str) -> None:
    images, labels = pictures()
    torch.manual_seed(0)
    size = SIZES.get(name, smallest(name))
    images = nn.functional.adaptive_avg_pool2d(images, size)
    options = {key: value for key, value in PLAIN.items() if key in MODELS[name].options}
    network = zoo.create(name, num_classes=10, in_channels=3, image_size=size, **options)
    optimizer = torch.optim.Adam(network.parameters(), lr=RATES.get(name, 1e-3))
    for _ in range(STEPS):
        answers = torch.stack(network(images, auxiliary=True))
        if (answers[0].argmax(1) == labels).all():
            return
        optimizer.zero_grad()
        nn.functional.cross_entropy(answers.flatten(0, 1), labels.repeat(len(answers))).backward()
        optimizer.step()
    pytest.fail(f"{name} still errs after {STEPS} steps")
