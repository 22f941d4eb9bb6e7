"""Activation maximization: Erhan, Bengio, Courville and Vincent, 2009.

The picture that a unit would most like to see, made from nothing but the network: begin at an even picture and climb
the gradient of the unit's value. Many units climb at once, each with a picture and an objective of its own. As in
lucid's recipe the picture jitters, and the gradient passes silent ReLUs that would wake (`rectifiers.redirected`);
without that units that are silent at the start stay gray. Here it does so only while the unit itself is silent, and
units begin where they are not, if one of some random starts is such a place: a unit is led astray by being woken.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.core.seeds import generator, seed_for
from striate.data.preprocess import Preprocess
from striate.inside.geometry import Geometry
from striate.inside.inspecting import Captured, Inside, inspecting
from striate.inside.layers import Layer, layer_of
from striate.inside.rectifiers import overriding, redirected
from striate.units.priors import Ball, Fourier, Prior

At = Literal["center", "mean"]
_FAINT, _BOLD = 0.1, 0.5  # deviations of the start, as shares of the data's
_STARTS = 16
UNMOVED = "no step raised it: the unit does not depend on the picture here, or is silent whatever the picture shows"


@dataclass(frozen=True)
class Maximized:
    """The pictures that units of a layer like to see.

    Args:
        layer: its name.
        units: channel numbers, one a picture.
        pictures: (U, C, H, W), on the scale of 0 to 255; to be shown as they are, on one scale.
        values: (U,), the units' values for these pictures.
        started: (U,), their values for the pictures at the start.
        at: the objective: the value at the center of the unit's map, or the mean of the map.
        box: what the unit at the center sees: top, left, bottom, right; None: all, or unknown.
        notes: one a picture: what to know before believing it; "" for nothing.
    """

    layer: str
    units: tuple[int, ...]
    pictures: Tensor
    values: Tensor
    started: Tensor
    at: At
    box: tuple[int, int, int, int] | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Climb:
    """How the pictures are climbed to.

    Args:
        steps: of the gradient.
        seed: of the start and the jitter; a unit's picture does not depend on which others are made with it.
        prior: fourier, for pictures to look at; ball, pixels within a bound of the norm and nothing else.
        jitter: the picture moves by up to so many pixels at each step, but for the last quarter; None: one in 16.
        wake: whether the gradient passes silent ReLUs that would wake, as long as the unit is silent.
        lr: the prior's step; see `priors`.
        decay: of the fourier prior: the greater, the nearer to the mean picture, and the smaller the values.
        radius: of the ball; None: the length of a picture whose pixels lie half a deviation from the mean.
        colors: (3, 3), see `priors.color_directions`; of the fourier prior.
        batch: how many units climb at once.
    """

    steps: int = 256
    seed: int = 0
    prior: Literal["fourier", "ball"] = "fourier"
    jitter: int | None = None
    wake: bool = True
    lr: float = 0.05
    decay: float = 0.1
    radius: float | None = None
    colors: Tensor | None = None
    batch: int = 32


def maximize(
    network: nn.Module,
    preprocess: Preprocess,
    layer: str,
    units: Sequence[int] | None = None,
    *,
    at: At = "center",
    climb: Climb | None = None,
) -> Maximized:
    """Return the pictures that `units` of `layer` like to see.

    Args:
        network: any module; left exactly as it was.
        preprocess: of its pictures: size, channels, mean and deviation.
        layer: one that gives maps (N, K, h, w) or vectors (N, K), such as the last for the classes.
        units: channel numbers; None: all of them.
        at: the objective of a unit with a map: its value at the center, or the mean.
        climb: how.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no units, or not so many.
    """
    climb = climb or Climb()
    found = layer_of(network, (preprocess.channels, *preprocess.size), layer)
    wanted = _units(found, units)
    parts = [
        _climbed(network, preprocess, found.name, wanted[start : start + climb.batch], at, climb)
        for start in range(0, len(wanted), climb.batch)
    ]
    pictures, values, started = (torch.cat(each) for each in zip(*parts, strict=True))
    notes = tuple("" if rose else UNMOVED for rose in (values > started).tolist())
    return Maximized(found.name, wanted, pictures, values, started, at, _box(found, at), notes)


def _units(layer: Layer, units: Sequence[int] | None) -> tuple[int, ...]:
    if len(layer.shape) not in (1, 3):
        raise DoesNotApply(f"{layer.name} gives {layer.shape or 'no tensor'}, neither maps nor a vector of units")
    wanted = tuple(range(layer.shape[0]) if units is None else units)
    if not wanted or min(wanted) < 0 or max(wanted) >= layer.shape[0]:
        raise DoesNotApply(f"{layer.name} has the units 0 to {layer.shape[0] - 1}, not all of {wanted}")
    return wanted


def _climbed(
    network: nn.Module, preprocess: Preprocess, layer: str, units: tuple[int, ...], at: At, climb: Climb
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the pictures of some units, their values, and those at the start."""
    with inspecting(network) as inside:
        ascent = _Ascent(inside, inside.capture(layer), preprocess, units, at, climb)
        prior = ascent.prior(_starts(ascent))
        started = ascent.values(prior.pictures())
        for step in range(climb.steps):
            with torch.enable_grad(), overriding(ascent.rule, "activation maximization"):
                value = ascent.of(_moved(prior.pictures(), preprocess, climb, step))
                ascent.look(value.detach(), wake=climb.wake)
                prior.ascend(value)
        pictures = prior.pictures().detach()
        return (pictures.clamp(0, 1) * 255).float(), ascent.values(pictures), started


class _Reached(Exception):
    """The layer has given what it gives: what follows need not run."""


class _Ascent:
    """The objectives of some units, one a picture."""

    def __init__(
        self, inside: Inside, seen: Captured, preprocess: Preprocess, units: Sequence[int], at: At, climb: Climb
    ) -> None:
        self.units = list(units)
        self._inside, self._seen, self._at, self._preprocess, self._climb = inside, seen, at, preprocess, climb
        self._asleep = self._last = torch.zeros(0)
        inside.network.get_submodule(seen.name.module).register_forward_hook(self._stop)  # behind the one that captures
        self._mean, self._std = (torch.tensor(v)[:, None, None] for v in (preprocess.mean, preprocess.std))

    def prior(self, starts: Sequence[int]) -> Prior:
        """Return pictures that begin at these starts, one a unit: the first is all but even, others are bolder."""
        climb, layer = self._climb, str(self._seen.name)
        weight = next((w for w in self._inside.network.parameters() if w.is_floating_point()), torch.empty(0))

        def draw(shape: tuple[int, ...]) -> Tensor:
            drawn = []
            for unit, start in zip(self.units, starts, strict=True):
                source = torch.Generator().manual_seed(seed_for("maximization", climb.seed, layer, unit, start))
                drawn.append(torch.randn(shape, generator=source) * (_BOLD if start else _FAINT))
            return torch.stack(drawn).to(weight)

        if climb.prior == "fourier":
            return Fourier(draw, self._preprocess, lr=climb.lr, decay=climb.decay, colors=climb.colors)
        pixels = self._preprocess.channels * self._preprocess.size[0] * self._preprocess.size[1]
        return Ball(draw, self._preprocess, radius=climb.radius or 0.5 * pixels**0.5, lr=climb.lr)

    def of(self, pictures: Tensor) -> Tensor:
        """Return the objective (U,) of each of the pictures (U, C, H, W), on the scale of 0 to 1."""
        with suppress(_Reached):
            self._inside.scores((pictures - self._mean.to(pictures)) / self._std.to(pictures))
        output = self._seen.output
        own = output[range(len(output)), self.units]
        if own.ndim == 1:
            return own
        return own.mean(dim=(1, 2)) if self._at == "mean" else own[:, own.shape[1] // 2, own.shape[2] // 2]

    def _stop(self, _module: nn.Module, _given: object, _result: object) -> None:
        if self._seen.calls == (self._seen.name.call or 1):
            raise _Reached

    def look(self, value: Tensor, *, wake: bool) -> None:
        """Find the units that are silent: at 0, or where they were at the step before, to the last bit."""
        stays = value == self._last if len(self._last) else value == 0
        self._asleep = (stays | (value == 0)) & wake
        self._last = value

    def rule(self, gradient: Tensor, output: Tensor) -> Tensor:
        """Pass the gradient of a ReLU; for pictures of silent units also what would wake silent ReLUs."""
        asleep = self._asleep.view(-1, *[1] * (output.ndim - 1))
        return torch.where(asleep, redirected(gradient, output), gradient * (output > 0))

    def values(self, pictures: Tensor) -> Tensor:
        """Return the objective without a graph."""
        with torch.no_grad():
            return self.of(pictures)


def _starts(ascent: _Ascent) -> list[int]:
    """Return the number of each unit's start: 0, or where it is silent there, the one at which it is greatest."""
    count = len(ascent.units)
    first = ascent.values(ascent.prior([0] * count).pictures())
    if bool((first != 0).all()):
        return [0] * count
    values = [first, *(ascent.values(ascent.prior([start] * count).pictures()) for start in range(1, _STARTS))]
    best: list[int] = torch.where(first != 0, 0, torch.stack(values).argmax(0)).tolist()
    return best


def _moved(pictures: Tensor, preprocess: Preprocess, climb: Climb, step: int) -> Tensor:
    """Return the pictures moved by a few pixels, all alike and around their edges."""
    reach = max(1, min(preprocess.size) // 16) if climb.jitter is None else climb.jitter
    if not reach or step >= 0.75 * climb.steps:
        return pictures
    down, right = generator("jitter", climb.seed, step).integers(-reach, reach + 1, 2).tolist()
    return pictures.roll((down, right), dims=(2, 3))


def _box(layer: Layer, at: At) -> tuple[int, int, int, int] | None:
    if at != "center" or len(layer.shape) != 3 or not isinstance(layer.geometry, Geometry):
        return None
    return layer.geometry.box(layer.shape[1] // 2, layer.shape[2] // 2)
