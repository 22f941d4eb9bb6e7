"""What the units of a run were at its snapshots, and when the layers came to rest, drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import Markup
from matplotlib.figure import Figure
from numpy.typing import NDArray

from striate.core.progress import say
from striate.report.figures import AMBER, BLUE, blank, style, to_svg
from striate.report.thumbnails import shrink
from striate.train.run import Run
from striate.units import sheets
from striate.units.convergence import Convergence, convergence
from striate.units.history import Snapshots
from striate.units.layer_page import LARGEST, file_stem, project_all
from striate.units.looking import Looking
from striate.units.mining import study
from striate.units.sheets import Sheet
from striate.units.study import LayerStudy, Study
from striate.units.told import number
from striate.units.windows import patches, window

_MOST_LINES = 16  # layers in the chart


@dataclass(frozen=True)
class Past:
    """The same units, epoch by epoch.

    Args:
        looking: the network as it became.
        networks: the snapshots.
        studies: of the same layers on the same pictures, one an epoch, with one top picture a unit.
        convergence: how far each layer was; None with a single snapshot.
    """

    looking: Looking
    networks: Snapshots
    studies: tuple[Study, ...]
    convergence: Convergence | None

    @property
    def epochs(self) -> tuple[int, ...]:
        """Of the snapshots, in order."""
        return tuple(sorted(self.networks))

    def draw(self, folder: Path, found: LayerStudy, units: Sequence[dict[str, Any]], *, projections: bool) -> Sheet:
        """Write the sheet of a layer: a block for each unit and epoch, the top patch and its projection.

        Args:
            folder: of the pages.
            found: of the layer.
            units: what is told of the shown units; each gets its values, epoch by epoch, as `history`.
            projections: whether to project the units' values to the pixels.
        """
        then = [study[found.layer.name] for study in self.studies]
        for one in units:
            one["history"] = [number(layer.top_values[one["k"], 0]) for layer in then]
        shown = [one["k"] for one in units]
        tiles = [self._tiles(layer, epoch, shown, projections) for layer, epoch in zip(then, self.epochs, strict=True)]

        def blocks() -> Iterator[NDArray[np.uint8]]:
            for block in range(len(shown)):
                for each in tiles:
                    yield each[block]

        name = f"{file_stem(found.layer.name)}.history"
        return sheets.write(folder, name, blocks(), block=2 if projections else 1, shown=32)

    def told(self) -> dict[str, Any] | None:
        """Return the chart of the layers' convergence and its sentence, for the map of the network."""
        if self.convergence is None:
            return None
        with style():
            figure = Markup(to_svg(_chart(self.convergence), "convergence", _sentence(self.convergence)))  # noqa: S704
        last = f"The snapshots end with epoch {self.epochs[-1]}; the network of these pages is the run's best."
        return {"figure": figure, "told": f"{_sentence(self.convergence)} {last}"}

    def _tiles(
        self,
        found: LayerStudy,
        epoch: int,
        shown: Sequence[int],
        projections: bool,  # noqa: FBT001 private
    ) -> list[NDArray[np.uint8]]:
        """Return (1 or 2, h, w, C) for each unit: its top patch, and what is projected of it; none: (0, h, w, C)."""
        seen = window(found.layer, self.looking.picture)
        rows, places = found.top_rows[shown, 0], [(int(y), int(x)) for y, x in found.top_places[shown, 0]]
        alive = np.flatnonzero(rows >= 0).tolist()
        channels = self.looking.recognizer.preprocess.channels
        empty = np.empty((0, *shrink(np.zeros((1, *seen.size, channels), np.uint8), LARGEST).shape[1:]), np.uint8)
        if not alive:
            return [empty] * len(shown)
        pictures = self.looking.pixels(rows[alive].tolist())
        cuts = shrink(patches(seen, pictures, [places[place] for place in alive]), LARGEST)
        made = [cuts[None, rank] for rank in range(len(alive))]
        if projections:
            asked = [(shown[place], int(rows[place]), places[place]) for place in alive]
            projected = project_all(self.networks[epoch], self.looking, found, seen, asked)
            made = [np.stack([cut, tile]) for cut, tile in zip(cuts, projected, strict=True)]
        by_place = dict(zip(alive, made, strict=True))
        return [by_place.get(place, empty) for place in range(len(shown))]


def open_past(run: Path, looking: Looking, kept: Path | None, *, quiet: bool) -> Past:
    """Study the units of a run at each of its snapshots.

    Args:
        run: a run directory.
        looking: the network as it became; the same layers and pictures are looked at.
        kept: where studies are kept.
        quiet: print nothing.

    Raises:
        DataError: it is no run, or it kept no snapshots.
    """
    networks = Snapshots(Run(run))
    names, rows, plan = looking.study.names, looking.study.rows, looking.recognizer.plan
    studies = []
    for epoch in sorted(networks):
        say(f"epoch {epoch}", quiet=quiet)
        options: dict[str, Any] = {"plan": plan, "layers": names, "top": 1, "place": kept, "quiet": quiet}
        studies.append(study(networks[epoch], looking.store, rows, **options))
    found = convergence(networks, looking.store, layers=names, plan=plan) if len(networks) > 1 else None
    return Past(looking, networks, tuple(studies), found)


def _chart(found: Convergence) -> Figure:
    """Draw each layer's likeness with its final self against the epoch, from blue, low, to amber, high."""
    figure = blank(8.4, 3.6)
    axes = figure.add_subplot()
    shown = np.unique(np.linspace(0, len(found.layers) - 1, min(_MOST_LINES, len(found.layers))).round().astype(int))
    for place in shown.tolist():
        share = place / max(1, len(found.layers) - 1)
        axes.plot(found.epochs, found.likeness[:, place], color=_between(share), marker="o", markersize=3)
        axes.annotate(
            found.layers[place],
            (found.epochs[0], found.likeness[0, place]),
            xytext=(-6, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=7,
            color=_between(share),
        )
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("epoch")
    axes.set_xticks(found.epochs)
    axes.margins(x=0.18)
    axes.set_title("Likeness of each layer with its final self (linear CKA)")
    return figure


def _between(share: float) -> str:
    low, high = (tuple(int(color[place : place + 2], 16) for place in (1, 3, 5)) for color in (BLUE, AMBER))
    return "#" + "".join(f"{round(a + share * (b - a)):02x}" for a, b in zip(low, high, strict=True))


def _sentence(found: Convergence) -> str:
    middle = len(found.epochs) // 2 if len(found.epochs) > 2 else 0
    alike, come = (found.lower_first(values)[middle] for values in (found.likeness, found.progress))
    if not np.isfinite(alike):
        return "Too few layers, or too few snapshots, to say whether lower layers came to rest first."
    said = (
        f"On {found.pictures:,} pictures, drawn from all of the data, at epoch {found.epochs[middle]}: the rank "
        f"correlation of a layer's depth with its likeness to its self of epoch {found.epochs[-1]} is {alike:+.2f}"
    )
    if not np.isfinite(come):
        return f"{said}."
    counted = f"{said}, and with the part of the way that it had come since epoch {found.epochs[0]} {come:+.2f}"
    if max(alike, come) < -0.5:
        return f"{counted}: lower layers came to rest first."
    if min(alike, come) > 0.5:
        return f"{counted}: upper layers came to rest first."
    return f"{counted}: so it is not clear that either came to rest first."
