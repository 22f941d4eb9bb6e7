"""Networks of torchvision that decide, because they were trained: on made pictures, for minutes, the first time.

Published weights cannot be had offline. A network with drawn weights hardly decides between classes, its answers turn
with the last bit, and nobody predicts with one. These are trained whole, to tell the colors of what the pictures show,
on crops at the scale at which they see whole pictures later, which costs a quarter (the network ends in a mean over
places). The weights are kept in a cache.
"""

import os
from pathlib import Path

import numpy as np
import torch
from peers import torchvision
from pictures import CLASSES, make_folder
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from striate.core.seeds import generator
from striate.data.decode import decode
from striate.data.preprocess import Preprocess

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PREPROCESS = Preprocess(size=224, fit="crop", mean=MEAN, std=STD)
SIZE = (500, 375)
STEPS = 150
_PICTURES, _FIRST = 800, 1_000_000  # to learn from; numbers that no measured picture has
_BATCH, _CROP = 32, 112
_RATE = 1e-3
_VERSION = 1  # raise it whenever the same name would give other weights


def trained(model: str, steps: int = STEPS) -> nn.Module:
    """Return torchvision's network `model`, trained on the made colors, in evaluation mode.

    Args:
        model: as torchvision names it.
        steps: of training, where the cache has no such network yet.
    """
    network = torchvision.models.get_model(model, weights=None, num_classes=CLASSES)
    path = _cache() / f"{model}-{steps}-{_VERSION}.safetensors"
    if not path.is_file():
        torch.manual_seed(0)
        network = torchvision.models.get_model(model, weights=None, num_classes=CLASSES)
        _train(network, *_examples(), steps)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file({name: tensor.contiguous() for name, tensor in network.state_dict().items()}, path)
    network.load_state_dict(load_file(path))
    return network.eval()


def label_of(path: Path) -> int:
    """Return the class of a made picture."""
    return int(path.parent.name.removeprefix("class"))


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "striate-benchmarks"


def _examples() -> tuple[Tensor, Tensor]:
    """Return pictures (N, 3, 224, 224) uint8 and their classes (N,)."""
    folder = _cache() / "colors"
    if len(list(folder.rglob("*.jpg"))) < _PICTURES:
        make_folder(folder, _PICTURES, SIZE, told_by="color", first=_FIRST)
    paths = sorted(folder.rglob("*.jpg"))
    pictures = np.stack([PREPROCESS.place(decode(path).pixels) for path in paths])
    return torch.from_numpy(pictures).permute(0, 3, 1, 2), torch.tensor([label_of(path) for path in paths])


def _train(network: nn.Module, images: Tensor, labels: Tensor, steps: int) -> None:
    network.to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps, pct_start=0.2)
    half = torch.ops.mkldnn._is_mkldnn_bf16_supported()  # noqa: SLF001  torch has no public name for it
    for step in range(steps):
        draw = generator("training colors", step)
        batch, targets = _crops(images, labels, draw)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            scores = network(batch.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(scores.float(), targets, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 30 == 29:
            right = (scores.argmax(1) == targets).float().mean()
            print(f"  training: step {step + 1} of {steps}, loss {loss:.2f}, {100 * right:.0f} % right", flush=True)


def _crops(images: Tensor, labels: Tensor, draw: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Return a batch of random crops, half of them mirrored, normalized, and their classes."""
    rows = draw.integers(0, len(images), _BATCH)
    corners = draw.integers(0, images.shape[2] - _CROP + 1, (_BATCH, 2))
    parts = [images[row, :, y : y + _CROP, x : x + _CROP] for row, (y, x) in zip(rows, corners, strict=True)]
    return PREPROCESS.normalize(torch.stack(parts)), labels[rows]
