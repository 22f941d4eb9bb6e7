"""List the networks that can be trained by name."""

from dataclasses import asdict
from typing import Annotated

from typer import Option

from striate.cli.printing import document, table

EXAMPLES = ("striate models", "striate models --json")


def models(
    as_json: Annotated[bool, Option("--json", help="Print one JSON list with all that is known of each.")] = False,
) -> None:
    """List the networks that can be trained by name.

    A name goes to --model of striate train. Parameters and multiply-accumulates (MACs, of one picture) are counted
    at the picture size shown, which is the published one; most networks can be trained at others too.
    """
    from striate.zoo.catalog import MODELS

    if as_json:
        document([asdict(row) for row in MODELS.values()])
        return
    headers = ("name", "family", "year", "parameters", "MACs", "picture", "what it is")
    rows = [
        (
            row.name,
            row.family,
            str(row.year),
            f"{row.parameters:,}",
            _short(row.macs),
            f"{row.in_channels}x{row.image_size[0]}x{row.image_size[1]}",
            row.title,
        )
        for row in MODELS.values()
    ]
    table(headers, rows, right=("year", "parameters", "MACs"))


def _short(count: int) -> str:
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return str(count)
