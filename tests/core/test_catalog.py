"""A catalog is a mapping whose unknown names offer the nearest."""

import pytest

from striate.core.catalog import Catalog
from striate.core.errors import UnknownName

COLORS = Catalog("color", {"red": 1, "green": 2, "blue": 3})


def test_rows_are_found_by_name() -> None:
    assert COLORS["green"] == 2
    assert list(COLORS) == ["red", "green", "blue"]
    assert "red" in COLORS
    assert "rot" not in COLORS


def test_an_unknown_name_offers_the_nearest_or_all() -> None:
    with pytest.raises(UnknownName, match="no color named 'gren': did you mean green"):
        COLORS["gren"]
    with pytest.raises(UnknownName, match="known: blue, green, red"):
        COLORS["xyz"]
    with pytest.raises(UnknownName, match="none are known"):
        Catalog("color", {})["red"]
