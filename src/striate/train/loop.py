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
from torch import Tensor, nn

from striate.core.errors import Interrupted
from striate.core.files import recover_directory
from striate.core.progress import say, track
from striate.core.seeds import seed_for
from striate.data.augment import apply
from striate.data.batches import Batch, Batches
from striate.data.store import Store
from striate.recognize.recognizer import NetworkRecognizer
from striate.runtime.inference import infer
from striate.runtime.plan import Plan
from striate.train import checkpoint, loss, optimizer, schedule
from striate.train.average import Average
from striate.train.checkpoint import State
from striate.train.diagnosis import broken_weights, stop_not_finite
from striate.train.interrupt import Interrupt
from striate.train.log import Log
from striate.train.recipe import Recipe

Advance = Callable[[int, str], None]
_LINES_PER_EPOCH = 20


@dataclass
class _Interval:
    """What happened since the last line of the log."""

    loss_sum: float = 0.0
    right: int = 0
    seen: int = 0


@dataclass(frozen=True)
class Sides:
    """Rows of the table that can be read, by what they are for."""

    train: NDArray[np.int64]
    val: NDArray[np.int64]


@dataclass
class Loop:
    """One training of `network` in the run directory `path`; `run` carries it to its end, from wherever it stands."""

    path: Path
    recipe: Recipe
    plan: Plan
    network: nn.Module
    classes: tuple[str, ...]
    store: Store
    sides: Sides
    quiet: bool = False
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
        self.criterion = loss.build(recipe.loss, torch.from_numpy(counts))
        self.optimizer = optimizer.build(recipe.optimizer, self.network)
        self.average = Average(self.network, recipe.average) if recipe.average else None
        self.log = Log(self.path / "log.jsonl")
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
        recover_directory(self.path / "checkpoints" / "best")
        self.state = checkpoint.load(self.last, self.network, self.optimizer, self.average) or State()
        self.log.cut_back(self.state.step)
        total = self.batches.steps_per_epoch * self.recipe.epochs
        with ExitStack() as stack:
            stack.enter_context(self.plan.applied())
            interrupt = stack.enter_context(Interrupt())
            tracker = stack.enter_context(track("training", total, done=self.state.step, quiet=self.quiet))
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

    def _epoch(self, epoch: int, first: int, interrupt: Interrupt, advance: Advance) -> None:
        began, interval = time.monotonic(), _Interval()
        self.network.train()
        for batch in self.batches.ahead(epoch, first):
            value = self._step(batch, interval)
            advance(1, f"epoch {epoch} loss {value:.3f}")
            at_end = self.state.step % self.batches.steps_per_epoch == 0
            if at_end or interrupt.asked or (self.state.step % self.batches.steps_per_epoch) % self.interval == 0:
                self._log_interval(epoch, interval)
                interval = _Interval()
                if not at_end:
                    began = self._pause(interrupt, began)
        self._end_epoch(epoch, began)
        if interrupt.asked and not self.state.finished:
            self._stop()

    def _step(self, batch: Batch, interval: _Interval) -> float:
        self.state.unreadable.update({str(row): self.store.reason(row) or "" for row in batch.unreadable})
        torch.manual_seed(seed_for("dropout", self.recipe.seed, self.state.step))
        images, labels = self._inputs(batch)
        if len(labels) == 0:
            self.state.step += 1
            return math.nan
        with self.plan.arithmetic():
            scores = self.network(images)
        value = self.criterion(scores, labels)
        number = float(value.detach())
        if not math.isfinite(number):
            stop_not_finite(self.network, images, self.plan, self.state.step + 1, self._lr(), self.last)
        self._follow(value)
        right = int((scores.detach().argmax(1) == labels).sum())
        for sums in (interval, self.state):
            sums.loss_sum += number * len(labels)
            sums.right += right
            sums.seen += len(labels)
        return number

    def _inputs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        images = apply(torch.from_numpy(batch.images).to(self.plan.device), batch.draws)
        images = self.plan.to_device(self.recipe.preprocess.normalize(images))
        return images, torch.from_numpy(batch.labels).to(self.plan.device)

    def _follow(self, value: Tensor) -> None:
        settings = self.recipe.optimizer
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        if settings.l1:
            optimizer.add_l1(optimizer.decayed_parameters(self.network, everything=settings.decay_all), settings.l1)
        if settings.clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip)
        optimizer.set_lr(self.optimizer, self._lr())
        self.optimizer.step()
        self.state.step += 1
        if self.average is not None:
            self.average.update(self.network, self.state.step)

    def _lr(self) -> float:
        factor = schedule.factor_at(
            self.recipe.schedule,
            self.state.step,
            steps_per_epoch=self.batches.steps_per_epoch,
            epochs=self.recipe.epochs,
            falls=self.state.falls,
        )
        return self.recipe.optimizer.lr * factor

    def _pause(self, interrupt: Interrupt, began: float) -> float:
        """Write a checkpoint where one is due or asked for; return where the clock starts again."""
        due = time.monotonic() - self._saved_at >= self.recipe.checkpoint_seconds
        if not (due or interrupt.asked):
            return began
        self.state.seconds += time.monotonic() - began
        self._check_weights()
        self._save()
        if interrupt.asked:
            self._stop()
        return time.monotonic()

    def _stop(self) -> None:
        raise Interrupted(
            f"stopped after step {self.state.step}; nothing is lost. "
            f"Go on exactly where it stopped with: striate train --resume {self.path}"
        )

    def _check_weights(self) -> None:
        if broken_weights(self.network):
            stop_not_finite(self.network, None, self.plan, self.state.step, self._lr(), self.last)

    def _save(self) -> None:
        checkpoint.save(self.last, self.network, self.optimizer, self.average, self.state)
        self._saved_at = time.monotonic()

    def _log_interval(self, epoch: int, interval: _Interval) -> None:
        if interval.seen:
            self.log.add(
                "step",
                epoch=epoch,
                step=self.state.step,
                loss=interval.loss_sum / interval.seen,
                accuracy=interval.right / interval.seen,
                lr=self.optimizer.param_groups[0]["lr"],
            )

    def _end_epoch(self, epoch: int, began: float) -> None:
        state = self.state
        self._check_weights()
        line = {
            "train_loss": state.loss_sum / max(state.seen, 1),
            "train_accuracy": state.right / max(state.seen, 1),
            **self._validate(epoch),
        }
        state.loss_sum, state.right, state.seen = 0.0, 0, 0
        state.seconds += time.monotonic() - began
        state.finished = epoch >= self.recipe.epochs or self._out_of_patience(epoch)
        self.log.add("epoch", epoch=epoch, step=state.step, lr=self._lr(), seconds=state.seconds, **line)
        if state.best is None or state.best["epoch"] == epoch:
            self.recognizer().save(self.path / "checkpoints" / "best")
        self._save()
        told = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in line.items())
        say(f"epoch {epoch}/{self.recipe.epochs}: {told}", quiet=self.quiet)

    def _validate(self, epoch: int) -> dict[str, float]:
        if len(self.sides.val) == 0:
            return {}
        answers = infer(self.evaluated, self.store, self.sides.val, self.plan, classes=len(self.classes))
        scores = torch.from_numpy(answers.scores[answers.answered])
        labels = torch.from_numpy(self.store.table.labels[self.sides.val][answers.answered])
        value = float(self.criterion(scores, labels))
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
