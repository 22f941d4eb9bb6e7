"""The quickest way is taken only where it pays and agrees with eager float32."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from striate.data.preprocess import Preprocess
from striate.runtime import answering, machine, onnx_runtime
from striate.runtime.answering import Answering, Measured, choose, disagreement
from striate.runtime.plan import Plan
from striate.runtime.ways import EAGER, Way, prepare, quick, slow

PREPROCESS = Preprocess(size=(12, 12), channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 3, 12, 12), dtype=np.uint8)
HAS_BF16 = machine.lacks_precision("cpu", "bf16") is None


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * 64, 5)).eval()


def ask(network: nn.Module, *, coming: int | None, seconds: float = 0.0, **options: Any) -> Answering:
    """Answer one batch on a clock that a call of the network itself moves on by `seconds`; then return who did."""
    time = [0.0]

    def clock() -> float:
        time[0] += 0.001
        return time[0]

    network.register_forward_hook(lambda *_: time.__setitem__(0, time[0] + seconds))
    plan = Plan(device="cpu").resolve(network)
    own = Answering(network, PREPROCESS, plan, coming=coming, clock=clock, **options)
    own(IMAGES)
    return own


def test_a_few_pictures_are_answered_by_the_network_itself(
    network: nn.Module, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(network, coming=40, seconds=1.0).way == EAGER
    assert not capsys.readouterr().err


def test_some_pictures_are_answered_in_float32_unmeasured(
    network: nn.Module, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ask(network, coming=220, seconds=1.0)  # 10 s
    assert own.way == quick(own.plan, network)[0]
    assert own.way.precision == "float32"
    assert not capsys.readouterr().err


def test_many_pictures_are_measured_once_and_the_way_is_said(
    network: nn.Module, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = copy.deepcopy(network.state_dict())
    first = ask(network, coming=20_000, seconds=1.0)
    assert first.way not in {EAGER, None}
    assert "x eager float32" in capsys.readouterr().err
    monkeypatch.setattr(answering, "choose", lambda found: pytest.fail("measured again"))
    again = ask(network, coming=200, seconds=1.0)
    assert again.way == first.way
    assert "measured before" in capsys.readouterr().err
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    exact = ask(network, coming=0)(IMAGES)
    assert disagreement(again.way, again(IMAGES), exact)[1] == ""


def test_a_way_that_disagrees_is_out_and_named(
    network: nn.Module, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(way: Way, network: nn.Module, plan: Plan) -> Callable[[Tensor], Tensor]:
        return network if way == EAGER else lambda images: network(images).flip(1)

    monkeypatch.setattr(answering, "prepare", wrong)
    assert ask(network, coming=200, seconds=1.0).way == EAGER
    assert "is out: its probabilities depart" in capsys.readouterr().err
    assert ask(network, coming=20_000, seconds=1.0).way == EAGER


def test_a_way_that_fails_is_out_and_named(
    network: nn.Module, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(way: Way, network: nn.Module, plan: Plan) -> Callable[[Tensor], Tensor]:
        if way == EAGER:
            return network
        raise RuntimeError("no such engine\nand a long story")

    monkeypatch.setattr(answering, "prepare", broken)
    own = ask(network, coming=20_000, seconds=1.0)
    assert own.way == EAGER
    assert "no such engine" in capsys.readouterr().err
    assert own(IMAGES).shape == (20, 5)


def test_a_damaged_cache_is_measured_anew(network: nn.Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path))
    ask(network, coming=20_000, seconds=1.0)
    (kept,) = (tmp_path / "plans").iterdir()
    kept.write_text('{"way": {"form": "guessed"}}')
    assert ask(network, coming=20_000, seconds=1.0).way != EAGER


def test_a_remembered_precision_that_does_not_suit_these_weights_gives_way_to_float32(
    network: nn.Module, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_recall", lambda key: Way("folded", "bf16"))
    monkeypatch.setitem(answering.TOLERANCE, "bf16", 1e-9)
    own = ask(network, coming=200, seconds=1.0)
    assert own.way == quick(own.plan, network)[0]
    assert "bf16, folded is out" in capsys.readouterr().err


def test_float32_is_left_for_15_percent_only() -> None:
    eager, exact = Measured(EAGER, 2.0), Measured(Way("fused"), 1.0)
    assert choose([eager, exact, Measured(Way("fused", "bf16"), 0.9)]) == exact.way
    assert choose([eager, exact, Measured(Way("fused", "bf16"), 0.85)]) == Way("fused", "bf16")
    assert choose([eager, exact, Measured(Way("fused", "bf16"), 0.1, problem="wrong")]) == exact.way
    assert choose([Measured(EAGER, 0.9), exact]) == EAGER


def test_winners_may_change_in_float32_where_the_two_best_are_as_near_as_the_tolerance_and_never_in_bf16() -> None:
    exact = np.log(np.array([[0.502, 0.498], [0.9, 0.1]], np.float32))
    swapped = np.log(np.array([[0.498, 0.502], [0.9, 0.1]], np.float32))
    assert "other classes" in disagreement(Way("fused", "bf16"), swapped, exact)[1]
    assert "depart" in disagreement(Way("fused"), swapped, exact)[1]
    near = np.log(np.array([[0.500001, 0.499999]], np.float32))
    assert disagreement(Way("fused"), near[:, ::-1].copy(), near)[1] == ""
    assert "depart" in disagreement(Way("fused", "bf16"), exact[:, ::-1].copy(), exact)[1]
    assert "not finite" in disagreement(Way("fused"), np.full((2, 2), np.nan, np.float32), exact)[1]


def test_scores_of_many_uncertain_classes_must_agree_though_all_probabilities_are_small() -> None:
    exact = np.random.default_rng(0).normal(0, 0.1, (4, 1000)).astype(np.float32)
    assert "scores depart" in disagreement(Way("fused", "bf16"), -exact, exact)[1]


def test_a_low_temperature_is_held_to_the_same_probabilities() -> None:
    exact, near = np.array([[0.5, 0.5]], np.float32), np.array([[0.5, 0.52]], np.float32)
    assert disagreement(Way("fused", "bf16"), near, exact)[1] == ""
    assert disagreement(Way("fused", "bf16"), near, exact, temperature=0.3)[1]


@pytest.mark.parametrize("form", ["fused", "folded"])
@pytest.mark.parametrize("precision", ["float32", "bf16"] if HAS_BF16 else ["float32"])
@torch.inference_mode()
def test_every_quick_way_agrees(network: nn.Module, form: Any, precision: Any) -> None:
    plan = Plan(device="cpu").resolve(network)
    images = PREPROCESS.normalize(torch.from_numpy(IMAGES))
    scores = prepare(Way(form, precision), network, plan)(images)
    assert scores.dtype in {torch.float32, torch.bfloat16}
    assert disagreement(Way(form, precision), scores.float().numpy(), network(images).numpy())[1] == ""


@pytest.mark.skipif(onnx_runtime.lacks() is not None, reason=f"ONNX Runtime: {onnx_runtime.lacks()}")
@torch.inference_mode()
def test_onnx_runtime_agrees_for_any_number_of_pictures(network: nn.Module) -> None:
    plan = Plan(device="cpu").resolve(network)
    assert Way("onnxruntime") in slow(plan, "float32")
    images = PREPROCESS.normalize(torch.from_numpy(IMAGES))
    forward = prepare(Way("onnxruntime"), network, plan)
    for count in (20, 1, 7):
        assert torch.allclose(forward(images[:count]), network(images[:count]), atol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(machine.lacks_compiler("cpu", "default") is not None, reason="there is no compiler here")
@torch.inference_mode()
def test_a_compiled_network_agrees(network: nn.Module) -> None:
    plan = Plan(device="cpu").resolve(network)
    images = PREPROCESS.normalize(torch.from_numpy(IMAGES))
    assert torch.allclose(prepare(Way("compiled"), network, plan)(images), network(images), atol=1e-5)
