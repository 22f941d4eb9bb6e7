"""Pictures that are there twice: the same content, or the same scene resized, recompressed or brightened.

Candidates are pairs whose perceptual hashes differ in at most 7 of 64 bits, found without comparing all pairs:
two such hashes agree, but for one bit at most, in one of four parts of 16 bits (Norouzi, Punjani and Fleet, 2012,
https://arxiv.org/abs/1307.2982). Each is then confirmed on its thumbnails.
"""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from striate.core.errors import DoesNotApply
from striate.data import cache
from striate.data.scratch import Scratch
from striate.data.thumbnails import SIDE

BITS = 7
# Correlation of the fine detail of two thumbnails: luma less its mean over 3 x 3. Of 500 photographs (Caltech-101)
# halved, recompressed at quality 20, or brightened by 1.3 until they clip, every copy keeps 0.88 or more, and no
# two different ones whose hashes are close have over 0.43. Luma itself separates worse: 0.76 against 0.91. It is not
# lower because catalog pictures, all alike in place and ground, reach it: among the first 2,000 of Fashion-MNIST,
# enlarged to 112 px, 283 of two million pairs do.
CORRELATION = 0.8
COMPARISONS = 20_000_000  # of candidates, about a minute; a table with more is too alike for this method
_GLANCES = 1_000_000_000  # of hashes, some 20 s

# Detail under one level (root mean square) is rounding. Such a smooth or dim picture is the same as another only where
# their luma itself agrees: in mean within 2 levels, and in its course to a quarter of how much it varies.
_SMOOTH = 1.0
_SAME_LEVEL = 2.0
_SAME_COURSE = 0.25
_COLORED = 8.0  # levels of chroma below which a picture counts as gray
_PARTS = 4
_PAIR_BYTES = 8  # two int32
_PAIRS_AT_ONCE = 1 << 20
_AT_ONCE = 1 << 11  # thumbnails, so that their detail stays in the processor's cache


def same_content(hashes: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return (N,) a number for each picture that those of the same hash share; -1 where the hash is null."""
    coded = pc.dictionary_encode(hashes.combine_chunks())
    numbers: NDArray[np.int64] = coded.indices.fill_null(-1).to_numpy().astype(np.int64)
    return numbers


def alike(
    hashes: NDArray[np.uint64], thumbnails: NDArray[np.uint8], places: NDArray[np.int32] | None = None
) -> NDArray[np.int64]:
    """Return (N,) a number for each picture that those alike share.

    Args:
        hashes: (N,) perceptual hashes.
        thumbnails: (M, `thumbnails.BYTES`), perhaps of a mapped file.
        places: (N,) where each picture's is in `thumbnails`; by default M = N and they are in order.

    Raises:
        DoesNotApply: there are more than `COMPARISONS` candidates.
    """
    groups = _Groups(len(hashes))
    likenesses = _Likenesses(thumbnails, np.arange(len(hashes)) if places is None else places)
    leaders = _join_same_hash(hashes, likenesses, groups)
    pairs = Scratch(_PAIR_BYTES, cache.folder())
    for found in close_pairs(hashes[leaders]):  # all, so that too many are known before the long work
        pairs.append(np.stack(found, axis=1).tobytes())
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        left, right = leaders[pairs.rows[start : start + _PAIRS_AT_ONCE].view(np.int32)].T
        confirmed = likenesses.same(left, right)
        for one, other in zip(left[confirmed], right[confirmed], strict=True):
            groups.join(int(one), int(other))
    return groups.numbers()


def close_pairs(hashes: NDArray[np.uint64]) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Yield all pairs of `hashes` that differ in at most `BITS` bits, each once, as (M,) and (M,) positions.

    Raises:
        DoesNotApply: there are more than `COMPARISONS`, or the hashes bunch so much that finding them takes too long.
    """
    parts = [_part(hashes, number) for number in range(_PARTS)]
    glances = found = 0
    for number, keys in enumerate(parts):
        order = np.argsort(keys, kind="stable")
        ordered = keys[order]
        for flip in (0, *(1 << bit for bit in range(16))):
            low = np.searchsorted(ordered, keys ^ np.uint16(flip), "left")
            high = np.searchsorted(ordered, keys ^ np.uint16(flip), "right")
            glances += int((high - low).sum())
            _stop_over(glances, _GLANCES)
            for left, place in _spread(low, high):
                right = order[place]
                chosen = (left < right) & (np.bitwise_count(hashes[left] ^ hashes[right]) <= BITS)
                for earlier in parts[:number]:  # they came up there already
                    chosen &= np.bitwise_count(earlier[left] ^ earlier[right]) > 1
                found += int(chosen.sum())
                _stop_over(found, COMPARISONS)
                yield left[chosen].astype(np.int32), right[chosen].astype(np.int32)


def _part(hashes: NDArray[np.uint64], number: int) -> NDArray[np.uint16]:
    # Every fourth bit, so that the flat margin of a picture does not fill a part with zeros.
    key = np.zeros(len(hashes), np.uint16)
    for bit in range(16):
        key |= ((hashes >> np.uint64(bit * _PARTS + number)) & np.uint64(1)).astype(np.uint16) << np.uint16(bit)
    return key


def _spread(low: NDArray[np.int64], high: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    # For each i, all places from low[i] to high[i], about 2**20 at a time.
    counts = high - low
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + (1 << 20), "right")), start + 1)
        some = counts[start:stop]
        left = np.repeat(np.arange(start, stop), some)
        first = np.repeat(low[start:stop] - (ends[start:stop] - some - before), some)
        yield left, first + np.arange(len(left))
        start = stop


def _join_same_hash(hashes: NDArray[np.uint64], likenesses: "_Likenesses", groups: "_Groups") -> NDArray[np.int64]:
    # Thousands of frames of one scene share a hash: each is compared with the first of its kind only.
    order = np.argsort(hashes, kind="stable")
    leaders, compared = [], 0
    for rows in np.split(order, np.flatnonzero(np.diff(hashes[order])) + 1):
        rest = rows
        while rest.size > 1:
            leaders.append(rest[0])
            compared += rest.size - 1
            _stop_over(compared, COMPARISONS)
            same = likenesses.same(np.full(rest.size - 1, rest[0]), rest[1:])
            for row in rest[1:][same]:
                groups.join(int(rest[0]), int(row))
            rest = rest[1:][~same]
        leaders.extend(rest)
    return np.array(leaders, np.int64)


def _stop_over(count: int, limit: int) -> None:
    if count > limit:
        raise DoesNotApply(f"the pictures are too alike for perceptual hashes: over {limit} comparisons are needed")


class _Likenesses:
    """Compares thumbnails, (M, `thumbnails.BYTES`); picture i's is at `places[i]`."""

    def __init__(self, thumbnails: NDArray[np.uint8], places: NDArray[np.integer[Any]]) -> None:
        self._thumbnails, self._places = thumbnails, places
        details, self._smooth = Scratch(SIDE**2, cache.folder()), np.empty(len(places), bool)
        for start in range(0, len(places), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            detail, self._smooth[part] = _detail(thumbnails[places[part], : SIDE**2])
            details.append(detail.tobytes())
        self._detail = details.rows.view(np.int8)

    def same(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (M,) whether pictures `left` and `right`, (M,) positions, show the same."""
        parts = [
            self._compare(left[start : start + _AT_ONCE], right[start : start + _AT_ONCE])
            for start in range(0, len(left), _AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, bool)

    def _compare(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        one, other = self._detail[left].astype(np.float32), self._detail[right].astype(np.float32)
        norms = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        same = np.einsum("ij,ij->i", one, other) >= CORRELATION * np.maximum(norms, 1.0)
        smooth = np.flatnonzero(self._smooth[left] & self._smooth[right])
        same[smooth] = self._courses_agree(left[smooth], right[smooth])
        agree: NDArray[np.bool_] = same & ~self._colors_contradict(left, right)
        return agree

    def _courses_agree(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        one, other = (self._thumbnails[self._places[rows], : SIDE**2].astype(np.float32) for rows in (left, right))
        varies = np.minimum(one.std(axis=1), other.std(axis=1))
        apart = one - other
        level = np.abs(apart.mean(axis=1)) <= _SAME_LEVEL
        agree: NDArray[np.bool_] = level & (apart.std(axis=1) <= _SAME_COURSE * varies)
        return agree

    def _colors_contradict(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.bool_]:
        # A red and a blue mug are two pictures; a picture and its gray copy are one. So: both colored, and further
        # from each other than from gray, which for equal strengths is 60 degrees of hue.
        places = (self._places[rows] for rows in (left, right))
        one, other = (self._thumbnails[some, SIDE**2 :].astype(np.float32) - 128 for some in places)
        weaker, stronger = np.sort([_rms(one), _rms(other)], axis=0)
        contradict: NDArray[np.bool_] = (weaker > _COLORED) & (_rms(one - other) > stronger)
        return contradict


class _Groups:
    """Joins rows into groups: disjoint sets with path halving."""

    def __init__(self, count: int) -> None:
        self._parents = array("q", range(count))

    def join(self, one: int, other: int) -> None:
        self._parents[self._root(other)] = self._root(one)

    def numbers(self) -> NDArray[np.int64]:
        return np.array([self._root(row) for row in range(len(self._parents))], np.int64)

    def _root(self, row: int) -> int:
        parents = self._parents
        while parents[row] != row:
            parents[row] = row = parents[parents[row]]
        return row


def _detail(luma: NDArray[np.uint8]) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    # (N, SIDE**2) scaled to +-127, which costs 1 % of precision and saves three quarters of the memory.
    planes = luma.reshape(-1, SIDE, SIDE).astype(np.float32)
    wide = np.pad(planes, ((0, 0), (1, 1), (1, 1)), mode="edge")
    mean = sum(wide[:, y : y + SIDE, x : x + SIDE] for y in range(3) for x in range(3)) / 9
    detail = (planes - mean).reshape(len(luma), -1)
    detail -= detail.mean(axis=1, keepdims=True)
    top = np.maximum(np.abs(detail).max(axis=1, keepdims=True), 1e-6)
    return np.rint(detail * (127 / top)).astype(np.int8), _rms(detail) < _SMOOTH


def _rms(values: NDArray[np.float32]) -> NDArray[np.float32]:
    rms: NDArray[np.float32] = np.sqrt((values * values).mean(axis=1))
    return rms
