"""How long a training takes, timed from a few of its steps on the real pictures; and the plan it is best run by."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from striate.compare import sizing_pipeline
from striate.compare.budget import Need
from striate.compare.jobs import OF_THE_JOB
from striate.core.seeds import seed_for
from striate.data.batches import Batches
from striate.data.store import Store
from striate.inside.memory import STATE
from striate.recognize.recognizer import build
from striate.runtime import memory
from striate.runtime.inference import infer
from striate.runtime.plan import Plan
from striate.train.begin import Request, resolve
from striate.train.fit import Data
from striate.train.models import is_pipeline
from striate.train.recipe import Recipe
from striate.train.rehearsal import choose_plan, work_of
from striate.train.step import Step
from striate.zoo.weights import save as save_weights

_STEPS, _SECONDS = 10, 1.5  # of timing; two steps at least
_ANSWERED = 64  # validation pictures that are answered to time it
_AROUND = 3.0  # seconds of imports, measures with their intervals, and the run's own report


@dataclass(frozen=True)
class Sized:
    """What was found about a model on these data.

    Args:
        need: its time.
        plan: to train it by, decided: fields of the recipe's plan.
    """

    need: Need
    plan: dict[str, Any]


def sizes(requests: Sequence[Request], *, share: float, folder: Path, lanes: int) -> Iterator[Sized | str]:
    """Yield, for each request, what `size` finds, or why it cannot be trained.

    Where several jobs are to run at once, a model is timed in as many processes at once, and the slowest counts: each
    has to do with as much of the machine as it will have.
    """
    if lanes == 1:
        for request in requests:
            yield _sized_or_reason(request, share, folder)
        return
    with ProcessPoolExecutor(lanes, mp_context=get_context("spawn")) as pool:
        for request in requests:
            found = list(pool.map(_sized_or_reason, [request] * lanes, [share] * lanes, [folder] * lanes))
            reason = next((one for one in found if isinstance(one, str)), None)
            yield reason or max(
                (one for one in found if not isinstance(one, str)), key=lambda one: one.need.takes(one.need.epochs)
            )


def size(request: Request, *, share: float, folder: Path) -> Sized:
    """Time the training that `request` asks for; nothing is kept but the numbers.

    A classic pipeline has no epochs: its whole fit, timed on parts of the pictures, is `fixed` of its need.

    Args:
        request: of one model.
        share: seconds that its training is likely to be given; no plan is tried that pays back later only.
        folder: on the disk that the runs will be on.

    Raises:
        StriateError: what `striate train` would refuse.
    """
    began = time.perf_counter()
    data, recipe = resolve(request)
    if is_pipeline(recipe.model):
        return _of_pipeline(data, recipe, share, time.perf_counter() - began)
    torch.manual_seed(seed_for("weights", recipe.seed))
    network = build(recipe.model, recipe.options, data.table.classes, recipe.preprocess)
    preparing = time.perf_counter() - began
    timed = _Timed(data, recipe, network)
    first = recipe.plan.resolve(network, work_of(recipe, network))
    epoch = timed.epoch(first)
    likely = int(np.clip(share / epoch, 1, recipe.epochs))
    rows = data.readable("train")
    plan = choose_plan(recipe.model_copy(update={"epochs": likely}), network, data.table, rows, quiet=True)
    if plan != first:
        epoch = timed.epoch(plan)
    saving = _saving(network, folder) * (2 + STATE.get(recipe.optimizer.name, 1))  # weights twice, and the optimizer's
    held_out = sum(len(data.split.rows(side)) for side in ("val", "test"))
    fixed = _AROUND + preparing + held_out * timed.answer
    need = Need(fixed, epoch + len(data.split.rows("val")) * timed.answer + saving, recipe.epochs)
    return Sized(need, plan.model_dump(mode="json"))


def _of_pipeline(data: Data, recipe: Recipe, share: float, preparing: float) -> Sized:
    fit, answer = sizing_pipeline.seconds_of_fit(data, recipe, share)
    held_out = sum(len(data.split.rows(side)) for side in ("val", "test"))
    return Sized(Need(_AROUND + preparing + fit + held_out * answer, 0.0, None), {})


def _sized_or_reason(request: Request, share: float, folder: Path) -> Sized | str:
    try:
        return size(request, share=share, folder=folder)
    except OF_THE_JOB as error:
        return str(error)


class _Timed:
    """Takes real steps on copies of a network."""

    def __init__(self, data: Data, recipe: Recipe, network: nn.Module) -> None:
        self.data, self.recipe, self.network = data, recipe, network
        self.answer = 0.0  # seconds of a picture in validation

    def epoch(self, plan: Plan) -> float:
        """Return the seconds of the steps of an epoch under `plan`, reading included."""
        recipe, table = self.recipe, self.data.table
        rows = self.data.readable("train")
        store = Store(table, recipe.preprocess, threads=recipe.threads)
        network = plan.prepare(copy.deepcopy(self.network)).train()
        step = Step(
            recipe, plan, network, torch.from_numpy(np.bincount(table.labels[rows], minlength=len(table.classes)))
        )
        batches = Batches(
            store, rows, batch_size=recipe.batch_size, seed=recipe.seed, augment=recipe.augment,
            sampling=recipe.sampling,
        )  # fmt: skip
        try:
            with plan.applied(), memory.kept():
                seconds = _step_seconds(step, batches, recipe.optimizer.lr)
                self.answer = self._answer_seconds(network, store, plan)
        finally:
            store.close()
        return seconds * batches.steps_per_epoch

    def _answer_seconds(self, network: nn.Module, store: Store, plan: Plan) -> float:
        rows = self.data.readable("val")[:_ANSWERED]
        if not len(rows):
            return 0.0
        classes = len(self.data.table.classes)
        for _ in range(2):  # the first makes room
            began = time.perf_counter()
            infer(network, store, rows, plan, classes=classes)
            seconds = time.perf_counter() - began
        return seconds / len(rows)


def _step_seconds(step: Step, batches: Batches, lr: float) -> float:
    """Return the mean seconds of a step; the first one, which makes room, does not count where there are more."""
    times = []
    began = last = time.perf_counter()
    for number in range(_STEPS + 1):
        epoch, place = divmod(number, batches.steps_per_epoch)
        images, answers = step.inputs(batches.at(epoch + 1, place))
        step.step(images, answers, number, lr * 1e-3)  # the loss stays finite, whatever the network
        now = time.perf_counter()
        times.append(now - last)
        last = now
        if len(times) > 2 and now - began > _SECONDS:
            break
    return float(np.mean(times[1:]))


def _saving(network: nn.Module, folder: Path) -> float:
    """Return the seconds that the weights take to be written."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".timing-") as place:
        began = time.perf_counter()
        save_weights(network, Path(place) / "weights.safetensors")
        return time.perf_counter() - began
