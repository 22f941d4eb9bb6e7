"""Compare recognizers on the same pictures: which is better, how surely, at what price."""

from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Argument, Option

import striate
from striate.cli.printing import document, say, table
from striate.cli.results import plain

EXAMPLES = (
    "striate compare runs/a runs/b runs/c",
    "striate compare digits --models linear,mlp,lenet5,resnet20 --budget 10m",
    "striate compare photos/ --models alexnet,resnet18 --budget 5e --seeds 3 --jobs 2",
    "striate compare --resume runs/digits-comparison",
)


def compare(
    what: Annotated[
        list[str] | None,
        Argument(metavar="DATA|RUN...", help="Pictures to train on, with --models; or finished runs."),
    ] = None,
    models: Annotated[
        str | None, Option(metavar="A,B,...", help="Train these on DATA: names that `striate train --model` takes.")
    ] = None,
    budget: Annotated[
        str | None,
        Option(metavar="30m|10e", help="A time for all together (s, m, h), or epochs each; by default their recipes'."),
    ] = None,
    seeds: Annotated[int, Option(metavar="N", min=1, help="Train each from so many seeds.")] = 1,
    jobs: Annotated[int, Option(metavar="N", min=1, help="Train so many at once.")] = 1,
    engine: Annotated[
        Literal["local", "ray"], Option(metavar="local|ray", help="Who runs the trainings; ray: Ray, if installed.")
    ] = "local",
    out: Annotated[
        Path | None, Option(metavar="FOLDER", help="Where all goes; one that exists is kept, the new gets -2.")
    ] = None,
    data_root: Annotated[Path | None, Option(metavar="FOLDER", help="Where the files of a known set lie.")] = None,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="FIELD=VALUE", help="A field of all recipes; may be given often."),
    ] = None,
    resume: Annotated[Path | None, Option(metavar="FOLDER", help="Go on with a comparison that was stopped.")] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Compare classifiers on the same pictures: which is better, how surely, at what price.

    Finished runs are compared as they are, if they were tested on the same pictures. Or models are trained on DATA,
    all on the same split, each by its own recipe within the budget. The page shows who beats whom, accuracy against
    operations, time and parameters, and the pictures that they disagree on; one sentence says which to take.
    """
    chosen = None if models is None else [name.strip() for name in models.split(",") if name.strip()]
    done = striate.compare(
        *(what or ()), models=chosen, budget=budget, seeds=seeds, jobs=jobs, engine=engine, out=out,
        data_root=data_root, settings=settings or (), resume=resume,
    )  # fmt: skip
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
    prices = ("parameters", "MACs", "a picture", "training", "memory", "on disk")
    headers = ("", "recognizer", "accuracy", "95 % interval", *prices)
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
        words.size(told["memory"]), words.size(told["bytes"]),
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
