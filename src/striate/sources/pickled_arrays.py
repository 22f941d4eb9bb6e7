"""Pickles of plain data and byte arrays, as CIFAR's python edition has them, read without running what they name.

A pickle is a program that may call anything it names. Here each name that such a file needs stands for a small
class of ours, and any other name is refused; not even NumPy's own constructors run.
"""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DataError

_BROKEN = (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, LookupError, OverflowError)


def load_pickle(path: Path) -> Any:
    """Read a pickle of dicts, lists, numbers, text and arrays of unsigned bytes; text of Python 2 stays bytes.

    Raises:
        DataError: the file is damaged, or names anything but such data.
    """
    try:
        with path.open("rb") as file:
            return _plain(_Reader(file, encoding="bytes").load())
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except (*_BROKEN, MemoryError, RecursionError) as error:
        raise DataError(f"{path} is no whole pickle of arrays ({error}): truncated? Unpack it again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


class _Type:
    """Stands for numpy.dtype; only unsigned bytes are allowed."""

    def __init__(self, name: bytes | str = "", *_: object) -> None:
        if name not in {b"u1", "u1", b"|u1", "|u1"}:
            raise DataError(f"an array of type {name!r}, where only unsigned bytes are read")

    def __setstate__(self, state: object) -> None:
        """Byte order and fields say nothing about single bytes."""


class _Bytes:
    """Stands for _codecs.encode, with which Python 3 writes bytes where it pickles for Python 2."""

    def __init__(self, text: str, encoding: str = "latin1") -> None:
        if encoding not in {"latin1", "latin-1"}:
            raise DataError(f"bytes written as {encoding!r}, where only latin1 is read")
        self.values = text.encode("latin1")

    def __setstate__(self, state: object) -> None:
        """Refuse to be altered; without this method a pickle could set attributes of the class."""
        raise DataError("bytes that are altered after they were made")


class _Array:
    """Stands for numpy.ndarray, and for the function that makes an empty one to be filled."""

    def __init__(self, *_: object) -> None:
        self.values: NDArray[np.uint8] = np.zeros(0, np.uint8)

    def __setstate__(self, state: tuple[int, tuple[int, ...], _Type, bool, bytes | _Bytes]) -> None:
        """Take shape and values, as numpy.ndarray does."""
        _, shape, kind, by_columns, raw = state
        data = raw.values if isinstance(raw, _Bytes) else raw
        if not (isinstance(kind, _Type) and isinstance(data, bytes)):
            raise DataError("an array whose values are not plain bytes")
        self.values = np.frombuffer(data, np.uint8).reshape(shape, order="F" if by_columns else "C")


_ALLOWED: dict[tuple[str, str], type] = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _Bytes,
}


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        if (module, name) not in _ALLOWED:
            raise DataError(
                f"the pickle asks to load '{module}.{name}', which plain arrays never need: refused, as it could run "
                "any code. Use the binary edition, or fetch the file again from its authors."
            )
        return _ALLOWED[module, name]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(key): _plain(entry) for key, entry in value.items()}
    return value.values if isinstance(value, _Array | _Bytes) else value
