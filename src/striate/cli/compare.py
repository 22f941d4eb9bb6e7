"""Compare recognizers on the same pictures: which is better, how surely, at what price."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from striate.cli.printing import document, say, table
from striate.cli.results import plain

EXAMPLES = (
    "striate compare runs/a runs/b runs/c",
    "striate compare runs/a runs/b --out runs/a-and-b --json",
)


def compare(
    what: Annotated[
        list[Path], Argument(metavar="RUN...", help="Finished runs that were tested on the same pictures.")
    ],
    out: Annotated[
        Path | None, Option(metavar="FOLDER", help="Where the page goes; one that exists is kept, the new gets -2.")
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Compare recognizers on the same pictures: which is better, how surely, at what price."""
    from striate.compare.of_runs import compare_runs
    from striate.core.files import free_name

    done = compare_runs(what, free_name(out or Path("runs/comparison")))
    if as_json:
        document({"folder": done.folder, "page": done.page, **done.found})
        return
    show(done.found)
    say("", f"page: {done.page}")


def show(found: dict[str, Any]) -> None:
    """Print the advice, what was not decided, the table, and who beats whom."""
    from striate.compare.advice import advised

    say(plain(found["advice"]), "", *(plain(line) for line in found["cautions"]), "")
    taken = advised(found)["name"]
    headers = ("", "recognizer", "accuracy", "95 % interval", "parameters", "MACs", "a picture", "training", "on disk")
    rows = [("*" if told["name"] == taken else "", *_cells(told)) for told in found["recognizers"]]
    table(headers, rows, right=headers[2:])
    say("")
    _show_pairs(found)
    for lost in found["failed"]:
        say(f"not compared: {lost['name']}: {lost['reason']}")


def _cells(told: dict[str, Any]) -> tuple[str, ...]:
    from striate.compare import amounts
    from striate.report import words

    accuracy = told["accuracy"]
    seconds = told["prediction_seconds"]
    cells = (
        told["name"], words.percent(accuracy["value"]), words.span(accuracy), amounts.short(told["parameters"]),
        amounts.short(told["macs"]), amounts.brief(seconds), words.duration(told["training_seconds"]),
        amounts.size(told["bytes"]),
    )  # fmt: skip
    return tuple(plain(cell) for cell in cells)


def _show_pairs(found: dict[str, Any]) -> None:
    """Print, for each recognizer, those that it beats and those that are undecided."""
    from striate.compare.measure import pair

    names = [told["name"] for told in found["recognizers"]]
    rows = []
    for name in names:
        others = [pair(found, name, other) for other in names if other != name]
        beaten = [entry["second"] for entry in others if entry["better"] == name]
        undecided = [entry["second"] for entry in others if entry["better"] is None]
        rows.append((name, ", ".join(beaten) or "-", ", ".join(undecided) or "-"))
    table(("recognizer", "beats", "undecided"), rows)
