"""Look for unreadable files, duplicates, leaks and other traps."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option

from striate.cli.findings import failed, show
from striate.cli.printing import document, say, unreadable

EXAMPLES = (
    "striate data check photos/",
    "striate data check photos/ --split split.parquet",
    "striate data check field.csv --json",
)


def check(
    data: Annotated[
        str, Argument(metavar="DATA", help="A folder with one folder a class, a CSV or Parquet table, or a known set.")
    ],
    split: Annotated[
        Path | None, Option(metavar="FILE", help="Also look for pictures on two sides of this split.")
    ] = None,
    near: Annotated[
        bool | None,
        Option("--near/--no-near", help="Look for near duplicates; by default only from 64 pixels a side."),
    ] = None,
    data_root: Annotated[Path | None, Option(metavar="FOLDER", help="Where the files of a known set lie.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of sentences.")] = False,
) -> None:
    """Look for unreadable files, duplicates, leaks and other traps in a set of pictures.

    Every file is opened once; the result is kept, so the next look costs little. Nothing in DATA is changed. The
    exit status is 1 if a check fails. Training makes the same checks before it begins.
    """
    from striate.data.audit import audit
    from striate.data.split import Split, match
    from striate.data.split import findings as of_split
    from striate.sources import open_table

    table = open_table(data, data_root=data_root)
    laid = match(table, Split.load(split)) if split else None
    found = audit(table, sides=laid.sides if laid else None, near=near)
    if laid:
        found = replace(found, findings=[*found.findings, *of_split(table, laid)])
    if as_json:
        document({**found.to_dict(), "notes": table.notes})
    else:
        say(
            f"{found.readable:,} of {found.pictures:,} pictures can be read; {len(table.classes):,} classes",
            *table.notes,
        )
        unreadable([(name, reason) for _, name, reason in found.quarantined])
        say("")
        show(found.findings)
    if failed(found.findings):
        raise Exit(1)
