"""What verbs print: sentences, tables, and one JSON document; to standard output, which nothing else writes to."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from striate.core import ranks

if TYPE_CHECKING:
    from rich.console import Console

_NAMED = 10  # pictures
_UNCUT = 10_000  # columns: a table that goes to a file or another program is never wrapped


def say(*lines: str) -> None:
    """Print `lines` as they are; of many processes that work together, the first speaks for all."""
    if ranks.rank() > 0:
        return
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def document(value: Any) -> None:
    """Print `value` as one JSON document."""
    say(as_json(value))


def as_json(value: Any) -> str:
    """Return `value` as JSON; paths become text, and everything is ASCII so that any terminal takes it."""
    return json.dumps(value, indent=2, allow_nan=False, default=_plain)


def unreadable(pictures: Sequence[tuple[str, str]]) -> None:
    """Print the names of pictures that cannot be read, with the reasons; of many, the first."""
    say(*(f"unreadable: {name}: {reason}" for name, reason in pictures[:_NAMED]))
    if len(pictures) > _NAMED:
        say(f"unreadable: {len(pictures) - _NAMED:,} more; --json names all")


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = ()) -> None:
    """Print `rows` under `headers`, wrapped to a terminal's width, never cut.

    Args:
        headers: the names of the columns.
        rows: one text a column.
        right: the columns that are flush right, as numbers are.
    """
    from rich.table import Table

    numbers = set(right)
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        grid.add_column(header, justify="right" if header in numbers else "left", overflow="fold")
    for row in rows:
        grid.add_row(*row)
    console = _console()
    with console.capture() as captured:
        console.print(grid)
    say(*(line.rstrip() for line in captured.get().splitlines()))


def _console() -> Console:
    from rich.console import Console

    # Names of files and classes are printed as they are: no [markup], no :emoji:, no colored numbers.
    width = None if sys.stdout.isatty() else _UNCUT
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in JSON")
