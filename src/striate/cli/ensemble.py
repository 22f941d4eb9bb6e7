"""Let several trained classifiers answer as one."""

from pathlib import Path
from typing import Annotated, Literal

from typer import Argument, Option

import striate
from striate.cli.printing import document, say
from striate.cli.results import plain, verdict
from striate.core.errors import DataError

EXAMPLES = (
    "striate ensemble runs/a runs/b runs/c",
    "striate ensemble runs/a runs/b --weights fit --out runs/both",
    "striate ensemble runs/a runs/b --weights 2,1 --average logits",
)


def ensemble(
    runs: Annotated[list[Path], Argument(metavar="RUN...", help="Finished runs with the same split; two or more.")],
    out: Annotated[
        Path, Option(metavar="RUN", help="The ensemble's directory; one that exists is kept, the new gets -2.")
    ] = Path("runs/ensemble"),
    weights: Annotated[
        str, Option(metavar="equal|fit|W,W", help="What each counts: fit minimizes the loss on validation pictures.")
    ] = "equal",
    average: Annotated[
        Literal["probabilities", "logits"], Option(metavar="probabilities|logits", help="What is averaged.")
    ] = "probabilities",
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of sentences.")] = False,
) -> None:
    """Let several trained classifiers answer as one, and say what that gains on the same pictures.

    The ensemble is a run like any other: evaluate, predict and compare take it. It holds copies of its members.
    """
    from striate.compare.amounts import points

    made = striate.ensemble(*runs, out=out, weights=_weights(weights), average=average)
    page = made.run.path / "report.html"
    if as_json:
        gain = {"over": made.best, "part": made.part, **made.gain.to_dict()}
        document(
            {"run": made.run.path, "report": page, "weights": made.weights, "gain": gain, "metrics": made.run.metrics}
        )
        return
    found = made.gain
    limits = f"95 % interval {points(found.low, signed=True)} to {points(found.high, signed=True)}"
    decided = "significant" if found.p <= 0.05 else "not significant"
    told = f"{points(found.difference, signed=True)} points against its best member, {made.best.name} ({limits}; "
    say(
        verdict(f"the ensemble of {len(made.weights)}", made.run.metrics),
        plain(f"{told}p {found.p:.2g}, {decided})"),
        f"report: {page}",
    )


def _weights(text: str) -> Literal["equal", "fit"] | list[float]:
    if text == "fit":
        return "fit"
    if text == "equal":
        return "equal"
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise DataError(f"--weights {text}: write equal, fit, or one number a run, as 2,1,1") from None
