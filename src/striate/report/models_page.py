"""Write docs/models.md and its pictures from the catalog: `python -m striate.report.models_page docs/models.md`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from itertools import groupby
from pathlib import Path

from striate.core.files import write_text
from striate.report.architecture import picture, representative
from striate.report.lineage import lineage
from striate.zoo.about import about
from striate.zoo.catalog import MODELS, Row
from striate.zoo.options import Allowed, describe
from striate.zoo.published import DATA, PROTOCOLS, PUBLISHED, TRAININGS, Result

PICTURES = "pictures/models"  # beside the page

_INTRODUCTION = f"""\
# Models

Made by `python -m striate.report.models_page docs/models.md`; a test compares. `striate models` prints the same list,
`striate models NAME` one network in full.

Every name goes to `striate train DATA --model NAME` and `striate.zoo.create("NAME", ...)`, which take any number of
classes, gray or color, and other picture sizes, or say which they take. Parameters are the trainable ones that
inference needs; MACs the multiply-accumulates of one picture in convolutions and linear layers, both at the size
shown.

Depth counts the convolutions and fully connected layers on the longest way from the picture to the scores, as papers
count; auxiliary heads and the projections of shortcuts are not on it. Where that differs from what the paper or the
name says: `densenet264` has 265 by the blocks of its own paper (6, 12, 64 and 48 layers); the paper of `inception_v3`
says 42 of a way of 48; LeNet-5's paper also counts its two subsampling layers, and its output's fixed codes, which are
not trained.

A family's picture is drawn from what runs when its code is given one picture of the published size: a block is as high
as its maps and as wide as their number, on logarithmic scales, and the bars are its shares of the parameters and MACs.
Below stand the layers of a block of the middle stage, a row for each of its ways: of a convolution its window and maps.

## The lineage

![Year against parameters]({PICTURES}/lineage.svg)
"""
_MEASURED = """\
## How results were measured

Errors are percent of the pictures: top-1 where the class is not the first answer, top-5 where it is not among the
first five. They are what others published, with their training; Striate's own measurements are in
[benchmarks/RESULTS.md](../benchmarks/RESULTS.md). An error of one protocol says nothing beside one of another:
ten crops in place of one take one to two points off a top-1 error.
"""
_MEANT = ("lenet5", "vgg16", "inception_v3", "densenet121", "squeezenet1_0")  # by the name of a family without namesake
_COLUMNS = ("name", "year", "picture", "classes", "parameters", "MACs", "depth", "what it is")


def page() -> str:
    """Return the whole page: the lineage, how results were measured, and each family."""
    families = groupby(MODELS.values(), key=lambda row: row.family)
    parts = [_INTRODUCTION, _by_year(), _MEASURED, _terms()]
    return "\n".join([*parts, *(_family(family, list(rows)) for family, rows in families)])


def pictures() -> dict[str, str]:
    """Return the page's pictures: SVG documents by the name of their file."""
    families = dict.fromkeys(row.family for row in MODELS.values())
    return {"lineage.svg": lineage(), **{f"{family}.svg": picture(_shown(family)) for family in families}}


def _shown(family: str) -> str:
    meant = [row.name for row in MODELS.values() if row.family == family and row.name in _MEANT]
    return meant[0] if meant else representative(family)


def _by_year() -> str:
    rows = sorted(MODELS.values(), key=lambda row: row.year)
    lines = ["| year | family | networks | parameters | MACs | depth |", "|---|---|---|--:|--:|--:|"]
    for (year, family), group in groupby(rows, key=lambda row: (row.year, row.family)):
        members = list(group)
        names = ", ".join(f"`{row.name}`" for row in members)
        spans = (_span([getattr(row, number) for row in members]) for number in ("parameters", "macs", "depth"))
        lines.append(f"| {year} | [{family}](#{family}) | {names} | {' | '.join(spans)} |")
    return "\n".join([*lines, ""])


def _span(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


def _terms() -> str:
    lines: list[str] = []
    for heading, terms in (("protocol", PROTOCOLS), ("training", TRAININGS), ("data", DATA)):
        lines += [f"| {heading} | |", "|---|---|", *(f"| {name} | {said} |" for name, said in terms.items()), ""]
    return "\n".join(lines)


def _family(family: str, rows: list[Row]) -> str:
    shown = _shown(family)
    lines = [f"## {family}", "", about(rows[0]), "", f"![The structure of {shown}]({PICTURES}/{family}.svg)", ""]
    lines += [f"| {' | '.join(_COLUMNS)} |", "|---|---|---|---|--:|--:|--:|---|", *map(_row, rows), ""]
    lines += _options(rows)
    return "\n".join([*lines, *_results(rows)]).rstrip() + "\n"


def _row(row: Row) -> str:
    picture = f"{row.in_channels}x{row.image_size[0]}x{row.image_size[1]}"
    numbers = (str(row.year), picture, str(row.num_classes), f"{row.parameters:,}", f"{row.macs:,}", f"{row.depth:,}")
    return f"| {' | '.join((f'`{row.name}`', *numbers, row.title))} |"


def _options(rows: list[Row]) -> list[str]:
    options: Mapping[str, Allowed] = import_module(rows[0].module).OPTIONS
    lines = [_option(name, describe(allowed), rows) for name, allowed in options.items()]
    return [*lines, ""] if lines else []


def _option(name: str, allowed: str, rows: list[Row]) -> str:
    defaults = {row.name: row.options[name] for row in rows if name in row.options}
    takers = f" (of {', '.join(defaults)})" if len(defaults) < len(rows) else ""
    usual = Counter(defaults.values()).most_common(1)[0][0]
    others = "".join(f", {value} for {model}" for model, value in defaults.items() if value != usual)
    return f"- option `{name}`{takers}: {allowed}; by default {usual}{others}"


def _results(rows: list[Row]) -> Iterator[str]:
    found = [(row.name, result) for row in rows for result in PUBLISHED.get(row.name, ())]
    if found:
        yield "| published error, % | data | top-1 | top-5 | protocol | training | source |"
        yield "|---|---|--:|--:|---|---|---|"
        yield from (_result(name, result) for name, result in found)


def _result(name: str, result: Result) -> str:
    errors = ("" if error is None else f"{error:g}" for error in (result.top1_error, result.top5_error))
    cells = (f"`{name}`", result.data, *errors, result.protocol, result.training, result.source)
    return f"| {' | '.join(cells)} |"


def write(path: Path) -> None:
    """Write the page to `path` and its pictures beside it; pictures that it no longer has are removed."""
    folder = path.parent / PICTURES
    folder.mkdir(parents=True, exist_ok=True)
    drawn = pictures()
    for old in folder.glob("*.svg"):
        if old.name not in drawn:
            old.unlink()
    for name, svg in drawn.items():
        write_text(folder / name, svg)
    write_text(path, page())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
