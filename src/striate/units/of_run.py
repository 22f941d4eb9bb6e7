"""Look at the units of a run with pictures: the study, then its pages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from striate.core.errors import DoesNotApply, RecipeError
from striate.core.files import free_name
from striate.core.seeds import generator
from striate.data.store import Store
from striate.recognize.ensemble import Ensemble
from striate.recognize.load import load
from striate.recognize.recognizer import NetworkRecognizer
from striate.report import words
from striate.train.labeled import Labeled, any_classes, own
from striate.train.run import Run
from striate.units import calls, pages
from striate.units.looking import Looking, Wish, rule_for
from striate.units.making import Making
from striate.units.mining import study
from striate.units.past import open_past
from striate.units.study import Study

KEPT, PAGES = "studies", "units"  # in a run


@dataclass(frozen=True)
class Looked:
    """The study of a run's units, and where the map of its pages is."""

    study: Study = field(repr=False)
    pages: Path


def look(
    path: Path, data: str | None = None, *, wish: Wish | None = None, out: Path | None = None, quiet: bool = False
) -> Looked:
    """Study what the units of a run's network answer to, and write the pages.

    Args:
        path: a run directory, or a folder that a recognizer was saved to.
        data: labeled pictures; by default the run's own.
        wish: what is to be looked at.
        out: a folder for the pages; by default `units` in the run. One that exists gets -2.
        quiet: print nothing.

    Raises:
        DoesNotApply: the recognizer is no network.
        UnknownName: no such layer.
        DataError: no such pictures.
    """
    wish = wish or Wish()
    looking = open_looking(path, data, wish, quiet=quiet)
    try:
        folder = free_name(out or path / PAGES)
        looking = replace(looking, report=_report(path, folder))
        past = open_past(path, looking, _kept(path), quiet=quiet) if wish.history else None
        made = pages.write(folder, looking, Making(looking), past=past, quiet=quiet)
    finally:
        looking.store.close()
    return Looked(looking.study, made)


def open_looking(path: Path, data: str | None = None, wish: Wish | None = None, *, quiet: bool = True) -> Looking:
    """Return a run's network, the pictures, and what its units answered to; errors as `look` has them.

    The study is read where it was kept. `looking.store` reads on in threads: close it in the end.
    """
    wish = wish or Wish()
    recognizer = load(path)
    if not isinstance(recognizer, NetworkRecognizer):
        kind = "an ensemble" if isinstance(recognizer, Ensemble) else "a classic pipeline"
        raise DoesNotApply(f"{path} is {kind}, which has no units: name the run of a network")
    labeled = _labeled(path, data, wish, quiet=quiet)
    rows = _drawn(labeled, wish.limit)
    store = Store(labeled.table, recognizer.preprocess)
    try:
        found = study(
            recognizer.network,
            store,
            rows,
            plan=recognizer.plan,
            layers=wish.layers,
            place=_kept(path),
            quiet=quiet,
        )
    except BaseException:
        store.close()
        raise
    return Looking(
        name=path.name,
        data=_said(labeled, len(rows)),
        recognizer=recognizer,
        store=store,
        study=found,
        named=labeled.table.name,
        labels=labeled.table.labels,
        call=calls.opened(path, data, wish),
        wish=wish,
        rule=rule_for(recognizer.network, (recognizer.preprocess.channels, *recognizer.preprocess.size)),
    )


def _kept(path: Path) -> Path | None:
    """Return where studies are kept: in a run; nowhere for a recognizer alone, which is not ours to add to."""
    return path / KEPT if (path / "recipe.toml").is_file() else None


def _labeled(path: Path, data: str | None, wish: Wish, *, quiet: bool) -> Labeled:
    if data is not None and wish.part is not None:
        raise RecipeError(f"part = {wish.part} is of the run's own pictures: leave out it, or {data}")
    if data is not None:
        return any_classes(data, wish.data_root)  # units answer to pictures of classes that the network never heard of
    if not (path / "recipe.toml").is_file():
        raise DoesNotApply(f"{path} has no pictures of its own: name labeled ones, striate units {path} DATA")
    return own(Run(path), wish.data_root, part=wish.part, quiet=quiet)


def _drawn(labeled: Labeled, limit: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    if len(labeled.rows) <= limit:
        return labeled.rows
    order = generator("pictures for units", 0).permutation(len(labeled.rows))[:limit]
    return np.sort(labeled.rows[order])


def _said(labeled: Labeled, count: int) -> str:
    kind = f"its {words.PART_NAMES[labeled.part]} pictures" if labeled.part in words.PART_NAMES else labeled.part
    drawn = "" if count == len(labeled.rows) else f", {count:,} of {len(labeled.rows):,} drawn by seed"
    return f"{kind}{drawn}"


def _report(path: Path, folder: Path) -> str | None:
    """Return the way from the pages to the run's report, where they are in the run and can be moved with it."""
    inside = folder.resolve().parent == path.resolve() and (path / "report.html").is_file()
    return "../report.html" if inside else None
