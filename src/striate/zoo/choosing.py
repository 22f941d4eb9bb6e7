"""Find networks in the catalog by what they cost, when they were published and what they are."""

from collections.abc import Callable, Mapping
from typing import Any

from striate.core.errors import StriateError, UnknownName
from striate.zoo.about import about
from striate.zoo.catalog import MODELS, Row

Span = tuple[int, int]  # the least and the most, both allowed

ORDERS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name,
    "year": lambda row: row.year,
    "parameters": lambda row: row.parameters,
    "macs": lambda row: row.macs,
    "depth": lambda row: row.depth,
}


def choose(conditions: Mapping[str, Callable[[Row], bool]]) -> list[Row]:
    """Return the rows that meet all conditions, in the catalog's order.

    Args:
        conditions: by how the user put them, as `--year 2015`.

    Raises:
        StriateError: none meets all; the message says how many meet each.
    """
    found = [row for row in MODELS.values() if all(meets(row) for meets in conditions.values())]
    if not found:
        counts = [f"{said} ({sum(map(meets, MODELS.values()))} fit it)" for said, meets in conditions.items()]
        raise StriateError(
            f"none of the {len(MODELS)} models fits {' and '.join(counts)}: loosen or leave out a filter"
        )
    return found


def of_family(family: str) -> Callable[[Row], bool]:
    """Return the condition that a row is of `family`; an unknown name is refused."""
    families = {row.family for row in MODELS.values()}
    if family not in families:
        raise UnknownName("family of models", family, families)
    return lambda row: row.family == family


def made_for(sides: Span) -> Callable[[Row], bool]:
    """Return the condition that height and width of the row's pictures lie within `sides`."""
    return lambda row: all(sides[0] <= side <= sides[1] for side in row.image_size)


def saying(text: str) -> Callable[[Row], bool]:
    """Return the condition that every word of `text` stands in the row or in what its family says of itself."""
    words = text.lower().split()

    def says(row: Row) -> bool:
        said = f"{row.name} {row.family} {row.title} {about(row)}".lower()
        return all(word in said for word in words)

    return says
