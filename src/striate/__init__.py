"""Striate: a workbench for visual recognition with convolutional networks.

    run = striate.train("photos/", model="resnet20", epochs=15)
    recognizer = striate.load("runs/photos")
    answers = recognizer.predict(["one.jpg", "two.jpg"])

Importing this package imports no torch; the functions below import what they need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from striate import sources, zoo
from striate.core import ranks

if TYPE_CHECKING:
    from striate.compare.ensemble import Made
    from striate.compare.of_runs import Compared
    from striate.explain.folder import Written
    from striate.inside.summary import Summary
    from striate.recognize.load import Loaded
    from striate.train.evaluation import Evaluation
    from striate.train.run import Run
    from striate.units.of_run import Looked

__version__ = "0.1.0"
__all__ = ["compare", "ensemble", "evaluate", "explain", "load", "sources", "summary", "train", "units", "zoo"]

# `train`, `evaluate`, `compare`, `explain` and `units` are packages too. Importing them first lets the functions below
# take the names in `striate.`; `from striate.train.recipe import Recipe` goes on working: it looks in sys.modules.
import_module("striate.train")
import_module("striate.evaluate")
import_module("striate.compare")
import_module("striate.explain")
import_module("striate.units")


def train(  # noqa: PLR0913 the verb's twelve options, and quiet
    data: str | Path | None = None,
    *,
    model: str | None = None,
    out: str | Path | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    image_size: int | None = None,
    weights: str | Path | None = None,
    data_root: str | Path | None = None,
    resume: str | Path | None = None,
    base: str | Path | None = None,
    settings: Sequence[str] | Mapping[str, Any] = (),
    quiet: bool = False,
) -> Run:
    """Train a recognizer and write its run directory, with a report.

    Args:
        data: a folder, a manifest, or a source's name; not needed with `resume`, nor with `base` for its own data.
        model: a name of `striate.zoo.MODELS` or of `striate.classic.PIPELINES`, or `timm:NAME`, or
            `package.module:function`, your own; by default one that suits the pictures.
        out: the run directory; by default `runs/DATA-MODEL`. An existing name gets a number.
        epochs: how often every picture is seen.
        batch_size: pictures per step.
        seed: of the weights, the order and the augmentation; not of the split.
        image_size: height and width of the network's input, in pixels.
        weights: to begin from: a file, a run, an address on the web, `torchvision:NAME` or `timm:NAME`.
        data_root: where named data sets lie.
        resume: a stopped run, carried on exactly; everything else must be left out.
        base: a run whose recipe (and data, where `data` is None) is repeated.
        settings: recipe fields, as `["optimizer.lr=0.05"]` or `{"optimizer.lr": 0.05}`.
        quiet: print no progress.

    Raises:
        StriateError: what the user can mend; see `striate.core.errors`.
    """
    from striate.train.begin import Request, begin
    from striate.train.begin import resume as take_up

    if resume is not None:
        run = take_up(Path(resume), quiet=quiet)
    else:
        options = {
            "epochs": epochs,
            "batch_size": batch_size,
            "seed": seed,
            "image_size": image_size,
            "weights": None if weights is None else str(weights),
        }
        request = Request(
            data=None if data is None else str(data),
            model=model,
            out=None if out is None else Path(out),
            values={name: value for name, value in options.items() if value is not None},
            settings=settings,
            data_root=None if data_root is None else str(Path(data_root).resolve()),
            base=None if base is None else Path(base),
            quiet=quiet,
        )
        run = begin(request)
    if ranks.rank() == 0:
        from striate.report.of_run import report  # matplotlib: only now, so that the first step comes 0.5 s sooner

        report(run, quiet=quiet)
    return run


def evaluate(
    run: str | Path,
    data: str | Path | None = None,
    *,
    data_root: str | Path | None = None,
    ignore_unknown: bool = False,
    views: str = "none",
    quiet: bool = False,
) -> Evaluation:
    """Measure a run on its own test pictures, or any recognizer on `data`; see `striate.train.evaluation.evaluate`."""
    from striate.train.evaluation import evaluate as measure

    return measure(
        Path(run),
        None if data is None else str(data),
        data_root=None if data_root is None else str(data_root),
        ignore_unknown=ignore_unknown,
        views=views,
        quiet=quiet,
    )


def compare(
    *what: str | Path,
    models: Sequence[str] | None = None,
    budget: str | None = None,
    seeds: int = 1,
    jobs: int = 1,
    engine: Literal["local", "ray"] = "local",
    out: str | Path | None = None,
    data_root: str | Path | None = None,
    settings: Sequence[str] = (),
    resume: str | Path | None = None,
    quiet: bool = False,
) -> Compared:
    """Compare recognizers on the same pictures and write a page: finished runs, or models trained on one set.

    Args:
        what: run directories; or, with `models`, one folder, manifest or source's name.
        models: names that `train` takes.
        budget: "30m" for all together, or "10e" for epochs each; by default those of their own recipes.
        seeds: trainings of each.
        jobs: how many train at once.
        engine: local or ray.
        out: the comparison's folder; by default in `runs`. An existing name gets a number.
        data_root: where named data sets lie.
        settings: recipe fields of all, as `["batch_size=64"]`.
        resume: a stopped comparison, carried on; everything else but `jobs` and `engine` is left out.
        quiet: print no progress.

    Raises:
        StriateError: what the user can mend; see `striate.core.errors`.
    """
    from striate.compare.of_data import Wish, begin, go_on
    from striate.compare.of_runs import compare_runs
    from striate.core.errors import RecipeError
    from striate.core.files import free_name

    folder = None if out is None else Path(out)
    if resume is not None:
        if what or models or budget or folder:
            raise RecipeError(f"a comparison is taken up as it began: leave all but {resume} out")
        return go_on(Path(resume), lanes=jobs, name=engine, quiet=quiet)
    if models is None:
        if budget or seeds > 1 or settings:
            raise RecipeError("budget, seeds and settings are for training: name the pictures, and models to train")
        if len(what) < 2:
            alone = f"{what[0]} alone is no comparison: " if what else ""
            raise RecipeError(
                f"{alone}name two finished runs or more, or pictures and the models to train on them, as in "
                "`striate compare photos --models linear,resnet20`"
            )
        return compare_runs([Path(run) for run in what], free_name(folder or Path("runs/comparison")), quiet=quiet)
    if len(what) != 1:
        raise RecipeError(f"models are trained on one set of pictures, and {len(what)} are named")
    root = None if data_root is None else str(Path(data_root).resolve())
    return begin(Wish(str(what[0]), models, budget, seeds, jobs, engine, folder, root, settings, quiet=quiet))


def ensemble(
    *runs: str | Path,
    out: str | Path = "runs/ensemble",
    weights: Literal["equal", "fit"] | Sequence[float] = "equal",
    average: Literal["probabilities", "logits"] = "probabilities",
    quiet: bool = False,
) -> Made:
    """Let finished runs answer as one, with a report; see `striate.compare.ensemble.make`."""
    from striate.compare.ensemble import make
    from striate.report.of_run import report

    made = make([Path(run) for run in runs], Path(out), weights=weights, average=average, quiet=quiet)
    report(made.run, quiet=quiet)
    return made


def explain(
    path: str | Path,
    pictures: Sequence[str | Path] | str | Path,
    *,
    methods: Sequence[str] | str = ("gradcam",),
    layer: str | None = None,
    target: str | None = None,
    evidence: bool = False,
    zeiler: bool = False,
    scale: Literal["picture", "layer", "shared"] = "shared",
    out: str | Path | None = None,
    quiet: bool = False,
    **options: Any,
) -> Written:
    """Show where a trained network finds what it says of pictures, as maps on a page that opens offline.

    For tensors and any `nn.Module`: `from striate.explain import explain`.

    Args:
        path: a run directory, or the folder of a recognizer.
        pictures: files, or folders to search.
        methods: names of `striate.explain.METHODS`.
        layer: whose units speak; by default the last maps.
        target: explain this class, by name, not each picture's answer.
        evidence: measure what speaks for each map; takes longer.
        zeiler: beside occlusion, also show the strongest map and the most probable class under each patch.
        scale: of the colors of each method: one for all pictures, or one for each; or one for all methods of a layer.
        out: a new folder; by default the run's name with -explained. An existing name gets a number.
        quiet: print nothing.
        options: of the methods, such as `steps=100`.

    Returns:
        The folder, the path of its page, and all that was found as plain data.
    """
    from striate.explain.folder import explain_into
    from striate.explain.picture import Question

    files = [Path(picture) for picture in ([pictures] if isinstance(pictures, str | Path) else pictures)]
    methods = (methods,) if isinstance(methods, str) else tuple(methods)
    question = Question(methods, layer, target, options, evidence, zeiler)
    place = None if out is None else Path(out)
    return explain_into(Path(path), files, question, out=place, scale=scale, quiet=quiet)


def units(  # noqa: PLR0913 the verb's twelve options, and quiet
    path: str | Path,
    data: str | Path | None = None,
    *,
    part: Literal["train", "val", "test"] | None = None,
    data_root: str | Path | None = None,
    layers: Sequence[str] | str | None = None,
    units: Sequence[int] | int | None = None,
    limit: int = 5000,
    out: str | Path | None = None,
    pictures: int = 12,
    projections: int | None = None,
    synthetic: bool | None = None,
    history: bool = False,
    quiet: bool = False,
) -> Looked:
    """Study what the units of a trained network answer to, and write pages that show it.

    Args:
        path: a run directory, or the folder of a recognizer.
        data: labeled pictures; by default the run's own.
        part: which of the run's own; by default test, or where there is none val.
        data_root: where the files of a known set lie.
        layers: names, as `striate summary` prints them; by default the stages, in small networks every layer.
        units: numbers of units of each named layer to make pages of; by default all.
        limit: look at so many pictures, drawn by seed, where there are more.
        out: a new folder for the pages; by default `units` in the run. An existing name gets a number.
        pictures: how many pictures to follow through all layers.
        projections: of each unit's nine patches, how many are projected to the pixels.
        synthetic: make pictures that excite each unit.
        history: show each unit at the run's snapshots too.
        quiet: print nothing.

    Returns:
        `.study`, what the units answered to, as arrays by layer; `.pages`, the path of the map of the network.
    """
    from striate.units.looking import Wish
    from striate.units.of_run import look

    root = None if data_root is None else str(data_root)
    layers = (layers,) if isinstance(layers, str) else layers
    units = (units,) if isinstance(units, int) else units
    wish = Wish(
        part=part, data_root=root, layers=layers, units=units, limit=limit, pictures=pictures,
        projections=projections, synthetic=synthetic, history=history,
    )  # fmt: skip
    place = None if out is None else Path(out)
    return look(Path(path), None if data is None else str(data), wish=wish, out=place, quiet=quiet)


def load(path: str | Path) -> Loaded:
    """Return the recognizer of a run directory, or of a folder that one was saved to.

    It is a network's, a classic pipeline's, or an ensemble.

    Raises:
        DataError: there is none, or its network is made by a function that you have not named; see `zoo.consent`.
    """
    from striate.recognize.load import load as read

    return read(Path(path))


def summary(
    model: str | Path,
    *,
    image_size: int | tuple[int, int] | None = None,
    num_classes: int | None = None,
    in_channels: int | None = None,
    batch_size: int = 32,
    settings: Sequence[str] | Mapping[str, Any] = (),
) -> Summary:
    """Return a network in numbers, layer by layer, without its weights; see `striate.inside.summary.Summary`.

    Args:
        model: a name of `striate.zoo.MODELS`, timm:NAME, package.module:function, or a run directory.
        image_size: height and width of the pictures; by default the network's own, as for the two that follow.
        num_classes: how many scores it gives.
        in_channels: 1 for gray pictures, 3 for color.
        batch_size: pictures in the training step whose memory is told.
        settings: the recipe's `optimizer.name` and fields of `options`, as for `train`.
    """
    from striate.train.summary import summary as summed_up

    changes = {"image_size": image_size, "num_classes": num_classes, "in_channels": in_channels}
    given = {name: value for name, value in changes.items() if value is not None}
    return summed_up(str(model), given, batch_size=batch_size, settings=settings)
