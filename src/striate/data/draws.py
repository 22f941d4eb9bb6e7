"""What was drawn for the pictures of a batch, so that it can be done, repeated, and read back."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.data import color, geometry, mixing
from striate.data.preprocess import Crop

Floats = NDArray[np.float64]
_OWN = ("crops", "partners", "border", "size", "_lines")  # fields that `take` does not simply index
_SAMPLED = ("angles", "scales", "shears", "translations")
_COLORED = ("brightness", "contrast", "saturation", "hue", "principal")


@lru_cache(maxsize=8)
def _nothing(count: int) -> dict[str, NDArray[Any]]:
    """Return the fields of as many pictures to which nothing is done; they are shared, and cannot be written to."""
    zeros, ones, two, four = np.zeros(count), np.ones(count), np.zeros((count, 2)), np.zeros((count, 4))
    fields = {
        "flips": np.zeros((count, 2), np.bool_),
        "shifts": np.zeros((count, 2), np.int64),
        "scales": ones,
        "shears": two,
        "angles": zeros,
        "translations": two,
        "blurs": zeros,
        "brightness": ones,
        "contrast": ones,
        "saturation": ones,
        "hue": zeros,
        "principal": np.zeros((count, 3)),
        "noises": zeros,
        "keys": np.zeros(count, np.int64),
        "erased": four,
        "partners": np.arange(count),
        "shares": ones,
        "cuts": four,
    }
    for values in fields.values():
        values.setflags(write=False)
    return fields


@dataclass(frozen=True)
class Draws:
    """What was drawn for N pictures, in the order in which it is done.

    Args:
        positions: (N,) int64, places in the epoch's order.
        crops: one a picture, or none at all.
        flips: (N, 2) bool, upside down and left to right.
        scales: (N,) enlargement.
        shears: (N, 2) degrees, of the rows and of the columns.
        angles: (N,) degrees, counterclockwise.
        shifts: (N, 2) int64, pixels down and to the right.
        translations: (N, 2) shares of height and width, down and to the right.
        blurs: (N,) deviation in pixels.
        brightness, contrast, saturation: (N,) factors.
        hue: (N,) full turns.
        principal: (N, 3) along the principal components of color.
        noises: (N,) deviation on the scale of 0 to 255.
        keys: (N,) int64, each picture's own noise.
        erased: (N, 4) top, left, bottom, right as shares of the sides; all 0: none.
        partners: (N,) int64, the place among these pictures of the one that it is mixed with; its own: none.
        shares: (N,) the picture's own share in mixup.
        cuts: (N, 4) the box that the partner fills in CutMix, as `erased`; all 0: averaged.
        border: what comes in from outside.
        size: height and width of the pictures, where the draws need to know it.
    """

    positions: NDArray[np.int64]
    crops: tuple[Crop, ...] | None
    flips: NDArray[np.bool_]
    scales: Floats
    shears: Floats
    angles: Floats
    shifts: NDArray[np.int64]
    translations: Floats
    blurs: Floats
    brightness: Floats
    contrast: Floats
    saturation: Floats
    hue: Floats
    principal: Floats
    noises: Floats
    keys: NDArray[np.int64]
    erased: Floats
    partners: NDArray[np.int64]
    shares: Floats
    cuts: Floats
    border: str
    size: tuple[int, int] | None
    _lines: dict[tuple[int, int], geometry.Lines] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def still(cls, positions: NDArray[np.int64], **drawn: Any) -> "Draws":
        """Return draws that change nothing, but for the fields that are `drawn`."""
        others: dict[str, Any] = {"crops": None, "border": "reflect", "size": None}
        return cls(positions=positions, **{**others, **_nothing(len(positions)), **drawn})

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> "Draws":
        """Return the draws of the `chosen` pictures; one whose partner is not among them is not mixed.

        Args:
            chosen: (N,) bool, or their places.
        """
        places: NDArray[np.int64] = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64)
        taken = {field.name: getattr(self, field.name)[places] for field in fields(self) if field.name not in _OWN}
        crops = None if self.crops is None else tuple(self.crops[place] for place in places)
        return replace(self, **taken, crops=crops, partners=mixing.kept_partners(self.partners, places))

    def changes(self, *names: str) -> bool:
        """Say whether the fields of these names do anything to any picture."""
        nothing = _nothing(len(self))
        drawn = [name for name in names if getattr(self, name) is not nothing[name]]
        return any((getattr(self, name) != nothing[name]).any() for name in drawn)

    def settle(self, size: tuple[int, int]) -> None:
        """Work out what `apply` asks before it touches a pixel, so that no device waits for it.

        Args:
            size: height and width of the pictures.
        """
        if self.bypassed and self.changes("shifts"):
            self.lines(size)

    @cached_property
    def bypassed(self) -> bool:
        """Whether every output pixel is a pixel of the input, or 0: none is sampled, colored or averaged."""
        if self.changes(*_SAMPLED, *_COLORED, "blurs", "noises", "erased"):
            return False
        return not (self.mixes and bool((self.mixed & ~self.cuts.any(1)).any()))

    def lines(self, size: tuple[int, int]) -> geometry.Lines:
        """Return which lines of pictures of that height and width those of the moved ones show; worked out once."""
        if size not in self._lines:
            self._lines[size] = geometry.lines(size, self.shifts, self.flips, self.border)
        return self._lines[size]

    @property
    def sampled(self) -> NDArray[np.bool_]:
        """Which pictures (N,) need interpolation: more than mirrors and whole pixels."""
        moved = (self.angles != 0) | (self.scales != 1) | self.shears.any(1) | self.translations.any(1)
        return np.asarray(moved, np.bool_)

    @property
    def colored(self) -> bool:
        """Whether the colors of any picture change."""
        return self.changes(*_COLORED)

    @property
    def mixed(self) -> NDArray[np.bool_]:
        """Which pictures (N,) are mixed with another."""
        return np.asarray(self.partners != np.arange(len(self)), np.bool_)

    @cached_property
    def mixes(self) -> bool:
        """Whether any picture is mixed with another."""
        return self.changes("partners")

    @property
    def factors(self) -> color.Factors:
        """What was drawn for the colors."""
        return color.Factors(self.brightness, self.contrast, self.saturation, self.hue, self.principal)

    @property
    def own_shares(self) -> Floats:
        """What share (N,) of each picture is its own after mixing."""
        return np.where(self.mixed, mixing.own_shares(self.shares, self.cuts, self.size), 1.0)

    def geometry(self, size: tuple[int, int]) -> Floats:
        """Return the composed moves (N, 2, 3) of pictures of that height and width; see `geometry.matrices`."""
        shifts = self.shifts + self.translations * np.array(size)
        return geometry.matrices(
            flips=self.flips, scales=self.scales, shears=self.shears, angles=self.angles, shifts=shifts
        )

    def colors(self, means: Floats) -> Floats:
        """Return the composed colors (N, C, C + 1) of pictures with these mean colors (N, C), from 0 to 255."""
        return color.matrices(self.factors, means)

    def describe(self, place: int) -> dict[str, str]:
        """Return in words what is done to the picture at `place`; nothing where nothing is."""
        return dict((*self._moves(place), *self._colors(place), *self._rest(place)))

    def _moves(self, place: int) -> Iterator[tuple[str, str]]:
        if self.crops is not None:
            yield "crop", f"{self.crops[place].area:.2f} of the area"
        if self.flips[place].any():
            yield "flip", " and ".join(np.array(["vertical", "horizontal"])[self.flips[place]].tolist())
        if self.scales[place] != 1:
            yield "scale", f"{self.scales[place]:.2f}"
        if self.shears[place].any():
            yield "shear", ", ".join(f"{angle:+.0f}°" for angle in self.shears[place])
        if self.angles[place]:
            yield "rotation", f"{self.angles[place]:+.0f}°"
        if self.shifts[place].any():
            yield "shift", f"{self.shifts[place, 0]:+d} down, {self.shifts[place, 1]:+d} right"
        if self.translations[place].any():
            yield "translation", f"{self.translations[place, 0]:+.1%} down, {self.translations[place, 1]:+.1%} right"

    def _colors(self, place: int) -> Iterator[tuple[str, str]]:
        if self.blurs[place]:
            yield "blur", f"{self.blurs[place]:.1f} px"
        for name in ("brightness", "contrast", "saturation"):
            factor = getattr(self, name)[place]
            if factor != 1:
                yield name, f"{factor:.2f}"
        if self.hue[place]:
            yield "hue", f"{360 * self.hue[place]:+.0f}°"
        if self.principal[place].any():
            yield "color noise", ", ".join(f"{amount:+.2f}" for amount in self.principal[place])

    def _rest(self, place: int) -> Iterator[tuple[str, str]]:
        if self.noises[place]:
            yield "noise", f"{self.noises[place]:g}"
        if self.erased[place].any():
            top, left, bottom, right = self.erased[place]
            yield "erased", f"{(bottom - top) * (right - left):.0%}"
        if self.mixed[place]:
            how = "cutmix" if self.cuts[place].any() else "mixup"
            yield how, f"{self.own_shares[place]:.0%} its own"
