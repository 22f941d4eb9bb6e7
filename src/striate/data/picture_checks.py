"""Checks on each picture by itself, and on how it stands among the others."""

from collections import Counter
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from striate.core.findings import Finding, Verdict
from striate.data.examined import Examined
from striate.data.table import Table

NAMED = 20  # pictures that a finding names

# What a note of reading says to people: note, check, verdict, what was seen, remedy.
# fmt: off
_NOTES = (
    ("wrong-extension", "wrong-extension", Verdict.WARN, "another format than the name says, read by content",
     "rename them"),
    ("irregular", "irregular-files", Verdict.WARN,
     "files that break their format's rules (stray bytes, unreadable EXIF), though every pixel is there",
     "look at them; save those anew that look right, remove the others"),
    ("cmyk", "cmyk", Verdict.WARN, "CMYK, turned to RGB without a color profile, so hues may be off",
     "convert them to sRGB with a program that manages colors"),
    ("16-bit", "16-bit", Verdict.PASS, "more than 8 bits a channel, scaled to 8 by their full range", ""),
    ("dim", "dim", Verdict.WARN, "16-bit pictures that use under an eighth of their range and come out nearly black",
     "scale them to 8 bits yourself, all by the same range"),
    ("float", "float", Verdict.PASS, "floats from 0 to 1, scaled by that range", ""),
    ("stretched", "stretched", Verdict.WARN,
     "32-bit values without an agreed white, each stretched over its own range, so brightness cannot be compared",
     "scale them to 8 or 16 bits yourself, all by the same range"),
    ("palette", "palette", Verdict.PASS, "with a palette, turned to color exactly", ""),
    ("alpha", "alpha", Verdict.WARN, "partly transparent, laid on white",
     "if white is wrong for them, lay them on a ground of your own"),
    ("exif-rotated", "exif-rotated", Verdict.PASS, "turned upright as their EXIF orientation says", ""),
    ("animated", "animated", Verdict.WARN, "several frames or pages, of which only the first is read",
     "save the other frames as files if you want them"),
)
# fmt: on
_EXTREME_SIDE = 4.0  # times the typical side, or a fraction of it
_EXTREME_ASPECT = 3.0  # times the typical aspect
_FEW = 5  # pictures below which nothing is typical


def findings(table: Table, examined: Examined) -> list[Finding]:
    """Return what the checks found, the gravest first."""
    return [
        _unreadable(table, examined),
        _empty_classes(table, examined),
        *([] if table.pixels is not None else _conversions(table, examined)),
        _gray_among_color(table, examined),
        *_blank(table, examined),
        *_extreme_sizes(table, examined),
    ]


def pictures(count: int) -> str:
    """Return "1 picture", "2 pictures"."""
    return f"{count} picture{'' if count == 1 else 's'}"


def concerning(
    table: Table, rows: NDArray[np.int64], *, check: str, verdict: Verdict, detail: str, remedy: str
) -> Finding:
    """Return a finding about `rows`: their number is its value, and the first of them are named."""
    return Finding(
        check=check,
        verdict=verdict,
        value=int(rows.size),
        detail=detail,
        remedy=remedy,
        rows=tuple(rows.tolist()),
        names=table.names(rows[:NAMED]),
    )


def passed(check: str, detail: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(check=check, verdict=Verdict.PASS, value=0, detail=detail)


def _unreadable(table: Table, examined: Examined) -> Finding:
    rows = np.flatnonzero(~examined.readable)
    if not rows.size:
        return passed("unreadable", f"all {len(table)} can be read")
    first = zip(table.names(rows[:5]), examined.of("reason", rows[:5]), strict=True)
    shown = "; ".join(f"{name}: {reason}" for name, reason in first)
    return concerning(
        table,
        rows,
        check="unreadable",
        verdict=Verdict.FAIL,
        detail=f"{pictures(rows.size)} of {len(table)} cannot be read, and left out: {shown}"
        + ("; ..." if rows.size > 5 else ""),
        remedy="get these files again, or remove them; none is replaced by anything else",
    )


def _empty_classes(table: Table, examined: Examined) -> Finding:
    counts = np.bincount(table.labels[examined.readable], minlength=len(table.classes))
    empty = [table.classes[label] for label in np.flatnonzero(counts == 0)]
    if not empty:
        detail = f"all {len(table.classes)} classes have pictures, the rarest {counts.min() if counts.size else 0}"
        return passed("empty-classes", detail)
    return Finding(
        check="empty-classes",
        verdict=Verdict.WARN,
        value=len(empty),
        detail=f"classes without a readable picture: {', '.join(empty)}",
        remedy="add pictures of them, or remove the classes: no answer of theirs can ever be right",
    )


def _conversions(table: Table, examined: Examined) -> list[Finding]:
    found, absent = [], []
    for note, check, verdict, what, remedy in _NOTES:
        rows = examined.noted(note)
        if rows.size:
            more = _formats(examined, rows) if note == "wrong-extension" else ""
            detail = f"{pictures(rows.size)}: {what}{more}"
            found.append(concerning(table, rows, check=check, verdict=verdict, detail=detail, remedy=remedy))
        else:
            absent.append(check)
    if absent:
        detail = f"no picture is any of: {', '.join(absent)}"
        found.append(passed("conversions", detail))
    return found


def _formats(examined: Examined, rows: NDArray[np.int64]) -> str:
    notes = chain.from_iterable(examined.of("notes", rows))
    kinds = Counter(note.partition(":")[2] for note in notes if note.startswith("wrong-extension"))
    return " (" + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common()) + ")"


def _gray_among_color(table: Table, examined: Examined) -> Finding:
    gray = np.zeros(len(table), bool)
    gray[examined.noted("gray")] = gray[examined.noted("gray-as-color")] = True
    rows, readable = np.flatnonzero(gray), int(examined.readable.sum())
    if rows.size in {0, readable}:
        detail = f"all readable pictures are {'gray' if rows.size else 'in color'}"
        return passed("gray-among-color", detail)
    total = np.bincount(table.labels[examined.readable], minlength=len(table.classes))
    mostly = np.flatnonzero(2 * np.bincount(table.labels[rows], minlength=len(table.classes)) > total)
    named = f"; most of: {', '.join(table.classes[label] for label in mostly)}" if mostly.size else ""
    return concerning(
        table,
        rows,
        check="gray-among-color",
        verdict=Verdict.WARN,
        detail=f"{pictures(rows.size)} of {readable} gray among color{named}",
        remedy="if gray goes with a class, a network learns that instead of the class: train on gray to be sure",
    )


def _blank(table: Table, examined: Examined) -> list[Finding]:
    if not examined.hashed.any():
        return []
    rows = np.flatnonzero(examined.flat)
    if not rows.size:
        return [passed("blank", "no picture is one flat color")]
    detail = f"{pictures(rows.size)}: one flat color, such as {table.name(int(rows[0]))}"
    remedy = "look at them: a covered lens, a failed scan or an empty export has no class"
    return [concerning(table, rows, check="blank", verdict=Verdict.WARN, detail=detail, remedy=remedy)]


def _extreme_sizes(table: Table, examined: Examined) -> list[Finding]:
    known = np.flatnonzero(examined.readable)
    if known.size < _FEW:
        return []
    height, width = examined.sizes[known].T
    side, aspect = np.sqrt(height * width), np.log(width / height)
    scale = side / np.median(side)
    kinds = {
        "very small": scale < 1 / _EXTREME_SIDE,
        "very large": scale > _EXTREME_SIDE,
        "very wide or tall": np.abs(aspect - np.median(aspect)) > np.log(_EXTREME_ASPECT),
    }
    rows = known[np.any(list(kinds.values()), axis=0)]
    typical = f"typical are {np.median(height):.0f} x {np.median(width):.0f} px (height x width)"
    if not rows.size:
        return [passed("extreme-sizes", f"none stands out; {typical}")]
    shown = "; ".join(
        f"{int(chosen.sum())} {kind}, such as {table.name(first)} ({examined.height[first]} x {examined.width[first]})"
        for kind, chosen in kinds.items()
        for first in known[chosen][:1].tolist()
    )
    return [
        concerning(
            table,
            rows,
            check="extreme-sizes",
            verdict=Verdict.WARN,
            detail=f"{shown}; {typical}",
            remedy="look at them: thumbnails, panoramas and scans among photographs are often there by mistake",
        )
    ]
