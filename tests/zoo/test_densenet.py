import pytest
import torch
from torch import nn

from striate import zoo
from striate.zoo.weights import load_state


@pytest.mark.parametrize(
    ("name", "layers"), [("densenet121", 121), ("densenet_40_12", 40), ("densenet_bc_100_12", 100)]
)
def test_a_network_has_as_many_weighted_layers_as_its_name_says(name: str, layers: int) -> None:
    with torch.device("meta"):
        network = zoo.create(name)
    assert sum(isinstance(layer, nn.Conv2d | nn.Linear) for layer in network.modules()) == layers


def test_a_hundred_classes_cost_what_the_paper_s_network_has() -> None:
    assert zoo.create("densenet_bc_100_12", num_classes=100).parameter_count() == 800_032


def test_a_block_passes_on_what_came_in_and_each_layer_reads_all_before_it() -> None:
    block = zoo.create("densenet_40_12").eval().stages[0].block
    maps = torch.randn(1, 16, 4, 4)
    out = block(maps)
    assert torch.equal(out[:, :16], maps)
    third = block.layer3.body(out[:, : 16 + 2 * 12])
    assert torch.allclose(out[:, 16 + 2 * 12 : 16 + 3 * 12], third, atol=1e-6)


@pytest.mark.parametrize("name", ["densenet_40_12", "densenet_bc_100_12"])
def test_checkpointing_changes_no_number_and_keeps_less(name: str) -> None:
    states, kept = [], []
    for checkpointing in ("off", "on"):
        torch.manual_seed(0)
        network = zoo.create(name, image_size=8, checkpointing=checkpointing, dropout=0.2)
        sizes: dict[int, int] = {}

        def pack(tensor: torch.Tensor, sizes: dict[int, int] = sizes) -> torch.Tensor:
            sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss = network(torch.rand(8, 3, 8, 8)).sum()
        loss.backward()
        kept.append(sum(sizes.values()) - sum(weights.nbytes for weights in network.parameters()))
        states.append({**dict(network.named_buffers()), **{n: w.grad for n, w in network.named_parameters()}})
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    assert kept[1] < kept[0] / 3


def test_dropout_follows_every_convolution_but_the_first() -> None:
    network = zoo.create("densenet_40_12", dropout=0.2)
    convolutions = sum(isinstance(layer, nn.Conv2d) for layer in network.modules())
    assert sum(isinstance(layer, nn.Dropout) for layer in network.modules()) == convolutions - 1


def test_torchvision_s_older_files_with_dotted_names_load() -> None:
    network = zoo.create("densenet121", num_classes=2, image_size=32, stem="published")
    ours = network.state_dict()
    theirs = {}
    for name, value in ours.items():
        new = name.replace("stem.", "features.").replace("features.conv.", "features.conv0.")
        new = new.replace("features.norm.", "features.norm0.").replace("head.norm", "features.norm5")
        new = new.replace("head.linear", "classifier").replace("body.norm", "norm.").replace("body.conv", "conv.")
        for stage in range(4):
            new = new.replace(f"stages.{stage}.block.layer", f"features.denseblock{stage + 1}.denselayer")
            new = new.replace(f"stages.{stage}.transition", f"features.transition{stage}")
        theirs[new] = value + 1
    assert "features.denseblock1.denselayer1.norm.1.weight" in theirs
    assert load_state(network, theirs) == "torchvision:densenet121"
