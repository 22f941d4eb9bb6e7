"""A name is a row of the catalog, or means a network of others."""

import pytest

from striate.core.errors import UnknownName
from striate.zoo import MODELS
from striate.zoo.lookup import find, is_foreign


def test_a_name_of_the_zoo_is_its_row() -> None:
    assert find("resnet20") is MODELS["resnet20"]
    assert not any(map(is_foreign, MODELS))


def test_a_name_with_a_colon_means_a_network_of_others(own_module) -> None:
    maker = find(f"{own_module('def build(num_classes): ...')}:build")
    assert maker.family == "foreign"
    assert maker.name.endswith(":build")


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="resnet18"):
        find("resnet-18")
