"""A training is rehearsed on its real network and pictures, which are left as they were."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from striate.core.errors import RecipeError
from striate.layers.network import Network
from striate.recognize.recognizer import build
from striate.runtime import measure
from striate.runtime.plan import Plan
from striate.sources import open_table
from striate.train import rehearsal
from striate.train.begin import Request, begin
from striate.train.recipe import Recipe, merge, settings_to_values
from striate.train.rehearsal import check_smallest, choose_plan, key_of, random_batch, survey, trial_of

RECIPE = Recipe.from_values(
    {
        "model": "lenet5_modern",
        "epochs": 5,
        "batch_size": 32,
        "options": {},
        "preprocess": {"size": 32, "channels": 1, "fit": "center", "mean": [0.5], "std": [0.3]},
        "schedule": {"name": "fixed"},
        "optimizer": {"lr": 0.01},
        "plan": {"device": "cpu", "compile": "off", "threads": 1},
    }
)
CLASSES = tuple("0123456789")
TABLE = open_table("digits")
ROWS = np.arange(64)


def network():
    torch.manual_seed(0)
    return build(RECIPE.model, RECIPE.options, CLASSES, RECIPE.preprocess)


@pytest.fixture
def nothing_is_too_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_TOO_SHORT", 0.0)


@pytest.mark.usefixtures("nothing_is_too_short")
def test_measuring_leaves_network_and_random_state_bit_by_bit() -> None:
    ours = network()
    ours.stages[0].eval()
    before = copy.deepcopy(ours.state_dict())
    modes = [module.training for module in ours.modules()]
    states = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    plan = choose_plan(RECIPE, ours, TABLE, ROWS, quiet=True)
    assert plan.decided
    assert all(torch.equal(value, before[name]) for name, value in ours.state_dict().items())
    assert all(value.is_contiguous() for value in ours.state_dict().values())
    assert [module.training for module in ours.modules()] == modes
    assert all(parameter.grad is None for parameter in ours.parameters())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert np.random.get_state()[1].tolist() == states[1]  # noqa: NPY002


@pytest.mark.usefixtures("nothing_is_too_short")
def test_the_second_training_of_the_kind_takes_no_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = choose_plan(RECIPE, network(), TABLE, ROWS)
    assert capsys.readouterr().err.startswith("plan: ")
    monkeypatch.setattr(rehearsal, "Step", None)
    again = RECIPE.model_copy(update={"seed": 7})
    assert choose_plan(again, network(), TABLE, ROWS) == plan
    assert "(measured before)" in capsys.readouterr().err


def test_a_plan_of_the_recipe_is_kept_unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "Step", None)
    decided = Plan(device="cpu", precision="float32", memory_format="contiguous", compile="off", threads=1)
    assert choose_plan(RECIPE.model_copy(update={"plan": decided}), network(), TABLE, ROWS) == decided


def test_what_tells_trainings_apart() -> None:
    key = key_of(RECIPE, network())
    assert key == key_of(RECIPE.model_copy(update={"seed": 3, "epochs": 9}), network())
    for change in ({"batch_size": 16}, {"optimizer": RECIPE.optimizer.model_copy(update={"name": "adam"})}):
        assert key != key_of(RECIPE.model_copy(update=change), network())
    other = build("lenet5_modern", {"activation": "tanh"}, CLASSES, RECIPE.preprocess)
    assert key != key_of(RECIPE, other)


def test_every_plan_begins_from_the_same_weights_and_learns() -> None:
    trial = trial_of(RECIPE, network(), torch.ones(10), lambda: random_batch(RECIPE, 10), steps_per_epoch=10)
    plans = [
        Plan(device="cpu", precision=precision, memory_format="contiguous", compile="off", threads=1)
        for precision in ("float32", "float32", "bf16")
    ]
    losses = []
    for plan in plans:
        with plan.applied():
            step = trial(plan)
            losses.append([step() for _ in range(4)])
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]
    assert losses[2] == pytest.approx(losses[0], rel=0.02)
    assert losses[0][-1] < losses[0][0]


@pytest.mark.parametrize("precision", ["float32", "bf16"])
def test_a_plan_gives_the_same_bits_every_time(precision: str) -> None:
    recipe = Recipe.from_values(
        {
            "model": "resnet20",
            "epochs": 1,
            "batch_size": 8,
            "preprocess": {"size": 16, "channels": 3, "mean": [0.5] * 3, "std": [0.3] * 3},
        }
    )
    plan = Plan(device="cpu", precision=precision, memory_format="channels_last", compile="off", threads=1)
    torch.manual_seed(0)
    ours = build("resnet20", {}, CLASSES, recipe.preprocess)
    trial = trial_of(recipe, ours, torch.ones(10), lambda: random_batch(recipe, 10), steps_per_epoch=10)
    losses = []
    for _ in range(2):
        with plan.applied():
            step = trial(plan)
            losses.append([step() for _ in range(4)])
    assert losses[0] == losses[1]


def test_a_survey_measures_every_candidate() -> None:
    rows = survey(RECIPE, network(), 10, seconds=0.0)
    assert {(row.plan.precision, row.plan.memory_format) for row in rows} >= {
        ("float32", "contiguous"),
        ("float32", "channels_last"),
    }
    assert all(row.seconds > 0 and len(row.losses) >= 2 for row in rows if not row.problem)


def test_the_run_keeps_its_plan_and_its_repetition_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"epochs": 1, "plan.threads": 1, "plan.precision": "float32"}
    run = begin(Request("digits", "linear", tmp_path / "run", settings=settings))
    assert "plan: float32, contiguous, 1 thread (not measured, the training is short)" in capsys.readouterr().err
    kept = Recipe.read(tmp_path / "run" / "recipe.toml").plan
    assert kept.decided
    repeated = begin(Request(base=run.path, out=tmp_path / "again", quiet=True))
    assert repeated.recipe.plan == kept


def test_reference_is_one_word() -> None:
    values = merge(RECIPE.model_dump(mode="json"), settings_to_values(["plan=reference"]))
    plan = choose_plan(Recipe.from_values(values), network(), TABLE, ROWS, quiet=True)
    assert (plan.precision, plan.memory_format, plan.compile) == ("float32", "contiguous", "off")


@pytest.mark.parametrize(
    ("batch_size", "pictures", "refused"), [(1, 64, True), (2, 7, True), (2, 8, False), (3, 7, False)]
)
def test_steps_of_one_picture_are_refused_where_batch_norm_has_one_value(
    batch_size: int, pictures: int, *, refused: bool
) -> None:
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(1), nn.Linear(1, 10))
    ours = Network(nn.Identity(), [nn.BatchNorm2d(1)], head).eval()
    recipe = RECIPE.model_copy(update={"batch_size": batch_size})
    if refused:
        with pytest.raises(RecipeError, match=f"batch_size = {batch_size} leaves steps of one .*: set batch_size to 3"):
            check_smallest(recipe, ours, pictures)
    else:
        check_smallest(recipe, ours, pictures)
    assert not any(module.training for module in ours.modules())
    assert ours.stages[0].num_batches_tracked == 0
    check_smallest(recipe, network(), pictures)
