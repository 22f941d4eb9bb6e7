"""Tables of strings: a thing the user chooses by name is one row here and one module there, imported when used."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

from striate.core.errors import UnknownName


class Catalog(Mapping[str, str]):
    """Names and the modules that carry them out; a lookup of an unknown name offers the nearest.

    Args:
        kind: what the names are, for the error message: "model", "source".
        rows: name to the dotted path of its module.
    """

    def __init__(self, kind: str, rows: Mapping[str, str]) -> None:
        self.kind = kind
        self._rows = dict(rows)

    def __getitem__(self, name: str) -> str:
        if name not in self._rows:
            raise UnknownName(self.kind, name, self._rows)
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def module(self, name: str) -> ModuleType:
        """Import and return the module of `name`.

        Raises:
            UnknownName: no row has that name.
        """
        return import_module(self[name])
