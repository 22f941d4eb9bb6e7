"""The sentences and numbers of the report: nothing is rounded into an untruth."""

from __future__ import annotations

from typing import Any

NARROW = "\u202f"  # the space before a percent sign, which does not break
MINUS = "\u2212"
NOTHING = "\u2013"  # a dash, where a number does not exist
_BYTES = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0))
PART_NAMES = {"train": "training", "val": "validation", "test": "test"}


def percent(value: float | None) -> str:
    """Write a share with one decimal, or two near 0 and 100 %, which it is only where exact."""
    if value is None:
        return NOTHING
    return f"{_digits(value)}{NARROW}%"


def number(value: float | None) -> str:
    """Write a number with three significant digits; whole numbers with their thousands."""
    if value is None:
        return NOTHING
    if float(value).is_integer():
        return f"{int(value):,}"
    return "<0.0001" if 0 < value < 1e-4 else f"{value:.3g}"


def span(interval: dict[str, Any], *, as_percent: bool = True) -> str:
    """Write the limits of an interval, or why there are none."""
    if interval["low"] is None:
        return str(interval.get("reason") or "no interval")
    if not as_percent:
        return f"{number(interval['low'])} to {number(interval['high'])}"
    return f"{_digits(interval['low'])} to {percent(interval['high'])}"


def pictures(count: int, kind: str = "") -> str:
    """Write "1 picture", "12,000 test pictures"."""
    return f"{count:,} {kind}{' ' if kind else ''}picture{'' if count == 1 else 's'}"


def duration(seconds: float | None) -> str:
    """Write a time as people say it."""
    if seconds is None:
        return NOTHING
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"


def size(count: float | None) -> str:
    """Write bytes: 12.3 MB."""
    if count is None:
        return NOTHING
    unit, factor = next((entry for entry in _BYTES if count >= 0.9995 * entry[1]), _BYTES[-1])
    return f"{count / factor:.3g}{NARROW}{unit}"


def sentence(text: str) -> str:
    """Write a remark of another room as a sentence."""
    text = text[:1].upper() + text[1:]
    return text if not text or text[-1] in ".!?" else f"{text}."


def listed(names: list[str], most: int = 5) -> str:
    """Write names as a list, cut after `most`, with how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def verdict(model: str, part: str | None, measured: dict[str, Any] | None) -> str:
    """Say in one sentence how good the recognizer is, with its interval."""
    if measured is None or part is None:
        return f"{model} is trained, but no pictures were held out, so nothing is known about new ones."
    accuracy = measured["accuracy"]
    count = measured["pictures"]
    judged = pictures(count, "test") if part == "test" else f"{pictures(count)} of validation, used for selection"
    limits = f"95{NARROW}% interval {span(accuracy)}"
    lost = measured["unanswered"]
    unread = f", {lost:,} of them unreadable and counted as wrong" if lost else ""
    return f"{model} is right on {percent(accuracy['value'])} of {judged}{unread} ({limits})."


def cautions(part: str | None, measured: dict[str, Any] | None, seed: int | None, *, members: int = 0) -> list[str]:
    """Say what the headline number does not: what chose it, what it counts, what it leaves out."""
    if measured is None:
        return ["Hold out pictures to learn how good it is: give a validation or test part, or let one be drawn."]
    name = PART_NAMES[part or "val"]
    said = []
    if part == "val":
        said.append(
            "There was no test part. The pictures that chose the weights also judged them, so expect somewhat less "
            "on new pictures."
        )
    if lost := measured["unanswered"]:
        said.append(f"{pictures(lost, name)} could not be read and count{'s' if lost == 1 else ''} as wrong.")
    counts = {entry["class"]: entry["pictures"] for entry in measured["per_class"]}
    absent = [label for label, count in counts.items() if not count]
    if absent:
        said.append(f"No {name} pictures show {listed(absent)}: nothing is known about {_these(absent)}.")
    common = max(counts, key=lambda label: counts[label])
    said.append(
        f"Always answering “{common}” would be right on {percent(counts[common] / measured['pictures'])} (dashed)."
    )
    seeded = "" if seed is None else f" with seed {seed}"
    source = f"these {members} members" if members else f"one training{seeded}"
    said.append(f"The interval is about the choice of pictures; it comes from {source}.")
    return said


def calibration(found: dict[str, Any], suffix: str = "") -> str:
    """Say whether the probabilities mean what they say; `suffix` "_scaled" for those after temperature scaling."""
    error, null = found[f"ece{suffix}"], found[f"null{suffix}"]
    if error is None:
        return "No picture was answered."
    band = f"{_digits(null['low'])} to {percent(null['high'])}"
    says = f"Expected calibration error {percent(error)}; perfect calibration would show {band} on as many pictures."
    if not found[f"exceeds_null{suffix}"]:
        return f"{says} So no miscalibration can be seen."
    accuracy = sum(b["pictures"] * (b["accuracy"]["value"] or 0) for b in found[f"bins{suffix}"]) / found["pictures"]
    return f"{says} The answers are {'surer' if found[f'confidence{suffix}'] > accuracy else 'less sure'} than right."


def _these(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _digits(value: float) -> str:
    if value in (0, 1):
        return f"{value * 100:.0f}"
    for decimals in (1, 2):
        text = f"{value * 100:.{decimals}f}"
        if 0 < float(text) < 100:
            return text
    return "<0.01" if value < 0.5 else ">99.99"
