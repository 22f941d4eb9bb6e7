"""Choosing a plan: by known seconds on a clock of its own, and by real steps of tiny networks."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from striate.core.errors import PlanError
from striate.runtime import machine, remembered
from striate.runtime.choice import Row, decide, disagreement
from striate.runtime.measure import allowance, choose, fits_many_times
from striate.runtime.plan import Plan
from striate.runtime.timing import Timing

PLENTY = 10**12  # multiply-accumulates: no step of these could be too small to measure
CONVOLUTION = nn.Conv2d(1, 1, 3)


class Fake:
    """A machine on which a step under a plan takes known seconds, on a clock that stands still otherwise."""

    def __init__(self, seconds: Callable[[Plan], float], loss: Callable[[Plan], float] = lambda plan: 2.0) -> None:
        self.seconds, self.loss = seconds, loss
        self.now, self.taken = 0.0, []

    def clock(self) -> float:
        return self.now

    def trial(self, plan: Plan) -> Callable[[], float]:
        def step() -> float:
            self.taken.append(plan)
            first = self.taken.count(plan) == 1 and plan.compile != "off"
            self.now += self.seconds(plan) + (50.0 if first else 0.0)
            return self.loss(plan)

        return step


@pytest.fixture(autouse=True)
def two_cores_with_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr(machine, "lacks_precision", lambda device, name: None if name in {"float32", "bf16"} else "no")
    monkeypatch.setattr(machine, "lacks_compiler", lambda device, mode: None if mode in {"off", "default"} else "no")


def chosen(fake: Fake, asked: Plan | None = None, *, steps: int = 1000, key: str = "k"):
    asked = asked or Plan(device="cpu", compile="off")
    return choose(asked, CONVOLUTION, fake.trial, work=PLENTY, steps=steps, key={"k": key}, clock=fake.clock)


def by_precision(bf16: float) -> Callable[[Plan], float]:
    """Float32 takes 0.1 s, 0.12 contiguous; bf16 `bf16` s; one thread takes twice as long."""

    def seconds(plan: Plan) -> float:
        base = 0.1 if plan.precision == "float32" else bf16
        return base * (1.2 if plan.memory_format == "contiguous" else 1.0) * (2 if plan.threads == 1 else 1)

    return seconds


def test_the_fastest_is_taken_and_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    choice = chosen(Fake(by_precision(0.05)))
    assert choice.plan == Plan(device="cpu", precision="bf16", memory_format="channels_last", compile="off", threads=2)
    assert choice.sentence == "plan: bf16, channels-last, 2 threads: 2.4x float32 contiguous; chosen"
    assert capsys.readouterr().err == choice.sentence + "\n"


@pytest.mark.parametrize(("bf16", "precision"), [(0.086, "bf16"), (0.088, "float32")])
def test_float32_is_left_for_fifteen_percent_only(bf16: float, precision: str) -> None:
    choice = chosen(Fake(by_precision(bf16)))
    assert choice.plan.precision == precision
    if precision == "float32":
        assert "bf16 gains 14 %, not worth leaving float32" in choice.sentence


def test_float32_is_not_left_where_the_losses_disagree() -> None:
    fake = Fake(by_precision(0.02), loss=lambda plan: 2.0 if plan.precision == "float32" else 2.2)
    choice = chosen(fake)
    assert choice.plan.precision == "float32"
    assert "bf16 is out: its loss is 2.2 at step 1, float32's 2" in choice.sentence


def test_losses_are_compared_by_their_size() -> None:
    assert disagreement([2.09], [2.0]) == ""
    assert disagreement([2.11], [2.0]) != ""
    assert disagreement([0.04], [0.001]) == ""
    assert disagreement([float("nan")], [2.0]) == "its loss is not finite at step 1"
    assert disagreement([5.71, 3.80], [5.70, 3.62]) == ""  # a small part of what the first step took off
    assert disagreement([5.71, 3.95], [5.70, 3.62]) != ""
    assert disagreement([2.0, 2.0, 9.0], [2.0, 2.0, 1.0]) == ""  # trajectories part; only the first two steps tell


def test_one_thread_is_taken_where_two_are_slower() -> None:
    fake = Fake(lambda plan: 0.1 if plan.threads == 1 else 0.3)
    assert chosen(fake).plan.threads == 1


def test_what_the_user_fixed_is_not_tried_otherwise() -> None:
    fake = Fake(by_precision(0.05))
    asked = Plan(device="cpu", precision="float32", compile="off", threads=2)
    assert chosen(fake, asked).plan.precision == "float32"
    assert {plan.precision for plan in fake.taken} == {"float32"}
    assert {plan.threads for plan in fake.taken} == {2}
    assert {plan.memory_format for plan in fake.taken} == {"contiguous", "channels_last"}


def test_a_plan_that_is_decided_takes_no_step() -> None:
    fake = Fake(by_precision(0.05))
    asked = Plan(device="cpu", precision="bf16", memory_format="contiguous", compile="off", threads=1)
    assert chosen(fake, asked) == (choice := chosen(fake, asked))
    assert choice.plan == asked
    assert choice.sentence == ""
    assert fake.taken == []


def test_a_short_training_is_not_measured() -> None:
    fake = Fake(by_precision(0.01))
    choice = choose(
        Plan(device="cpu"), CONVOLUTION, fake.trial, work=1000, steps=100, key={}, clock=fake.clock, quiet=True
    )
    assert fake.taken == []
    assert choice.plan.precision == "float32"
    assert "not measured" in choice.sentence


def test_one_step_tells_that_a_training_is_short() -> None:
    fake = Fake(by_precision(0.05))
    choice = chosen(fake, steps=100)  # of 0.1 s
    assert len(fake.taken) == 1
    assert choice.plan.precision == "float32"


def test_a_slow_first_step_does_not_make_a_training_long() -> None:
    warming = iter([5.0])
    fake = Fake(lambda plan: next(warming, 0.01))
    assert "not measured" in chosen(fake).sentence
    assert len(set(fake.taken)) == 1


def test_short_steps_are_taken_some_in_a_row_as_in_a_training() -> None:
    since: dict[Plan, int] = {}

    def cold(plan: Plan) -> float:  # the first step after another plan's finds nothing in the caches
        row = since.get(plan, 0)
        since.clear()
        since[plan] = row + 1
        return 0.006 if plan.precision == "float32" else 0.0058 if row == 0 else 0.004

    assert chosen(Fake(cold), steps=10_000).plan.precision == "bf16"


@pytest.mark.parametrize(("seconds", "steps"), [(0.001, 100_000), (0.1, 1000), (1.0, 1000), (20.0, 100)])
def test_measuring_takes_its_share_or_two_steps_of_each(seconds: float, steps: int) -> None:
    fake = Fake(lambda plan: seconds)
    chosen(fake, Plan(device="cpu", compile="off", threads=2), steps=steps)
    assert len(set(fake.taken)) == 4
    assert min(fake.taken.count(plan) for plan in fake.taken) >= 2
    assert fake.now <= max(allowance(seconds * steps), 9 * seconds) * 1.001


def test_the_candidates_take_turns() -> None:
    fake = Fake(lambda plan: 0.1)
    chosen(fake, Plan(device="cpu", compile="off", threads=2), steps=100_000)
    later = fake.taken[5:]  # after the first steps, and one more that tells how long the training will take
    assert len(later) > 4
    assert all(len(set(later[start : start + 4])) == 4 for start in range(0, len(later), 4))


def test_the_median_of_the_rounds_counts_and_never_the_first_step() -> None:
    spikes = iter([9.0, 0.1, 0.1, 5.0, 0.1, 0.1])
    fake = Fake(lambda plan: next(spikes, 0.1))
    plan = Plan(device="cpu", precision="float32", memory_format="contiguous", compile="off", threads=1)
    timing = Timing(fake.trial, fake.clock)
    assert timing.begin(plan) == 9.0
    timing.rounds([plan], 100.0)
    assert timing.rows()[0].seconds == pytest.approx(0.1)


def test_compiling_is_tried_only_where_the_training_is_long() -> None:
    long, short = Fake(by_precision(0.2)), Fake(by_precision(0.2))
    asked = Plan(device="cpu", threads=2, precision="float32")
    chosen(long, asked, steps=100_000, key="long")
    chosen(short, asked, steps=10_000, key="short")
    assert "default" in {plan.compile for plan in long.taken}
    assert "default" not in {plan.compile for plan in short.taken}


def test_the_time_for_compiling_counts_against_the_steps_to_come() -> None:
    eager = Plan(device="cpu", precision="float32", memory_format="contiguous", compile="off", threads=1)
    compiled = eager.model_copy(update={"compile": "default"})
    rows = [Row(eager, 0.1, (2.0,)), Row(compiled, 0.08, (2.0,), compile_seconds=50.0)]
    assert decide(rows, 1000).plan == eager  # 100 s against 80 + 2 x 50
    assert decide(rows, 100_000).plan == compiled
    close = [Row(eager, 0.1, (2.0,)), Row(compiled, 0.097, (2.0,))]
    assert decide(close, 100_000).plan == eager  # 3 % is too little for it


def test_compiling_that_fails_is_done_without() -> None:
    def loss(plan: Plan) -> float:
        if plan.compile != "off":
            raise RuntimeError("InductorError: no such compiler\nand much more")
        return 2.0

    choice = chosen(Fake(by_precision(0.2), loss), Plan(device="cpu", threads=2), steps=100_000)
    assert choice.plan.compile == "off"
    assert [row.problem for row in choice.rows if row.plan.compile != "off"] == [
        "it failed: InductorError: no such compiler"
    ]


def test_where_every_step_fails_the_default_is_taken_and_the_training_will_say_why() -> None:
    def loss(plan: Plan) -> float:
        raise RuntimeError("shapes do not fit")

    choice = chosen(Fake(by_precision(0.2), loss))
    assert choice.plan.precision == "float32"
    assert "shapes do not fit" in choice.sentence


def test_it_is_measured_once(capsys: pytest.CaptureFixture[str]) -> None:
    first, again, other = (Fake(by_precision(0.05)) for _ in range(3))
    choice = chosen(first)
    capsys.readouterr()
    repeated = chosen(again)
    assert again.taken == []
    assert repeated.plan == choice.plan
    assert repeated.rows == choice.rows
    assert capsys.readouterr().err.endswith("chosen (measured before)\n")
    chosen(other, key="another network")
    assert other.taken


def test_a_longer_training_measures_again_for_compiling() -> None:
    asked = Plan(device="cpu", threads=2, precision="float32")
    chosen(Fake(by_precision(0.1)), asked, steps=1000)
    longer = Fake(lambda plan: 0.05 if plan.compile == "default" else 0.1)
    assert chosen(longer, asked, steps=100_000).plan.compile == "default"
    assert chosen(Fake(by_precision(0.1)), asked, steps=1000).plan.compile == "off"  # the same rows, fewer steps


def test_a_damaged_cache_is_said_and_measured_anew(capsys: pytest.CaptureFixture[str]) -> None:
    chosen(Fake(by_precision(0.05)))
    (file,) = remembered.place({}).parent.iterdir()
    for damage in ("{", "[]", '{"rows": [{"plan": {"device": "abacus"}}]}', json.dumps({"rows": [{}]})):
        file.write_text(damage)
        fake = Fake(by_precision(0.05))
        assert chosen(fake).plan.precision == "bf16"
        assert fake.taken
        assert "is damaged" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path / "file"))
    assert chosen(Fake(by_precision(0.05))).plan.precision == "bf16"
    assert "could not be written" in capsys.readouterr().err


def test_what_the_machine_lacks_is_an_error_where_it_is_asked_for() -> None:
    with pytest.raises(PlanError, match=r"tf32.*plan.precision=auto"):
        chosen(Fake(by_precision(0.05)), Plan(device="cpu", precision="tf32"))


def test_random_state_is_left_as_it_was() -> None:
    def loss(plan: Plan) -> float:
        torch.manual_seed(3)
        torch.rand(5)
        np.random.seed(3)  # noqa: NPY002 it is the old global state that is looked after
        random.seed(3)
        return 2.0

    before = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    chosen(Fake(by_precision(0.05), loss))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert random.getstate() == before[2]


def test_large_networks_are_copied_one_at_a_time() -> None:
    alive, most = 0, 0

    class Copy:
        def __init__(self) -> None:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

        def __call__(self) -> float:
            return 2.0

    timing = Timing(lambda plan: Copy(), keep=False)
    plans = [Plan(device="cpu", precision="float32", threads=count) for count in (1, 2)]
    for plan in plans:
        timing.begin(plan)
    timing.rounds(plans, 0.0)
    assert most == 1
    assert [len(row.losses) for row in timing.rows()] == [2, 2]
    assert not fits_many_times(nn.Linear(10_000, 10_000, device="meta"), 4)
    assert fits_many_times(nn.Linear(100, 100), 4)
