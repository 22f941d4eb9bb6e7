"""What is made for the units of a layer beside the patches: projections, pictures that excite them, weights, links.

Projections and made pictures cost passes of the network, unit by unit. They are made for all units as long as that
stays within a budget of multiply-accumulates, about two minutes each on two CPU cores; what is left out is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DoesNotApply
from striate.inside.projection import project
from striate.inside.summary import summarize
from striate.inside.wiring import Wiring, wiring
from striate.report import words
from striate.report.mosaics import diverging, mosaic
from striate.units import connections, filters
from striate.units.layer_page import Made, file_stem
from striate.units.looking import Looking
from striate.units.maximization import Climb, maximize
from striate.units.study import LayerStudy, Study

BUDGET = 6e12  # multiply-accumulates: two minutes at
_RATE = 5e10  # a second, about what two cores with AVX2 do
_PASSES = 3  # a forward pass and a backward pass, which costs as much as two
_STEPS = 256
_LINKS = 6  # each way
_MOST_KERNELS = 64  # input maps whose kernels are drawn for a unit


@dataclass(frozen=True)
class Making:
    """Makes what is shown of one layer after another.

    Args:
        looking: the network, its study, and what is wished for.
    """

    looking: Looking

    def __call__(self, found: LayerStudy) -> Made:
        """Return what is made for the units of a layer."""
        looking = self.looking
        count, why_fewer = self._projections(found)
        made = self._excited(found)
        wired = _wired(looking, found)
        weights, said = (None, ("", "")) if wired is None else _weights(wired, looking.units(found))
        wires, where = ([], {}) if wired is None else _wires(wired, looking.units(found), looking.study)
        return Made(
            projections=count,
            synthetic=made[0],
            synthetic_values=made[1],
            weights=weights,
            weights_told=said,
            wires=wires,
            wired=where,
            left_out=" ".join(filter(None, (why_fewer, made[2]))),
        )

    @cached_property
    def _macs(self) -> float:
        preprocess = self.looking.recognizer.preprocess
        shape = (preprocess.channels, *preprocess.size)
        return float(summarize(self.looking.recognizer.network, shape).network.macs)

    def _units(self) -> int:
        return sum(len(self.looking.units(study)) for study in self.looking.study)

    def _projections(self, found: LayerStudy) -> tuple[int, str]:
        most = found.top_rows.shape[1]
        wished = self.looking.wish.projections
        if wished != 0 and (refused := self._refused(found)):
            return 0, f"Nothing is projected to the pixels: {refused}."
        if wished is not None:
            return min(most, wished), ""
        units = self._units()
        affordable = int(BUDGET / (_PASSES * self._macs * units))
        if affordable >= most:
            return most, ""
        seconds = _PASSES * self._macs * units * most / _RATE
        return affordable, (
            f"Only {affordable} of a unit's {most} patches are projected to the pixels: all would take about "
            f"{words.duration(seconds)} on two cores. Ask with --projections {most}, or for fewer layers with --layer."
        )

    def _refused(self, found: LayerStudy) -> str:
        """Return why the units cannot be projected to the pixels, or nothing."""
        readable = [row for row in self.looking.study.rows.tolist() if row not in self.looking.study.unreadable]
        image = self.looking.images(readable[:1])
        try:
            project(self.looking.recognizer.network, image, found.layer.name, [0], [(0, 0)], self.looking.rule)
        except DoesNotApply as error:
            return str(error)
        return ""

    def _excited(self, found: LayerStudy) -> tuple[NDArray[np.uint8] | None, NDArray[np.float32] | None, str]:
        wished = self.looking.wish.synthetic
        cost = _PASSES * _STEPS * self._macs * self._units()
        wanted = cost <= BUDGET if wished is None else wished
        if not wanted:
            return (
                None,
                None,
                ""
                if wished is False
                else (
                    f"No pictures are made that would excite the units: about {words.duration(cost / _RATE)} on two "
                    "cores. Ask with --synthetic, or for fewer layers with --layer."
                ),
            )
        recognizer = self.looking.recognizer
        made = maximize(
            recognizer.network,
            recognizer.preprocess,
            found.layer.name,
            self.looking.units(found),
            climb=Climb(steps=_STEPS),
        )
        pictures = made.pictures.round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()
        if made.box is not None:
            top, left, bottom, right = made.box
            pictures = pictures[:, top:bottom, left:right]
        return pictures, made.values.float().cpu().numpy(), ""


def _wired(looking: Looking, found: LayerStudy) -> Wiring | None:
    preprocess = looking.recognizer.preprocess
    try:
        return wiring(looking.recognizer.network, (preprocess.channels, *preprocess.size), found.layer.name)
    except DoesNotApply:
        return None


def _weights(wired: Wiring, units: Sequence[int]) -> tuple[NDArray[np.uint8] | None, tuple[str, str]]:
    """Return a picture of each unit's weights: of the first layer in its colors, else its strongest kernels."""
    try:
        found = filters.of_wiring(wired)
    except DoesNotApply:
        return None, ("", "")
    limit = words.number(found.limit)
    if found.reads == "picture" and found.kernels.shape[1] in (1, 3) and found.kernels.shape[2:] != (1, 1):
        pictures = (found.pictures() * 255).round().byte().permute(0, 2, 3, 1).numpy()[list(units)]
        return pictures, ("filter", f"mid-gray is 0, the scale of all is ±{limit}")
    if found.kernels.shape[2:] == (1, 1):
        return None, ("", "")
    kernels = found.kernels[list(units), :_MOST_KERNELS].numpy().astype(np.float64) / (found.limit or 1.0)
    across = max(1, int(np.ceil(np.sqrt(kernels.shape[1]))))
    drawn = [mosaic(diverging(kernel), across)[..., :3] for kernel in kernels]
    shown = f"its kernels for {kernels.shape[1]} of {found.kernels.shape[1]} maps: blue below 0, red above, to ±{limit}"
    return np.stack(drawn), ("kernels", shown)


def _wires(wired: Wiring, units: Sequence[int], study: Study) -> tuple[list[dict[str, Any]], dict[str, str]]:
    pages = {layer.layer.name: f"{file_stem(layer.layer.name)}.html" for layer in study}
    told = []
    ends: dict[str, set[str]] = {"from": set(), "to": set()}
    for unit in units:
        links = connections.of_wiring(wired, unit, most=_LINKS)
        told.append({"inputs": _links(links.inputs, pages), "outputs": _links(links.outputs, pages)})
        ends["from"] |= {link.layer for link in links.inputs}
        ends["to"] |= {link.layer for link in links.outputs}
    return told, {end: next(iter(names)) for end, names in ends.items() if len(names) == 1}


def _links(links: Sequence[connections.Link], pages: dict[str, str]) -> list[list[Any]]:
    return [
        [pages.get(link.layer), link.unit, float(f"{np.copysign(link.strength, link.sign):.3g}"), link.layer]
        for link in links
    ]
