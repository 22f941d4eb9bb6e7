"""CIFAR's two editions: the binary one, and the python one, which is pickled.

https://www.cs.toronto.edu/~kriz/cifar.html

A picture is 3072 bytes: the red plane, then the green, then the blue, each 32 rows of 32. In the binary edition one
label byte (CIFAR-100: coarse, then fine) stands before each; in the python edition the labels are a list beside.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import ClassMismatch, DataError
from striate.data.table import Table, picture_columns
from striate.sources.lookup import absent, data_root, find_folder, places
from striate.sources.pickled_arrays import load_pickle

_PLANES = 3 * 32 * 32

Labelled = tuple[NDArray[np.uint8], NDArray[np.int64]]  # pictures and their labels


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a data set's files are named and read.

    Args:
        source: the data set's name.
        location: what to give `open_table` to read the same table again.
        folders: folders beneath the place for data in which the files may lie.
        files: the files of each side, without the `.bin` of the binary edition.
        counts: how many pictures each side has.
        classes: the class names in label order.
        label_bytes: how many label bytes stand before a picture in the binary edition.
        label_byte: which of them is the label.
        label_key: the labels' key in the python edition.
        names_file: the file of class names in the binary edition.
        names_key: the file of class names in the python edition, and the key in it.
        archives: the official archives and their md5.
    """

    source: str
    location: str
    folders: tuple[str, ...]
    files: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]
    classes: tuple[str, ...]
    label_bytes: int
    label_byte: int
    label_key: str
    names_file: str
    names_key: tuple[str, str]
    archives: Mapping[str, str]


def read_layout(layout: Layout, location: Path | None) -> Table:
    """Read both sides of the data set, from the binary edition where it is there, else from the python edition.

    Raises:
        DataError: files are absent, truncated or not what they claim to be.
        ClassMismatch: the class names beside the files are not the data set's.
    """
    folder, ending = _find(layout, data_root(location))
    _check_names(layout, folder, binary=bool(ending))
    read = _read_binary if ending else _read_python
    batches = [read(folder / f"{name}{ending}", layout) for names in layout.files.values() for name in names]
    sides = [side for side, names in layout.files.items() for _ in names]
    labels = np.concatenate([labels for _, labels in batches])
    splits = [side for side, (_, some) in zip(sides, batches, strict=True) for _ in range(len(some))]
    return Table(
        picture_columns(labels, splits),
        layout.classes,
        layout.source,
        layout.location,
        root=folder,
        pixels=np.concatenate([pictures for pictures, _ in batches]),
        notes=tuple(
            f"{layout.source} has {splits.count(side)} {side} pictures here, not the {count} of the official files"
            for side, count in layout.counts.items()
            if splits.count(side) != count
        ),
    )


def _find(layout: Layout, root: Path) -> tuple[Path, str]:
    names = [name for side in layout.files.values() for name in side]
    for ending in (".bin", ""):
        folder = find_folder(root, layout.folders, [f"{name}{ending}" for name in names])
        missing = [f"{name}{ending}" for name in names if folder and not (folder / f"{name}{ending}").is_file()]
        if folder and not missing:
            return folder, ending
        if folder:
            raise DataError(f"{layout.source}: {folder} lacks {', '.join(missing)}: unpack the archive again")
    packed = [
        place / archive
        for place in places(root, layout.folders)
        for archive in layout.archives
        if (place / archive).is_file()
    ]
    if packed:
        raise DataError(f"{layout.source}: {packed[0]} is still packed: unpack it there with tar -xzf {packed[0].name}")
    files = {f"{name}.bin": "" for name in names}
    files |= {f"as unpacked from {archive}": f"md5 {md5}" for archive, md5 in layout.archives.items()}
    raise absent(layout.source, root, layout.folders, files, then="Unpack one of the archives there.")


def _check_names(layout: Layout, folder: Path, *, binary: bool) -> None:
    path = folder / (layout.names_file if binary else layout.names_key[0])
    if not path.is_file():
        return
    if binary:
        names = path.read_text("utf-8", "replace").split()
    else:
        listed = _entries(path).get(layout.names_key[1])
        names = [_text(name) for name in listed] if isinstance(listed, list) else []
    if tuple(names) != layout.classes:
        raise ClassMismatch(
            f"{path} names other classes than {layout.source} has: {', '.join(names[:10])} ... where "
            f"{', '.join(layout.classes[:10])} ... is right. Unpack the archive again, or move that file away."
        )


def _read_binary(path: Path, layout: Layout) -> Labelled:
    size = layout.label_bytes + _PLANES
    try:
        raw = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if raw.size == 0 or raw.size % size:
        raise DataError(f"{path} has {raw.size} bytes, not a multiple of {size}: truncated? Unpack the archive again.")
    records = raw.reshape(-1, size)
    labels = records[:, layout.label_byte].astype(np.int64)
    _check_labels(path, labels.tolist(), layout)
    return _pictures(records[:, layout.label_bytes :]), labels


def _read_python(path: Path, layout: Layout) -> Labelled:
    entries = _entries(path)
    planes, labels = entries.get("data"), entries.get(layout.label_key)
    if not (isinstance(planes, np.ndarray) and planes.ndim == 2 and planes.shape[1] == _PLANES):
        raise DataError(f"{path} has no array 'data' of {_PLANES} bytes a picture: not a file of {layout.source}")
    if not (isinstance(labels, list) and all(type(label) is int for label in labels)):
        raise DataError(f"{path} has no list of whole numbers '{layout.label_key}': not a file of {layout.source}")
    if len(labels) != len(planes):
        raise DataError(f"{path} has {len(planes)} pictures, but {len(labels)} labels: unpack the archive again")
    _check_labels(path, labels, layout)
    return _pictures(planes), np.array(labels, np.int64)


def _entries(path: Path) -> dict[str, object]:
    loaded = load_pickle(path)
    if not isinstance(loaded, dict):
        raise DataError(f"{path} holds no dictionary: not a file of CIFAR's python edition")
    return {_text(key): entry for key, entry in loaded.items()}


def _check_labels(path: Path, labels: list[int], layout: Layout) -> None:
    strange = sorted(set(labels) - set(range(len(layout.classes))))
    if strange:
        raise DataError(
            f"{path} has the label {strange[0]}, but the classes of {layout.source} are "
            f"0 to {len(layout.classes) - 1}: not a file of it, or damaged"
        )


def _pictures(planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
