"""Plans: resolved for the machine, refused where it lacks something, and put back after use."""

import pytest
import torch
from torch import nn

from striate import zoo
from striate.core.errors import PlanError
from striate.runtime.plan import Plan
from striate.runtime.work import multiply_accumulates


def test_every_auto_is_decided() -> None:
    network = zoo.create("resnet20")
    plan = Plan().resolve(network)
    assert plan.device in {"cpu", "cuda", "mps"}
    assert plan.memory_format == "channels_last"
    assert plan.threads >= 1
    assert Plan().resolve(zoo.create("linear")).memory_format == "contiguous"


def test_a_small_step_is_not_shared_among_threads() -> None:
    network = zoo.create("linear")
    assert Plan(device="cpu").resolve(network, work=1000).threads == 1
    assert Plan(device="cpu", threads=3).resolve(network, work=1000).threads == 3


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(PlanError, match=r"cuda.*plan.device=auto"):
        Plan(device="cuda").resolve(nn.Linear(1, 1))


def test_threads_and_determinism_are_put_back() -> None:
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with Plan(device="cpu", threads=1).applied():
        assert torch.get_num_threads() == 1
        assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads
    assert torch.are_deterministic_algorithms_enabled() == deterministic


def test_layout_and_precision_do_not_change_what_is_computed() -> None:
    torch.manual_seed(0)
    network = zoo.create("resnet20").eval()
    images = torch.randn(4, 3, 32, 32)
    plain = network(images)
    last = Plan(device="cpu", memory_format="channels_last")
    assert torch.allclose(last.prepare(network)(last.to_device(images)), plain, atol=1e-4)
    half = Plan(device="cpu", precision="bf16")
    with half.arithmetic():
        rough = network(images).float()
    assert torch.allclose(rough, plain, atol=0.1 * float(plain.detach().abs().max()))
    assert not torch.equal(rough, plain)


@pytest.mark.gpu
def test_the_same_scores_on_a_gpu() -> None:
    torch.manual_seed(0)
    network = zoo.create("resnet20").eval()
    images = torch.randn(4, 3, 32, 32)
    plain = network(images)
    plan = Plan(device="cuda").resolve(network)
    assert torch.allclose(plan.prepare(network)(plan.to_device(images)).cpu(), plain, atol=1e-3)


@pytest.mark.parametrize("name", ["linear", "lenet5_modern", "resnet20"])
def test_work_is_counted_without_doing_it(name: str) -> None:
    row = zoo.MODELS[name]
    network = zoo.create(name)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    assert multiply_accumulates(network, (row.in_channels, *row.image_size)) == row.macs
    assert all(torch.equal(tensor, before[key]) for key, tensor in network.state_dict().items())
