"""What is wrong with a table's pictures, before anything is trained on them.

Every check answers with a finding, so that users see what was looked at; a check that was not run says so and why.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core.findings import Finding
from striate.data import duplicate_checks, picture_checks
from striate.data.examine import Examined, examine
from striate.data.match import given
from striate.data.sides import NONE
from striate.data.table import Table


@dataclass(frozen=True, eq=False)
class Audit:
    """The result of `audit`.

    Args:
        pictures: how many the table has.
        readable: how many of them can be read.
        quarantined: row, name and reason of each of the others.
        findings: what the checks found.
        examined: what was seen of each picture.
    """

    pictures: int
    readable: int
    quarantined: list[tuple[int, str, str]]
    findings: list[Finding]
    examined: Examined

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "pictures": self.pictures,
            "readable": self.readable,
            "quarantined": [{"picture": name, "reason": reason} for _, name, reason in self.quarantined],
            "findings": [finding.to_dict() for finding in self.findings],
        }


def audit(
    table: Table, *, sides: NDArray[np.int8] | None = None, near: bool | None = None, quiet: bool = False
) -> Audit:
    """Look at every picture of `table` and say what is wrong.

    Args:
        table: of files or arrays.
        sides: (N,) the side of each picture, as `Split.sides`; by default the table's column `split`, if it has one.
        near: look for near duplicates: None where pictures have at least `NEAR_FROM` pixels a side, True everywhere,
            False nowhere.
        quiet: show no progress.
    """
    examined = examine(table, near=near, quiet=quiet)
    bad = np.flatnonzero(~examined.readable)
    reasons = examined.of("reason", bad)
    sides = _given_sides(table) if sides is None else sides
    return Audit(
        pictures=len(table),
        readable=len(table) - bad.size,
        quarantined=list(zip(bad.tolist(), table.names(bad), reasons, strict=True)),
        findings=[
            *picture_checks.findings(table, examined),
            *duplicate_checks.findings(table, examined, sides, near=near),
        ],
        examined=examined,
    )


def _given_sides(table: Table) -> NDArray[np.int8] | None:
    sides = given(table)
    return sides if (sides != NONE).any() else None
