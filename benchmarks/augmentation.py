"""How long does it take to augment a batch: shift, flip, rotation, brightness, contrast and saturation?

    python benchmarks/augmentation.py

256 pictures of 32x32 and 32 of 224x224, from uint8 to float32. Ours draws its parameters and applies one matrix for the
moves and one for the colors; torchvision.transforms.v2 takes picture by picture, as in a Dataset, in one process, and
then stacks them; kornia takes the batch. All sample bilinearly and fill with zeros. Hue, which torchvision and kornia
turn in HSV at a high price and we by a matrix, is left out. That all three do as much is checked on their outputs: the
mean change of a pixel, and the mean and deviation of all, over 20 draws.
"""

import sys
from collections.abc import Callable
from itertools import count

import kornia.augmentation as K
import numpy as np
import torch
from pairs import Timings, in_turns, judged, options, tell
from peers import torchvision
from torch import Tensor, nn

from striate.data.augment import Augment, apply, draw

PACKAGES = ("striate", "torch", "torchvision", "kornia", "numpy")
OURS, TORCHVISION, KORNIA = "ours", "torchvision v2", "kornia"
MUST = {(32, TORCHVISION): 15.0, (224, TORCHVISION): 1.5, (32, KORNIA): 1.5, (224, KORNIA): 1.5}
BATCHES = {32: 256, 224: 32}

_DEGREES, _SHARE, _STRENGTH = 15.0, 0.125, 0.2
_DRAWS = 20
_ALIKE = 10.0  # percent by which the mean change of a pixel may differ; borders and clamping are not the same

Side = Callable[[], Tensor]


def main() -> int:
    """Time both sizes, print the table and keep it."""
    asked = options(__doc__).parse_args()
    torch.set_num_threads(asked.threads)
    lines = [
        "| pictures | ours | torchvision v2, picture by picture | ratio | kornia | ratio |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    verdicts, likeness = [], []
    for pixels, number in BATCHES.items():
        images = _pictures(pixels)
        sides = {OURS: ours(images), TORCHVISION: torchvision_v2(images), KORNIA: kornia_batch(images)}
        timings = in_turns(sides, rounds=5 if asked.quick else 60, warm_up=3, most_seconds=10 if asked.quick else 45)
        lines.append(row(pixels, timings))
        for peer in (TORCHVISION, KORNIA):
            name = f"{number}x3x{pixels}x{pixels} against {peer}"
            verdicts.append(judged(name, timings.ratio(OURS, peer).middle, MUST[pixels, peer]))
        likeness += alike(pixels, images, sides)
    tell("augmentation", [*lines, "", *verdicts, "", *likeness], asked, PACKAGES)
    return 0


def ours(images: Tensor) -> Side:
    """Return what draws parameters and augments `images`, other ones at each call."""
    augment = Augment(
        shift=round(_SHARE * images.shape[-1]),
        flip="horizontal",
        rotation=_DEGREES,
        brightness=_STRENGTH,
        contrast=_STRENGTH,
        saturation=_STRENGTH,
        border="zeros",
    )
    epochs, positions = count(1), np.arange(len(images))
    return lambda: apply(images, draw(augment, 0, next(epochs), positions))


def torchvision_v2(images: Tensor) -> Side:
    """Return torchvision's transforms of uint8 pictures one by one, the order and types that its guide recommends."""
    v2 = torchvision.transforms.v2
    transform = v2.Compose(
        [
            v2.RandomAffine(_DEGREES, (_SHARE, _SHARE), interpolation=v2.InterpolationMode.BILINEAR),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(_STRENGTH, _STRENGTH, _STRENGTH),
            v2.ToDtype(torch.float32),
        ]
    )
    return lambda: torch.stack([transform(image) for image in images])


def kornia_batch(images: Tensor) -> Side:
    """Return kornia's transforms of the batch, which take floats from 0 to 1; brought back to 0 to 255 for nothing."""
    transform = nn.Sequential(
        K.RandomAffine(_DEGREES, (_SHARE, _SHARE), p=1.0),
        K.RandomHorizontalFlip(p=0.5),
        K.ColorJiggle(_STRENGTH, _STRENGTH, _STRENGTH, p=1.0),
    )
    return lambda: transform(images.float() / 255)


def row(pixels: int, timings: Timings) -> str:
    """Return one line of the table."""
    milliseconds = {side: f"{1e3 * timings.middle(side):.1f} ms" for side in timings.seconds}
    ratios = {peer: str(timings.ratio(OURS, peer)) for peer in (TORCHVISION, KORNIA)}
    cells = [milliseconds[OURS], milliseconds[TORCHVISION], ratios[TORCHVISION], milliseconds[KORNIA], ratios[KORNIA]]
    return f"| {BATCHES[pixels]}x3x{pixels}x{pixels} | {' | '.join(cells)} |"


def alike(pixels: int, images: Tensor, sides: dict[str, Side]) -> list[str]:
    """Return a line that compares what the sides do to the pictures, and one that judges the comparison."""
    changes, told = {}, []
    for name, side in sides.items():
        outputs = torch.stack([side() * (255 if name == KORNIA else 1) for _ in range(_DRAWS)]).clamp(0, 255)
        changes[name] = float((outputs - images).abs().mean())
        told.append(f"{name} {changes[name]:.1f} (mean {outputs.mean():.1f}, deviation {outputs.std():.1f})")
    apart = max(100 * abs(changes[peer] / changes[OURS] - 1) for peer in (TORCHVISION, KORNIA))
    return [
        f"- mean change of a value at {pixels} pixels, of 255: {'; '.join(told)}",
        judged(f"difference between the sides at {pixels} pixels", apart, _ALIKE, unit=" %", most=True),
    ]


def _pictures(pixels: int) -> Tensor:
    """Return smooth made pictures: noise, enlarged."""
    torch.manual_seed(0)
    coarse = torch.rand(BATCHES[pixels], 3, 8, 8)
    smooth = nn.functional.interpolate(coarse, size=(pixels, pixels), mode="bicubic", align_corners=False)
    return (255 * smooth.clamp(0, 1)).to(torch.uint8)


if __name__ == "__main__":
    sys.exit(main())
