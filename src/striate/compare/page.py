"""The page of a comparison: one self-contained HTML file, and its figures as PNG beside it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from striate.compare import amounts, charts, stories
from striate.compare.advice import advised
from striate.compare.amounts import points
from striate.compare.charts import Curve
from striate.compare.cost import AT_ONCE
from striate.compare.entrants import Entrant
from striate.compare.measure import pair
from striate.core import files
from striate.report import rendering, words
from striate.report.contents import Pictures, name_by_row
from striate.report.figures import save_png, style, to_svg
from striate.report.thumbnails import NO_THUMBNAILS, collect

Plain = dict[str, Any]

NAME = "comparison.html"
PICTURE_BYTES = 3_000_000  # of the page, for pictures
_LARGEST_DIFFERENCE = 0.2  # of accuracies: from here on a cell is as dark as it gets


@dataclass(frozen=True)
class Shown:
    """What the page shows beside the numbers.

    Args:
        entrants: the recognizers, in any order.
        curves: of those that were trained step by step.
        pictures: gives thumbnails of rows of the first run's table; None where they are not at hand.
        names: what people call the picture of a row.
        no_pictures: why there are no pictures.
    """

    entrants: Sequence[Entrant]
    curves: Sequence[Curve] = ()
    pictures: Pictures | None = None
    names: Any = name_by_row
    no_pictures: str = ""


def write(folder: Path, found: Plain, shown: Shown) -> Path:
    """Write `comparison.html` and `figures/*.png` into `folder`; each is there whole or not at all.

    Args:
        folder: of the comparison.
        found: as `measure.measure` returns it, with `advice`, `cautions`, `failed`, `command` and `machine`.
        shown: what is not in it.

    Returns:
        The path of the page.
    """
    figures = _draw(folder, found, shown.curves)
    path = folder / NAME
    files.write_text(path, _render(folder, found, shown, figures))
    return path


def _render(folder: Path, found: Plain, shown: Shown, figures: dict[str, Markup]) -> str:
    environment = rendering.environment()
    environment.filters |= {"short": amounts.short, "brief": amounts.brief}
    by_name = {entrant.name: entrant for entrant in shown.entrants}
    ranked = [by_name[told["name"]] for told in found["recognizers"]]
    lows = [told["accuracy"]["low"] for told in found["recognizers"]]
    return environment.get_template("comparison.html").render(
        **{name: found[name] for name in ("advice", "cautions", "failed", "machine", "command")},
        found={**found, "recognizers": [_with_link(folder, told) for told in found["recognizers"]]},
        title=folder.name,
        version=_version(),
        taken=advised(found)["name"],
        floor=max(0.0, int(10 * min(lows)) / 10),
        at_once=AT_ONCE,
        beats=_beats(found),
        agreement=_agreement(found),
        methods=found["methods"],
        several=any(len(told["runs"]) > 1 for told in found["recognizers"]),
        uncounted=[told["name"] for told in found["recognizers"] if not told["macs"]],
        figures=figures,
        **_pictures(ranked, shown),
        no_pictures=shown.no_pictures,
        stylesheet=rendering.source(environment, "style.css"),
        more_style=rendering.source(environment, "comparison.css"),
        script=rendering.source(environment, "script.js"),
    )


def _pictures(ranked: Sequence[Entrant], shown: Shown) -> Plain:
    clashes, unknown = stories.clashes(ranked), stories.nobody(ranked)
    rows = ranked[0].trainings[0].rows
    places = stories.shown(clashes, unknown)
    wanted = (int(rows[place]) for place in places)
    thumbnails = collect(wanted, shown.pictures, budget=PICTURE_BYTES) if shown.pictures else NO_THUMBNAILS
    return {
        "thumbnails": thumbnails,
        "clashes": [stories.told(clash, thumbnails.tiles, shown.names) for clash in clashes],
        "nobody": [
            stories.story(place, ranked[:2], thumbnails.tiles, shown.names)
            for place in unknown[: stories.NOBODY].tolist()
        ],
    }


def _draw(folder: Path, found: Plain, curves: Sequence[Curve]) -> dict[str, Markup]:
    shown: dict[str, Markup] = {}
    with style():
        for name, (figure, description) in _drawings(found["recognizers"], curves).items():
            save_png(figure, folder / "figures" / f"{name}.png")
            shown[name] = Markup(to_svg(figure, name, description))  # noqa: S704 our own drawing
    return shown


def _drawings(told: Sequence[Plain], curves: Sequence[Curve]) -> dict[str, tuple[Figure, str]]:
    found: dict[str, tuple[Figure, str]] = {}
    if any(entry["macs"] and entry["parameters"] for entry in told):
        said = "Accuracy against multiply-accumulates; the table gives the numbers."
        found["operations"] = charts.against_operations(told), said
    if any(entry["prediction_seconds"] for entry in told):
        said = "Accuracy against the time of one picture; the table gives the numbers."
        found["time"] = charts.against_time(told), said
    if any(map(charts.dense, told)):
        said = "Accuracy per million parameters; the table gives the numbers."
        found["density"] = charts.per_parameter(told), said
    if curves:
        said = "Validation accuracy after every epoch of each recognizer."
        found["learned_epochs"] = charts.learned(curves, "epochs"), said
        found["learned_seconds"] = charts.learned(curves, "seconds"), f"{said[:-1]}, by training time."
    return found


def _with_link(folder: Path, told: Plain) -> Plain:
    """Add where the first run's own report lies, as the page links to it, and what the name does not say."""
    report = Path(told["runs"][0]) / "report.html"
    runs = len(told["runs"])
    notes = [told["model"]] if told["model"] != told["name"] else []
    notes += [f"{runs} trainings"] if runs > 1 else []
    notes += [f"{told['unanswered']:,} unanswered"] if told["unanswered"] else []
    link = os.path.relpath(report, folder) if report.is_file() else None
    return {**told, "link": link, "note": ", ".join(notes)}


def _beats(found: Plain) -> list[Plain]:
    """Return the rows of the matrix: who is how far ahead of whom."""
    names = [told["name"] for told in found["recognizers"]]
    rows = []
    for name in names:
        cells = [None if name == other else _difference(pair(found, name, other)) for other in names]
        rows.append({"name": name, "cells": cells, "beaten": sum(bool(c and c["kind"] == "right") for c in cells)})
    return rows


def _difference(entry: Plain) -> Plain:
    kind = "" if entry["better"] is None else "right" if entry["better"] == entry["first"] else "wrong"
    shade = min(1.0, 0.3 + 0.7 * abs(entry["difference"]) / _LARGEST_DIFFERENCE)
    limits = f"{points(entry['low'], signed=True)} to {points(entry['high'], signed=True)}"
    alone = f"alone right on {words.number(entry['only_first'])} and {words.number(entry['only_second'])}"
    told = (
        f"{entry['first']} against {entry['second']}: {points(entry['difference'], signed=True)} points "
        f"(95 % interval {limits}), p {words.number(entry['p'])}, after Holm {words.number(entry['p_holm'])}; {alone}"
    )
    return {"text": points(entry["difference"], signed=True), "kind": kind, "shade": round(shade, 3), "told": told}


def _agreement(found: Plain) -> list[Plain]:
    """Return the rows of the matrix of equal answers; one training agrees with itself, which says nothing."""
    names = [told["name"] for told in found["recognizers"]]
    lowest = min(min(row) for row in found["agreement"])
    rows = []
    for place, (name, values) in enumerate(zip(names, found["agreement"], strict=True)):
        single = len(found["recognizers"][place]["runs"]) == 1
        cells = [None if other == place and single else _alike(value, lowest) for other, value in enumerate(values)]
        rows.append({"name": name, "cells": cells})
    return rows


def _alike(value: float, lowest: float) -> Plain:
    shade = 0.08 + 0.72 * (value - lowest) / max(1 - lowest, 1e-9)
    return {"text": f"{100 * value:.1f}", "shade": round(shade, 3)}


def _version() -> str:
    from striate import __version__

    return __version__
