"""The map of a network: a row for each layer, with some of its units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from striate.inside.fields import Unknown
from striate.inside.geometry import Geometry
from striate.inside.summary import Layer, summarize
from striate.report import words
from striate.units.health import claims
from striate.units.layer_page import file_stem
from striate.units.looking import Looking
from striate.units.sheets import Sheet
from striate.units.study import LayerStudy

_BEST = 8  # units of a layer on the map of the network
_STRIP = 36  # pixels of each on the screen


def lead(looking: Looking) -> str:
    """Say how many units were looked at, and with what."""
    study = looking.study
    units = sum(found.units for found in study)
    return (
        f"{units:,} units in {len(study.layers)} layers of {looking.recognizer.model}, looked at with "
        f"{words.pictures(study.pictures)}: {looking.data}."
    )


def cautions(looking: Looking) -> list[str]:
    """Say what is missing from the pages."""
    lost = len(looking.study.unreadable)
    return [f"{words.pictures(lost)} could not be read and {'is' if lost == 1 else 'are'} left out."] if lost else []


def rows(looking: Looking) -> list[dict[str, Any]]:
    """Return what the map tells of each layer, in order."""
    preprocess = looking.recognizer.preprocess
    summary = summarize(looking.recognizer.network, (preprocess.channels, *preprocess.size))
    numbers = {layer.name: layer for layer in summary.layers}
    return [
        _row(study, numbers.get(study.layer.name.partition("#")[0]), place) for place, study in enumerate(looking.study)
    ]


def _row(study: LayerStudy, numbers: Layer | None, place: int) -> dict[str, Any]:
    return {
        "name": study.layer.name,
        "kind": study.layer.kind,
        "page": f"layers/{file_stem(study.layer.name)}.html",
        "gives": " x ".join(f"{side:,}" for side in study.layer.shape),
        "sees": _sees(study.layer.geometry),
        "parameters": "" if numbers is None else f"{numbers.parameters:,}",
        "macs": "" if numbers is None else _millions(numbers.macs),
        "dead": sum(claim.kind == "dead" for claim in claims(study)) / study.units,
        "active": float(study.share_active.mean()),
        "correlation": study.overall_correlation,
        "strip": place,
    }


def _millions(count: int) -> str:
    return f"{count / 1e6:.3g} M" if count >= 1e5 else f"{count:,}"


def strip(study: LayerStudy, shown: Sequence[int], sheet: Sheet) -> dict[str, Any]:
    """Return the most selective units that are shown, by number, each with its block on the sheet."""
    alive = [(block, unit) for block, unit in enumerate(shown) if study.top_rows[unit, 0] >= 0]
    chosen = sorted(alive, key=lambda one: -float(np.nan_to_num(study.index[one[1]], nan=-1.0)))[:_BEST]
    return {
        "name": study.layer.name,
        "page": f"layers/{file_stem(study.layer.name)}.html",
        "sheet": sheet.plain(),
        "best": sorted(chosen),
        "zoom": _STRIP / (max(sheet.tile) * sheet.scale),
    }


def _sees(geometry: Geometry | Unknown) -> str:
    if isinstance(geometry, Unknown):
        return "unknown"
    return "all" if geometry.whole else f"{geometry.size[0]} x {geometry.size[1]}"
