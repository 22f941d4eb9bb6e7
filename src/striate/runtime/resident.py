"""How much memory a piece of work takes, watched while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from striate.runtime import memory

_STATUS = Path("/proc/self/status")
_EVERY = 0.01  # seconds


@dataclass
class Grown:
    """By how much a process grew at most.

    Args:
        bytes: that it allocated and had not given back, beyond those at the beginning; None where the system does not
            tell them, as it does on Linux. Files that are mapped into memory do not count.
    """

    bytes: int | None = None


@contextmanager
def watched() -> Iterator[Grown]:
    """Watch the memory of this process while the block runs; what it says is whole when the block has ended.

    Looked at every hundredth of a second: what comes and goes in less may be missed.
    """
    grown = Grown()
    memory.give_back()  # else the work would fill what earlier work left, and seem to take nothing
    before = allocated()
    if before is None:
        yield grown
        return
    grown.bytes = 0
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(grown, before, ended), daemon=True)
    watch.start()
    try:
        yield grown
    finally:
        ended.set()
        watch.join()


def _watch(grown: Grown, before: int, ended: threading.Event) -> None:
    last = False
    while not last:
        last = ended.wait(_EVERY)  # and looks once more at the end
        grown.bytes = max(grown.bytes or 0, (allocated() or 0) - before)


def allocated() -> int | None:
    """Return the bytes that this process has in memory, without those of mapped files; None if it cannot be known."""
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    kilobytes = next((line.split()[1] for line in lines if line.startswith("RssAnon")), None)
    return None if kilobytes is None else 1024 * int(kilobytes)
