"""Names as people write them in folders and tables: of classes, put in one order, and of the parts of a split."""

import re
import unicodedata
from collections.abc import Iterable

SIDE_SPELLINGS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DIGITS = re.compile(r"([0-9]+)")


def side_of(name: str) -> str | None:
    """Return train, val or test where `name` is a spelling of it, in any case, else None."""
    return SIDE_SPELLINGS.get(name.strip().lower())


def class_name(text: str) -> str:
    """Return `text` without blanks around it, in composed Unicode, so that equal-looking names are equal."""
    return unicodedata.normalize("NFC", text.strip())


def class_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return each name once, in the order that fixes the labels: numbers by value, other text naturally.

    Natural order compares runs of digits as numbers (`class2` before `class10`) and all else by code point,
    so that names without digits stand as in any other tool.
    """
    unique = set(names)
    if all(_NUMBER.fullmatch(name) for name in unique):
        return tuple(sorted(unique, key=lambda name: (float(name), name)))
    return tuple(sorted(unique, key=_natural))


def shown(name: str) -> str:
    """Return `name` fit for a message, with bytes that are no UTF-8 written in hexadecimal."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _natural(name: str) -> tuple[list[str | int], str]:
    # split() with a group alternates text and digits, so that like is compared with like
    pieces = _DIGITS.split(name)
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], name
