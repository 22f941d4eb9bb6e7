import pytest
import torch

from striate import zoo
from striate.core.errors import DoesNotApply, UnknownName
from striate.zoo.catalog import MODELS
from striate.zoo.renaming import layouts_for, names_there, rename
from striate.zoo.weights import load_state, state_in

TABLES = [(model, layout) for model in MODELS for layout in layouts_for(model) if MODELS[model].parameters < 50_000_000]


@pytest.mark.parametrize(("model", "layout"), [case for case in TABLES if "1202" not in case[0]])
def test_every_name_goes_out_and_comes_back(model: str, layout: str) -> None:
    with torch.device("meta"):
        names = list(zoo.create(model).state_dict())
    renames = layouts_for(model)[layout]
    there = names_there(names, renames)
    assert [rename(name, renames) for name in there.values()] == names
    assert len(set(there.values())) == len(names)


def test_names_are_those_that_others_use() -> None:
    with torch.device("meta"):
        names = list(zoo.create("resnet18").state_dict())
    there = names_there(names, layouts_for("resnet18")["torchvision:resnet18"])
    assert there["stages.1.0.shortcut.conv.weight"] == "layer2.0.downsample.0.weight"
    assert there["stages.3.1.body.bn2.running_var"] == "layer4.1.bn2.running_var"
    assert there["head.linear.bias"] == "fc.bias"


def test_a_name_that_the_table_does_not_make_is_refused() -> None:
    with pytest.raises(DoesNotApply, match=r"no name for stem\.other"):
        names_there(["stem.other"], ((r"^conv1\.", "stem.conv."),))


def test_a_network_leaves_by_others_names_and_returns_the_same() -> None:
    first, second = zoo.create("squeezenet1_1", num_classes=3), zoo.create("squeezenet1_1", num_classes=3)
    state = state_in(first, "torchvision:squeezenet1_1")
    assert "classifier.1.weight" in state
    assert load_state(second, state) == "torchvision:squeezenet1_1"
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    with pytest.raises(UnknownName, match="torchvision:squeezenet1_1"):
        state_in(first, "torchvision:resnet50")
