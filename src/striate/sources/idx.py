"""IDX, the format of MNIST's files: LeCun, Cortes and Burges, 1998 (http://yann.lecun.com/exdb/mnist/).

Two zero bytes, a byte for the type (8: unsigned byte), a byte for the number of dimensions, each dimension as a
big-endian 32-bit count, then the values with the last dimension running fastest. Plain or in gzip.
"""

import gzip
import struct
import zlib
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DataError
from striate.data.table import Table, picture_columns
from striate.sources.lookup import absent, data_root, find_folder

Labelled = tuple[NDArray[np.uint8], NDArray[np.int64]]  # pictures and their labels

FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}

# blake2b (8 bytes) of the official labels, unpacked: the two data sets share their file names
_OFFICIAL = {
    "f52eea2c5f99c70c": "mnist",
    "9b61c31a41795831": "mnist",
    "5a94272eea281cb1": "fashion_mnist",
    "91602d8c52e4381e": "fashion_mnist",
}


def read_sets(
    source: str,
    location: Path | None,
    *,
    folders: tuple[str, ...],
    classes: tuple[str, ...],
    md5: Mapping[str, str],
) -> Table:
    """Read the training and test pictures of a data set laid out as MNIST is.

    Args:
        source: the data set's name.
        location: the folder of the four files or one above it; None for the user's own place for data.
        folders: folders beneath `location` in which they may lie.
        classes: the class names in label order.
        md5: checksums of the official `.gz` files, by name without `.gz`.

    Raises:
        DataError: a file is absent, truncated or not what its name says.
    """
    folder = _folder(source, data_root(location), folders, md5)
    sets = {side: _read_set(folder, names, len(classes)) for side, names in FILES.items()}
    if len({images.shape[1:] for images, _ in sets.values()}) > 1:
        raise DataError(f"{source}: in {folder} the training and the test pictures differ in size: mixed data sets?")
    notes = _identify(source, folder, sets)
    return Table(
        picture_columns(
            np.concatenate([labels for _, labels in sets.values()]),
            [side for side, (_, labels) in sets.items() for _ in range(len(labels))],
        ),
        classes,
        source,
        source,
        root=folder,
        pixels=np.concatenate([images for images, _ in sets.values()])[..., None],
        notes=notes,
    )


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, unpacking it where its content is gzip.

    Raises:
        DataError: the file is truncated, too long, or no such IDX file.
    """
    head_size = 4 + 4 * dimensions
    raw = _content(path)
    magic = bytes([0, 0, 8, dimensions])
    if raw[:4] != magic or len(raw) < head_size:
        raise DataError(
            f"{path} is no IDX file of {dimensions} dimensions: it has {len(raw)} bytes and begins with "
            f"{raw[:4]!r}, not {magic!r}. Fetch it again."
        )
    shape = struct.unpack(f">{dimensions}I", raw[4:head_size])
    wanted = int(np.prod(shape, dtype=object))
    if len(raw) - head_size != wanted:
        by = " x ".join(map(str, shape))
        raise DataError(
            f"{path} has {len(raw) - head_size} bytes of values where its header says {by} = {wanted}: "
            f"truncated or damaged. Fetch it again."
        )
    return np.frombuffer(raw, np.uint8, offset=head_size).reshape(shape)


def _folder(source: str, root: Path, folders: tuple[str, ...], md5: Mapping[str, str]) -> Path:
    folder = find_folder(root, folders, [spelled for name in md5 for spelled in _spellings(name)])
    missing = [name for name in md5 if folder is None or _find(folder, name) is None]
    if folder is not None and not missing:
        return folder
    files = {f"{name}.gz": f"md5 {md5[name]}" for name in missing}
    beneath = folders if folder is None else ()
    raise absent(source, folder or root, beneath, files, then="Put them there, as they are or unpacked.")


def _spellings(name: str) -> list[str]:
    dotted = name.replace("-idx", ".idx")  # as some archives unpack
    return [name, dotted, f"{name}.gz", f"{dotted}.gz"]


def _find(folder: Path, name: str) -> Path | None:
    return next((folder / spelled for spelled in _spellings(name) if (folder / spelled).is_file()), None)


def _read_set(folder: Path, names: tuple[str, str], num_classes: int) -> Labelled:
    images_path, labels_path = (path for name in names if (path := _find(folder, name)))
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} has {len(images)} pictures, but {labels_path} has {len(labels)} labels: mixed files?"
        )
    if labels.size and labels.max() >= num_classes:
        raise DataError(f"{labels_path} has the label {labels.max()}, but the classes are 0 to {num_classes - 1}")
    return images, labels.astype(np.int64)


def _identify(source: str, folder: Path, sets: Mapping[str, Labelled]) -> tuple[str, ...]:
    owners = {
        _OFFICIAL.get(blake2b(labels.astype(np.uint8).tobytes(), digest_size=8).hexdigest())
        for _, labels in sets.values()
    }
    if owners == {source}:
        return ()
    strangers = sorted(owner for owner in owners - {None, source} if owner)
    if strangers:
        raise DataError(
            f"{folder} holds files of {strangers[0]}, which are named as those of {source}: name its own folder"
        )
    counts = " and ".join(f"{len(labels)} {side}" for side, (_, labels) in sets.items())
    return (f"the files in {folder} are not the official ones of {source}: {counts} pictures",)


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} ({path.stat().st_size} bytes) cannot be unpacked: {error}. Truncated? Fetch it again."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
