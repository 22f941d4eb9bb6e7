"""Which side a picture falls on: a number in [0, 1) that depends on a salt and its group, or else its content, alone.

So no picture's side depends on the other pictures, on their order or on their number, and pictures of one group, or
of the same content, stay together. Anyone can repeat a draw: `printf 'SALT|KEY' | b2sum -l 64` prints 16 hex digits;
read them as a fraction. Below `test` is test, below `test + val` is val, the rest is train.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.core.errors import DataError, RecipeError, listed

TRAIN, VAL, TEST, NONE = 0, 1, 2, -1

_SPELLINGS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VAL,
    "valid": VAL,
    "validation": VAL,
    "test": TEST,
    "testing": TEST,
    "": NONE,
}
_BLOCK = 65_536  # keys that are Python objects at once: a few megabytes


def check_fractions(val: float, test: float) -> None:
    """Refuse fractions that leave nothing to train on.

    Raises:
        RecipeError: one is negative or no number, or together they reach 1.
    """
    for name, fraction in (("val", val), ("test", test)):
        if not 0 <= fraction < 1:
            raise RecipeError(f"the {name} fraction is {fraction}: it must be at least 0 and less than 1, as in 0.15")
    if val + test >= 1:
        raise RecipeError(f"val {val} and test {test} leave nothing to train on: they must sum to less than 1")


def positions(groups: pa.ChunkedArray | None, hashes: pa.ChunkedArray, salt: int) -> NDArray[np.float64]:
    """Return where each picture stands between 0 and 1.

    Args:
        groups: (N,) text; pictures of one group stand at one place. None, null or empty: the content decides.
        hashes: (N,) text, of the content.
        salt: another salt, another draw.

    Returns:
        (N,) in [0, 1): the first 53 bits of blake2b-64 of `salt|key`.
    """
    found = np.empty(len(hashes), np.float64)
    prefix = f"{salt}|".encode()
    for start in range(0, len(hashes), _BLOCK):
        keys = hashes.slice(start, _BLOCK).combine_chunks().cast(pa.string())
        if groups is not None:
            names = groups.slice(start, _BLOCK).combine_chunks().cast(pa.string())
            keys = pc.if_else(pc.fill_null(pc.equal(names, ""), fill_value=True), keys, names)
        digests = (blake2b(prefix + key, digest_size=8).digest() for key in keys.cast(pa.binary()).to_pylist())
        bits = np.frombuffer(b"".join(digests), ">u8") >> np.uint64(11)
        found[start : start + len(bits)] = bits * 2.0**-53
    return found


def place(found: NDArray[np.float64], val: float, test: float) -> NDArray[np.int8]:
    """Return the side of each position: [0, test) is test, [test, test + val) is val, the rest is train."""
    sides = np.full(len(found), TRAIN, np.int8)
    sides[found < test + val] = VAL
    sides[found < test] = TEST
    return sides


def read_sides(names: pa.ChunkedArray, where: str) -> NDArray[np.int8]:
    """Turn the names of sides, in any of their spellings, into numbers; null and empty are NONE.

    Args:
        names: (N,) text.
        where: what holds them, for the error message.

    Raises:
        DataError: a name that is no side.
    """
    names = names.cast(pa.string())
    kinds = pc.unique(names)
    spelled = ["" if kind is None else str(kind).strip().lower() for kind in kinds.to_pylist()]
    strange = sorted(set(spelled) - set(_SPELLINGS))
    if strange:
        named = listed([f"'{name}'" for name in strange], 5)
        raise DataError(f"{where}: column 'split' holds {named}; write train, val or test, or leave the cell empty")
    lookup = np.array([_SPELLINGS[name] for name in spelled], np.int8)
    codes = pc.index_in(names, value_set=kinds).to_numpy()
    sides: NDArray[np.int8] = lookup[codes]
    return sides
