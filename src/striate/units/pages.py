"""The pages of `striate units`: a folder of static HTML that works offline, from the map of the network to a unit.

index.html              the network's layers, and pictures to follow through them
layers/NAME.html        the grid of a layer's units; #unit-12 is the page of one
pictures/ROW.html       the maps of one picture in all layers
sheets/, assets/        the small pictures, many to a file; style and script
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import striate
from striate.core import files
from striate.core.progress import track
from striate.report import rendering
from striate.report.thumbnails import shrink
from striate.units import calls, layer_page, map_page, picture_page, sheets
from striate.units.layer_page import Made, file_stem
from striate.units.looking import Looking
from striate.units.past import Past
from striate.units.sheets import Sheet
from striate.units.study import LEVELS, LayerStudy

_AT_ONCE = 256  # pictures

Make = Callable[[LayerStudy], Made]


def write(folder: Path, looking: Looking, make: Make, *, past: Past | None = None, quiet: bool = False) -> Path:
    """Write the pages into `folder`, which is there whole or not at all.

    Args:
        folder: a new one.
        looking: the network and what was found of its units.
        make: makes what does not come from the data, for one layer.
        past: what the units were at the run's snapshots; None: not shown.
        quiet: show no progress.

    Returns:
        The path of the map of the network.
    """
    with files.whole_directory(folder) as beside:
        _Pages(beside, looking, past).write(make, quiet=quiet)
    return folder / "index.html"


class _Pages:
    def __init__(self, folder: Path, looking: Looking, past: Past | None) -> None:
        self._folder, self._looking, self._past = folder, looking, past
        self._environment = rendering.environment()
        for part in ("assets", "sheets", "layers", "pictures"):
            (folder / part).mkdir()

    def write(self, make: Make, *, quiet: bool) -> None:
        looking = self._looking
        self._assets()
        chosen = picture_page.choose(looking, looking.wish.pictures)
        rows = sorted({int(row) for study in looking.study for row in study.top_rows.ravel() if row >= 0} | set(chosen))
        whole = _whole(self._folder, looking, rows)
        about = self._about(rows, chosen)
        drawn: dict[str, tuple[dict[str, Sheet], list[dict[str, Any]], Made]] = {}
        with track("drawing layers", len(looking.study.layers), quiet=quiet) as tracker:
            for study in looking.study:
                made = make(study)
                drawn[study.layer.name] = (*layer_page.draw(self._folder, looking, study, made), made)
                self._layer(study, drawn[study.layer.name], whole, about)
                tracker.advance(1)
        for place, row in enumerate(chosen):
            self._picture(row, chosen[max(0, place - 1)], chosen[min(len(chosen) - 1, place + 1)], whole, about)
        self._map(drawn, whole, chosen, about)

    def _assets(self) -> None:
        style = str(rendering.source(self._environment, "style.css")) + str(
            rendering.source(self._environment, "units.css")
        )
        files.write_text(self._folder / "assets/units.css", style)
        files.write_text(self._folder / "assets/units.js", str(rendering.source(self._environment, "units.js")))

    def _about(self, rows: Sequence[int], chosen: Sequence[int]) -> dict[int, dict[str, Any]]:
        about, classes = {}, self._looking.study.classes
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            for place, (row, answer) in enumerate(zip(part, self._looking.answers(part), strict=True), start):
                about[row] = {
                    "tile": place,
                    "name": self._looking.named(row),
                    "truth": classes[int(self._looking.labels[row])],
                    "answer": self._looking.recognizer.classes[int(answer.argmax())],
                    "probability": float(answer.max()),
                    "page": f"pictures/{row}.html" if row in set(chosen) else None,
                }
        return about

    def _layer(
        self,
        study: LayerStudy,
        drawn: tuple[dict[str, Sheet], list[dict[str, Any]], Made],
        whole: dict[str, Sheet],
        about: dict[int, dict[str, Any]],
    ) -> None:
        shown, units, made = drawn
        if self._past is not None:
            shown["history"] = self._past.draw(self._folder, study, units, projections=made.projections > 0)
        whole_layer = f"{study.units:,} units"
        number = whole_layer if len(units) == study.units else f"{len(units):,} of {whole_layer}"
        title = f"{study.layer.name}: {number}"
        names = list(self._looking.study.names)
        place = names.index(study.layer.name)
        rows = {entry["row"] for unit in units for entry in unit["top"]}
        told = {
            "base": "../",
            "classes": list(self._looking.study.classes),
            "picture": list(self._looking.picture),
            "layer": {
                "name": study.layer.name,
                "grid": f"{study.places[0]} x {study.places[1]}",
                "weights": made.weights_told[0],
                "weightsNote": made.weights_told[1],
                **made.wired,
            },
            "units": units,
            "projections": made.projections,
            "epochs": [] if self._past is None else list(self._past.epochs),
            "pictures": {row: about[row] for row in sorted(rows)},
            "sheets": {name: sheet.plain() for name, sheet in {**shown, **whole}.items()},
            "how": _how(self._looking, made),
            "title": title,
            "levels": LEVELS,
            "call": calls.of_unit(
                self._looking,
                study,
                projected=made.projections > 0,
                made=made.synthetic is not None,
                weights=made.weights is not None,
            ),
        }
        self._render(
            f"layers/{file_stem(study.layer.name)}.html",
            "units_layer.html",
            told,
            kind="layer",
            base="../",
            title=title,
            layer=study.layer.name,
            lead=layer_page.lead(study),
            before=_link(names, place - 1),
            after=_link(names, place + 1),
            matrices=layer_page.matrices(self._folder, study),
        )

    def _picture(
        self, row: int, before: int, after: int, whole: dict[str, Sheet], about: dict[int, dict[str, Any]]
    ) -> None:
        looking = self._looking
        told = {
            "base": "../",
            "classes": list(looking.study.classes),
            "picture": list(looking.picture),
            "sheets": {name: sheet.plain() for name, sheet in whole.items()},
            "pictures": {row: about[row]},
            **picture_page.seen(looking, row),
        }
        self._render(
            f"pictures/{row}.html",
            "units_picture.html",
            told,
            kind="picture",
            base="../",
            title=f"{about[row]['name']} through all layers",
            picture=about[row]["name"],
            before=f"{before}.html" if before != row else None,
            after=f"{after}.html" if after != row else None,
            note=picture_page.note(looking, row),
            answers=picture_page.answers(looking, row),
            how="The network's own values in evaluation mode, in float32, written down in 256 steps from the least to "
            "the largest value of each unit; blue is negative, white 0, red positive.",
            call=calls.of_picture(looking, row),
        )

    def _map(
        self,
        drawn: dict[str, tuple[dict[str, Sheet], list[dict[str, Any]], Made]],
        whole: dict[str, Sheet],
        chosen: Sequence[int],
        about: dict[int, dict[str, Any]],
    ) -> None:
        looking = self._looking
        shown = [
            map_page.strip(found, looking.units(found), drawn[found.layer.name][0]["patches"])
            for found in looking.study
        ]
        told = {
            "base": "",
            "sheets": {name: sheet.plain() for name, sheet in whole.items()},
            "pictures": {row: about[row] for row in chosen},
            "layers": shown,
        }
        self._render(
            "index.html",
            "units_map.html",
            told,
            kind="map",
            base="",
            title=f"What the units of {looking.name} answer to",
            model=looking.recognizer.model,
            data=looking.data,
            report=looking.report,
            lead=map_page.lead(looking),
            cautions=map_page.cautions(looking),
            layers=map_page.rows(looking),
            convergence=None if self._past is None else self._past.told(),
            pictures=[
                {
                    "row": row,
                    "page": about[row]["page"],
                    "truth": about[row]["truth"],
                    "answer": about[row]["answer"],
                    "probability": about[row]["probability"],
                    "right": about[row]["truth"] == about[row]["answer"],
                }
                for row in chosen
            ],
            how=_HOW,
            call=looking.call,
        )

    def _render(self, path: str, template: str, told: dict[str, Any], **values: Any) -> None:
        page = self._environment.get_template(template).render(
            told=told, name=self._looking.name, version=striate.__version__, **values
        )
        files.write_text(self._folder / path, page)


_HOW = (
    "Every picture passed the network once, in evaluation mode and float32; nothing of the network was changed. A "
    "unit's top patches are the parts of the pictures that it sees where its value is greatest, one a picture; what "
    "lies outside of the picture is light gray."
)


_RULES = {
    "deconvnet": "by switches of the poolings, ReLU and transposed filters (Zeiler and Fergus, 2013)",
    "guided": "by guided backpropagation (Springenberg et al., 2014), as this network has no max pooling whose "
    "switches a deconvnet could follow",
}


def _how(looking: Looking, made: Made) -> str:
    said = [_HOW]
    if made.projections:
        said.append(
            f"Under each patch is the unit's value projected back to the pixels {_RULES[looking.rule]}, each on a "
            "scale of its own, mid-gray is 0."
        )
    if made.left_out:
        said.append(made.left_out)
    return " ".join(said)


def _whole(folder: Path, looking: Looking, rows: Sequence[int]) -> dict[str, Sheet]:
    """Write the whole pictures of `rows`; without any, as where all units are dead, there is no sheet of them."""

    def tiles() -> Any:
        for start in range(0, len(rows), _AT_ONCE):
            pictures = looking.pixels(rows[start : start + _AT_ONCE]).transpose(0, 2, 3, 1)
            yield from (picture[None] for picture in shrink(pictures))

    return {"pictures": sheets.write(folder, "pictures", tiles(), shown=112)} if rows else {}


def _link(names: Sequence[str], place: int) -> dict[str, str] | None:
    if not 0 <= place < len(names):
        return None
    return {"page": f"{file_stem(names[place])}.html", "name": names[place]}
