"""Name the class of pictures that nobody has labeled."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Exit, Option

import striate
from striate.cli import printing
from striate.cli.results import percent
from striate.core.errors import DataError
from striate.core.files import write_text

if TYPE_CHECKING:
    from striate.recognize.predict import Prediction

EXAMPLES = (
    "striate predict runs/photos photo.jpg",
    "striate predict runs/photos new-photos/ --csv > answers.csv",
    "striate predict runs/photos new-photos/ --json",
)

FIELDS = ("picture", "class", "probability", "error")


def predict(
    run: Annotated[Path, Argument(metavar="RUN", help="A directory that `striate train` wrote.")],
    pictures: Annotated[
        list[Path], Argument(metavar="PICTURE", help="Pictures, or folders to search with all below them.")
    ],
    as_csv: Annotated[bool, Option("--csv", help="Print CSV: picture, class, probability, error.")] = False,
    as_json: Annotated[bool, Option("--json", help="Print one JSON list with the same fields.")] = False,
    out: Annotated[
        Path | None, Option(metavar="FILE", help="Write CSV or JSON, by its ending, to this file instead.")
    ] = None,
) -> None:
    """Name the class of pictures that nobody has labeled, with the probability of the answer.

    A picture that cannot be read gets no answer: it is named with the reason, and the exit status is 1.
    """
    form = _form(as_csv=as_csv, as_json=as_json, out=out)
    recognizer = striate.load(run)
    if (run / "recipe.toml").is_file() and not (run / "metrics.json").is_file():
        sys.stderr.write(f"warn: the training of {run} is not finished; this is its best so far\n")
    answers = recognizer.predict(pictures)
    _write(answers, form, out)
    unreadable = [answer for answer in answers if answer.error is not None]
    sys.stderr.writelines(f"unreadable: {answer.picture}: {answer.error}\n" for answer in unreadable)
    if unreadable:
        sys.stderr.write(f"{len(unreadable):,} of {len(answers):,} pictures have no answer\n")
        raise Exit(1)


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


def _write(answers: Sequence[Prediction], form: str, out: Path | None) -> None:
    if form == "table":
        headers = ("picture", "class", "probability")
        rows = ((a.picture, a.class_name or "", percent(a.probability)) for a in answers if a.probability is not None)
        printing.table(headers, rows, right=("probability",))
        return
    records = [dict(zip(FIELDS, (a.picture, a.class_name, a.probability, a.error), strict=True)) for a in answers]
    text = printing.as_json(records) if form == "json" else _csv(records)
    if out is None:
        printing.say(text)
    else:
        write_text(out, text + "\n")


def _csv(records: Sequence[dict[str, str | float | None]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue().removesuffix("\n")
