"""A figure of what augmentation does to a picture: a row for each kind, what was drawn under each picture."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import wrap

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from striate.data.augment import Augment, apply, draw
from striate.report.figures import INK, MUTED, blank

Pictures = NDArray[np.uint8]

_EACH = {
    "flip": Augment(flip="horizontal"),
    "shift": Augment(shift=24),
    "rotation": Augment(rotation=30),
    "scale": Augment(scale=(0.6, 1.6)),
    "shear": Augment(shear=(20, 20)),
    "brightness,\ncontrast": Augment(brightness=0.5, contrast=0.5),
    "saturation,\nhue": Augment(saturation=0.8, hue=0.25),
    "color\nnoise": Augment(pca_noise=0.4),
    "noise,\nblur": Augment(noise=20, noise_chance=0.5, blur=(1, 3)),
    "erasing": Augment(erasing=(0.05, 0.3), erasing_chance=1.0),
    "mixup,\ncutmix": Augment(mixup=1.0, cutmix=1.0),
    "trivial\npolicy": Augment(policy="trivial"),
}
_ALL = Augment(
    flip="horizontal",
    shift=8,
    rotation=15,
    scale=(0.8, 1.25),
    shear=(8, 8),
    brightness=0.3,
    contrast=0.3,
    saturation=0.4,
    hue=0.05,
    pca_noise=0.1,
    noise=6,
    erasing=(0.02, 0.15),
)
_INCHES, _GAP = 1.3, 0.07  # of a picture, and between two
_TITLE, _LINE, _BELOW = 0.95, 0.115, 0.16  # a title's width, a caption's line, what follows a row
_LETTERS = 27  # of a caption's line


@dataclass(frozen=True)
class _Row:
    title: str
    pictures: Pictures
    captions: list[str]

    @property
    def depth(self) -> float:
        """Inches below the pictures."""
        return _LINE * max(caption.count("\n") + 1 for caption in self.captions) + _BELOW


def augmentations(picture: Pictures, partner: Pictures, *, across: int = 5, seed: int = 0) -> Figure:
    """Draw a row of pictures for each kind of augmentation alone, and one for many at once.

    Args:
        picture: (H, W, 3), what is augmented.
        partner: (H, W, 3) of the same size, what it is mixed with.
        across: pictures a row.
        seed: other draws.
    """
    named = {**_EACH, "all but\nmixing": _ALL}
    rows = [_row(title, picture, partner, augment, across, seed) for title, augment in named.items()]
    high = picture.shape[0] / picture.shape[1] * _INCHES
    width = _TITLE + across * (_INCHES + _GAP)
    height = _GAP + sum(high + row.depth for row in rows)
    figure = blank(width, height)
    figure.set_layout_engine("none")
    top = height - _GAP
    for row in rows:
        middle = (top - high / 2) / height
        figure.text(0.08 / width, middle, row.title, va="center", color=INK, weight="bold")
        for column in range(across):
            left = _TITLE + column * (_INCHES + _GAP)
            axes = figure.add_axes((left / width, (top - high) / height, _INCHES / width, high / height))
            _show(axes, row.pictures[column], row.captions[column])
        top -= high + row.depth
    return figure


def _row(title: str, picture: Pictures, partner: Pictures, augment: Augment, count: int, seed: int) -> _Row:
    # Every second picture is a partner; of a pair the first is shown.
    size = (picture.shape[0], picture.shape[1])
    images = torch.from_numpy(np.stack([picture, partner] * count).transpose(0, 3, 1, 2).copy())
    draws = draw(augment, seed, 1, np.arange(2 * count), size=size)
    changed = apply(images, draws).float().round().clamp(0, 255).to(torch.uint8)[::2]
    captions = [_caption(draws.describe(2 * place)) for place in range(count)]
    return _Row(title, changed.permute(0, 2, 3, 1).numpy(), captions)


def _caption(words: dict[str, str]) -> str:
    told = [f"{name} {value}" for name, value in words.items()] or ["as it is"]
    parts = told if len(told) <= 2 else ["; ".join(told)]
    return "\n".join(line for part in parts for line in wrap(part, _LETTERS))


def _show(axes: Axes, picture: Pictures, caption: str) -> None:
    axes.imshow(picture, interpolation="antialiased")
    axes.set_axis_off()
    axes.text(0.5, -0.04, caption, ha="center", va="top", fontsize=6.3, color=MUTED, transform=axes.transAxes)
