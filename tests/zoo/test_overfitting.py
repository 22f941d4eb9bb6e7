"""Every family can learn: sixteen pictures of shapes by heart, on the smallest network of the family."""

from functools import cache

import pytest
import torch
from torch import Tensor, nn

from striate import zoo
from striate.sources import open_table
from striate.zoo import MODELS

STEPS = 200
RATES = {"nin_cifar10": 3e-4}  # behind whose last ReLU a class is lost for good where steps are large
SIZES = {"overfeat_fast": 16}  # for time: of its 1024 maps
QUICK = {"lenet5_modern", "resnet20", "resnet18"}
NAMES = [
    *("mlp_300", "lenet5_modern", "resnet20", "nin_cifar10", "squeezenet1_1", "resnet18", "resnet50_v1", "plain18"),
    *("preresnet164", "densenet_40_12", "densenet121", "googlenet", "googlenet_bn", "inception_v3"),
    *("bn_inception", "inception_v2", "inception_v4", "inception_resnet_v1"),
    *("vgg11", "vgg11_bn", "alexnet", "alexnet_owt", "zfnet", "overfeat_fast"),
]


@cache
def pictures() -> tuple[Tensor, Tensor]:
    """Sixteen pictures (16, 3, 32, 32) of shapes and their classes."""
    table = open_table("shapes?count=16&size=32&seed=3")
    assert table.pixels is not None
    images = torch.tensor(table.pixels).permute(0, 3, 1, 2).float() / 128 - 1
    return images, torch.tensor(table.labels)


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in NAMES]
)
def test_sixteen_pictures_are_learned_by_heart(name: str) -> None:
    images, labels = pictures()
    torch.manual_seed(0)
    size = SIZES.get(name, 32)
    images = nn.functional.adaptive_avg_pool2d(images, size)
    options = {key: value for key, value in {"dropout": 0.0, "init": "he"}.items() if key in MODELS[name].options}
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
