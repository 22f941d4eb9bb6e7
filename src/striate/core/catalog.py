"""Tables of what a user chooses by name; rows are strings and numbers, and what they name is imported when used."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from striate.core.errors import UnknownName

Row = TypeVar("Row")


class Catalog(Mapping[str, Row]):
    """Rows by name; a lookup of an unknown name offers the nearest.

    Args:
        kind: what the names are, for the error message: "model", "source".
        rows: by name; where a row is a string, it is the dotted path of its module.
    """

    def __init__(self, kind: str, rows: Mapping[str, Row]) -> None:
        self.kind = kind
        self._rows = dict(rows)

    def __getitem__(self, name: str) -> Row:
        if name not in self._rows:
            raise UnknownName(self.kind, name, self._rows)
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows
