"""What is wrong with units, as claims with their doubt: dead, constant, saturated, duplicate and border-driven ones.

A claim rests on the pictures that were seen, and says how sure it can be of others like them. All limits are one-sided
at 95 %. That of something never seen in n pictures is 1 - 0.05^(1/n), about 3/n, the rule of three (Hanley and
Lippman-Hand, 1983, https://doi.org/10.1001/jama.1983.03330370053031); others are Clopper and Pearson's, 1934.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import atanh, sqrt, tanh
from statistics import NormalDist
from typing import Literal

import numpy as np
from scipy.stats import beta

from striate.units.study import LayerStudy

Kind = Literal["dead", "constant", "saturated", "duplicate", "border"]

_ERROR = 0.05
_TWIN = 0.999  # correlation from which two units say the same; such maps look alike
_TELLING = 30  # sampled activations off the least one that a correlation needs: of one lone peak it would be 1
_Z = NormalDist().inv_cdf(1 - _ERROR)


@dataclass(frozen=True)
class Claim:
    """One thing that is wrong with one unit.

    Args:
        kind: dead: always 0; constant: always the same, not 0; saturated: more than half of its activations are within
            1 % of the layer's range of an end of it; duplicate: it says the same as an earlier unit, up to scale, sign
            and offset; border: its greatest activation is at the border, where padding has a part in it, so often
            that the inner places have less than half of what is theirs by number.
        unit: its number in the layer.
        pictures: that were seen.
        limit: dead and constant: the share of such pictures in which it is otherwise is at most this. Saturated: the
            share of such activations is at least this. Duplicate: the absolute correlation is at least this. Border:
            the share of such pictures is at least this.
        twin: the earlier unit of a duplicate; -1 of others.
        words: all that as a sentence.
    """

    kind: Kind
    unit: int
    pictures: int
    limit: float
    twin: int
    words: str


def claims(found: LayerStudy) -> list[Claim]:
    """Return what is wrong with the units of a layer, by unit; of one that never varies only that."""
    made = [*_never(found), *_saturated(found), *_duplicates(found), *_border(found)]
    return sorted(made, key=lambda claim: claim.unit)


def at_most(seen: int, count: int) -> float:
    """Return the upper limit of a share of which `seen` of `count` were seen."""
    return 1.0 if seen >= count else float(beta.ppf(1 - _ERROR, seen + 1, count - seen))


def at_least(seen: int, count: int) -> float:
    """Return the lower limit of a share of which `seen` of `count` were seen."""
    return 0.0 if seen <= 0 else float(beta.ppf(_ERROR, seen, count - seen + 1))


def _never(found: LayerStudy) -> Iterator[Claim]:
    limit = at_most(0, found.pictures)
    for unit in np.flatnonzero(found.minimum == found.maximum).tolist():
        value = float(found.minimum[unit])
        kind: Kind = "dead" if value == 0 else "constant"
        what = "never fired" if value == 0 else f"was always {value:g}"
        words = f"{what} in {found.pictures:,} pictures: it is otherwise in at most {_percent(limit)} of such pictures"
        yield Claim(kind, unit, found.pictures, limit, -1, words)


def _saturated(found: LayerStudy) -> Iterator[Claim]:
    for unit in np.flatnonzero((found.saturated * 2 > found.sampled) & (found.minimum < found.maximum)).tolist():
        seen = int(found.saturated[unit])
        limit = at_least(seen, found.sampled)
        if limit > 1 / 2:
            words = (
                f"{seen:,} of {found.sampled:,} sampled activations, in {found.pictures:,} pictures, are at an end of "
                f"the layer's range: it is so for at least {_percent(limit)}"
            )
            yield Claim("saturated", unit, found.pictures, limit, -1, words)


def _duplicates(found: LayerStudy) -> Iterator[Claim]:
    near = np.abs(found.neighbor_correlation) >= _TWIN
    earlier = near & (found.neighbors >= 0) & (found.neighbors < np.arange(found.units)[:, None])
    for unit in np.flatnonzero(earlier.any(1)).tolist():
        twin, rank = min((int(found.neighbors[unit, rank]), rank) for rank in np.flatnonzero(earlier[unit]).tolist())
        telling = int(found.sampled_uneven[[unit, twin]].min())
        if telling >= _TELLING:
            value = float(found.neighbor_correlation[unit, rank])
            limit = tanh(atanh(min(abs(value), 1 - 1e-7)) - _Z / sqrt(telling - 3))  # Fisher, 1921
            words = (
                f"says what unit {twin} says: correlation {value:.4f} over {telling:,} telling activations in "
                f"{found.pictures:,} pictures, in size at least {limit:.4f}"
            )
            yield Claim("duplicate", unit, found.pictures, limit, twin, words)


def _border(found: LayerStudy) -> Iterator[Claim]:
    for unit in np.flatnonzero(found.border_maxima > 0).tolist():
        seen, count = int(found.border_maxima[unit]), int(found.uneven[unit])
        limit = at_least(seen, count)
        if limit > (1 + found.border_share) / 2:
            words = (
                f"greatest at the border in {seen:,} of {count:,} pictures, in at least {_percent(limit)} of such, "
                f"where {_percent(found.border_share)} of the places are"
            )
            yield Claim("border", unit, found.pictures, limit, -1, words)


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.1f} %"
