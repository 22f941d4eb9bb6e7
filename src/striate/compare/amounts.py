"""Amounts as people write them: times, counts and differences; a dash where there is none."""

from __future__ import annotations

from striate.report.words import MINUS, NARROW, NOTHING

_TIMES = (("s", 1.0), ("ms", 1e-3), ("\u03bcs", 1e-6))
_COUNTS = (("G", 1e9), ("M", 1e6), ("k", 1e3))


def brief(seconds: float | None) -> str:
    """Write a time below a minute with three digits, in the unit that suits it: 3.29 ms."""
    if seconds is None:
        return NOTHING
    unit, size = next((entry for entry in _TIMES if seconds >= 0.9995 * entry[1]), _TIMES[-1])
    return f"{seconds / size:.3g}{NARROW}{unit}"


def short(count: float | None) -> str:
    """Write a count with three digits and its unit: 28.1M; below a thousand as it is."""
    if count is None:
        return NOTHING
    for unit, factor in _COUNTS:
        if count >= 0.9995 * factor:
            return f"{count / factor:.3g}{unit}"
    return f"{count:.0f}"


def points(share: float, *, signed: bool = False) -> str:
    """Write a difference of shares in percentage points."""
    text = f"{abs(share) * 100:.1f}"
    if text == "0.0" and share:
        text = f"{abs(share) * 100:.2f}"
    sign = MINUS if share < 0 else "+" if signed and share > 0 else ""
    return sign + text
