"""What a pack holds of each picture, and the name that follows from it and from the pictures' content."""

import json
import math
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from striate.core.records import Record
from striate.data import decode
from striate.data.jpeg import REDUCTIONS
from striate.data.preprocess import MARGIN, Fit, Preprocess
from striate.data.resize import Interpolation
from striate.data.table import Table

FORMAT = 1  # raise it whenever the files of a pack are written otherwise

Kind = Literal["raw", "jpeg", "placed"]
KINDS: dict[str, str] = {"raw": "as raw pixels", "jpeg": "as smaller JPEGs", "placed": "at the input's size"}

_SERVED = 0.85  # of the crops; the others cost a look into the file
_QUANTILES = (np.arange(24) + 0.5) / 24  # of the areas and ratios that are drawn
_BLOCK = 4096  # sizes at once


class Form(Record):
    """What a training needs of its pictures; another form, another pack."""

    size: tuple[int, int]
    """Height and width of the input."""
    channels: Literal[1, 3]
    fit: Fit | None
    """How pictures are placed; none: they are kept whole, for random crops."""
    center: float = 1.0
    interpolation: Interpolation = "bilinear"
    """As the preprocessing has them; of pictures that are kept whole, always the defaults."""
    crop: tuple[float, float] | None = None
    """The least and greatest share of the area that a random crop keeps."""
    ratio: tuple[float, float] | None = None
    """The least and greatest width over height of a random crop."""

    def steps(self, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return by what, of 1, 2, 4 and 8, pictures are reduced: the most that still serves nearly all crops.

        A crop that needs more is read from the file, so that nothing is enlarged from a reduced picture.

        Args:
            sizes: (N, 2) height and width.

        Returns:
            (N,).
        """
        some, which = np.unique(sizes, axis=0, return_inverse=True)
        found = [self._steps(some[start : start + _BLOCK]) for start in range(0, len(some), _BLOCK)]
        return np.concatenate([np.zeros(0, np.int64), *found])[which.reshape(-1)]

    def step(self, height: int, width: int) -> int:
        """Return `steps` of one size."""
        return _step(self, height, width)

    def _steps(self, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
        least, greatest = self.crop or (1.0, 1.0)
        low, high = np.log(self.ratio or (1.0, 1.0))
        areas = least + (greatest - least) * _QUANTILES[:, None]
        ratios = np.exp(low + (high - low) * _QUANTILES[None, :])
        height, width = (sizes[:, axis, None, None].astype(np.float64) for axis in (0, 1))
        crop_height = np.minimum((areas * height * width / ratios) ** 0.5, height)
        crop_width = np.minimum((areas * height * width * ratios) ** 0.5, width)
        spare = np.minimum(crop_height / self.size[0], crop_width / self.size[1]) / MARGIN
        steps = np.ones(len(sizes), np.int64)
        for step in sorted(REDUCTIONS):
            steps[(spare >= step).mean(axis=(1, 2)) >= _SERVED] = step
        return np.where((sizes > 0).all(axis=1), steps, 1)


@lru_cache(2**12)
def _step(form: Form, height: int, width: int) -> int:
    return int(form.steps(np.array([[height, width]]))[0])


def form(preprocess: Preprocess, crop: tuple[float, float] | None, ratio: tuple[float, float] | None) -> Form:
    """Return what a training with `preprocess` needs; `crop` is None where it draws no random crops."""
    size, channels = preprocess.size, preprocess.channels
    if crop is None:
        center, how = preprocess.center, preprocess.interpolation
        return Form(size=size, channels=channels, fit=preprocess.fit, center=center, interpolation=how)
    return Form(size=size, channels=channels, fit=None, crop=crop, ratio=ratio or (1.0, 1.0))


def packable(table: Table, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, in order and once each, those of `rows` whose content is known by its hash."""
    rows = np.unique(rows)
    known = table.columns["hash"].take(pa.array(rows)).is_valid().to_numpy()
    packed: NDArray[np.int64] = rows[known]
    return packed


def key(table: Table, rows: NDArray[np.int64], wanted: Form) -> str:
    """Return the name of the pack of `rows`: it changes with any picture's content, their order, and the form.

    Args:
        table: with its column `hash`.
        rows: as `packable` returns them.
        wanted: the form.
    """
    about = {"format": FORMAT, "decode": decode.VERSION, "form": wanted.model_dump(mode="json")}
    digest = blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=16)
    for start in range(0, len(rows), 65_536):
        digest.update("\n".join(map(str, table.strings("hash", rows[start : start + 65_536]))).encode() + b"\n")
    return digest.hexdigest()


def in_words(count: float) -> str:
    """Return a number of bytes as people say it: "0.6 GB", "12 MB"."""
    if count >= 10**8:
        return f"{count / 10**9:.1f} GB"
    return f"{max(1, math.ceil(count / 10**6))} MB"
