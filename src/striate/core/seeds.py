"""Randomness without state: every draw is a function of what it is for.

A draw for picture `position` of `epoch` under `seed` is the same whichever thread or process asks, in whatever
order; so results do not depend on the number of workers, and a resumed run draws what it would have drawn.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def seed_for(*parts: int | str) -> int:
    """Return 63 bits that depend on every one of `parts`: a purpose, the run's seed, an epoch, a step."""
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def generator(*parts: int | str) -> np.random.Generator:
    """Return a fresh generator for `parts`, for a draw that is made at once, such as an epoch's order."""
    return np.random.Generator(np.random.Philox(seed_for(*parts)))


def uniforms(positions: NDArray[np.int64], count: int, *parts: int | str) -> NDArray[np.float64]:
    """Draw `count` numbers for each position, each a function of `parts`, the position and its column alone.

    Args:
        positions: (N,), any order, any subset.
        count: how many numbers a position needs.
        parts: what the draw is for, such as a purpose, the seed and the epoch.

    Returns:
        (N, count), uniform in [0, 1).
    """
    base = np.uint64(seed_for(*parts))
    columns: NDArray[np.uint64] = np.arange(count, dtype=np.uint64)
    lanes = np.add(positions.astype(np.uint64)[:, None] * np.uint64(count), columns, dtype=np.uint64)
    return (_mix(_mix(base + lanes * _GOLDEN) ^ base) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # splitmix64's finalizer: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = x ^ (x >> np.uint64(31))
    return mixed
