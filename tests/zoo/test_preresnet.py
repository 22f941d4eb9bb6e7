import torch
from torch import nn

from striate import zoo


def test_164_weighted_layers_lie_on_the_path_without_projections() -> None:
    with torch.device("meta"):
        network = zoo.create("preresnet164")
    names = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len([name for name in names if "shortcut" not in name]) == 164


def test_what_enters_a_stage_leaves_it_unchanged_where_the_blocks_add_nothing() -> None:
    network = zoo.create("preresnet164").eval()
    for block in network.stages[0]:
        nn.init.zeros_(block.body.conv3.weight)
    maps = torch.randn(1, 64, 8, 8)
    assert torch.equal(network.stages[0][1:](maps), maps)  # negative values too: no ReLU follows the sum


def test_the_first_block_shares_its_norm_and_relu_between_both_paths() -> None:
    first = zoo.create("preresnet164").stages[1][0]
    nn.init.zeros_(first.body.conv3.weight)
    maps = torch.randn(2, 64, 8, 8)
    assert torch.equal(first.eval()(maps), first.shortcut(first.before(maps)))
    assert "bn1" not in dict(first.body.named_children())


def test_checkpointing_changes_no_number() -> None:
    states = []
    for checkpointing in ("off", "on"):
        torch.manual_seed(0)
        network = zoo.create("preresnet164", image_size=8, checkpointing=checkpointing)
        network(torch.rand(2, 3, 8, 8)).sum().backward()
        states.append({**dict(network.named_buffers()), **{n: w.grad for n, w in network.named_parameters()}})
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_blocks_that_start_at_nothing_leave_what_enters_their_stage() -> None:
    network = zoo.create("preresnet164", image_size=8, init="zero").eval()
    maps = torch.randn(1, 64, 8, 8)
    assert torch.equal(network.stages[0][1:](maps), maps)
