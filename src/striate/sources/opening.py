"""From what a user writes for DATA to a table: a folder, a manifest, or a source's name with options."""

import os
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from striate.core.errors import DataError, UnknownName
from striate.data.table import Table
from striate.sources import SOURCES
from striate.sources.lookup import data_root as place_for_data
from striate.sources.names import shown
from striate.sources.options import parse_options
from striate.sources.text_columns import ENDINGS

_READERS = {"folder", "manifest"}  # sources that need a path


def open_data(data: str, *, data_root: str | Path | None = None) -> Table:
    """Read the table of `data`.

    A folder or file wins over a source of the same name, unless `data_root` is given; `digits?` is always the source.

    Args:
        data: a folder, a manifest, or a source's name with its options: `shapes?count=500&seed=1`.
        data_root: where a named data set's files lie; by default STRIATE_DATA, then `~/.cache/striate/data`.

    Raises:
        UnknownName: neither a path that exists nor a source, or an option that the source lacks.
        DataError: the files are missing or not what they claim to be.
    """
    # unlike Path.expanduser, this one leaves the name of an unknown user as it is
    path = Path(os.path.expanduser(data))  # noqa: PTH111
    means_source = data_root is not None and data in SOURCES
    if data and not means_source and os.path.exists(path):  # noqa: PTH110 (Path.exists raises for a name too long)
        return _open_path(data, path)
    return _open_source(data, data_root)


def _open_path(data: str, path: Path) -> Table:
    kind = "folder" if path.is_dir() else "manifest"
    if kind == "manifest" and path.suffix.lower() not in ENDINGS:
        raise DataError(f"{path} is a file, but no manifest ({', '.join(ENDINGS)}): give one, or a folder of pictures")
    hint = f"'{data}' is a {kind} here; the source of that name is written '{data}?'" if data in SOURCES else ""
    try:
        table: Table = import_module(SOURCES[kind]).read(path)
    except DataError as error:
        if not hint:
            raise
        raise type(error)(f"{error} ({hint})") from error
    return replace(table, notes=(*table.notes, hint)) if hint else table


def _open_source(data: str, data_root: str | Path | None) -> Table:
    name, _, options = data.partition("?")
    if name not in SOURCES:
        raise UnknownName("folder, file or source", shown(name), [*(set(SOURCES) - _READERS), *_neighbors(name)])
    if name in _READERS:
        raise DataError(f"'{name}' is what paths are read by: give the path of the {name} itself")
    module = import_module(SOURCES[name])
    table: Table = module.read(place_for_data(data_root), **parse_options(name, options, module.read))
    return table


def _neighbors(data: str) -> list[str]:
    """Return paths beside the one that `data` would be, where their names are close to its own."""
    path = Path(data)
    try:
        beside = [entry.name for entry in path.parent.iterdir()]
    except (OSError, ValueError):
        return []
    return [shown(str(path.with_name(near))) for near in get_close_matches(path.name, beside, n=3, cutoff=0.6)]
