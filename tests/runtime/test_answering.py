"""The quickest way is taken only where it pays and agrees with eager float32."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from striate.data.preprocess import Preprocess
from striate.runtime import agreement, answering, machine, onnx_runtime
from striate.runtime.agreement import check
from striate.runtime.answering import Answering, Measured, choose
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
    own = ask(network, coming=120, seconds=1.0)  # 5 s
    assert own.way == quick(own.plan, network)[0]
    assert own.way.precision == "float32"
    assert not capsys.readouterr().err


def test_the_first_batch_is_answered_by_eager_float32_only_as_far_as_others_are_checked_against_it(
    network: nn.Module,
) -> None:
    seen: list[int] = []
    network.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    scores = Answering(network, PREPROCESS, Plan(device="cpu").resolve(network))(IMAGES)
    assert sum(seen) < len(IMAGES)
    exact = ask(copy.deepcopy(network), coming=0)(IMAGES)
    assert np.allclose(scores, exact, rtol=0, atol=1e-4)


@pytest.mark.skipif(not HAS_BF16, reason="there is no bfloat16 here")
def test_half_precision_answers_no_parts_of_an_answer(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Measured(EAGER, 1.0), Measured(Way("fused"), 0.5), Measured(Way("fused", "bf16"), 0.1)]
    monkeypatch.setattr(Answering, "_measure", lambda own, ways, *_: [m for m in known if m.way in {EAGER, *ways}])
    assert ask(network, coming=20_000, seconds=1.0, half=False).way == Way("fused")
    assert ask(network, coming=20_000, seconds=1.0).way == Way("fused", "bf16")  # remembered apart


@pytest.mark.skipif(not HAS_BF16, reason="there is no bfloat16 here")
@pytest.mark.parametrize(("coming", "exact"), [(200, EAGER), (200_000, Way("fused"))])
def test_nothing_is_made_ready_for_a_few_doubts(
    network: nn.Module, monkeypatch: pytest.MonkeyPatch, coming: int, exact: Way
) -> None:
    known = [Measured(EAGER, 1.0), Measured(Way("fused"), 0.5), Measured(Way("fused", "bf16"), 0.1)]
    monkeypatch.setattr(answering, "_recall", lambda key: known)
    monkeypatch.setattr(Answering, "_paying", lambda *_: [])
    own = ask(network, coming=coming, seconds=1.0)
    assert own.way == Way("fused", "bf16")
    assert own._exact == exact


def test_many_pictures_are_measured_once_and_the_way_is_said(
    network: nn.Module, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = copy.deepcopy(network.state_dict())
    first = ask(network, coming=20_000, seconds=1.0)
    assert first.way not in {EAGER, None}
    assert "x eager float32" in capsys.readouterr().err
    monkeypatch.setattr(Answering, "_measure", lambda *_: pytest.fail("measured again"))
    again = ask(network, coming=200, seconds=1.0)
    assert again.way == first.way
    assert "measured before" in capsys.readouterr().err
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    exact = ask(network, coming=0)(IMAGES)
    assert np.array_equal(again(IMAGES).argmax(1), exact.argmax(1))


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


def test_a_way_that_fails_later_on_is_left_loudly_and_nothing_is_lost(
    network: nn.Module, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    working = [True]

    def breaks(way: Way, network: nn.Module, plan: Plan) -> Callable[[Tensor], Tensor]:
        def answer(images: Tensor) -> Tensor:
            if not working[0]:
                raise RuntimeError("the engine stopped")
            return network(images)

        return answer

    monkeypatch.setattr(answering, "prepare", breaks)
    own = ask(network, coming=120, seconds=1.0, quiet=True)
    assert own.way not in {EAGER, None}
    before = own(IMAGES)
    working[0] = False
    assert np.array_equal(own(IMAGES), before)
    assert own.way == EAGER
    assert "failed (the engine stopped): answering goes on in eager float32" in capsys.readouterr().err
    network.register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):  # nothing is left to fall back on
        own(IMAGES)


@pytest.mark.skipif(not HAS_BF16, reason="there is no bfloat16 here")
def test_what_bf16_leaves_in_doubt_is_answered_in_float32(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Measured(EAGER, 1.0), Measured(Way("fused"), 0.5), Measured(Way("fused", "bf16"), 0.1)]
    monkeypatch.setattr(answering, "_recall", lambda key: known)
    own = ask(network, coming=200, seconds=1.0)
    assert own.way == Way("fused", "bf16")
    own._doubt.learn(np.array([[0, 0.02]], np.float32), np.zeros((1, 2), np.float32))  # from here on up to 0.04
    with torch.inference_mode():
        rough, exact = own.score(own.way, IMAGES), own.score(Way("fused"), IMAGES)
    doubted, before = own._doubt.doubts(rough), own.again
    assert 0 < doubted.sum() < len(IMAGES)
    answered = own(IMAGES)
    assert own.again - before == doubted.sum()
    assert np.allclose(answered[doubted], exact[doubted], atol=1e-5)
    assert np.array_equal(answered[~doubted], rough[~doubted])


def test_a_slow_way_is_tried_where_it_costs_a_twentieth_of_what_is_to_come(
    network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Way] = []
    engine = Way("onnxruntime")

    def prepared(way: Way, network: nn.Module, plan: Plan) -> Callable[[Tensor], Tensor]:
        tried.append(way)
        return network  # so that every way takes the seconds of a call of the network

    monkeypatch.setattr(answering, "prepare", prepared)
    monkeypatch.setattr(answering, "slow", lambda plan, precision: [engine])
    pays = int(answering._PAYS * engine.cost * answering._TIMED)  # pictures, at a second for so many
    for coming, wanted in ((pays // 2, False), (pays * 2, True), (pays * 2, False)):  # at last it is known
        tried.clear()
        ask(network, coming=coming, seconds=1.0)
        network._forward_hooks.clear()
        assert (engine in tried) == wanted


def test_what_is_compiled_for_a_size_of_batch_answers_the_first_batch_whole(
    network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, sizes = Way("compiled"), []

    def prepared(way: Way, network: nn.Module, plan: Plan) -> Callable[[Tensor], Tensor]:
        return lambda images: (sizes.append(len(images)), network(images))[1]

    monkeypatch.setattr(answering, "prepare", prepared)
    monkeypatch.setattr(answering, "_recall", lambda key: [Measured(EAGER, 1.0), Measured(compiled, 0.1)])
    monkeypatch.setattr(Answering, "_paying", lambda *_: [])
    assert ask(network, coming=20_000, seconds=1.0).way == compiled
    assert set(sizes) == {len(IMAGES)}


def test_a_long_work_in_float32_is_told_what_to_install(
    network: nn.Module, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering.onnx_runtime, "lacks", lambda: "onnxruntime not installed")
    for precision, told in (("float32", True), ("bf16", False)):
        known = [Measured(EAGER, 1.0), Measured(Way("folded", precision), 0.5)]  # type: ignore[arg-type]
        monkeypatch.setattr(answering, "_recall", lambda key, known=known: known)
        if precision == "float32" or HAS_BF16:
            ask(network, coming=1_000, seconds=1.0)
            assert ("striate[export]" in capsys.readouterr().err) == told


def test_a_damaged_cache_is_measured_anew(network: nn.Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path))
    ask(network, coming=20_000, seconds=1.0)
    (kept,) = (tmp_path / "plans").iterdir()
    kept.write_text('{"way": {"form": "guessed"}}')
    assert ask(network, coming=20_000, seconds=1.0).way != EAGER


def test_a_remembered_precision_that_does_not_suit_these_weights_gives_way_to_float32(
    network: nn.Module, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [Measured(EAGER, 1.0), Measured(Way("folded", "bf16"), 0.1)]
    monkeypatch.setattr(answering, "_recall", lambda key: known)
    monkeypatch.setattr(agreement, "TOLERANCE", 1e-9)
    own = ask(network, coming=200, seconds=1.0)
    assert own.way == quick(own.plan, network)[0]
    assert "bf16, folded is out" in capsys.readouterr().err


def test_float32_is_left_for_15_percent_only() -> None:
    eager, exact = Measured(EAGER, 2.0), Measured(Way("fused"), 1.0)
    assert choose([eager, exact, Measured(Way("fused", "bf16"), 0.9)]) == exact.way
    assert choose([eager, exact, Measured(Way("fused", "bf16"), 0.85)]) == Way("fused", "bf16")
    assert choose([eager, exact, Measured(Way("fused", "bf16"), 0.1, problem="wrong")]) == exact.way
    assert choose([Measured(EAGER, 0.9), exact]) == EAGER


@pytest.mark.parametrize("form", ["fused", "folded"])
@pytest.mark.parametrize("precision", ["float32", "bf16"] if HAS_BF16 else ["float32"])
@torch.inference_mode()
def test_every_quick_way_agrees(network: nn.Module, form: Any, precision: Any) -> None:
    plan = Plan(device="cpu").resolve(network)
    images = PREPROCESS.normalize(torch.from_numpy(IMAGES))
    scores = prepare(Way(form, precision), network, plan)(images)
    assert scores.dtype in {torch.float32, torch.bfloat16}
    found = check(Way(form, precision), scores.float().numpy(), network(images).numpy())
    assert found.problem == ""
    assert found.departure < 0.02


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
