"""The training loop: steps, validation, checkpoints; stopped, killed and resumed without a trace."""

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from striate.core.errors import Interrupted
from striate.core.files import recover_directory
from striate.core.progress import say, track
from striate.data.batches import Batch, Batches
from striate.data.store import Store
from striate.recognize.recognizer import NetworkRecognizer
from striate.runtime.plan import Plan
from striate.runtime.processes import ALONE, Group
from striate.runtime.together import infer_together
from striate.train import checkpoint, schedule
from striate.train.average import Average
from striate.train.checkpoint import State
from striate.train.clock import Clock
from striate.train.diagnosis import broken_weights, stop_not_finite
from striate.train.interrupt import Interrupt
from striate.train.log import Log
from striate.train.recipe import Recipe
from striate.train.snapshots import snapshot
from striate.train.step import Outcome, Step
from striate.train.sums import Sums

Advance = Callable[[int, str], None]
_LINES_PER_EPOCH = 20


@dataclass(frozen=True)
class Sides:
    """Rows of the table that can be read, by what they are for."""

    train: NDArray[np.int64]
    val: NDArray[np.int64]


@dataclass
class Loop:
    """One training of `network` in the run directory `path`; `run` carries it to its end, from wherever it stands.

    Of many processes, each has its own `Loop` and takes the same steps; the first alone writes.
    """

    path: Path
    recipe: Recipe
    plan: Plan
    network: nn.Module
    classes: tuple[str, ...]
    store: Store
    sides: Sides
    quiet: bool = False
    group: Group = ALONE
    state: State = field(init=False, default_factory=State)

    def __post_init__(self) -> None:
        recipe = self.recipe
        self.batches = Batches(
            self.store,
            self.sides.train,
            batch_size=recipe.batch_size,
            seed=recipe.seed,
            augment=recipe.augment,
            sampling=recipe.sampling,
        )
        counts = np.bincount(self.store.table.labels[self.sides.train], minlength=len(self.classes))
        self.step = Step(recipe, self.plan, self.network, torch.from_numpy(counts), self.group)
        self.average = Average(self.network, recipe.average) if recipe.average else None
        self.log = Log(self.path / "log.jsonl", writes=self.group.first)
        self.interval = max(1, self.batches.steps_per_epoch // _LINES_PER_EPOCH)
        self._saved_at = time.monotonic()

    @property
    def last(self) -> Path:
        """Where the newest checkpoint lies."""
        return self.path / "checkpoints" / "last"

    @property
    def evaluated(self) -> nn.Module:
        """The network that validation and the user see: the averaged one where weights are averaged."""
        return self.average.network if self.average else self.network

    def run(self) -> State:
        """Train until the recipe's epochs are done, or validation has not improved for its patience.

        Raises:
            TrainingStopped: the loss is not finite; the last good checkpoint is kept.
            Interrupted: the user stopped it; a checkpoint was written.
        """
        self._restore()
        self.log.cut_back(self.state.step)
        if self.state.step == 0:
            self._snapshot(0)
        total = self.batches.steps_per_epoch * self.recipe.epochs
        quiet = self.quiet or not self.group.first
        with ExitStack() as stack:
            stack.enter_context(self.plan.applied())
            interrupt = stack.enter_context(Interrupt())
            tracker = stack.enter_context(track("training", total, done=self.state.step, quiet=quiet))
            while not self.state.finished:
                epoch, step = divmod(self.state.step, self.batches.steps_per_epoch)
                self._epoch(epoch + 1, step, interrupt, tracker.advance)
        return self.state

    def recognizer(self) -> NetworkRecognizer:
        """Return the evaluated network with its preprocessing and classes."""
        return NetworkRecognizer(
            self.recipe.model,
            self.recipe.options,
            self.evaluated,
            self.classes,
            self.recipe.preprocess,
            plan=self.plan,
        )

    def _restore(self) -> None:
        if not self.group.first:
            self.group.wait()  # for the first to put right what a kill left half-written
        recover_directory(self.path / "checkpoints" / "best")
        self.state = checkpoint.load(self.last, self.network, self.step.optimizer, self.average) or State()
        self.step.scaling.restore(self.state.scaling)
        if self.group.first:
            self.group.wait()

    def _epoch(self, epoch: int, first: int, interrupt: Interrupt, advance: Advance) -> None:
        clock, interval = Clock(), Sums()
        self.network.train()
        for batch in clock.watch(self.batches.ahead(epoch, first, self.group.rank, self.group.world)):
            outcome = self._step(batch, interval, wish=interrupt.asked)
            advance(1, f"epoch {epoch} loss {outcome.loss:.3f}")
            asked = outcome.asked if self.group.world > 1 else interrupt.asked
            at_end = self.state.step % self.batches.steps_per_epoch == 0
            if at_end or asked or (self.state.step % self.batches.steps_per_epoch) % self.interval == 0:
                self._log_interval(epoch, interval)
                interval = Sums()
                if not at_end and (asked or self._due()):
                    clock = self._pause(clock, stop=asked)
        self._end_epoch(epoch, clock)
        if self.group.any(wish=interrupt.asked) and not self.state.finished:
            self._stop()

    def _step(self, batch: Batch, interval: Sums, *, wish: bool) -> Outcome:
        self.state.unreadable.update({str(row): self.store.reason(row) or "" for row in batch.unreadable})
        images, answers = self.step.inputs(batch)
        outcome = self.step.step(images, answers, self.state.step, self._lr(), wish=wish)
        if outcome.seen:
            if not math.isfinite(outcome.loss):
                seen = images if len(images) else None
                stop_not_finite(self.network, seen, self.plan, self.state.step + 1, self._lr(), self.last)
            for sums in (interval, self.state):
                sums.add(outcome)
        self.state.step += 1
        if self.average is not None and outcome.seen:
            self.average.update(self.network, self.state.step)
        return outcome

    def _lr(self) -> float:
        factor = schedule.factor_at(
            self.recipe.schedule,
            self.state.step,
            steps_per_epoch=self.batches.steps_per_epoch,
            epochs=self.recipe.epochs,
            falls=self.state.falls,
        )
        return self.recipe.optimizer.lr * factor

    def _due(self) -> bool:
        return time.monotonic() - self._saved_at >= self.recipe.checkpoint_seconds

    def _pause(self, clock: Clock, *, stop: bool) -> Clock:
        """Write a checkpoint within an epoch; return a clock that starts again."""
        self.state.seconds += clock.seconds
        self._check_weights()
        self._save()
        if stop:
            self._stop()
        return Clock()

    def _stop(self) -> None:
        raise Interrupted(
            f"stopped after step {self.state.step}; nothing is lost. "
            f"Go on exactly where it stopped with: striate train --resume {self.path}"
        )

    def _check_weights(self) -> None:
        if broken_weights(self.network):
            stop_not_finite(self.network, None, self.plan, self.state.step, self._lr(), self.last)

    def _save(self) -> None:
        self.state.scaling = self.step.scaling.state()
        if self.group.first:
            checkpoint.save(self.last, self.network, self.step.optimizer, self.average, self.state)
        self._saved_at = time.monotonic()

    def _snapshot(self, epoch: int) -> None:
        """Keep the evaluated network for good, where the recipe says so; a resume makes it again with its epoch."""
        if self.group.first and epoch in self.recipe.snapshots:
            self.recognizer().save(snapshot(self.path, epoch))

    def _log_interval(self, epoch: int, interval: Sums) -> None:
        if interval.seen:
            self.log.add(
                "step",
                epoch=epoch,
                step=self.state.step,
                **interval.measures(),
                lr=self.step.optimizer.param_groups[0]["lr"],
            )

    def _end_epoch(self, epoch: int, clock: Clock) -> None:
        state = self.state
        self._check_weights()
        waiting = clock.waiting
        line = {**state.measures("train_"), **self._validate(epoch)}
        state.clear()
        state.seconds += clock.seconds
        state.finished = epoch >= self.recipe.epochs or self._out_of_patience(epoch)
        for lost in self.group.gather(state.unreadable):
            state.unreadable.update(lost)
        timing = {"seconds": state.seconds, "waiting": round(waiting, 4)}
        self.log.add("epoch", epoch=epoch, step=state.step, lr=self._lr(), **timing, **line)
        if self.group.first and (state.best is None or state.best["epoch"] == epoch):
            self.recognizer().save(self.path / "checkpoints" / "best")
        self._snapshot(epoch)
        self._save()
        told = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in line.items())
        quiet = self.quiet or not self.group.first
        say(
            f"epoch {epoch}/{self.recipe.epochs}: {told}; {100 * waiting:.0f} % of the time waiting for pictures",
            quiet=quiet,
        )

    def _validate(self, epoch: int) -> dict[str, float]:
        if len(self.sides.val) == 0:
            return {}
        answers = infer_together(
            self.group, self.evaluated, self.store, self.sides.val, self.plan, classes=len(self.classes)
        )
        scores = torch.from_numpy(answers.scores[answers.answered])
        labels = torch.from_numpy(self.store.table.labels[self.sides.val][answers.answered])
        value = float(self.step.criterion(scores, labels) / self.step.criterion.weight(labels))
        if not math.isfinite(value):
            stop_not_finite(self.evaluated, None, self.plan, self.state.step, self._lr(), self.last)
        accuracy = float((scores.argmax(1) == labels).sum()) / len(self.sides.val)
        self._compare(epoch, accuracy, value)
        return {"val_loss": value, "val_accuracy": accuracy}

    def _compare(self, epoch: int, accuracy: float, value: float) -> None:
        state = self.state
        best = state.best
        if best is None or (accuracy, -value) > (best["accuracy"], -best["loss"]):
            state.best = {"epoch": epoch, "accuracy": accuracy, "loss": value}
        if state.least_loss is None or value < state.least_loss:
            state.least_loss, state.stale = value, 0
            return
        state.stale += 1
        if self.recipe.schedule.name == "plateau" and state.stale > self.recipe.schedule.patience:
            state.falls, state.stale = state.falls + 1, 0

    def _out_of_patience(self, epoch: int) -> bool:
        best = self.state.best
        return self.recipe.patience is not None and best is not None and epoch - best["epoch"] >= self.recipe.patience
