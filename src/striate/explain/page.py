"""The page of explanations: one self-contained HTML file, with every picture, map and raw value in it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup

from striate.explain import METHODS, colors
from striate.explain.badges import MARKS
from striate.explain.drawing import Drawn, explained, legend, number
from striate.explain.labels import labeled
from striate.explain.picture import Explained, Panel, Question
from striate.explain.zeiler import Watched
from striate.inside.geometry import Geometry
from striate.report import rendering, words
from striate.report.thumbnails import data_uri

Plain = dict[str, Any]

VALUE_BYTES = 8_000_000  # of the page, for raw values; what comes after them is in the files beside the page
_SHOWN = 5  # most probable classes of each picture
_QUALITY = 90  # of JPEG, where it is much smaller than PNG


def render(
    title: str,
    found: Sequence[Explained],
    drawn: Sequence[Sequence[Drawn | None]],
    record: Plain,
    *,
    sharing: int = 1,
) -> str:
    """Return the page.

    Args:
        title: what it is called.
        found: the pictures, unreadable ones too.
        drawn: their panels, None for what was refused.
        record: what `folder.write` tells of them.
        sharing: how many pictures have one scale.
    """
    environment = rendering.environment()
    environment.filters["value"] = number
    pictures, cells, left = [], {}, VALUE_BYTES
    for n, (shown, row, told) in enumerate(zip(found, drawn, record["pictures"], strict=True)):
        if shown.error:
            continue
        panels = []
        for p, (panel, picture, entry) in enumerate(zip(shown.panels, row, told["explanations"], strict=True)):
            panels.append(_panel(panel, picture, entry, sharing) | {"key": f"{n}-{p}"})
            if picture is not None:
                held, left = _cells(panel, picture, shown.pixels.shape[:2], left)
                cells[f"{n}-{p}"] = held | {"file": entry["values"]}
        pictures.append(_picture(shown, told) | {"key": n, "panels": panels})
    return environment.get_template("explanations.html").render(
        title=title,
        run=record["run"],
        pictures=pictures,
        unread=[told for told in record["pictures"] if told["error"]],
        methods=[{"name": name, "row": METHODS[name]} for name in record["methods"]],
        cells=cells,
        marks=MARKS,
        tested=any("badges" in entry for told in record["pictures"] for entry in told.get("explanations", ())),
        ramp=Markup(colors.gradient(signed=False)),  # noqa: S704 our own colors
        signed_ramp=Markup(colors.gradient(signed=True)),  # noqa: S704 likewise
        version=_version(),
        stylesheet=rendering.source(environment, "style.css"),
        more_style=rendering.source(environment, "explanations.css"),
        script=rendering.source(environment, "explanations.js"),
    )


def call(run: Path, shown: Explained, panel: Panel, question: Question) -> str:
    """Return the Python that makes the map of a panel again."""
    options = {"methods": [panel.method], "target": shown.target, **question.of(panel.method)}
    if panel.layer is not None:
        options["layer"] = panel.layer
    if question.evidence:
        options["evidence"] = True
    if panel.watched is not None:
        options["zeiler"] = True
    arguments = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return (
        "from striate.explain.picture import explain_pictures\n\n"
        f"(seen,) = explain_pictures({str(run)!r}, {shown.picture!r},\n"
        f"    {arguments})\n"
        "maps = seen.panels[0].maps  # maps.values are raw, maps.place() lays them on the picture"
    )


def _picture(shown: Explained, told: Plain) -> Plain:
    height, width = shown.pixels.shape[:2]
    ranked = list(shown.probabilities.items())
    listed = ranked[:_SHOWN]
    if shown.target not in dict(listed):
        listed = [*listed[:-1], (shown.target, shown.probabilities[shown.target])]
    return {
        "name": Path(shown.picture).name,
        "path": shown.picture,
        "told": told,
        "size": (height, width),
        "uri": data_uri(shown.pixels, quality=_QUALITY),
        "pixelated": max(height, width) < 128,
        "listed": [{"name": name, "probability": share, "target": name == shown.target} for name, share in listed],
    }


def _panel(panel: Panel, picture: Drawn | None, entry: Plain, sharing: int) -> Plain:
    row = METHODS[panel.method]
    told: Plain = {"method": panel.method, "row": row, "panel": panel, "entry": entry, "drawn": picture}
    if picture is None:
        return told
    low, high = legend(picture.scale)
    return told | {
        "overlay": data_uri(picture.overlay, quality=_QUALITY),
        "cells": data_uri(picture.cells),
        "low": low,
        "high": high,
        "meaning": explained(picture.scale, of=sharing),
        "of": _of(panel),
        "badges": entry.get("badges", []),
        "watched": _watched(panel.watched, panel.classes) if panel.watched is not None else None,
        "cascade": panel.evidence.cascade if panel.evidence is not None and not panel.evidence.constant else (),
    }


def _watched(watched: Watched, classes: Sequence[str]) -> Plain:
    """Return the two pictures of Zeiler's figure 6, one square a place of the patch, and their legends."""
    activity, labels = watched.activity[0].float().numpy(), watched.labels[0].numpy()
    scale = colors.scale_of(activity, signed=bool((activity < 0).any()), pixels=False)
    low, high = legend(scale)
    found, dyed = labeled(labels, classes)
    return {
        "layer": watched.layer, "unit": int(watched.units[0]), "patch": watched.windows.patch, "signed": scale.signed,
        "activity": data_uri(colors.colored(activity, scale)), "low": low, "high": high,
        "labels": data_uri(dyed), "listed": found,
    }  # fmt: skip


def _of(panel: Panel) -> str:
    if not panel.layer:
        return "each pixel"
    count, height, width = panel.shape
    return f"{panel.layer}, {words.number(count)} maps of {height} x {width}"


def _cells(panel: Panel, picture: Drawn, size: tuple[int, ...], left: int) -> tuple[Plain, int]:
    """Return what the page needs to tell of each cell, and how many bytes are left for raw values."""
    assert panel.maps is not None
    rows, columns = picture.values.shape
    held: Plain = {"size": list(size), "shape": [rows, columns], "values": None}
    geometry = panel.maps.geometry
    if isinstance(geometry, Geometry):
        boxes_down = [geometry.box(y, 0) for y in range(rows)]
        boxes_right = [geometry.box(0, x) for x in range(columns)]
        held["down"] = [[top, bottom] for top, _, bottom, _ in boxes_down]
        held["right"] = [[start, end] for _, start, _, end in boxes_right]
    text = b64encode(np.ascontiguousarray(picture.values, "<f4").tobytes()).decode()
    if len(text) <= left:
        held["values"], left = text, left - len(text)
    return held, left


def _version() -> str:
    from striate import __version__

    return __version__
