"""What one layer gives, taken in batch after batch: sums, extremes and samples, never the activations themselves.

All reductions run over the places of a map with the units side by side in memory, as channels-last convolutions give
them: at 56 x 56 the greatest activation of 256 units takes 0.15 ms a picture so, and with its place 3 ms (2 cores).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from striate.core.errors import DoesNotApply
from striate.inside.layers import Layer
from striate.units.histograms import Histograms
from striate.units.sampling import draw, draw_pictures, draw_places
from striate.units.tops import Tops

_AT_ONCE = 2**20  # activations, of whole pictures: what is made of them stays in a processor's cache

Whole = NDArray[np.int64]


class Gathering:
    """What is known so far of one layer.

    Args:
        layer: whose units they are.
        rows: (N,) of the table, ascending: all that will come, unless they cannot be read.
        classes: C.
        top: T.
        seed: of all draws.
    """

    def __init__(self, layer: Layer, rows: Whole, *, classes: int, top: int, seed: int) -> None:
        units = layer.shape[0]
        self.layer, self.rows, self.seed = layer, rows, seed
        self.places = prod(layer.shape[1:])
        self.inner = interior(layer)
        self.inner_places = prod(stop - start for start, stop in self.inner) if self.inner else 0
        self.tops, self.histograms = Tops(units, top), Histograms(units)
        self.drawn = draw(len(rows), self.places, units, seed=seed, layer=layer.name)
        self.shown = draw_pictures(len(rows), seed=seed)
        self.pictures = np.zeros(1, np.int64)
        self.low, self.high = np.full(units, np.inf, np.float32), np.full(units, -np.inf, np.float32)
        self.shift = np.zeros(units, np.float32)  # near the mean, so that squares lose nothing
        self.sums, self.squares = np.zeros(units), np.zeros(units)
        self.maxima, self.maxima_squares = np.zeros(units), np.zeros(units)
        self.zeros, self.negatives = np.zeros(units, np.int64), np.zeros(units, np.int64)
        self.fired, self.uneven = np.zeros(units, np.int64), np.zeros(units, np.int64)
        self.at_border = np.zeros(units, np.int64)
        self.class_maxima, self.class_means = np.zeros((classes, units)), np.zeros((classes, units))
        self.sample = np.zeros((len(self.drawn.pictures), units), np.float32)
        self.sample_taken = np.zeros(len(self.drawn.pictures), bool)
        self.responses = np.zeros((2, len(self.shown), units), np.float32)  # greatest and mean
        self.shown_taken = np.zeros(len(self.shown), bool)

    def add(self, given: Tensor, positions: Whole, labels: Whole, originals: NDArray[np.bool_]) -> None:
        """Take in what the layer gave to some pictures.

        Args:
            given: (N, K, h, w) or (N, K).
            positions: (N,) of the pictures among the rows, ascending.
            labels: (N,) their classes.
            originals: (N,) False for copies of earlier pictures.

        Raises:
            DoesNotApply: another shape than that of the layer, or numbers that are not finite.
        """
        if given.shape[1:] != self.layer.shape or len(given) != len(positions):
            raise DoesNotApply(
                f"{self.layer.name} gave {tuple(given.shape)} to {len(positions)} pictures, and not "
                f"{(len(positions), *self.layer.shape)}: what it gives must not depend on numbers"
            )
        maps = given.permute(0, 2, 3, 1) if given.ndim == 4 else given[:, None, None]
        maps = maps.float().contiguous()
        step = max(1, _AT_ONCE // (self.places * maps.shape[3]))
        for start in range(0, len(maps), step):
            part = slice(start, start + step)
            self._add(maps[part], positions[part], labels[part], originals[part])

    def _add(self, maps: Tensor, positions: Whole, labels: Whole, originals: NDArray[np.bool_]) -> None:
        flat = maps.flatten(1, 2)
        low, high = flat.amin(1), flat.amax(1)
        self._require_finite(low, high, positions)
        if self.pictures[0] == 0:
            self.shift = flat[0].mean(0).cpu().numpy()
        kept = torch.from_numpy(originals).to(flat.device)
        if originals.any():
            every = bool(originals.all())
            rows = self.rows[positions[originals]]
            self.tops.add(flat if every else flat[kept], high if every else high[kept], rows)
        self._extremes(low, high, maps)
        means = self._moments(flat)
        self._signs(flat, low)
        self._closer(flat, positions)
        greatest = high.cpu().numpy()
        self._by_class(greatest, means, labels)
        self._responses(greatest, means, positions)
        self.pictures += len(positions)

    def _require_finite(self, low: Tensor, high: Tensor, positions: Whole) -> None:
        fine = (torch.isfinite(low) & torch.isfinite(high)).all(1)
        if not bool(fine.all()):
            row = self.rows[positions[int(fine.int().argmin())]]
            raise DoesNotApply(
                f"{self.layer.name} gives numbers that are not finite to picture {row} of the table: its weights are "
                "broken, or the training diverged"
            )

    def _extremes(self, low: Tensor, high: Tensor, maps: Tensor) -> None:
        self.low = np.minimum(self.low, low.amin(0).cpu().numpy())
        self.high = np.maximum(self.high, high.amax(0).cpu().numpy())
        self.fired += _count(high > 0)
        self.uneven += _count(high > low)
        if self.inner is not None and 0 < self.inner_places < self.places:
            (top, bottom), (left, right) = self.inner
            self.at_border += _count(high > maps[:, top:bottom, left:right].amax((1, 2)))

    def _moments(self, flat: Tensor) -> NDArray[np.float64]:
        """Add to the sums; return the mean (N, K) in each picture."""
        away = flat - torch.from_numpy(self.shift).to(flat.device)
        sums = away.sum(1).double().cpu().numpy()
        self.sums += sums.sum(0)
        self.squares += away.square_().sum(1).double().sum(0).cpu().numpy()
        means: NDArray[np.float64] = sums / self.places + self.shift
        return means

    def _signs(self, flat: Tensor, low: Tensor) -> None:
        signs = flat.sign()
        balance = signs.sum(1).double().sum(0).cpu().numpy()  # positive less negative; whole numbers, exact
        nonzero = signs.abs_().sum(1).double().sum(0).cpu().numpy() if bool((low < 0).any()) else balance
        self.negatives += ((nonzero - balance) / 2).astype(np.int64)
        self.zeros += len(flat) * self.places - nonzero.astype(np.int64)

    def _closer(self, flat: Tensor, positions: Whole) -> None:
        """Take in the activations at the places that are looked at more closely."""
        drawn = draw_places(self.rows[positions], self.places, seed=self.seed, layer=self.layer.name)
        if drawn is None:
            self.histograms.add(flat.flatten(0, 1))
        else:
            pictures = torch.arange(len(flat), device=flat.device)[:, None]
            self.histograms.add(flat[pictures, torch.from_numpy(drawn).to(flat.device)].flatten(0, 1))
        first, last = int(positions[0]), int(positions[-1]) + 1
        part = self.drawn.among(first, last)
        here = np.searchsorted(positions, self.drawn.pictures[part])
        there = positions[here] == self.drawn.pictures[part]  # not where the picture could not be read
        slots = np.arange(part.start, part.stop)[there]
        at = torch.from_numpy(here[there]), torch.from_numpy(self.drawn.places[part][there])
        self.sample[slots] = flat[at[0].to(flat.device), at[1].to(flat.device)].cpu().numpy()
        self.sample_taken[slots] = True

    def _by_class(self, greatest: NDArray[np.float32], means: NDArray[np.float64], labels: Whole) -> None:
        doubles = greatest.astype(np.float64)
        self.maxima += doubles.sum(0)
        self.maxima_squares += (doubles**2).sum(0)
        np.add.at(self.class_maxima, labels, doubles)
        np.add.at(self.class_means, labels, means)

    def _responses(self, greatest: NDArray[np.float32], means: NDArray[np.float64], positions: Whole) -> None:
        _, here, there = np.intersect1d(positions, self.shown, assume_unique=True, return_indices=True)
        self.responses[0, there], self.responses[1, there] = greatest[here], means[here]
        self.shown_taken[there] = True

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that changes while pictures come, as arrays by name."""
        own = {name: getattr(self, name) for name in _STATE}
        tops = {f"tops.{name}": getattr(self.tops, name) for name in _TOPS}
        return {**own, **tops, **{f"histograms.{name}": getattr(self.histograms, name) for name in _HISTOGRAMS}}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `state` returned.

        Raises:
            ValueError: it is of another layer or other pictures.
        """
        for name, held in self.state().items():
            value = state[name]
            if (value.shape, value.dtype) != (held.shape, held.dtype):
                raise ValueError(f"{name} of {self.layer.name} is {value.dtype} {value.shape}, not {held.shape}")
            owner, _, field = name.rpartition(".")
            setattr(getattr(self, owner) if owner else self, field, value)


_STATE = (
    *("pictures", "low", "high", "shift", "sums", "squares", "maxima", "maxima_squares", "zeros", "negatives"),
    *("fired", "uneven", "at_border", "class_maxima", "class_means", "sample", "sample_taken", "responses"),
    "shown_taken",
)
_TOPS = ("values", "rows", "places")
_HISTOGRAMS = ("counts", "exponent", "first", "low", "high")

Interior = tuple[tuple[int, int], tuple[int, int]]


def interior(layer: Layer) -> Interior | None:
    """Return the rows and columns of units, each from and up to, whose field lies in the picture; None where unknown.

    Both are empty, (0, 0), where there are no such units.
    """
    if not layer.maps:
        return None
    seen = layer.placed
    down, right = (
        [place for place in range(count) if _within(axis.interval(place), side)]
        for axis, count, side in zip(seen.axes, seen.units, seen.picture, strict=True)
    )
    if not (down and right):
        return (0, 0), (0, 0)
    if any(inside[-1] - inside[0] + 1 != len(inside) for inside in (down, right)):
        return None  # some in between stick out, as behind some transposed convolutions: no rectangle
    return (down[0], down[-1] + 1), (right[0], right[-1] + 1)


def _within(interval: tuple[int, int] | None, side: int) -> bool:
    return interval is None or (interval[0] >= 0 and interval[1] <= side)


def _count(true: Tensor) -> Whole:
    counted: Whole = true.sum(0).cpu().numpy()
    return counted
