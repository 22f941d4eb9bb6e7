"""What follows from a comparison, in sentences: which recognizer to take, and what was not decided."""

from __future__ import annotations

from typing import Any

from striate.compare.amounts import brief, points
from striate.compare.measure import pair
from striate.report import words

Plain = dict[str, Any]

_NAMED = 6  # recognizers in one sentence
_MUCH = 0.1  # of accuracy: where the best may be better by more, so few pictures advise nobody


def advised(found: Plain) -> Plain:
    """Return the recognizer that answers in the least time of those that are not significantly worse than the best."""
    return min(
        _standing(found), key=lambda told: (told["prediction_seconds"] is None, told["prediction_seconds"] or 0.0)
    )


def advice(found: Plain) -> str:
    """Say in one sentence which recognizer to take and why."""
    best, taken = found["recognizers"][0], advised(found)
    if taken is best:
        return _the_best(found, best)
    between = pair(found, best["name"], taken["name"])
    slow, quick = best["prediction_seconds"], taken["prediction_seconds"]
    quicker = f"{_times(slow, quick)} ({brief(quick)} a picture, not {brief(slow)})"
    short = between["difference"]
    behind = f"{points(short)} points behind" if short > 0 else "level with"
    known, judged = "", "is not significant"
    if between["high"] > _MUCH:
        few = words.pictures(found["pictures"], words.PART_NAMES[found["part"]])
        known, judged = " for now", f"{few} are too few to tell from chance"
    return (
        f"Take {taken['name']}{known}: right on {words.percent(taken['accuracy']['value'])}, {behind} the best, "
        f"{best['name']}, which {judged}, and {quicker}."
    )


def cautions(found: Plain, *, same_training: bool, failed: int = 0) -> list[str]:
    """Say what the sentence above does not."""
    best, taken = found["recognizers"][0], advised(found)
    said = []
    if found["part"] == "val":
        said.append("There were no test pictures: these numbers are of validation, used for selection, and flatter.")
    if taken is not best:
        between = pair(found, best["name"], taken["name"])
        said.append(
            f"Not significant is not equal: on other pictures like these, {best['name']} may be better by up to "
            f"{points(between['high'])} points (95{words.NARROW}% interval of the difference "
            f"{points(between['low'])} to {points(between['high'])})."
        )
    said += _cut_short(found)
    said.append(_decided(found))
    said.append(_trainings(found))
    if not same_training:
        said.append("They were trained on different pictures, so a difference may be one of the pictures seen.")
    if failed:
        said.append(f"{failed} could not be trained; the reason is below the table.")
    return said


def _standing(found: Plain) -> list[Plain]:
    """Return the best and those that are not significantly worse, each looked at by itself.

    Without the correction for many pairs: it guards against finding differences, and here the harm is to overlook one.
    """
    best, *others = found["recognizers"]
    between = [pair(found, best["name"], told["name"]) for told in others]
    return [best, *(told for told, entry in zip(others, between, strict=True) if entry["p"] > found["significant"])]


def _the_best(found: Plain, best: Plain) -> str:
    others = found["recognizers"][1:]
    share = words.percent(best["accuracy"]["value"])
    if all(pair(found, best["name"], told["name"])["better"] == best["name"] for told in others):
        than = "the other" if len(others) == 1 else "every other"
        return f"Take {best['name']}: right on {share}, significantly better than {than}."
    if len(_standing(found)) == 1:
        return f"Take {best['name']}: right on {share}; every other, looked at by itself, is significantly worse."
    return (
        f"Take {best['name']}: right on {share}, and of those that are not significantly worse none answers in less "
        f"time ({brief(best['prediction_seconds'])} a picture)."
    )


def _times(slow: float, quick: float) -> str:
    factor = slow / quick
    times = f"{factor:.0f}" if factor >= 10 else f"{factor:.2g}"
    return f"{times} times quicker" if factor >= 2 else f"{(1 - quick / slow) * 100:.0f}{words.NARROW}% quicker"


def _cut_short(found: Plain) -> list[str]:
    short = [told for told in found["recognizers"] if told["own_epochs"] and told["epochs"] < told["own_epochs"]]
    if not short:
        return []
    named = [f"{told['name']} ({told['epochs']} of {told['own_epochs']})" for told in short[:_NAMED]]
    more = f" and {len(short) - _NAMED} more" if len(short) > _NAMED else ""
    whose = "its own recipe has" if len(short) == 1 else "their own recipes have"
    return [f"Trained for fewer epochs than {whose}, and perhaps better with more: {', '.join(named)}{more}."]


def _decided(found: Plain) -> str:
    pairs = found["pairs"]
    open_ones = sum(entry["better"] is None for entry in pairs)
    judged = words.pictures(found["pictures"], words.PART_NAMES[found["part"]])
    if not open_ones:
        return f"All {len(pairs)} pairs are told apart by {judged}." if len(pairs) > 1 else f"Judged by {judged}."
    return f"Of {len(pairs)} pair{'' if len(pairs) == 1 else 's'}, {open_ones} cannot be told apart by {judged}."


def _trainings(found: Plain) -> str:
    counts = {len(told["runs"]) for told in found["recognizers"]}
    if counts == {1}:
        return "Each was trained once: what another seed would change is not in these intervals."
    if 1 in counts:
        return "Some were trained once: of those, what another seed would change is guessed from the others."
    return "Intervals and tests are about other pictures and other seeds alike."
