"""Temporary."""

from __future__ import annotations

from striate.units.study import LayerStudy


def flags(found: LayerStudy) -> list[list[tuple[str, str]]]:
    """Return what is wrong with each unit."""
    return [[("dead", "never exceeded 0")] if not fired else [] for fired in found.fired]
