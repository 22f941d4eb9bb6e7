"""The result of a check: a verdict, its number and its remedy."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What a check concluded."""

    PASS = "pass"  # noqa: S105 a verdict, no password
    WARN = "warn"
    FAIL = "fail"
    UNDECIDABLE = "undecidable"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One result of one check.

    Args:
        check: the check's name, stable, as in `exact-duplicates`.
        verdict: pass, warn, fail or undecidable.
        value: the number behind the verdict, often a count.
        detail: one sentence on what was seen.
        remedy: one sentence on what to do; empty where nothing needs doing.
        rows: the pictures concerned, as rows of the table.
        names: the same pictures by name, for people; parallel to `rows` or shorter.
    """

    check: str
    verdict: Verdict
    value: float | int | None
    detail: str
    remedy: str = ""
    rows: tuple[int, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return detail and remedy as sentences."""
        parts = [part.strip() for part in (self.detail, self.remedy) if part.strip()]
        return " ".join(f"{part[0].upper()}{part[1:]}{'' if part.endswith('.') else '.'}" for part in parts)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)
