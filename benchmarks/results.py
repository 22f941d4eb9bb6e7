"""Keep what the benchmarks measured: each owns one section of RESULTS.md and replaces only that."""

import fcntl
import os
import platform
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from itertools import takewhile
from pathlib import Path

from striate.core.files import write_text

RESULTS = Path(__file__).with_name("RESULTS.md")

_TITLE = "# What the benchmarks measured\n\nEach section is written by the command it names, on the machine it names.\n"
_PACKAGES = ("striate", "numpy", "pyarrow")


def record(
    section: str,
    lines: Sequence[str],
    *,
    packages: Sequence[str] = _PACKAGES,
    path: Path = RESULTS,
    title: str = _TITLE,
) -> None:
    """Replace `section` of RESULTS.md, or add it; the other sections stay as they are.

    Args:
        section: its heading; "table" for what `benchmarks/table.py` measured.
        lines: Markdown, without headings of the first two levels. A line on the machine and versions is added.
        packages: whose versions belong to the result.
        path: the file.
        title: what it begins with where it is not there yet.
    """
    if any(re.match(r"##? ", line) for line in lines):
        raise ValueError(f"section '{section}': a line that starts with '# ' or '## ' would end the section")
    body = "\n".join([*_opening(section, packages), *lines]).rstrip() + "\n"
    with _alone(path):
        text = path.read_text() if path.exists() else title
        head, *parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
        kept = {part.split("\n", 1)[0]: part.rstrip() + "\n" for part in parts}
        kept[f"## {section}"] = body
        write_text(path, "\n".join([head.rstrip() + "\n", *(kept[name] for name in sorted(kept))]))


def kept_rows(
    section: str, above: Sequence[str], *, packages: Sequence[str] = _PACKAGES, path: Path = RESULTS
) -> list[str]:
    """Return the rows of the section's first table; none where others than `above` lie above them.

    So rows of another machine, of other versions or of other settings are not mixed with those that are added.

    Args:
        section: its heading.
        above: the lines that would be recorded above the rows now.
        packages: whose versions belong to the result.
        path: the file.
    """
    text = path.read_text() if path.exists() else ""
    rest = text.partition("\n".join([*_opening(section, packages), *above, ""]))[2]
    return list(takewhile(lambda line: line.startswith("|"), rest.splitlines()))


def machine(packages: Sequence[str] = _PACKAGES) -> str:
    """Return processor, cores, memory, system and versions in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {_version(name)}" for name in packages)
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {platform.system()}; "
        f"Python {platform.python_version()}, {versions}"
    )


def _opening(section: str, packages: Sequence[str]) -> list[str]:
    return [f"## {section}", "", f"_{machine(packages)}_", ""]


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    named = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    # Two benchmarks that end at once must not lose each other's section.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
