"""A manifest: a CSV, TSV or Parquet file with one picture a row.

Columns: `image_path`, `path` or `file_name`; `label`; optional `split`, `group` and `hash`. Relative paths start at
the manifest's folder. Whether the files are there and can be read is the audit's question.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.core.errors import ClassMismatch, DataError
from striate.data.table import SIDES, Table
from striate.sources.names import SIDE_SPELLINGS, class_name, class_order, side_of
from striate.sources.text_columns import ENDINGS, TextColumns

PATH_COLUMNS = ("image_path", "path", "file_name")
OPTIONAL = ("split", "group", "hash")


def read(location: Path | None) -> Table:
    """Read the manifest `location`, in a stream and without a loop over its rows.

    Raises:
        DataError: the file is no manifest, or a row lacks its path, label or split; the first such row is named.
        ClassMismatch: there are training rows, but none of a class that other rows have.
    """
    if location is None or not location.is_file():
        raise DataError(f"no file {location}: give the path of a manifest ({', '.join(ENDINGS)})")
    file = TextColumns(location, known=(*PATH_COLUMNS, "label", *OPTIONAL))
    path = _path_column(file)
    names = [path, "label", *(name for name in OPTIONAL if name in file.names)]
    texts = file.read(names, encoded={"label", "split"})
    if not len(texts["label"]):
        raise DataError(f"{location} has a header but no rows: write one row a picture")
    columns, notes = {}, []
    columns["path"], said = _paths(location, path, texts.pop(path))
    notes += said
    labels, classes = _labels(location, texts["label"])
    columns["label"] = pa.array(labels, pa.int32())
    if "split" in texts and texts["split"].null_count < len(labels):
        sides = _sides(location, texts["split"])
        _require_trained(location, labels, sides, classes)
        columns["split"] = pa.array(SIDES).take(pa.array(sides))
    if "group" in texts and texts["group"].null_count < len(labels):
        columns["group"] = texts["group"]
    if "hash" in texts:
        holes = texts["hash"].null_count
        notes += (
            [f"column hash is not used, as {holes} of its cells are empty: files are hashed instead"] if holes else []
        )
        columns |= {} if holes else {"hash": texts["hash"]}
    root = location.absolute().parent
    return Table(pa.table(columns), classes, "manifest", str(location.absolute()), root=root, notes=tuple(notes))


def _path_column(file: TextColumns) -> str:
    known = [name for name in file.names if name in {*PATH_COLUMNS, "label", *OPTIONAL}]
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise DataError(f"{file.path} has several columns {', '.join(twice)}: keep one of each")
    paths = [name for name in PATH_COLUMNS if name in known]
    if len(paths) == 1 and "label" in known:
        return paths[0]
    found = f"its columns are {', '.join(file.names) or 'none'}"
    if len(paths) > 1:
        raise DataError(f"{file.path} has the columns {' and '.join(paths)}, which mean the same: keep one; {found}")
    lacking = [*([] if paths else [f"{', '.join(PATH_COLUMNS[:-1])} or {PATH_COLUMNS[-1]}"]), *({"label"} - set(known))]
    raise DataError(f"{file.path} has no column {' and no column '.join(lacking)}: {found}; the first line names them")


def _paths(location: Path, name: str, paths: Any) -> tuple[Any, list[str]]:
    missing = pc.or_kleene(pc.is_null(paths), pc.equal(paths, ""))
    _require_none(location, name, missing.to_numpy(zero_copy_only=False))
    backward = pc.any(pc.match_substring(paths, "\\")).as_py() and not pc.any(pc.match_substring(paths, "/")).as_py()
    if not backward:
        return paths, []
    return pc.replace_substring(paths, "\\", "/"), [f"column {name} has paths in Windows style: read with / for \\"]


def _labels(location: Path, column: Any) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    codes = _codes(column)
    used = np.unique(codes[codes >= 0])  # a column of categories may list some that no row has
    values = [class_name(value or "") for value in column.dictionary.to_pylist()]
    classes = class_order({values[code] for code in used} - {""})
    position = {name: label for label, name in enumerate(classes)}
    labels = np.array([*(position.get(value, -1) for value in values), -1], np.int32)[codes]
    _require_none(location, "label", labels < 0)
    return labels, classes


def _sides(location: Path, column: Any) -> NDArray[np.int8]:
    codes = _codes(column)
    values = column.dictionary.to_pylist()
    position = {side: place for place, side in enumerate(SIDES)}
    known = np.array([*(position.get(side_of(value or "") or "", -1) for value in values), -1], np.int8)
    sides: NDArray[np.int8] = known[codes]
    strange = np.flatnonzero(sides < 0)
    if strange.size:
        code = codes[strange[0]]
        value = f"'{values[code]}'" if code >= 0 else "empty"
        raise DataError(
            f"{location}, row {strange[0] + 1} (the first below the header is 1): split is {value}; allowed are "
            f"{', '.join(SIDE_SPELLINGS)}. {strange.size} rows are so."
        )
    return sides


def _require_trained(
    location: Path, labels: NDArray[np.int32], sides: NDArray[np.int8], classes: tuple[str, ...]
) -> None:
    training = np.bincount(labels[sides == 0], minlength=len(classes))
    untrained = np.flatnonzero(training == 0)
    if untrained.size and training.any():
        named = ", ".join(f"'{classes[label]}' ({np.count_nonzero(labels == label)} rows)" for label in untrained[:10])
        more = f" and {untrained.size - 10} more" if untrained.size > 10 else ""
        raise ClassMismatch(
            f"{location} has classes without any training row: {named}{more}. Correct their label or split, or remove "
            "these rows."
        )


def _codes(column: Any) -> NDArray[np.int32]:
    codes: NDArray[np.int32] = pc.fill_null(column.indices, -1).to_numpy()
    return codes


def _require_none(location: Path, name: str, missing: NDArray[np.bool_]) -> None:
    rows = np.flatnonzero(missing)
    if rows.size:
        raise DataError(
            f"{location}, row {rows[0] + 1} (the first below the header is 1): {name} is empty. "
            f"{rows.size} rows are so: fill them in or remove them."
        )
