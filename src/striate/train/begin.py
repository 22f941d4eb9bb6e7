"""From the user's words to a run: open, audit, split, choose the recipe, train; or take up a run again."""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core.errors import DataError, RecipeError
from striate.core.files import free_name
from striate.core.findings import Verdict
from striate.core.progress import say
from striate.core.records import validated
from striate.data import split as splitting
from striate.data.audit import Audit, audit
from striate.data.examine import with_hashes
from striate.data.split import Split
from striate.data.table import Table
from striate.recognize.origin import absolute, origin
from striate.runtime.processes import Group, together
from striate.sources import open_table
from striate.train import defaults, pipeline, starting
from striate.train.defaults import Look
from striate.train.fit import Data, carry_on, check_batches, prepare
from striate.train.models import is_pipeline
from striate.train.recipe import Recipe, SplitRecipe, merge, settings_to_values
from striate.train.run import Run
from striate.zoo import consent
from striate.zoo.locate import Located

_TRAININGS = itertools.count(1)  # of this process; torchrun's restarts count anew, in the same order
_ENOUGH_TO_CHOOSE = 6_000  # validation pictures: an accuracy near 90 % is known to within 0.8 points


@dataclass(frozen=True)
class Request:
    """What the user asked for; None and empty: our choice.

    Args:
        data: a path or a source's name.
        model: a name of the zoo, timm:NAME, or package.module:function.
        out: the run directory; an existing name gets a number.
        values: recipe fields set by options.
        settings: recipe fields set by `--set`.
        data_root: where named data sets lie.
        base: a run whose recipe, and data where `data` is None, is repeated.
        quiet: print nothing.
    """

    data: str | None = None
    model: str | None = None
    out: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    settings: Sequence[str] | Mapping[str, Any] = ()
    data_root: str | None = None
    base: Path | None = None
    quiet: bool = False


def begin(request: Request) -> Run:
    """Train anew and return the finished run.

    Of many processes that torchrun started, the first prepares the run and all train it; those that torchrun starts
    again after the loss of one take it up from its last checkpoint.

    Raises:
        StriateError: what the user can mend; see `core.errors`.
    """
    with together() as group:
        quiet = request.quiet or not group.first
        _take_consent(request)
        opened: list[Table] = []
        note = f"run {next(_TRAININGS)}"
        path = group.first_does(lambda: _taken_up(request, group, note) or _prepared(request, group, opened))
        if group.first:
            group.note(note, str(path.resolve()))
        if not opened:
            return _go_on(Run(path), group, quiet=quiet)
        return carry_on(Run(path), opened[0], group=group, quiet=quiet)


def _taken_up(request: Request, group: Group, note: str) -> Path | None:
    """Return the run that this launch of torchrun had begun before it lost a process and started all anew."""
    noted = group.noted(note)
    if noted is None:
        return None
    say(f"torchrun has started this job again: going on with {noted}", quiet=request.quiet)
    return Path(noted)


def _prepared(request: Request, group: Group, opened: list[Table]) -> Path:
    """Make the run directory and return it; the table goes into `opened`, so that it is read once."""
    data, recipe = resolve(request)
    out = request.out or Path("runs") / f"{_short(data.table)}-{_plain(recipe.model)}"
    check_batches(recipe, group)
    opened.append(data.table)
    return prepare(data, recipe, free_name(out), quiet=request.quiet).path


def _take_consent(request: Request) -> None:
    """Let the code run that the user names, in each process; a run to be repeated must not name any other."""
    named = request.model or settings_to_values(request.settings).get("model")
    if named is not None:
        consent.give(named)
    elif request.base is not None:
        recipe = Run(request.base).recipe
        consent.require(recipe.model, recipe.options, request.base)


def resolve(request: Request) -> tuple[Data, Recipe]:
    """Return the audited, split data and the complete recipe that `request` leads to."""
    wanted = merge(request.values, settings_to_values(request.settings))
    if request.model is not None:
        wanted["model"] = request.model
    base = Run(request.base) if request.base else None
    named = wanted.get("model") or (base.recipe.model if base else None)
    if named is not None and is_pipeline(named):
        pipeline.check(named, wanted)
    else:
        defaults.check(wanted)
    located = _located(request, wanted, base)
    table = _open(request, base)
    say(
        f"{table.location}: {count(len(table), 'picture')} of {count(len(table.classes), 'class')}", quiet=request.quiet
    )
    table = with_hashes(table, quiet=request.quiet)
    _say_changes(request, base, table)
    given_split = "split" in wanted
    wanted["split"] = _split_recipe(wanted, table, base).model_dump(mode="json")
    split = _split(table, wanted, None if given_split else base)
    found = audit(table, sides=split.sides, quiet=request.quiet)
    _say_findings(found, split, table, quiet=request.quiet)
    data = Data(table, split, found, request.data_root)
    data.check()
    recipe = _recipe(data, wanted, base, located, same_data=request.data is None)
    chosen = wanted.get("model") or (base.recipe.model if base else None)
    told = pipeline.explain if is_pipeline(recipe.model) else partial(defaults.explain, model=chosen)
    say(told(recipe, table, data.readable("train")), quiet=request.quiet)
    if located is not None:
        say(starting.explain(located, recipe.preprocess), quiet=request.quiet)
    return data, recipe


def resume(path: Path, *, quiet: bool = False) -> Run:
    """Carry a stopped run on, exactly; a finished one is returned as it is.

    Raises:
        DataError: `path` is no run, or its data has changed since it began.
    """
    with together() as group:
        return _go_on(Run(path), group, quiet=quiet or not group.first)


def _go_on(run: Run, group: Group, *, quiet: bool) -> Run:
    path, saved = run.path, run.data
    if run.finished:
        say(f"{path} is finished already; to repeat it: striate train --from {path}", quiet=quiet)
        return run
    began = run.read_json("environment.json").get("processes", 1)
    if began != group.world:
        say(f"warn: {path} began with {began} processes and goes on with {group.world}: the same batches, but not "
            "the same bits", quiet=quiet)  # fmt: skip
    table = with_hashes(open_table(saved["location"], data_root=saved["data_root"]), quiet=quiet)
    if table.fingerprint != saved["fingerprint"]:
        raise DataError(
            f"{saved['location']} has changed since {path} began, so it cannot be resumed exactly. "
            f"Put the data back as it was, or begin anew with: striate train --from {path}"
        )
    return carry_on(run, table, group=group, quiet=quiet)


def look_at(found: Audit, rows: NDArray[np.int64], table: Table) -> Look:
    """Return the sizes and channels of the readable pictures among `rows`."""
    if table.pixels is not None:
        height, width, channels = table.pixels.shape[1:]
        return Look(np.array([[height, width]]), channels)
    sizes, channels = found.examined.sizes[rows], found.examined.channels[rows]
    return Look(sizes, 1 if (channels == 1).all() else 3)


def _open(request: Request, base: Run | None) -> Table:
    if request.data is not None:
        return open_table(request.data, data_root=request.data_root)
    if base is None:
        raise RecipeError("no data named: striate train DATA, where DATA is a folder, a manifest or a source's name")
    return open_table(base.data["location"], data_root=request.data_root or base.data["data_root"])


def _say_changes(request: Request, base: Run | None, table: Table) -> None:
    if base is not None and request.data is None and table.fingerprint != base.data["fingerprint"]:
        said = f"warn: {table.location} has changed since {base.path} was trained: the same recipe, on other pictures"
        say(said, quiet=request.quiet)


def _located(request: Request, wanted: dict[str, Any], base: Run | None) -> Located | None:
    """Return the weights that the user names; where no network is named, theirs goes into `wanted`."""
    if wanted.get("weights") is None:
        return None
    wanted["weights"] = absolute(str(wanted["weights"]))
    located = origin(wanted["weights"], quiet=request.quiet)
    if located.model is not None and base is None:
        wanted.setdefault("model", located.model)
    return located


def _split_recipe(wanted: Mapping[str, Any], table: Table, base: Run | None) -> SplitRecipe:
    """Return how the split is made: as the user says, else as `base` has it, else by default."""
    values = base.recipe.split.model_dump() if base else {"val": _share_for_val(table)}
    asked = validated(SplitRecipe, {**values, **wanted.get("split", {})}, "split")
    return asked if asked.file is None else asked.model_copy(update={"file": str(Path(asked.file).resolve())})


def _split(table: Table, wanted: Mapping[str, Any], base: Run | None) -> Split:
    asked, previous = SplitRecipe(**wanted["split"]), None
    if asked.file is not None:
        previous = Split.load(Path(asked.file))
    elif base is not None and table.fingerprint == base.data["fingerprint"]:
        previous = base.split
    return splitting.split(
        table, val=asked.val, test=asked.test, salt=asked.salt, previous=previous, extend=asked.extend
    )


def _share_for_val(table: Table) -> float:
    """Return the default fraction for validation: 15 %, but no more than it takes to choose well from a large set."""
    return min(0.15, _ENOUGH_TO_CHOOSE / max(len(table), 1))


def _recipe(
    data: Data, wanted: Mapping[str, Any], base: Run | None, located: Located | None, *, same_data: bool
) -> Recipe:
    """Return the complete recipe: what the user wants, on top of the base's or of our defaults.

    With another model the defaults of that model count, not what suited the base's; with other data its own
    preprocessing does, unless weights settle it; with another optimizer its own learning rate.
    """
    rows = data.readable("train")
    look = look_at(data.audit, rows, data.table)
    model = wanted.get("model", base.recipe.model if base else None)
    if model is not None and is_pipeline(model):
        known = base.recipe if base is not None and base.recipe.model == model else None
        return pipeline.resolve(look, model, wanted, known, same_data=same_data)
    start = starting.values_of(located, model or defaults.MODEL) if located else {}
    if base is None or model != base.recipe.model:
        return defaults.resolve(data.table, rows, look, model, wanted, start)
    values = base.recipe.model_dump(mode="json")
    if wanted.get("optimizer", {}).get("name", values["optimizer"]["name"]) != values["optimizer"]["name"]:
        values["optimizer"] = {}
    if not same_data and base.recipe.weights is None:
        values["preprocess"] = {name: values["preprocess"][name] for name in ("size", "fit", "channels")}
    return defaults.resolve(data.table, rows, look, base.recipe.model, merge(merge(values, start), wanted))


def _say_findings(found: Audit, split: Split, table: Table, *, quiet: bool) -> None:
    say(f"split: {split.origin}", quiet=quiet)
    for note in table.notes:
        say(f"note: {note}", quiet=quiet)
    for finding in [*found.findings, *splitting.findings(table, split)]:
        if finding.verdict in {Verdict.WARN, Verdict.FAIL}:
            say(f"{finding.verdict}: {finding}", quiet=quiet)


def count(number: int, noun: str) -> str:
    """Return "1 picture", "2 pictures", "3 classes"."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def _short(table: Table) -> str:
    name = table.source if table.pixels is not None else Path(table.location).stem
    return _plain(name) or "data"


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-")
