"""What a family's file says of itself, read without importing it: that would import torch."""

import ast
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from striate.zoo.catalog import Row


def about(row: Row) -> str:
    """Return the docstring of the row's family: its name, authors, year and link, then its idea."""
    return _docstring(row.module)


@cache
def _docstring(module: str) -> str:
    found = find_spec(module)
    assert found is not None
    assert found.origin is not None
    tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").strip()
