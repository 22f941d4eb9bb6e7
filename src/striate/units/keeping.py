"""A study as a folder, and one that is not finished yet: numbers as safetensors, the rest as JSON, no code.

`study.json` says what was studied; `layer-000.safetensors` and so on hold the arrays of each layer. A folder appears
whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from striate.core.errors import DataError
from striate.core.files import intact, recover_directory, whole_directory
from striate.inside.axes import Axis
from striate.inside.fields import Unknown
from striate.inside.geometry import Geometry
from striate.inside.layers import Layer
from striate.units.gathering import Gathering
from striate.units.study import LayerStudy, Study

FORMAT = 1
_STUDY, _PARTIAL = "study.json", "partial.json"

Arrays = dict[str, NDArray[Any]]


def save(study: Study, path: Path) -> None:
    """Write the folder `path`, whole, in place of one before; equal studies give equal bytes."""
    described = [_describe(found) for found in study.layers]
    with whole_directory(path) as beside:
        for number, found in enumerate(study.layers):
            save_file(_arrays(found), beside / _file(number))
        save_file({"rows": study.rows, "labels": study.labels, "class_counts": study.class_counts}, beside / _ROWS)
        head = {
            "format": FORMAT,
            "classes": list(study.classes),
            "shape": list(study.shape),
            "pictures": study.pictures,
            "copies": study.copies,
            "unreadable": {str(row): reason for row, reason in sorted(study.unreadable.items())},
            "weights": study.weights,
            "data": study.data,
            "settings": dict(study.settings),
            "layers": described,
        }
        text = json.dumps(head, indent=2, ensure_ascii=False, allow_nan=False)
        (beside / _STUDY).write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Study:
    """Read the folder that `save` wrote.

    Raises:
        DataError: it is missing, damaged or of another format.
    """
    path = intact(path)
    try:
        head = json.loads((path / _STUDY).read_text(encoding="utf-8"))
        if head["format"] != FORMAT:
            raise DataError(f"{path} is a study of units of format {head['format']}, not {FORMAT}: make it anew")
        rows = load_file(path / _ROWS)
        found = tuple(
            LayerStudy(**_read_layer(described, load_file(path / _file(number))))
            for number, described in enumerate(head["layers"])
        )
        return Study(
            layers=found,
            classes=tuple(head["classes"]),
            shape=(head["shape"][0], head["shape"][1], head["shape"][2]),
            rows=rows["rows"],
            unreadable={int(row): reason for row, reason in head["unreadable"].items()},
            copies=head["copies"],
            labels=rows["labels"],
            class_counts=rows["class_counts"],
            weights=head["weights"],
            data=head["data"],
            settings=head["settings"],
        )
    except FileNotFoundError as error:
        raise DataError(f"no study of units in {path}: {error.filename} is missing") from None
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DataError(f"the study of units {path} is damaged ({error}): remove the folder and make it anew") from None


@dataclass(frozen=True)
class Progress:
    """How far a study is.

    Args:
        done: pictures of the rows that were looked at, with those that cannot be read.
        unreadable: why, by row.
    """

    done: int
    unreadable: Mapping[int, str]


def save_partial(path: Path, gathered: Sequence[Gathering], progress: Progress) -> None:
    """Write how far a study is to the folder `path`, whole, in place of what was there."""
    with whole_directory(path) as beside:
        for number, layer in enumerate(gathered):
            save_file(
                {name: np.ascontiguousarray(held) for name, held in layer.state().items()}, beside / _file(number)
            )
        unreadable = {str(row): reason for row, reason in progress.unreadable.items()}
        text = json.dumps({"done": progress.done, "unreadable": unreadable})
        (beside / _PARTIAL).write_text(text, encoding="utf-8")


def load_partial(path: Path, gathered: Sequence[Gathering]) -> Progress | None:
    """Have `gathered` go on from what `save_partial` wrote; None where there is nothing, or nothing that can be read.

    What cannot be read costs the time to do it again, and nothing else.
    """
    recover_directory(path)
    try:
        head = json.loads((path / _PARTIAL).read_text(encoding="utf-8"))
        states = [_owned(load_file(path / _file(number))) for number in range(len(gathered))]
        before = [layer.state() for layer in gathered]
    except (OSError, ValueError, KeyError, SafetensorError):
        return None
    try:
        for layer, state in zip(gathered, states, strict=True):
            layer.restore(state)
    except (ValueError, KeyError):
        for layer, state in zip(gathered, before, strict=True):
            layer.restore(state)
        return None
    return Progress(head["done"], {int(row): reason for row, reason in head["unreadable"].items()})


_ROWS = "rows.safetensors"


def _file(number: int) -> str:
    return f"layer-{number:03d}.safetensors"


def _owned(arrays: Arrays) -> Arrays:
    """Return arrays that may be written into."""
    return {name: array if array.flags.writeable else array.copy() for name, array in arrays.items()}


def _arrays(found: LayerStudy) -> Arrays:
    values = {field.name: getattr(found, field.name) for field in fields(found)}
    arrays = {name: np.ascontiguousarray(value) for name, value in values.items() if isinstance(value, np.ndarray)}
    return {**arrays, "border_share": np.array([found.border_share])}  # NaN is no JSON


def _describe(found: LayerStudy) -> dict[str, Any]:
    layer = found.layer
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": list(layer.shape),
        "geometry": _plain(layer.geometry),
        "pictures": found.pictures,
        "sampled": found.sampled,
    }


def _read_layer(described: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:
    layer = Layer(described["name"], described["kind"], tuple(described["shape"]), _geometry(described["geometry"]))
    counts = {name: described[name] for name in ("pictures", "sampled")}
    return {**arrays, **counts, "layer": layer, "border_share": float(arrays["border_share"][0])}


def _plain(geometry: Geometry | Unknown) -> dict[str, Any]:
    if isinstance(geometry, Unknown):
        return {"unknown": geometry.reason}
    axes = [{"phases": axis.phases, "step": axis.step, "fixed": axis.fixed} for axis in geometry.axes]
    return {"axes": axes, "picture": geometry.picture, "units": geometry.units}


def _geometry(plain: Mapping[str, Any]) -> Geometry | Unknown:
    if "unknown" in plain:
        return Unknown(plain["unknown"])
    down, right = (
        Axis(tuple(map(_pair, axis["phases"])), axis["step"], _pair(axis["fixed"])) for axis in plain["axes"]
    )
    (height, width), (rows, columns) = plain["picture"], plain["units"]
    return Geometry((down, right), (height, width), (rows, columns))


def _pair(values: Sequence[int] | None) -> tuple[int, int] | None:
    return None if values is None else (values[0], values[1])
