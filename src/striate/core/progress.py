"""Progress on long work: a bar on a terminal, plain lines elsewhere, on standard error so that output stays clean."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_LINE_EVERY = 10.0  # seconds between plain lines


class Tracker:
    """Counts what is done of `total`; `advance` it as work is done."""

    def __init__(self, label: str, total: int, done: int, bar: Progress | None = None, *, quiet: bool = False) -> None:
        self.label, self.total, self.done, self._bar = label, total, done, bar
        self._first, self._began = done, time.monotonic()
        self._said = float("inf") if quiet else self._began
        self._task: TaskID | None = None
        if bar is not None:
            self._task = bar.add_task(label, total=total, completed=done, note="")

    def advance(self, count: int = 1, note: str = "") -> None:
        """Say that `count` more are done; `note` is what stands behind the bar, such as the loss."""
        self.done += count
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=count, note=note)
        elif time.monotonic() - self._said > _LINE_EVERY:
            self._said = time.monotonic()
            rate = (self.done - self._first) / (self._said - self._began)
            left = (self.total - self.done) / rate if rate else float("inf")
            line = f"{self.label}: {self.done}/{self.total}, {rate:.1f}/s, {left:.0f} s left {note}"
            sys.stderr.write(line.rstrip() + "\n")


@contextmanager
def track(label: str, total: int, *, done: int = 0, quiet: bool = False) -> Iterator[Tracker]:
    """Show progress of `total` pieces of work under `label`; nothing is shown where `quiet`."""
    if quiet or not sys.stderr.isatty():
        yield Tracker(label, total, done, quiet=quiet)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.fields[note]}"), console=Console(stderr=True), transient=True) as bar:
        yield Tracker(label, total, done, bar)


def say(line: str, *, quiet: bool = False) -> None:
    """Print one line about the work to standard error, unless `quiet`."""
    if not quiet:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()
