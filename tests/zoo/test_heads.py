import pytest
import torch
from torch import nn

from striate import zoo
from striate.core.errors import DoesNotApply, StriateError
from striate.zoo.catalog import MODELS
from striate.zoo.heads import score_layers

QUICK = [name for name in MODELS if MODELS[name].parameters < 20_000_000 and "1001" not in name]


@pytest.mark.parametrize("name", QUICK)
def test_what_depends_on_the_number_of_classes_is_in_the_layers_that_give_the_scores(name: str) -> None:
    try:
        with torch.device("meta"):
            first, second = zoo.create(name), zoo.create(name, num_classes=MODELS[name].num_classes + 2)
    except (StriateError, NotImplementedError) as error:
        pytest.skip(f"{name} cannot be made so: {error}")
    shapes = {key: tensor.shape for key, tensor in second.state_dict().items()}
    differ = [key for key, tensor in first.state_dict().items() if shapes[key] != tensor.shape]
    layers = score_layers(first)
    assert differ
    assert all(any(key.startswith(f"{layer}.") for layer in layers) for key in differ)
    assert all(any(key.startswith(f"{layer}.") for key in differ) for layer in layers)


def test_auxiliary_heads_have_their_own() -> None:
    with torch.device("meta"):
        network = zoo.create("inception_v3")
    assert score_layers(network) == ("head.linear", "auxiliary.aux.layers.fc")


def test_of_any_module_it_is_not_known() -> None:
    with pytest.raises(DoesNotApply, match="which layer of a Linear"):
        score_layers(nn.Linear(2, 2))
