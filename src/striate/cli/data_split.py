"""Write down which pictures are for training, validation and test."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from striate.cli import printing
from striate.cli.findings import show
from striate.core.errors import DataError, UnknownName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from striate.data.split import Split
    from striate.data.table import Table

EXAMPLES = (
    "striate data split photos/ --out split.parquet",
    "striate data split field.csv --val 0.1 --test 0.2 --group plant",
    "striate data split photos/ --extend split.parquet",
    "striate train photos/ --set split.file=split.parquet",
)

_FRACTION = 0.15
_CLASSES_SHOWN = 50  # with more, only the sums; `--json` has all


def split(
    data: Annotated[
        str, Argument(metavar="DATA", help="A folder with one folder a class, a CSV or Parquet table, or a known set.")
    ],
    out: Annotated[
        Path | None,
        Option(metavar="FILE", help="The file to write; by default split.parquet, or the one that --extend names."),
    ] = None,
    val: Annotated[
        float | None, Option(metavar="FRACTION", help="The fraction for validation; by default 0.15.")
    ] = None,
    test: Annotated[float | None, Option(metavar="FRACTION", help="The fraction for test; by default 0.15.")] = None,
    group: Annotated[
        str | None, Option(metavar="COLUMN", help="Keep pictures with the same value in this column together.")
    ] = None,
    salt: Annotated[int | None, Option(metavar="N", help="Another number, another split; by default 0.")] = None,
    extend: Annotated[
        Path | None, Option(metavar="PREVIOUS", help="Keep this split's pictures where they are; place only new ones.")
    ] = None,
    data_root: Annotated[Path | None, Option(metavar="FOLDER", help="Where the files of a known set lie.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Write down which pictures are for training, validation and test.

    A picture's side follows from its content (or its group) and the salt alone, so adding pictures never moves
    others, and anyone with the pictures gets the same split. Sides that DATA gives itself are kept.
    """
    from striate.data.split import Split
    from striate.data.split import split as draw
    from striate.sources import open_table

    target = out or extend or Path("split.parquet")
    if target.exists() and target != extend:
        raise DataError(
            f"{target} exists and is never drawn anew: give --extend {target} to add pictures to it, or another --out"
        )
    previous = Split.load(extend) if extend else None
    if previous and previous.salt is not None and not (val is test is salt is None):
        raise DataError(f"{extend} is extended with its own fractions and salt: leave --val, --test and --salt out")
    table = open_table(data, data_root=data_root)
    column = group or (previous.group if previous else None)
    if column:
        table = _grouped(table, column)
    made = draw(
        table,
        val=_FRACTION if val is None else val,
        test=_FRACTION if test is None else test,
        salt=salt or 0,
        previous=previous,
        extend=extend is not None,
    )
    made = replace(made, group=column or made.group)
    made.save(target)
    _report(table, made, target, as_json=as_json)


def _grouped(table: Table, column: str) -> Table:
    from striate.data.split import grouped
    from striate.sources.manifest import PATH_COLUMNS
    from striate.sources.text_columns import TextColumns

    name = column.strip().lower()  # as manifests are read
    if table.source != "manifest" or table.has(name):
        return grouped(table, name)
    file = TextColumns(Path(table.location), known=(*PATH_COLUMNS, "label", name))
    if name not in file.names:
        raise UnknownName("column", column, file.names)
    return table.with_column("group", file.read([name], encoded=())[name])


def _report(table: Table, made: Split, target: Path, *, as_json: bool) -> None:
    from striate.data.split import class_counts, findings
    from striate.data.table import SIDES

    counts, found = class_counts(table, made), findings(table, made)
    if as_json:
        by_class = (dict(zip(table.classes, row, strict=True)) for row in counts.tolist())
        printing.document(
            {
                "split": target,
                "origin": made.origin,
                "counts": dict(zip(SIDES, by_class, strict=True)),
                "findings": [finding.to_dict() for finding in found],
            }
        )
        return
    named = table.classes if len(table.classes) <= _CLASSES_SHOWN else ()
    rows = [(name, *_cells(counts[:, k])) for k, name in enumerate(named)]
    printing.table(("class", *SIDES), [*rows, ("all", *_cells(counts.sum(axis=1)))], right=SIDES)
    printing.say("", made.origin, "")
    show(found)
    path = shlex.quote(str(target))
    printing.say(f"split: {target}", f"use it: striate train DATA --set split.file={path}")


def _cells(counts: NDArray[np.int64]) -> list[str]:
    return [f"{count:,}" for count in counts]
