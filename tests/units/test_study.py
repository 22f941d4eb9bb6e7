"""What a study holds."""

import numpy as np
import pytest

from striate.core.errors import UnknownName
from striate.units.mining import study


def test_layers_are_found_by_name_and_come_in_order(small, store_of) -> None:
    made = study(small, store_of(8), layers=["linear", "conv1"])
    assert [found.layer.name for found in made] == list(made.names) == ["conv1", "linear"]
    assert made["linear"].units == 3
    assert made["conv1"].places == (12, 12)
    with pytest.raises(UnknownName, match="conv1"):
        made["conv2"]


def test_edges_hold_the_range_of_the_unit(small, store_of) -> None:
    found = study(small, store_of(8), layers=["conv1"])["conv1"]
    for unit in range(found.units):
        edges = found.edges(unit)
        assert edges[0] <= found.minimum[unit] <= found.maximum[unit] < edges[-1]
        assert np.allclose(np.diff(edges), found.histogram_width[unit])


def test_units_without_a_place_have_no_box(small, store_of) -> None:
    found = study(small, store_of(8), layers=["linear"])["linear"]
    assert found.box(0, 0) is None
