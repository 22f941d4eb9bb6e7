"""What may be done to a training picture: the part of a recipe under `augment`."""

from typing import Literal

from pydantic import Field, model_validator

from striate.core.records import Record
from striate.data.preprocess import LEAST_CROP

Border = Literal["zeros", "edge", "reflect"]
Flip = Literal["none", "horizontal", "vertical", "both", "alternating"]
Pair = tuple[float, float]


class Augment(Record):
    """What may be done to a training picture; by default nothing."""

    crop: Pair | None = None
    """Least and greatest share of the area that a random crop keeps, as in (0.35, 1.0); none: as `fit` has it."""
    ratio: Pair = (3 / 4, 4 / 3)
    """Least and greatest width over height of the crop."""
    shift: int = Field(0, ge=0)
    """Greatest shift in whole pixels, each way, along both axes."""
    border: Border = "reflect"
    """What comes in from outside when a picture is moved; reflect does not repeat the outermost pixel."""
    flip: Flip = "none"
    """Mirrored with a chance of one half, along each axis named; alternating: left to right, drawn for each picture
    once and then every other epoch."""
    rotation: float = Field(0.0, ge=0, le=180)
    """Greatest turn about the center in degrees, each way."""
    translate: float = Field(0.0, ge=0, lt=1)
    """Greatest shift as a share of the side, each way, along both axes; not in whole pixels."""
    scale: Pair = (1.0, 1.0)
    """Least and greatest enlargement about the center; below 0.5 pixels would be skipped: use `crop`."""
    shear: Pair = (0.0, 0.0)
    """Greatest shear of the rows and of the columns in degrees, each way."""
    brightness: float = Field(0.0, ge=0)
    """Times a factor from 1 - this (0 at least) to 1 + this."""
    contrast: float = Field(0.0, ge=0)
    """Distance from the picture's mean luma, times such a factor."""
    saturation: float = Field(0.0, ge=0)
    """Distance of each pixel from its luma, times such a factor."""
    hue: float = Field(0.0, ge=0, le=0.5)
    """Greatest turn of the colors about the gray axis, each way, in full turns."""
    pca_noise: float = Field(0.0, ge=0)
    """Deviation of AlexNet's color noise along the principal components of ImageNet's colors; theirs was 0.1."""
    noise: float = Field(0.0, ge=0)
    """Deviation of Gaussian noise in each value, on the scale of 0 to 255."""
    noise_chance: float = Field(1.0, gt=0, le=1)
    """Share of the pictures with noise."""
    blur: Pair | None = None
    """Least and greatest deviation of a Gaussian blur, in pixels."""
    blur_chance: float = Field(0.5, gt=0, le=1)
    """Share of the pictures blurred."""
    erasing: Pair | None = None
    """Least and greatest share of the area that a box of the picture's mean color covers, as in (0.02, 0.33)."""
    erasing_chance: float = Field(0.5, gt=0, le=1)
    """Share of the pictures with such a box."""
    mixup: float = Field(0.0, ge=0)
    """Average two pictures and their labels, with a share from the beta distribution with both parameters this."""
    cutmix: float = Field(0.0, ge=0)
    """Put a box of one picture into another; its share of the area is drawn likewise. With mixup: one or the other."""
    mixing_chance: float = Field(1.0, gt=0, le=1)
    """Share of the pairs that are mixed, where mixup or cutmix is on."""
    policy: Literal["none", "trivial"] = "none"
    """trivial: one operation of TrivialAugment, with a random strength, on top of all else."""

    @property
    def mixes(self) -> bool:
        """Whether pictures are mixed, so that a target is shares of several classes."""
        return self.mixup > 0 or self.cutmix > 0

    @property
    def for_color(self) -> list[str]:
        """The fields that are on and do nothing to gray pictures."""
        return [name for name in ("saturation", "hue", "pca_noise") if getattr(self, name)]

    def told(self) -> list[str]:
        """Return what is on, in words; empty where nothing is."""
        return [text for text in (*self._moves(), *self._colors(), *self._rest()) if text]

    def _moves(self) -> list[str]:
        return [
            f"random crop {_span(self.crop)} of the area" if self.crop else "",
            f"shift {self.shift}" if self.shift else "",
            f"{self.flip} flip" if self.flip != "none" else "",
            f"rotation {self.rotation:g}°" if self.rotation else "",
            f"translation {self.translate:g} of the side" if self.translate else "",
            f"scale {_span(self.scale)}" if self.scale != (1, 1) else "",
            f"shear {self.shear[0]:g}° and {self.shear[1]:g}°" if any(self.shear) else "",
        ]

    def _colors(self) -> list[str]:
        named = ("brightness", "contrast", "saturation", "hue", "pca_noise")
        values = {name: getattr(self, name) for name in named}
        return [f"{name.replace('pca_', 'color ')} {value:g}" for name, value in values.items() if value]

    def _rest(self) -> list[str]:
        return [
            f"noise {self.noise:g}{_of(self.noise_chance)}" if self.noise else "",
            f"blur {_span(self.blur)} px{_of(self.blur_chance)}" if self.blur else "",
            f"erasing {_span(self.erasing)} of the area{_of(self.erasing_chance)}" if self.erasing else "",
            f"mixup {self.mixup:g}{_of(self.mixing_chance)}" if self.mixup else "",
            f"cutmix {self.cutmix:g}{_of(self.mixing_chance)}" if self.cutmix else "",
            f"{self.policy} policy" if self.policy != "none" else "",
        ]

    @model_validator(mode="after")
    def _in_range(self) -> "Augment":
        if self.crop is not None and not LEAST_CROP <= self.crop[0] <= self.crop[1] <= 1:
            raise ValueError(f"crop {self.crop} must be two shares of the area, {LEAST_CROP} <= least <= greatest <= 1")
        if not 0 < self.ratio[0] <= self.ratio[1]:
            raise ValueError(f"ratio {self.ratio} must be two numbers, 0 < least <= greatest")
        if not 0.5 <= self.scale[0] <= self.scale[1]:
            raise ValueError(f"scale {self.scale} must be two numbers, 0.5 <= least <= greatest; to shrink, use crop")
        if not all(0 <= angle <= 75 for angle in self.shear):
            raise ValueError(f"shear {self.shear} must be two angles from 0 to 75 degrees")
        if self.blur is not None and not 0 < self.blur[0] <= self.blur[1]:
            raise ValueError(f"blur {self.blur} must be two deviations in pixels, 0 < least <= greatest")
        if self.erasing is not None and not 0 < self.erasing[0] <= self.erasing[1] < 1:
            raise ValueError(f"erasing {self.erasing} must be two shares of the area, 0 < least <= greatest < 1")
        return self


def _span(pair: Pair) -> str:
    return f"{pair[0]:g} to {pair[1]:g}"


def _of(chance: float) -> str:
    return "" if chance == 1 else f" in {chance:g} of the pictures"
