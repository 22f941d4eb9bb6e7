"""One self-contained HTML file that opens offline and prints, and its figures as PNG beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from striate.core import files
from striate.report import mosaics, rendering, words
from striate.report.choice import choose
from striate.report.contents import Contents, Extras, Pictures, gather
from striate.report.drawings import draw, has_filters, when_sure
from striate.report.sections import (
    Shelf,
    bar_floor,
    matrix_rows,
    pairs,
    part_counts,
    plain_facts,
    quarantined,
    told_epochs,
)
from striate.report.thumbnails import ACROSS, NO_THUMBNAILS, collect, data_uri

PICTURE_BYTES = 4_000_000  # of the page, for pictures
AUGMENTED_BYTES = 500_000
MOST_QUARANTINED = 200
MOST_DRAWN = 8  # augmented pictures with what was drawn for them
# Of environment.json, shown in their own places.
_ELSEWHERE = {"command", "unreadable_while_training", "fitting", "fitting_memory"}
_BADGES = {"fail": "✕", "warn": "!", "undecidable": "?", "pass": "✓"}  # in the order of their weight


def write(run_path: Path, pictures: Pictures | None, extras: Extras) -> Path:
    """Write `report.html` and `figures/*.png` into a run directory; each is there whole or not at all.

    Args:
        run_path: a run that has finished.
        pictures: gives thumbnails (N, H, W, C) uint8 of rows of the table, as the network sees them; without it the
            report has no pictures.
        extras: what the files of the run do not hold.

    Returns:
        The path of the page.

    Raises:
        DataError: a file of the run is missing or is not what it claims to be.
    """
    contents = gather(run_path)
    answers = contents.answers.get(contents.part or "")
    choice = choose(answers, len(contents.classes)) if answers else None
    shelf = None
    if answers and choice:
        rows = (int(answers.rows[position]) for position in choice.positions())
        thumbnails = collect(rows, pictures, budget=PICTURE_BYTES) if pictures else NO_THUMBNAILS
        shelf = Shelf(contents, answers, choice, thumbnails, extras)
    figures = draw(contents, choice, pictures, extras)
    path = run_path / "report.html"
    files.write_text(path, _render(contents, shelf, extras, figures))
    return path


def _render(contents: Contents, shelf: Shelf | None, extras: Extras, figures: dict[str, Markup]) -> str:
    environment = rendering.environment()
    return environment.get_template("page.html").render(
        contents=contents,
        figures=figures,
        data=contents.data,
        measured=contents.measured,
        part=words.PART_NAMES[contents.part] if contents.part else None,
        recipe=contents.recipe,
        thumbnails=shelf.thumbnails if shelf else NO_THUMBNAILS,
        across=ACROSS,
        **_headline(contents),
        **_stories(contents, shelf),
        **_lists(contents, extras),
        **_network(extras),
        stylesheet=rendering.source(environment, "style.css"),
        script=rendering.source(environment, "script.js"),
    )


def _headline(contents: Contents) -> dict[str, Any]:
    measured = contents.measured
    return {
        "verdict": words.verdict(str(contents.recipe["model"]), contents.part, measured),
        "cautions": words.cautions(
            contents.part, measured, contents.recipe.get("seed"), members=len(contents.recipe.get("members", ()))
        ),
        "common": max((e["pictures"] for e in measured["per_class"]), default=0) / measured["pictures"]
        if measured
        else 0,
    }


def _stories(contents: Contents, shelf: Shelf | None) -> dict[str, Any]:
    found: dict[str, Any] = {"samples": [], "worst": [], "least_sure": [], "cells": {}}
    if shelf:
        choice = shelf.choice
        found["samples"] = [shelf.pictures(rows) for rows in choice.samples]
        found["worst"], found["least_sure"] = shelf.pictures(choice.worst), shelf.pictures(choice.least_sure)
        found["cells"] = shelf.cells()
        found["wrong"] = int((~shelf.answers.right).sum())
    return {**found, "pairs": pairs(contents, shelf), "rows": matrix_rows(contents)}


def _lists(contents: Contents, extras: Extras) -> dict[str, Any]:
    findings = sorted(contents.data["findings"], key=lambda finding: list(_BADGES).index(finding["verdict"]))
    return {
        "parts": part_counts(contents),
        "epochs": told_epochs(contents),
        "findings": findings,
        "badges": _BADGES,
        "quarantined": quarantined(contents, extras),
        "most_quarantined": MOST_QUARANTINED,
        "floor": bar_floor(contents),
        "lookups": when_sure(contents),
        "facts": plain_facts({key: value for key, value in contents.environment.items() if key not in _ELSEWHERE}),
    }


def _network(extras: Extras) -> dict[str, Any]:
    found: dict[str, Any] = {"filters": None, "augmented": None, "drawn": []}
    if has_filters(extras) and extras.first_layer is not None:
        filters = mosaics.filters(extras.first_layer)
        found["filters"] = {"of": filters, "uri": data_uri(filters.picture)}
    if extras.augmented is not None and len(extras.augmented):
        shown = extras.augmented[: mosaics.MOST_AUGMENTED]
        found["augmented"] = collect(range(len(shown)), shown.__getitem__, budget=AUGMENTED_BYTES)
        found["augmented_total"] = len(extras.augmented)
        found["drawn"] = list(extras.drawn[:MOST_DRAWN]) if any(extras.drawn) else []
    return found
