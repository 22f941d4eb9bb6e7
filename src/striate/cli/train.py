"""Train a classifier on labeled pictures and write a report."""

import shlex
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

import striate
from striate.cli.printing import document, say
from striate.cli.results import verdict
from striate.core.errors import RecipeError

EXAMPLES = (
    "striate train digits",
    "striate train photos/ --model resnet20 --epochs 15 --out runs/photos",
    "striate train photos/ --set optimizer.lr=0.05 --set augment.shift=0",
    "striate train --resume runs/photos",
    "striate train photos/ --weights torchvision:resnet18",
    "striate train --from runs/photos --set seed=2",
)


def train(
    data: Annotated[
        str | None,
        Argument(metavar="DATA", help="A folder with one folder a class, a CSV or Parquet table, or a known set."),
    ] = None,
    model: Annotated[
        str | None,
        Option(
            metavar="NAME",
            help="A name from `striate models`, timm:NAME, or package.module:function; by default one that suits DATA.",
        ),
    ] = None,
    out: Annotated[
        Path | None, Option(metavar="RUN", help="The run's directory; one that exists is kept, the new gets -2.")
    ] = None,
    epochs: Annotated[int | None, Option(metavar="N", help="How often to go through the training pictures.")] = None,
    batch_size: Annotated[int | None, Option(metavar="N", help="How many pictures make one step.")] = None,
    seed: Annotated[
        int | None, Option(metavar="N", help="Another seed, another order, start and augmentation.")
    ] = None,
    image_size: Annotated[
        int | None, Option(metavar="PIXELS", help="The side of the square that the network sees, in pixels.")
    ] = None,
    weights: Annotated[
        str | None,
        Option(metavar="WEIGHTS", help="Start from a FILE, RUN, URL, torchvision:NAME or timm:NAME; see weights list."),
    ] = None,
    data_root: Annotated[Path | None, Option(metavar="FOLDER", help="Where the files of a known set lie.")] = None,
    resume: Annotated[Path | None, Option(metavar="RUN", help="Go on with a run that was stopped, exactly.")] = None,
    base: Annotated[
        Path | None, Option("--from", metavar="RUN", help="Repeat a run's recipe on its data, or on DATA.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="FIELD=VALUE", help="Any other field of the recipe; may be given often."),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of sentences.")] = False,
) -> None:
    """Train a classifier on labeled pictures and write a report.

    What is not given is chosen to suit DATA, printed, and kept with the run. Pictures for validation and test are
    put aside unless DATA names them; test is measured once, at the end. The run's directory holds the weights,
    the recipe, the split, every answer and report.html. Ctrl-C leaves a run that --resume goes on with.
    """
    options = (data, model, out, epochs, batch_size, seed, image_size, weights, data_root, base, settings)
    given = [option for option in options if option is not None]
    if resume is not None and given:
        raise RecipeError(f"--resume goes on as {resume} began: leave the rest out, or begin anew with --from {resume}")
    if resume is None and data is None and base is None:
        raise RecipeError("nothing to train on: give DATA, such as digits or a folder, or --from RUN, or --resume RUN")
    run = striate.train(
        data, model=model, out=out, epochs=epochs, batch_size=batch_size, seed=seed, image_size=image_size,
        weights=weights, data_root=data_root, resume=resume, base=base, settings=settings or (),
    )  # fmt: skip
    report = run.path / "report.html"
    if as_json:
        document({"run": run.path, "report": report, "metrics": run.metrics})
        return
    path = shlex.quote(str(run.path))
    measured = [f"  striate evaluate {path}"] if run.metrics else []
    say(
        verdict(run.recipe.model, run.metrics),
        f"report: {report}",
        "next:",
        *measured,
        f"  striate predict {path} PICTURE...",
        f"  striate train --from {path} --set seed={run.recipe.seed + 1}",
    )
