"""List the networks and classic pipelines that can be trained by name, or show one of them in full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from striate.cli.printing import document, say, table
from striate.cli.quantities import count, short, span
from striate.core.errors import RecipeError, UnknownName

if TYPE_CHECKING:
    from striate.zoo.catalog import Row

_CLASSIC = "classic"  # the family of all classic pipelines

EXAMPLES = (
    "striate models",
    "striate models --max-params 5M --year 2015",
    "striate models --image-size 224 --max-macs 2G --sort macs",
    "striate models --search residual --year 2015-2016",
    "striate models resnet50",
    "striate models --json",
)


def models(
    name: Annotated[
        str | None, Argument(metavar="NAME", help="Show this one in full: paper, options, results.")
    ] = None,
    family: Annotated[str | None, Option(metavar="FAMILY", help="Those of one family, such as resnet.")] = None,
    year: Annotated[
        Any, Option(parser=span, metavar="YEAR", help="Those published in a year, or in a span such as 2014-2016.")
    ] = None,
    image_size: Annotated[
        Any, Option(parser=span, metavar="PIXELS", help="Those made for a size, or a span of sizes such as 28-64.")
    ] = None,
    max_params: Annotated[
        Any, Option(parser=count, metavar="COUNT", help="Those with at most so many parameters, such as 300k or 5M.")
    ] = None,
    max_macs: Annotated[
        Any, Option(parser=count, metavar="COUNT", help="Those with at most so many MACs, such as 40M or 4.1G.")
    ] = None,
    search: Annotated[
        str | None, Option(metavar="WORDS", help="Those that have all these words in their description.")
    ] = None,
    sort: Annotated[
        str | None,
        Option(metavar="ORDER", help="By name, year, parameters, macs or depth; by default by family."),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print JSON, with all that is known of each.")] = False,
) -> None:
    """List the networks and classic pipelines that can be trained by name, or show one of them in full.

    A name goes to --model of striate train. Parameters and multiply-accumulates (MACs, of one picture) are counted at
    the picture size shown, which is the published one; most networks can be trained at others too. Depth counts the
    convolutions and fully connected layers on the longest way from the picture to the scores. The published error is
    top-1, or top-1/top-5, in percent; compare errors of one protocol alone, such as 1 crop. Classic pipelines have
    no such numbers: they follow where nothing is filtered or sorted, and alone with --family classic.
    """
    classic = family == _CLASSIC
    filters = _filters(None if classic else family, year, image_size, max_params, max_macs, search)
    if name is None and classic:
        _list_pipelines([*filters, *(["--sort"] if sort else [])], as_json=as_json)
        return
    if name is None:
        _list(filters, sort, as_json=as_json)
        return
    if filters or sort or classic:
        raise RecipeError(f"{name} alone is shown, and the filters list many: leave NAME or the filters out")
    from striate.cli.one_model import show

    show(name, as_json=as_json)


def _filters(
    family: str | None, year: Any, image_size: Any, max_params: Any, max_macs: Any, search: str | None
) -> dict[str, Callable[[Row], bool]]:
    from striate.zoo import choosing

    found: dict[str, Callable[[Row], bool]] = {}
    if family:
        found[f"--family {family}"] = choosing.of_family(family)
    if year:
        found[f"--year {_spanned(year)}"] = lambda row: year[0] <= row.year <= year[1]
    if image_size:
        found[f"--image-size {_spanned(image_size)}"] = choosing.made_for(image_size)
    if max_params:
        found[f"--max-params {max_params:,}"] = lambda row: row.parameters <= max_params
    if max_macs:
        found[f"--max-macs {max_macs:,}"] = lambda row: row.macs <= max_macs
    if search:
        found[f"--search '{search}'"] = choosing.saying(search)
    return found


def _spanned(ends: tuple[int, int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]}-{ends[1]}"


def _list(filters: dict[str, Callable[[Row], bool]], sort: str | None, *, as_json: bool) -> None:
    from striate.zoo.choosing import ORDERS, choose
    from striate.zoo.published import PUBLISHED

    rows = choose(filters)
    if sort is not None:
        if sort not in ORDERS:
            raise UnknownName("order", sort, ORDERS)
        rows = sorted(rows, key=ORDERS[sort])
    plain = not filters and sort is None
    if as_json:
        networks = [asdict(row) | {"results": [asdict(r) for r in PUBLISHED.get(row.name, ())]} for row in rows]
        document(networks + (_pipelines() if plain else []))
        return
    headers = ("name", "year", "params", "MACs", "depth", "picture", "published error")
    table(headers, [_line(row) for row in rows], right=("year", "params", "MACs", "depth"))
    if plain:
        say("", "Classic pipelines, fitted without a network; --model takes them too:")
        _table_of_pipelines()


def _list_pipelines(others: Sequence[str], *, as_json: bool) -> None:
    if others:
        raise RecipeError(f"--family {_CLASSIC} lists all of the few classic pipelines: leave out {', '.join(others)}")
    if as_json:
        document(_pipelines())
        return
    _table_of_pipelines()


def _table_of_pipelines() -> None:
    lines = [(row["name"], str(row["year"]), row["title"]) for row in _pipelines()]
    table(("name", "year", "what it is"), lines, right=("year",))


def _pipelines() -> list[dict[str, Any]]:
    """Return the classic pipelines with the fields of networks; what nobody counts or fixes is null."""
    from striate.classic import PIPELINES

    unknown = dict.fromkeys(("parameters", "macs", "depth", "in_channels", "num_classes"))
    return [
        {"name": name, "family": _CLASSIC, "year": row.year, **unknown, "image_size": [row.image_size] * 2}
        | {"title": row.title, "options": {}, "results": []}
        for name, row in PIPELINES.items()
    ]


def _line(row: Row) -> Sequence[str]:
    from striate.zoo.published import PUBLISHED

    picture = f"{row.in_channels}x{row.image_size[0]}x{row.image_size[1]}"
    numbers = (str(row.year), short(row.parameters), short(row.macs), str(row.depth))
    first = next(iter(PUBLISHED.get(row.name, ())), None)
    return (row.name, *numbers, picture, first.brief() if first else "")
