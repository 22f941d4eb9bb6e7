"""Networks of torchvision that decide between made classes as trained ones do, made in seconds.

Published weights cannot be had offline, and training a ResNet-50 here takes an hour. Drawn weights will not do: through
50 layers small differences grow, so that answers turn with the last bit, and nobody predicts with such a network. So
weights are drawn; the last batch norm of every block is damped, so that a block corrects its input a little, as trained
ones do; all batch norms are fitted to pictures; and the last layer is a logistic regression of the made classes on what
the layers before it return. Accuracy on other pictures and certainty are then like those of a trained network's.
"""

from pathlib import Path

import numpy as np
import torch
from peers import torchvision
from pictures import CLASSES, make_folder
from torch import Tensor, nn
from torch.nn import functional as F

from striate.data.decode import decode
from striate.data.preprocess import Preprocess
from striate.runtime import memory

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# As torchvision evaluates its published weights: the shorter side to 256, of which the middle 224 are cut out. In these
# steps the pixels of ours differ from torchvision's by 1 of 255 at most, in 0.1 % of the pixels.
PREPROCESS = Preprocess(size=224, fit="crop", center=0.875, mean=MEAN, std=STD)
SIZE = (500, 375)
_FITTED, _NORMED = 400, 96  # pictures for the last layer, and for the batch norms
_FIRST = 1_000_000  # the number of the first of them: no measured picture has it
_DAMPED = 0.2
_DECAY = 0.01  # of the last layer's weights


@torch.no_grad()
def deciding(model: str, folder: Path) -> nn.Module:
    """Return torchvision's ResNet `model` with such weights, in evaluation mode.

    Args:
        model: as torchvision names it.
        folder: the pictures that it is fitted to are made here.
    """
    torch.manual_seed(0)
    network = torchvision.models.get_model(model, weights=None, num_classes=CLASSES)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # statistics become plain means
        last = getattr(module, "bn3", getattr(module, "bn2", None))
        if last is not None:
            last.weight.fill_(_DAMPED)
    images, labels = _examples(folder)
    with memory.kept():
        for part in images[:_NORMED].split(32):
            network.train()(part)
        head, network.fc = network.fc, nn.Identity()
        features = torch.cat([network.eval()(part) for part in images.split(32)])
    network.fc = head
    head.weight[:], head.bias[:] = _regressed(features, labels)
    return network.eval()


def label_of(path: Path) -> int:
    """Return the class of a made picture."""
    return int(path.parent.name.removeprefix("class"))


def _examples(folder: Path) -> tuple[Tensor, Tensor]:
    """Return pictures (N, 3, 224, 224), normalized, in an order that mixes the classes (N,)."""
    paths = make_folder(folder, _FITTED, SIZE, told_by="color", first=_FIRST).rglob("*.jpg")
    mixed = sorted(paths, key=lambda path: path.name)
    pictures = np.stack([PREPROCESS.place(decode(path).pixels) for path in mixed])
    images = PREPROCESS.normalize(torch.from_numpy(pictures).permute(0, 3, 1, 2))
    return images, torch.tensor([label_of(path) for path in mixed])


def _regressed(features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return weights (K, D) and biases (K,) of a logistic regression with a penalty on standardized weights."""
    mean, spread = features.mean(0), features.std(0) + 1e-6
    scaled = (features - mean) / spread
    weight = torch.zeros(CLASSES, features.shape[1], requires_grad=True)
    bias = torch.zeros(CLASSES, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100)

    @torch.enable_grad()
    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(F.linear(scaled, weight, bias), labels) + _DECAY * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return weight / spread, bias - (weight / spread) @ mean
