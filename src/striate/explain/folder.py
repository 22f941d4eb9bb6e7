"""The folder that explanations are kept in: a page, a picture and the raw values of each map, and all as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import chain, count
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from striate.core import files
from striate.core.errors import DataError, DoesNotApply, listed
from striate.explain import IN_SCORE, METHODS, drawing, page
from striate.explain.badges import badges
from striate.explain.colors import Scale, scale_of, shared
from striate.explain.drawing import Drawn
from striate.explain.picture import Explained, Panel, Question, ask
from striate.recognize.pictures import Pictures
from striate.report.figures import save_png, style

PAGE, RECORD = "index.html", "explanations.json"
MOST = 500  # pictures: a page is for people to look at
Plain = dict[str, Any]
Scaling = Literal["picture", "shared", "layer"]
"""Which maps have one scale of colors: one a picture and method; one a method, for all pictures; or, for all pictures,
one for all methods that say of the units of a layer what they give to the score, and one for each of the others."""


@dataclass(frozen=True)
class Written:
    """What was written.

    Args:
        folder: where.
        record: all that is told, as plain data; also in `explanations.json`.
    """

    folder: Path
    record: Plain

    @property
    def page(self) -> Path:
        """The page to open in a browser."""
        return self.folder / PAGE


def explain_into(
    run: Path,
    pictures: Iterable[Path],
    question: Question,
    *,
    out: Path | None = None,
    scale: Scaling = "shared",
    quiet: bool = True,
) -> Written:
    """Explain a run's answers to pictures, and write all that was found into a new folder.

    Args:
        run: a run directory, or the folder of a recognizer.
        pictures: files, or folders to search.
        question: what is asked of each.
        out: the folder; by default the run's name with -explained. One that exists is kept, and the new gets -2.
        scale: of the colors.
        quiet: show no progress.

    Raises:
        DataError, DoesNotApply, RecipeError, UnknownName: as `write` and `explain_pictures` have them.
    """
    named = list(pictures)
    _require_few(Pictures(named).count or 0)
    found = list(ask(run, named, question, quiet=quiet))
    return write(out or _beside(run), run, found, question, scale=scale)


def _beside(run: Path) -> Path:
    whole = run if run.name not in {"", ".."} else run.resolve()
    return whole.with_name(f"{whole.name}-explained")


def write(
    out: Path,
    run: Path,
    found: Sequence[Explained],
    question: Question,
    *,
    scale: Scaling = "shared",
) -> Written:
    """Write all that was explained into a new folder, which is there whole or not at all.

    Args:
        out: the folder; where it exists it is kept, and the new one gets -2.
        run: whose answers were explained.
        found: the pictures, unreadable ones too.
        question: what was asked.
        scale: of the colors; see `Scaling`.

    Raises:
        DataError: too many pictures for a page, or none that could be read.
        DoesNotApply: none of the methods applies to any picture.
    """
    _require(found)
    folder = files.free_name(out)
    names = _names(found)
    scales = _scales(found, scale)
    drawn = [
        [
            None if panel.maps is None else drawing.draw(panel, shown.pixels, scales[n][p])
            for p, panel in enumerate(shown.panels)
        ]
        for n, shown in enumerate(found)
    ]
    sharing = 1 if scale == "picture" else sum(not shown.error for shown in found)
    record = _record(run, found, question, names, drawn)
    with files.whole_directory(folder) as beside:
        for shown, pictures, told in zip(found, drawn, record["pictures"], strict=True):
            _write_maps(beside, shown, pictures, told["explanations"], sharing)
        files.write_json(beside / RECORD, record)
        files.write_text(beside / PAGE, page.render(folder.name, found, drawn, record, sharing=sharing))
    return Written(folder, record)


def _require_few(pictures: int) -> None:
    if pictures > MOST:
        raise DataError(f"{pictures:,} pictures are more than anyone looks at: name at most {MOST}")


def _require(found: Sequence[Explained]) -> None:
    _require_few(len(found))
    if all(shown.error for shown in found):
        lost = listed([f"{shown.picture}: {shown.error}" for shown in found])
        raise DataError(f"no picture to explain: none of {len(found)} can be read: {lost}")
    panels = [panel for shown in found for panel in shown.panels]
    if panels and all(panel.refused for panel in panels):
        reasons = dict.fromkeys(f"{panel.method}: {panel.refused}" for panel in panels)
        raise DoesNotApply("; ".join(reasons))


def _names(found: Sequence[Explained]) -> list[str]:
    """Return what the files of each picture begin with: its name without its ending, numbered where that is taken.

    Names that differ in case alone are the same to some file systems, and so they are here.
    """
    taken: set[str] = set()
    names = []
    for shown in found:
        stem = Path(shown.picture).stem.replace(" ", "-") or "picture"
        numbered = (f"{stem}-{number}" for number in count(2))
        name = next(name for name in chain([stem], numbered) if name.casefold() not in taken)
        taken.add(name.casefold())
        names.append(name)
    return names


def _scales(found: Sequence[Explained], scaling: Scaling) -> list[list[Scale]]:
    """Return the scale of every panel; that of a refused one means nothing."""
    own = [[_scale(panel) for panel in shown.panels] for shown in found]
    if scaling == "picture":
        return own
    together = [shared(column) for column in zip(*(row for row in own if row), strict=True)]
    if scaling == "layer":
        together = _of_layer(
            [panel.method for panel in next(shown.panels for shown in found if shown.panels)], together
        )
    return [together if row else [] for row in own]


def _of_layer(methods: Sequence[str], scales: Sequence[Scale]) -> list[Scale]:
    """Return the scale of each method, the same for all that give values of the layer in the score's unit.

    The values of the others are in units of their own, of which none is more or less than those of the score.
    """
    alike = [place for place, method in enumerate(methods) if method in IN_SCORE]
    together = list(scales)
    for place in alike if len(alike) > 1 else ():
        whole = shared([scales[other] for other in alike])
        together[place] = replace(whole, signed=scales[place].signed, methods=tuple(methods[other] for other in alike))
    return together


def _scale(panel: Panel) -> Scale:
    if panel.maps is None:
        return Scale(0.0, 0.0, signed=METHODS[panel.method].values == "signed")
    values = panel.maps.values[0].float().numpy()
    return scale_of(values, signed=panel.maps.signed, pixels=panel.maps.geometry is None)


def _write_maps(
    folder: Path, shown: Explained, drawn: Sequence[Drawn | None], told: Sequence[Plain], sharing: int
) -> None:
    for panel, picture, entry in zip(shown.panels, drawn, told, strict=True):
        if picture is None:
            continue
        _write_values(folder / entry["values"], picture.values)
        if panel.watched is not None:
            _write_values(folder / entry["zeiler"]["activity"], panel.watched.activity[0].float().numpy())
            _write_values(folder / entry["zeiler"]["labels"], panel.watched.labels[0].numpy())
        with style():
            meaning = drawing.explained(picture.scale, of=sharing)
            save_png(drawing.figure(shown, panel, picture, meaning=meaning), folder / entry["picture"])


def _write_values(path: Path, values: NDArray[Any]) -> None:
    buffer = BytesIO()
    np.save(buffer, values, allow_pickle=False)
    files.write_bytes(path, buffer.getvalue())


def _record(
    run: Path, found: Sequence[Explained], question: Question, names: Sequence[str],
    drawn: Sequence[Sequence[Drawn | None]],
) -> Plain:  # fmt: skip
    return {
        "run": str(run),
        "methods": list(question.methods),
        "pictures": [
            _told(shown)
            | {
                "explanations": [
                    _explanation(run, shown, panel, question, f"{name}.{_plain(panel.method)}", picture)
                    for panel, picture in zip(shown.panels, pictures, strict=True)
                ]
            }
            for shown, name, pictures in zip(found, names, drawn, strict=True)
        ],
    }


def _told(shown: Explained) -> Plain:
    if shown.error:
        return {"picture": shown.picture, "error": shown.error}
    second = next((name for name in shown.probabilities if name != shown.answer), None)
    return {
        "picture": shown.picture,
        "error": None,
        "class": shown.target,
        "probability": shown.probabilities[shown.target],
        "answer": shown.answer,
        "answer_probability": shown.probabilities[shown.answer],
        "runner_up": second,
        "runner_up_probability": None if second is None else shown.probabilities[second],
    }


def _explanation(
    run: Path, shown: Explained, panel: Panel, question: Question, name: str, picture: Drawn | None
) -> Plain:
    told: Plain = {
        "method": panel.method,
        "refused": panel.refused or None,
        "call": page.call(run, shown, panel, question),
    }
    if panel.maps is None or picture is None:
        return told
    geometry = panel.maps.geometry
    told |= {
        "layer": panel.layer,
        "shape": list(picture.values.shape),
        "signed": panel.maps.signed,
        "darkest": picture.scale.limit,
        "largest": float(np.abs(picture.values).max()),
        "note": panel.note or None,
        "picture": f"{name}.png",
        "values": f"{name}.npy",
        "offset": None if geometry is None else [float(at or 0) for at in geometry.offset],
        "stride": None if geometry is None else [float(step or 0) for step in geometry.stride],
    }
    if panel.evidence is not None:
        told["evidence"] = panel.evidence.to_dict()
        told["badges"] = [
            {"verdict": b.verdict, "claim": b.claim, "numbers": b.numbers} for b in badges(panel.evidence)
        ]
    if panel.unmeasured:
        told["unmeasured"] = panel.unmeasured
    if panel.watched is not None:
        told["zeiler"] = {
            "layer": panel.watched.layer,
            "unit": int(panel.watched.units[0]),
            "activity": f"{name}.activity.npy",
            "labels": f"{name}.labels.npy",
        }
    return told


def _plain(method: str) -> str:
    return method.replace("++", "-plus-plus")
