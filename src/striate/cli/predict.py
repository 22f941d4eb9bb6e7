"""Name the class of pictures that nobody has labeled."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

from typer import Argument, Exit, Option

import striate
from striate.cli import printing
from striate.cli.results import percent
from striate.core import ranks
from striate.core.errors import DataError
from striate.core.files import whole_file

if TYPE_CHECKING:
    from striate.recognize.predict import Prediction

    Write = Callable[[Prediction], None]

EXAMPLES = (
    "striate predict runs/photos photo.jpg",
    "striate predict runs/photos new-photos/ --csv > answers.csv",
    "striate predict runs/photos new-photos/ --out answers.json",
    "striate predict runs/photos new-photos/ --views flip --json",
)

FIELDS = ("picture", "class", "probability", "error")


def predict(
    run: Annotated[Path, Argument(metavar="RUN", help="A run, or the folder of a recognizer.")],
    pictures: Annotated[
        list[Path], Argument(metavar="PICTURE", help="Pictures, or folders to search with all below them.")
    ],
    as_csv: Annotated[bool, Option("--csv", help="Print CSV: picture, class, probability, error.")] = False,
    as_json: Annotated[bool, Option("--json", help="Print one JSON list with the same fields.")] = False,
    out: Annotated[
        Path | None, Option(metavar="FILE", help="Write CSV or JSON, by its ending, to this file instead.")
    ] = None,
    views: Annotated[
        str, Option(metavar="NAME", help="Average over views of each picture: flip, five, ten or multiscale.")
    ] = "none",
    plan: Annotated[
        Literal["auto", "reference"],
        Option(
            metavar="auto|reference",
            help="auto: the quickest way that agrees with float32, measured where that pays; reference: float32.",
        ),
    ] = "auto",
) -> None:
    """Name the class of pictures that nobody has labeled, with the probability of the answer.

    A picture that cannot be read gets no answer: it is named with the reason, and the exit status is 1. Answers are
    written as they are found; the file of --out appears when all are there.
    """
    from striate.recognize.together import answer_together

    form = _form(as_csv=as_csv, as_json=as_json, out=out)
    recognizer = striate.load(run)
    if (run / "recipe.toml").is_file() and not (run / "metrics.json").is_file():
        sys.stderr.write(f"warn: the training of {run} is not finished; this is its best so far\n")
    scrolls = out is None and form != "table" and sys.stdout.isatty()  # progress would be torn by the answers
    lost: list[tuple[str, str]] = []
    count = 0
    with _writing(form, out) if ranks.rank() == 0 else nullcontext(_unheard) as write:
        for answer in answer_together(recognizer, pictures, views=views, plan=plan, quiet=scrolls):
            write(answer)
            count += 1
            if answer.error is not None:
                lost.append((answer.picture, answer.error))
    sys.stderr.writelines(f"unreadable: {picture}: {reason}\n" for picture, reason in lost)
    if lost:
        sys.stderr.write(f"{len(lost):,} of {count:,} pictures have no answer\n")
        raise Exit(1)


def _unheard(_answer: Prediction) -> None:
    """Stand for the writing that the first of many processes does."""


def _form(*, as_csv: bool, as_json: bool, out: Path | None) -> str:
    asked = {form for form, wanted in (("csv", as_csv), ("json", as_json)) if wanted}
    if out is not None:
        ending = out.suffix.removeprefix(".").lower()
        if ending not in {"csv", "json"}:
            raise DataError(f"--out {out}: answers are written as .csv or .json; give the file one of these endings")
        asked.add(ending)
    if len(asked) > 1:
        raise DataError("CSV and JSON are both asked for: choose one of --csv and --json, and an --out that ends so")
    return asked.pop() if asked else "table"


@contextmanager
def _writing(form: str, out: Path | None) -> Iterator[Write]:
    """Yield what takes one answer after the other, and finish what it has written."""
    if form == "table":
        with _table() as write:
            yield write
        return
    writing = _csv if form == "csv" else _json
    if out is None:
        with writing(sys.stdout) as write:
            yield write
        return
    with (
        whole_file(out) as beside,
        beside.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
        writing(file) as write,
    ):
        yield write


@contextmanager
def _table() -> Iterator[Write]:
    rows: list[tuple[str, str, str]] = []

    def write(answer: Prediction) -> None:
        if answer.probability is not None:
            rows.append((answer.picture, answer.class_name or "", percent(answer.probability)))

    yield write
    printing.table(("picture", "class", "probability"), rows, right=("probability",))


@contextmanager
def _csv(file: TextIO) -> Iterator[Write]:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(FIELDS)
    yield lambda answer: writer.writerow(_values(answer))


@contextmanager
def _json(file: TextIO) -> Iterator[Write]:
    between = "[\n"

    def write(answer: Prediction) -> None:
        nonlocal between
        record = json.dumps(dict(zip(FIELDS, _values(answer), strict=True)), indent=2, allow_nan=False)
        file.write(between + "\n".join(f"  {line}" for line in record.splitlines()))
        between = ",\n"

    yield write
    file.write("\n]\n" if between == ",\n" else "[]\n")


def _values(answer: Prediction) -> tuple[str, str | None, float | None, str | None]:
    return answer.picture, answer.class_name, answer.probability, answer.error
