"""Write docs/models.md from the catalog: `python -m striate.zoo.page docs/models.md`."""

import sys
from collections import Counter
from importlib import import_module
from itertools import groupby
from pathlib import Path

from striate.core.files import write_text
from striate.zoo.catalog import MODELS, Row
from striate.zoo.options import describe

_INTRODUCTION = """\
# Models

Made by `python -m striate.zoo.page docs/models.md`; a test compares. `striate models` prints the same list.

Every name goes to `striate train DATA --model NAME` and `striate.zoo.create("NAME", ...)`, which take any number of
classes, gray or color, and other picture sizes, or say which they take. Parameters are the trainable ones that
inference needs; MACs the multiply-accumulates of one picture in convolutions and linear layers, both at the size
shown. Results are the publication's own, with its training.
"""
_COLUMNS = ("name", "year", "picture", "classes", "parameters", "MACs", "what it is", "published result")


def models_page() -> str:
    """Return the whole page: each family with its source, its rows and its options."""
    families = groupby(MODELS.values(), key=lambda row: row.family)
    return "\n".join([_INTRODUCTION, *(_family(family, list(rows)) for family, rows in families)])


def _family(family: str, rows: list[Row]) -> str:
    module = import_module(rows[0].module)
    lines = [f"## {family}", "", (module.__doc__ or "").strip(), ""]
    lines += [f"| {' | '.join(_COLUMNS)} |", "|---|---|---|---|--:|--:|---|---|", *map(_row, rows), ""]
    lines += [_option(name, describe(allowed), rows) for name, allowed in module.OPTIONS.items()]
    return "\n".join(lines).rstrip() + "\n"


def _row(row: Row) -> str:
    picture = f"{row.in_channels}x{row.image_size[0]}x{row.image_size[1]}"
    numbers = (str(row.year), picture, str(row.num_classes), f"{row.parameters:,}", f"{row.macs:,}")
    return f"| {' | '.join((f'`{row.name}`', *numbers, row.title, row.published))} |"


def _option(name: str, allowed: str, rows: list[Row]) -> str:
    defaults = {row.name: row.options[name] for row in rows if name in row.options}
    takers = f" (of {', '.join(defaults)})" if len(defaults) < len(rows) else ""
    usual = Counter(defaults.values()).most_common(1)[0][0]
    others = "".join(f", {value} for {model}" for model, value in defaults.items() if value != usual)
    return f"- option `{name}`{takers}: {allowed}; by default {usual}{others}"


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), models_page())
