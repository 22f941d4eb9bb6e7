"""Plans: resolved for the machine, refused where it lacks something, and put back after use."""

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from striate import zoo
from striate.core.errors import PlanError
from striate.runtime import machine
from striate.runtime.plan import Plan


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
    with plan.applied():
        scores = plan.prepare(network)(plan.to_device(images)).cpu()
    assert torch.allclose(scores, plain, atol=1e-3)


def test_a_plan_is_a_word_or_fields() -> None:
    assert Plan.model_validate("auto") == Plan()
    assert Plan.model_validate("reference") == Plan.reference()
    assert Plan.reference().precision == "float32"
    assert Plan.model_validate({"device": "cpu", "precision": "bf16"}).precision == "bf16"
    with pytest.raises(ValidationError, match="choose auto, reference, or fields"):
        Plan.model_validate("fast")


def test_a_plan_is_decided_when_nothing_is_left_to_choose() -> None:
    assert not Plan().decided
    assert not Plan.reference().decided  # its device and threads are the machine's
    assert Plan.reference().resolve(nn.Linear(1, 1)).decided


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"precision": "fp16"}, r"fp16 on cpu.*plan.precision=auto"),
        ({"precision": "tf32"}, r"tf32 on cpu.*NVIDIA.*plan.precision=auto"),
        ({"compile": "graphs"}, r"graphs on cpu.*CUDA.*plan.compile=auto"),
    ],
)
def test_what_a_processor_does_not_do_is_refused_with_the_remedy(fields: dict[str, str], told: str) -> None:
    with pytest.raises(PlanError, match=told):
        Plan.model_validate({"device": "cpu", **fields}).resolve(nn.Linear(1, 1))


def test_bf16_is_offered_only_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    with pytest.raises(PlanError, match=r"no bfloat16.*plan.precision=auto"):
        Plan(device="cpu", precision="bf16").resolve(nn.Linear(1, 1))


def test_compiling_is_offered_only_where_there_is_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    assert "g++" in (machine.lacks_compiler("cpu", "default") or "")
    with pytest.raises(PlanError, match="needs a C"):
        Plan(device="cpu", compile="default").resolve(nn.Linear(1, 1))
    assert Plan(device="cpu").resolve(nn.Linear(1, 1)).compile == "off"


def test_processes_of_one_host_share_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    assert machine.cores() == 8
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    assert machine.cores() == 2
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert machine.cores() == 1


def test_a_plan_is_said_in_a_few_words() -> None:
    plan = Plan(device="cpu", precision="bf16", memory_format="channels_last", compile="default", threads=1)
    assert plan.words() == "bf16, channels-last, compiled, 1 thread"
    plan = Plan(device="cuda", precision="tf32", memory_format="contiguous", compile="graphs", threads=2)
    assert plan.words() == "cuda, tf32, contiguous, compiled into graphs"


@pytest.mark.skipif(machine.lacks_precision("cpu", "bf16") is not None, reason="this processor has no bfloat16")
def test_under_bf16_weights_gradients_statistics_and_scores_stay_float32() -> None:
    torch.manual_seed(0)
    plan = Plan(device="cpu", precision="bf16", memory_format="channels_last", compile="off", threads=1)
    network = plan.prepare(zoo.create("resnet20", image_size=8))
    seen = []
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    norms[0].register_forward_hook(lambda module, given, output: seen.append(given[0].detach()))
    with plan.arithmetic():
        scores = network(plan.to_device(torch.randn(64, 3, 8, 8)))
    scores.square().mean().backward()
    assert scores.dtype == torch.float32
    assert seen[0].dtype == torch.bfloat16
    assert all(value.dtype == torch.float32 for value in network.state_dict().values() if value.is_floating_point())
    assert all(parameter.grad is None or parameter.grad.dtype == torch.float32 for parameter in network.parameters())
    # The mean of 4096 values would be off by percents if it were summed in bfloat16, which has 8 bits.
    mean = seen[0].double().mean(dim=(0, 2, 3))
    assert torch.allclose(norms[0].running_mean.double(), 0.1 * mean, atol=1e-5)


def test_tf32_is_allowed_by_its_plan_alone_and_put_back() -> None:
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    with Plan(device="cpu").exact():
        assert (matmul.allow_tf32, cudnn.allow_tf32) == (False, False)
    assert (matmul.allow_tf32, cudnn.allow_tf32) == before
    for precision in ("tf32", "float32"):
        with Plan(device="cuda", precision=precision).applied():
            assert (matmul.allow_tf32, cudnn.allow_tf32) == (precision == "tf32",) * 2
    assert (matmul.allow_tf32, cudnn.allow_tf32) == before


@pytest.mark.slow
@pytest.mark.skipif(machine.lacks_compiler("cpu", "default") is not None, reason="this machine has no C++ compiler")
def test_a_compiled_network_computes_the_same() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 36, 3))
    plan = Plan(device="cpu", precision="float32", memory_format="channels_last", compile="default", threads=1)
    images = plan.to_device(torch.randn(4, 1, 8, 8))
    with plan.applied():
        compiled = plan.compiled(plan.prepare(network))
        scores = compiled(images)
        scores.sum().backward()
        assert torch.allclose(network(images), scores, atol=1e-5)
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert plan.model_copy(update={"compile": "off"}).compiled(network) is network
