"""The store of a run: which pictures are packed for it; remembered, so that a resumed run reads the same pixels."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from striate.core.files import write_json
from striate.core.progress import say
from striate.data.pack import Wish
from striate.data.pack_automatic import automatic
from striate.data.pack_filling import Filling
from striate.data.packed import Packed
from striate.data.store import Store
from striate.data.table import Table
from striate.runtime.processes import ALONE, Group
from striate.train.loop import Sides
from striate.train.recipe import Recipe
from striate.train.run import Run

_FILE = "store.json"
_AT_LEAST = 2**31  # epochs: a resumed run needs the pack it began with, however few are left


def wish(
    table: Table, recipe: Recipe, rows: NDArray[np.int64] | None = None, *, group: Group = ALONE, quiet: bool = False
) -> Wish:
    """Return what a training by `recipe` wants packed; `rows` None: all of the table, which serves any split of it."""
    return Wish(
        table=table,
        preprocess=recipe.preprocess,
        rows=rows,
        crop=recipe.augment.crop,
        ratio=recipe.augment.ratio,
        threads=recipe.threads,
        group=group,
        quiet=quiet,
    )


def open_store(run: Run, table: Table, sides: Sides, *, group: Group = ALONE, quiet: bool = False) -> Store:
    """Return the store that `run` reads from; the pack it needs is found, or made where that pays.

    With random crops the training pictures are packed, as validation pictures are placed once and kept in memory;
    without, both are. Test pictures are read once, from their files.

    Args:
        run: prepared, or stopped.
        table: its pictures, with hashes.
        sides: its rows.
        group: the processes that train together; each calls this.
        quiet: print nothing.
    """
    recipe = run.recipe
    rows = sides.train if recipe.augment.crop else np.concatenate([sides.train, sides.val])
    wanted = wish(table, recipe, rows, group=group, quiet=quiet)
    began = group.share(run.read_json(_FILE) if (run.path / _FILE).is_file() else None)
    setting, epochs = recipe.store, recipe.epochs
    if began is not None:
        setting, epochs = (setting, _AT_LEAST) if began["kind"] else ("none", epochs)
    packed = automatic(wanted, setting, epochs, fills=recipe.sampling == "shuffle")
    if group.first:
        _compare(run, began, _about(packed), quiet=quiet)
    return Store(table, recipe.preprocess, threads=recipe.threads, packed=packed)


def _about(packed: Packed | Filling | None) -> dict[str, Any]:
    return {"kind": packed.kind, "key": packed.about["key"]} if packed is not None else {"kind": None, "key": None}


def _compare(run: Run, began: dict[str, Any] | None, now: dict[str, Any], *, quiet: bool) -> None:
    if began is None:
        write_json(run.path / _FILE, now)
    elif began["kind"] not in {"placed", now["kind"]}:  # placed pictures are the same, packed or not
        say(f"warn: {run.path} began with a store of kind {began['kind']} and goes on with {now['kind'] or 'none'}: "
            "its pixels, and so its bits, may differ a little", quiet=quiet)  # fmt: skip
