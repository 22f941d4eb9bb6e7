import pytest
from torch import nn

from striate.core.errors import DoesNotApply, UnknownName
from striate.inside.names import Name, resolve


class Wrapped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleDict({"layer4": nn.ReLU(), "body": nn.ReLU()})


def test_a_module_goes_by_its_name_and_the_number_of_its_call() -> None:
    network = nn.Sequential(nn.Sequential(nn.ReLU()))
    assert resolve(network, "0.0") == Name("0.0")
    assert resolve(network, "0.0#2") == Name("0.0", 2)
    assert str(resolve(network, "0.0#2")) == "0.0#2"
    assert str(resolve(network, "0.0")) == "0.0"


def test_modules_of_a_wrapped_network_go_by_their_own_names_too() -> None:
    assert resolve(Wrapped(), "layer4#3") == resolve(Wrapped(), "body.layer4#3") == Name("body.layer4", 3)
    assert resolve(Wrapped(), "body") == Name("body"), "a name of the whole comes first"


@pytest.mark.parametrize("layer", ["", "#1", "layer4.0", "Layer4"])
def test_what_is_no_module_is_refused(layer: str) -> None:
    with pytest.raises(UnknownName, match="no layer named"):
        resolve(Wrapped(), layer)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(UnknownName, match=r"did you mean body\.layer4 "):
        resolve(Wrapped(), "body.layer5")


@pytest.mark.parametrize("layer", ["layer4#", "layer4#0", "layer4#-1", "layer4#two", "layer4#1#2"])
def test_calls_count_from_one(layer: str) -> None:
    with pytest.raises(DoesNotApply, match="number of a call, 1 for the first"):
        resolve(Wrapped(), layer)
