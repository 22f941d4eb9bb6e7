"""How metrics are said on a terminal: the report's own words, one table of classes, who was taken for whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from striate.cli.printing import say, table
from striate.report import words

_CLASSES_SHOWN = 30  # the worst by F1; `--json` has all
_PAIRS_SHOWN = 5
_SHARES = (("top5", "top-5 accuracy"), ("balanced_accuracy", "balanced accuracy"), ("macro_f1", "macro F1"))

Estimate = Mapping[str, Any]


def verdict(model: str, metrics: Mapping[str, Any]) -> str:
    """Return one sentence on how good a run is: on test, or where there is none on validation, which it says."""
    part = next((part for part in ("test", "val") if part in metrics), None)
    return plain(words.verdict(model, part, metrics[part] if part else None))


def show(measured: Mapping[str, Any]) -> None:
    """Print what was measured on one set of pictures: totals, then class by class, then the commonest mistakes."""
    lost = f", {measured['unanswered']:,} of them unreadable and counted as wrong" if measured["unanswered"] else ""
    lines = {"pictures": f"{measured['pictures']:,}{lost}", "accuracy": share(measured["accuracy"])}
    lines |= {name: share(measured[key]) for key, name in _SHARES if key in measured}
    lines["loss"] = f"{words.number(measured['loss']['value'])} {_doubt(measured['loss'], as_percent=False)}"
    width = max(map(len, lines))
    say(*(plain(f"{name:<{width}}  {value}") for name, value in lines.items()))
    _show_calibration(measured["calibration"])
    _show_classes(measured["per_class"])
    mistakes = _mistakes(measured)
    if mistakes:
        say("", "most confused:", *mistakes)


def share(estimate: Estimate) -> str:
    """Return a proportion with its interval."""
    return f"{words.percent(estimate['value'])} {_doubt(estimate)}"


def percent(value: float) -> str:
    """Return a share in percent, never rounded to a certainty that it is not."""
    return plain(words.percent(value))


def plain(text: str) -> str:
    """Return `text` with ordinary spaces, which terminals and `grep` know."""
    return text.replace(words.NARROW, " ")


def _doubt(estimate: Estimate, *, as_percent: bool = True) -> str:
    span = words.span(dict(estimate), as_percent=as_percent)
    return f"({span})" if estimate["low"] is None else f"(95 % interval {span})"


def _show_calibration(calibration: Mapping[str, Any]) -> None:
    say(plain(words.calibration(dict(calibration))))
    if calibration["ece_scaled"] is not None:
        scaled = words.calibration(dict(calibration), "_scaled")
        say(plain(f"As predict scales them (temperature {words.number(calibration['temperature'])}): {scaled}"))
    say("")


def _show_classes(per_class: list[dict[str, Any]]) -> None:
    shown = [row for row in per_class if row["pictures"]]
    if len(shown) < len(per_class):
        say(f"of {len(per_class):,} classes, {len(shown):,} have pictures here")
    if len(shown) > _CLASSES_SHOWN:
        say(f"the {_CLASSES_SHOWN} worst of {len(shown):,} classes (--json has all):")
        shown = sorted(shown, key=lambda row: row["f1"]["value"] or 0.0)[:_CLASSES_SHOWN]
    headers = ("class", "pictures", "precision", "recall", "F1")
    rows = [
        (row["class"], f"{row['pictures']:,}", *(_cell(row[name]) for name in ("precision", "recall", "f1")))
        for row in shown
    ]
    table(headers, rows, right=headers[1:])


def _cell(estimate: Estimate) -> str:
    if estimate["value"] is None:
        return "-"
    return f"{percent(estimate['value'])} [{100 * estimate['low']:.1f}, {100 * estimate['high']:.1f}]"


def _mistakes(measured: Mapping[str, Any]) -> list[str]:
    classes = measured["per_class"]
    mistakes = [
        (count, truth, answer)
        for truth, row in enumerate(measured["confusion"])
        for answer, count in enumerate(row)
        if count and truth != answer
    ]
    worst = sorted(mistakes, key=lambda mistake: -mistake[0])[:_PAIRS_SHOWN]
    return [
        f"  {classes[truth]['class']} taken for {classes[answer]['class']}: {count:,} of {classes[truth]['pictures']:,}"
        for count, truth, answer in worst
    ]
