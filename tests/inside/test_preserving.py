"""A network is bit by bit what it was, whatever happened in between."""

import random
import threading
from contextlib import suppress

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from striate.core.errors import DoesNotApply
from striate.inside.preserving import preserved


class Keeping(nn.Module):
    """Notes what it gives, counts its pictures, and replaces a buffer, as networks of others do."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("mean", torch.zeros(3))
        self.seen: list[Tensor] = []
        self.known: dict[str, Tensor] = {}
        self.total = torch.zeros(3)  # neither parameter nor buffer

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)
        self.count += len(x)
        self.mean = 0.9 * self.mean + 0.1 * x.detach().mean(0)
        self.total += x.detach().sum(0)
        self.seen.append(x)
        self.known["last"] = x
        self.last = x
        return x


def spoil(network: nn.Module) -> None:
    """Do all that a careless tool does."""
    for module in list(network.modules()):
        module.train(not module.training)
        module.register_forward_hook(lambda *_: None)
        module.register_full_backward_hook(lambda *_: None)
        module.inplace = True
        module.left_behind = torch.rand(2)
    for weight in network.parameters():
        weight.requires_grad_(not weight.requires_grad)
        weight.grad = torch.ones_like(weight)
    for name, child in list(network.named_children()):
        setattr(network, name, nn.Sequential(child))
    network.register_buffer("new", torch.rand(3))
    network.renamed = network.__dict__.pop("training")
    random.random(), np.random.rand(), torch.rand(2)  # noqa: NPY002


def network_with_gradients() -> nn.Module:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(), nn.ReLU(), nn.Flatten())
    network(torch.rand(2, 1, 4, 4)).sum().backward()
    network[0].bias.requires_grad_(False)
    network[1].eval()
    network[3].register_forward_hook(lambda *_: None)
    return network


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_careless_tool_leaves_behind_is_gone(unchanged, fails: bool) -> None:
    network = network_with_gradients()
    with unchanged(network), suppress(ZeroDivisionError), preserved(network):
        spoil(network)
        _ = 1 / (0 if fails else 1)
    assert len(network[3]._forward_hooks) == 1


def test_the_check_itself_sees_each_of_these_traces(unchanged) -> None:
    traces = [
        lambda network: network.train(False),
        lambda network: network[0].register_forward_hook(lambda *_: None),
        lambda network: network[0].weight.requires_grad_(False),
        lambda network: network[0].weight.grad.add_(1),
        lambda network: network[0].zero_grad(),
        lambda network: setattr(network[3], "inplace", True),
        lambda network: network[1].running_mean.add_(1),
        lambda network: setattr(network[1], "running_mean", torch.zeros(2)),
        lambda network: setattr(network, "note", 1),
        lambda network: network.append(nn.ReLU()),
        lambda network: torch.rand(1),
        lambda network: random.random(),
        lambda network: np.random.rand(),  # noqa: NPY002
    ]
    for trace in traces:
        network = network_with_gradients()
        with pytest.raises(AssertionError), unchanged(network):
            trace(network)


def test_buffers_lists_and_tensors_that_a_pass_writes_into_are_put_back(unchanged) -> None:
    network = Keeping().eval()
    network(torch.rand(2, 4))
    with unchanged(network), preserved(network):
        network(torch.rand(5, 4))
        assert network.count == 7
        assert len(network.seen) == 2
    assert network.count == 2


def test_weights_replaced_through_data_are_put_back(unchanged) -> None:
    network = nn.Linear(2, 2)
    with unchanged(network), preserved(network):
        network.double()
        network.weight.data = torch.zeros(2, 2)
    assert network.weight.dtype == torch.float32


def test_a_network_that_writes_into_its_weights_is_named() -> None:
    network = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(DoesNotApply, match=r"0\.bias was written into"), preserved(network), torch.no_grad():
        network[0].bias.add_(1)


def test_an_error_in_the_block_comes_before_that_of_written_weights() -> None:
    network = nn.Linear(2, 2)
    with pytest.raises(ZeroDivisionError), preserved(network), torch.no_grad():
        _ = 1 / int(network.bias.fill_(0).sum())


@pytest.mark.parametrize(
    "dress",
    [
        parametrizations.weight_norm,
        parametrizations.spectral_norm,
        nn.utils.spectral_norm,
        lambda layer: prune.l1_unstructured(layer, "weight", 0.5),
    ],
    ids=["weight norm", "spectral norm", "spectral norm by a hook", "pruned"],
)
def test_dressed_weights_are_left_as_they_were(unchanged, dress) -> None:
    network = nn.Sequential(dress(nn.Linear(4, 3)), nn.ReLU())
    with unchanged(network), preserved(network):
        network(torch.rand(2, 4))  # in training mode the vectors of a spectral norm move
        network.eval()(torch.rand(2, 4))


def test_a_scripted_module_keeps_its_mode() -> None:
    network = torch.jit.script(nn.Sequential(nn.Linear(2, 2), nn.Dropout()))
    with preserved(network):
        network.eval()
    assert [module.training for module in network.modules()] == [True] * 3


def test_buffers_of_inference_mode_are_put_back() -> None:
    with torch.inference_mode():
        network = nn.BatchNorm1d(2)
        with preserved(network):
            network(torch.rand(3, 2))
            assert network.running_mean.any()
    assert not network.running_mean.any()


def test_another_thread_can_read_the_network_meanwhile() -> None:
    network, failures = network_with_gradients().eval(), []

    def read() -> None:
        try:
            while not done.is_set():
                network(torch.rand(1, 1, 4, 4))
        except Exception as error:  # noqa: BLE001 whatever it is
            failures.append(error)

    done = threading.Event()
    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(50):
        with preserved(network):
            network[0].weight.grad = None
    done.set()
    reader.join()
    assert failures == []
