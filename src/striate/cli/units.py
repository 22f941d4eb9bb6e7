"""Get to know what excites each unit of a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Option

import striate
from striate.cli.printing import document, say, table
from striate.cli.results import percent
from striate.core.errors import RecipeError

if TYPE_CHECKING:
    from striate.units.study import LayerStudy

EXAMPLES = (
    "striate units runs/photos",
    "striate units runs/photos --layer stages.3 --out looked",
    "striate units runs/photos --layer stages.3 --unit 17 --projections 9 --synthetic",
    "striate units runs/photos new-photos/ --limit 1000 --json",
)


def units(
    run: Annotated[Path, Argument(metavar="RUN", help="A run, or the folder of a recognizer.")],
    data: Annotated[
        str | None, Argument(metavar="DATA", help="Other labeled pictures; by default the run's own test pictures.")
    ] = None,
    layer: Annotated[
        list[str] | None, Option(metavar="NAME", help="A layer, as summary prints it; may be given several times.")
    ] = None,
    unit: Annotated[
        list[int] | None, Option(metavar="K", help="A unit of that layer; may be given several times.")
    ] = None,
    out: Annotated[
        Path | None,
        Option(metavar="FOLDER", help="Where the pages go, by default units in the run; what exists is kept."),
    ] = None,
    part: Annotated[
        Literal["train", "val", "test"] | None,
        Option(metavar="train|val|test", help="Which of the run's own pictures."),
    ] = None,
    limit: Annotated[
        int, Option(metavar="N", min=1, help="Look at so many pictures, drawn where there are more.")
    ] = 5000,
    pictures: Annotated[int, Option(metavar="N", min=0, help="Pictures to follow through all layers.")] = 12,
    projections: Annotated[
        int | None, Option(metavar="N", min=0, help="Patches of a unit to project to the pixels; else as time allows.")
    ] = None,
    synthetic: Annotated[
        bool | None, Option(help="Make a picture that excites each unit, which takes the most time.")
    ] = None,
    history: Annotated[bool, Option("--history", help="Show each unit at the run's snapshots too.")] = False,
    data_root: Annotated[Path | None, Option(metavar="FOLDER", help="Where the files of a known set lie.")] = None,
    as_json: Annotated[
        bool, Option("--json", help="Print one JSON document with what was found of each unit.")
    ] = False,
) -> None:
    """Get to know what excites each unit of a network.

    All pictures pass the network once. For every unit of every layer that gives the parts of the pictures that excite
    it most, projected back to the pixels, a picture made to excite it, its values, and the units that it fires with.
    The pages are static, need no server, and can be sent to someone. The network is left as it was.
    """
    if unit and not layer:
        raise RecipeError(f"--unit {unit[0]}: of which layer? Name it with --layer; striate summary {run} lists them")
    looked = striate.units(
        run,
        data,
        part=part,
        data_root=data_root,
        layers=layer,
        units=unit,
        limit=limit,
        out=out,
        pictures=pictures,
        projections=projections,
        synthetic=synthetic,
        history=history,
        quiet=as_json,
    )
    if as_json:
        layers = _plain(looked.study, unit)
        document({"run": run, "pages": looked.pages, "pictures": looked.study.pictures, "layers": layers})
        return
    say(f"{looked.study.pictures:,} pictures")
    table(("layer", "units", "dead", "active places", "mean |correlation|"), [_row(found) for found in looked.study])
    say("")
    say(f"pages: {looked.pages}")


def _row(found: LayerStudy) -> tuple[str, ...]:
    from striate.units.health import claims

    dead = sum(claim.kind == "dead" for claim in claims(found))
    active = percent(float(found.share_active.mean()))
    correlation = "-" if found.overall_correlation is None else f"{found.overall_correlation:.2f}"
    return found.layer.name, str(found.units), str(dead), active, correlation


def _plain(study: Any, units: list[int] | None) -> list[dict[str, Any]]:
    from striate.units.told import plain

    return [plain(found, units) for found in study]
