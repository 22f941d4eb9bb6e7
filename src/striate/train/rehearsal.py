"""Rehearse a training: a few of its real steps under several plans, on a copy, to choose the plan by."""

import copy
from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from math import isfinite
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from striate.core import ranks
from striate.core.errors import RecipeError
from striate.core.seeds import generator
from striate.data.augment import draw
from striate.data.batches import Batch, Batches
from striate.data.store import Store
from striate.data.table import Table
from striate.inside.arithmetic import multiply_accumulates
from striate.layers.network import Network
from striate.runtime import memory
from striate.runtime.choice import Row
from striate.runtime.measure import choose, fits_many_times, measure
from striate.runtime.plan import Plan
from striate.runtime.timing import Timing, Trial
from striate.train import schedule
from striate.train.recipe import Recipe
from striate.train.step import Step
from striate.zoo.trial import ALONE


def choose_plan(
    recipe: Recipe, network: Network, table: Table, rows: NDArray[np.int64], *, quiet: bool = False
) -> Plan:
    """Return the plan to train `network` by, measured where the training is worth it.

    Args:
        recipe: complete but for its plan's autos.
        network: with the weights that training begins from; left as it is.
        table: the pictures.
        rows: those to train on.
        quiet: print nothing.

    Raises:
        PlanError: this machine lacks what the recipe's plan asks for.
    """
    counts = torch.from_numpy(np.bincount(table.labels[rows], minlength=len(table.classes)))
    steps = -(-len(rows) // recipe.batch_size) * recipe.epochs

    def first_batch() -> Batch:
        store = Store(table, recipe.preprocess, threads=recipe.threads)
        try:
            batches = Batches(
                store, rows, batch_size=recipe.batch_size, seed=recipe.seed, augment=recipe.augment,
                sampling=recipe.sampling,
            )  # fmt: skip
            return batches.at(1, 0, 0, ranks.world())
        finally:
            store.close()

    trial = trial_of(recipe, network, counts, first_batch, steps_per_epoch=steps // recipe.epochs)
    work = work_of(recipe, network)
    return choose(recipe.plan, network, trial, work=work, steps=steps, key=key_of(recipe, network), quiet=quiet).plan


def check_smallest(recipe: Recipe, network: Network, pictures: int) -> None:
    """Refuse steps of a single picture where `network` normalizes by the batch and leaves nothing to average over.

    Args:
        recipe: whose batches deal the pictures out evenly.
        network: left as it is.
        pictures: to train on.

    Raises:
        RecipeError: the network fails on one picture for that reason.
    """
    steps = -(-pictures // recipe.batch_size)
    if pictures // steps > 1:
        return
    size = recipe.preprocess.size
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            copy.deepcopy(network).train()(torch.zeros(1, recipe.preprocess.channels, *size))
    except ValueError as error:
        if ALONE not in str(error):
            raise
        raise RecipeError(
            f"batch_size = {recipe.batch_size} leaves steps of one picture, in which {recipe.model}'s batch norm has "
            f"nothing to average over, on maps of one pixel at {size[0]} x {size[1]}: set batch_size to 3 or more"
        ) from error


def trial_of(
    recipe: Recipe, network: Network, counts: Tensor, batch: Callable[[], Batch], *, steps_per_epoch: int
) -> Trial:
    """Return what takes the training's first steps under a plan: always on the same pictures, from the same weights.

    Args:
        recipe: complete.
        network: copied for each plan.
        counts: (K,) training pictures of each class.
        batch: makes the pictures; called once, when the first step needs them.
        steps_per_epoch: of the training to come.
    """
    pictures = cache(batch)

    def trial(plan: Plan) -> Callable[[], float]:
        step = Step(recipe, plan, plan.prepare(copy.deepcopy(network)).train(), counts)
        number = 0

        def once() -> float:
            nonlocal number
            factor = schedule.factor_at(recipe.schedule, number, steps_per_epoch=steps_per_epoch, epochs=recipe.epochs)
            images, answers = step.inputs(pictures())
            outcome = step.step(images, answers, number, recipe.optimizer.lr * factor)
            while step.scaling.left_out and isfinite(outcome.loss):  # fp16, until its scale has come down
                outcome = step.step(images, answers, number, recipe.optimizer.lr * factor)
            number += 1
            return outcome.loss

        pictures()  # read before any clock runs
        return once

    return trial


def survey(recipe: Recipe, network: Network, classes: int, *, seconds: float, compiling: bool = False) -> list[Row]:
    """Measure every candidate on random pictures, whether a training is worth it or not; nothing is kept.

    Args:
        recipe: its plan's autos are what is measured.
        network: left as it is.
        classes: K.
        seconds: that measuring may take; each candidate takes one step in any case, and compiling comes on top.
        compiling: try compiled networks too, which takes minutes.

    Raises:
        PlanError: this machine lacks what the recipe's plan asks for.
    """
    trial = trial_of(
        recipe, network, torch.ones(classes, dtype=torch.int64), lambda: random_batch(recipe, classes),
        steps_per_epoch=1000,
    )  # fmt: skip
    timing = Timing(trial, keep=fits_many_times(network, 8))
    until = timing.clock() + seconds
    with memory.kept():  # through all steps, as in the training
        measure(recipe.plan, network, timing, work=work_of(recipe, network), until=until, compiling=compiling)
    return timing.rows()


def random_batch(recipe: Recipe, classes: int) -> Batch:
    """Return a batch of noise as the recipe's pictures are shaped."""
    shape = (recipe.batch_size, recipe.preprocess.channels, *recipe.preprocess.size)
    noise = generator("noise", recipe.seed)
    rows = np.arange(recipe.batch_size)
    images = noise.integers(0, 256, shape, dtype=np.uint8)
    labels = noise.integers(0, classes, recipe.batch_size, dtype=np.int64)
    return Batch(images, labels, rows, draw(recipe.augment, recipe.seed, 1, rows), ())


def work_of(recipe: Recipe, network: Network) -> int:
    """Return the multiply-accumulates of the forward pass of one process's share of a batch."""
    shape = (recipe.preprocess.channels, *recipe.preprocess.size)
    return _share(recipe) * multiply_accumulates(network, shape)


def key_of(recipe: Recipe, network: Network) -> dict[str, Any]:
    """Return plain data that tells this training, as far as the speed of its steps goes, from others."""
    shapes = [(name, tuple(parameter.shape)) for name, parameter in network.named_parameters()]
    built = blake2b(f"{network!r}{shapes}".encode(), digest_size=8).hexdigest()
    return {
        "model": recipe.model,
        "network": built,
        "batch": [_share(recipe), recipe.preprocess.channels, *recipe.preprocess.size],
        "loss": recipe.loss.name,
        "optimizer": [recipe.optimizer.name, recipe.optimizer.lr],  # the losses that must agree depend on the rate
        "augment": recipe.augment.model_dump(mode="json"),
    }


def _share(recipe: Recipe) -> int:
    return -(-recipe.batch_size // ranks.world())
