"""Measure a recognizer on its test pictures or on new ones."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

import striate
from striate.cli.printing import document, say, unreadable
from striate.cli.results import show

EXAMPLES = (
    "striate evaluate runs/photos",
    "striate evaluate runs/photos new-photos/",
    "striate evaluate runs/photos --views ten",
    "striate evaluate runs/photos field.csv --ignore-unknown --json",
    "striate evaluate imagenet-resnet50 photos/",
)

_PARTS = {"test": "its test pictures", "val": "its validation pictures, used for selection: expect less on new ones"}


def evaluate(
    run: Annotated[Path, Argument(metavar="RUN", help="A run, or the folder of a recognizer.")],
    data: Annotated[
        str | None, Argument(metavar="DATA", help="Other labeled pictures; by default the run's own test pictures.")
    ] = None,
    data_root: Annotated[Path | None, Option(metavar="FOLDER", help="Where the files of a known set lie.")] = None,
    ignore_unknown: Annotated[
        bool, Option("--ignore-unknown", help="Leave out, and count, pictures of classes that it does not know.")
    ] = False,
    views: Annotated[
        str, Option(metavar="NAME", help="Average over views of each picture: flip, five, ten or multiscale.")
    ] = "none",
    as_json: Annotated[bool, Option("--json", help="Print one JSON document with all that was measured.")] = False,
) -> None:
    """Measure a recognizer on its test pictures or on new ones.

    Accuracy, loss, calibration, and precision, recall and F1 of every class, each with its 95 % interval. Classes
    are matched by name. Pictures that cannot be read count as wrong, and are named.
    """
    found = striate.evaluate(run, data, data_root=data_root, ignore_unknown=ignore_unknown, views=views)
    if as_json:
        document(
            {
                "run": run,
                "part": found.part,
                "metrics": found.metrics,
                "ignored": found.ignored,
                "seen": found.seen,
                "quarantined": [{"picture": name, "reason": reason} for name, reason in found.quarantined],
            }
        )
        return
    say(f"{run} on {found.part if data else _PARTS[found.part]}")
    if found.ignored:
        say(f"left out: {found.ignored:,} pictures of classes that it does not know")
    if "views" in found.metrics:
        say(f"each answer is the mean over views of the picture: {found.metrics['views']}")
    unreadable([(name, reason) for name, reason in found.quarantined])
    say("")
    show(found.metrics)
