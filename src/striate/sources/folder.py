"""A folder of pictures, one folder a class: `root/<class>/**`, or `root/{train,val,test}/<class>/**`.

Classes are the folders' names; pictures in folders deeper down belong to the class above them. Nothing is opened
here: whether a file with a picture's ending can be read is the audit's question.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from striate.core.errors import ClassMismatch, DataError
from striate.data.table import SIDES, Table
from striate.sources.names import class_name, class_order, shown, side_of
from striate.sources.picture_files import PictureFiles, list_folders, require_text

LAYOUTS = "ROOT/<class>/*.jpg, or ROOT/train/<class>/*.jpg with val and test beside train (valid, validation too)"


@dataclass(frozen=True)
class _Part:
    """One side of the data, or all of it: where it lies and the pictures of each class."""

    side: str | None
    folder: str  # beneath the root; empty for the root itself
    classes: Mapping[str, list[str]]  # class name to paths beneath the root

    def filled(self) -> set[str]:
        """Return the classes that have pictures."""
        return {name for name, paths in self.classes.items() if paths}


def read(location: Path | None) -> Table:
    """Read the folder `location`; its path is the only thing to say.

    Raises:
        DataError: there is no such folder, or neither layout fits.
        ClassMismatch: a class of the validation or test folder has no training folder.
    """
    if location is None or not location.is_dir():
        raise DataError(f"no folder {location}: give the path of a folder laid out as {LAYOUTS}")
    require_text(location.parent, [str(location)])
    files = PictureFiles(location)
    folders = list_folders(location)
    sides, extra = _sort_out(location, folders)
    parts = [_read_part(files, side, folder) for side, folder in sides] or [_read_part(files, None, "")]
    _require_pictures(location, parts, files)
    notes = _check_classes(location, parts)
    if sides:
        notes += [_left_out(files, extra)] if extra else []
    elif any(side_of(folder) for folder in folders):
        taken = ", ".join(folder for folder in folders if side_of(folder))
        notes.append(f"taken as classes, since they hold pictures and no class folders: {taken}")
    return _table(location, parts, (*notes, *files.notes()))


def _sort_out(root: Path, folders: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the folders that are sides, as (side, folder) in the order of SIDES, and the others.

    Folders named like sides are sides where one of them holds folders; otherwise, with other folders beside
    them, they are classes that happen to bear such a name (a train is a vehicle too).
    """
    named = [(side, folder) for folder in folders if (side := side_of(folder))]
    others = [folder for folder in folders if not side_of(folder)]
    if not named or (others and not any(list_folders(root / folder) for _, folder in named)):
        return [], []
    for side, count in Counter(side for side, _ in named).items():
        if count > 1:
            same = ", ".join(folder for its, folder in named if its == side)
            raise DataError(f"{root} has several folders for the {side} pictures: {same}. Keep or merge into one.")
    return sorted(named, key=lambda pair: SIDES.index(pair[0])), others


def _read_part(files: PictureFiles, side: str | None, folder: str) -> _Part:
    classes: dict[str, list[str]] = {}
    for name in list_folders(files.root / folder):
        found = files.beneath(f"{folder}/{name}" if folder else name)
        classes.setdefault(class_name(name), []).extend(found)
    files.count_loose(folder)
    return _Part(side, folder, classes)


def _require_pictures(root: Path, parts: list[_Part], files: PictureFiles) -> None:
    classes = [name for part in parts for name in part.classes]
    if len(classes) == 1 and files.inner_sides:
        inner = root / next(iter(parts[0].classes))
        raise DataError(f"{root} has only one folder, {inner.name}, and that one is split: give {inner} instead")
    if any(part.filled() for part in parts):
        return
    loose = sum(files.loose.values())
    if loose:
        where = ", ".join(str(root / folder) for folder in files.loose)
        raise DataError(f"{where} holds {loose} pictures but no class folders. Lay them out as {LAYOUTS}.")
    said = "; ".join(files.notes()) or "it is empty"
    raise DataError(f"{root} has no pictures ({said}). Lay them out as {LAYOUTS}.")


def _check_classes(root: Path, parts: list[_Part]) -> list[str]:
    """Return notes on classes that a side lacks; refuse those that train lacks."""
    train = next((part for part in parts if part.side == "train"), None)
    notes = []
    for part in parts:
        if train is None or part is train:
            continue
        strangers = class_order(part.filled() - set(train.classes))
        if strangers:
            named = ", ".join(f"'{shown(name)}' ({len(part.classes[name])} pictures)" for name in strangers)
            raise ClassMismatch(
                f"{root / part.folder} has classes that {root / train.folder} lacks: {named}. Known: "
                f"{', '.join(map(shown, class_order(train.classes)))}. Rename or move these folders, or add training "
                "pictures of them."
            )
        lacking = class_order(train.filled() - part.filled())
        if lacking and part.filled():
            notes.append(f"{part.folder} has no pictures of {', '.join(lacking)}")
    return notes


def _left_out(files: PictureFiles, folders: list[str]) -> str:
    counted = ", ".join(f"{folder} ({len(files.beneath(folder))} pictures)" for folder in folders)
    return f"folders beside train, val and test were left out: {counted}"


def _table(root: Path, parts: list[_Part], notes: tuple[str, ...]) -> Table:
    train = next((part for part in parts if part.side == "train"), None)
    names = train.classes if train else {name for part in parts for name in part.classes}
    classes = class_order(names)
    paths: list[str] = []
    labels: list[int] = []
    splits: list[str] = []
    for part in parts:
        for label, name in enumerate(classes):
            found = part.classes.get(name, [])
            paths += found
            labels += [label] * len(found)
            splits += [part.side or ""] * len(found)
    columns = {"path": pa.array(paths, pa.string()), "label": pa.array(np.array(labels, np.int32))}
    if parts[0].side:
        columns["split"] = pa.array(splits, pa.string())
    return Table(pa.table(columns), classes, "folder", str(root.absolute()), root=root.absolute(), notes=notes)
