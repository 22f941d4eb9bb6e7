"""One training step: forward, backward and the optimizer's move, in one process or in many that work as one."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from striate.core.seeds import seed_for
from striate.data.augment import apply, targets
from striate.data.batches import Batch
from striate.layers.network import Network
from striate.runtime.plan import Plan
from striate.runtime.processes import ALONE, Group
from striate.runtime.scaling import Scaling
from striate.train import loss, optimizer
from striate.train.recipe import Recipe


@dataclass(frozen=True)
class Outcome:
    """What a step did, over the pictures of all processes.

    Args:
        loss: mean over the batch, before the move; not finite where the step was not taken, NaN without pictures.
        right: pictures whose class had the highest score; of mixed pictures, the class with the larger share.
        seen: pictures.
        auxiliary: the same two of each auxiliary head, by its name; these losses before they are weighted.
        asked: whether any process wishes to stop.
    """

    loss: float
    right: int
    seen: int
    auxiliary: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    asked: bool = False


class Step:
    """The training steps of `network`.

    Each process works on its part of a batch. Losses are summed, not averaged, before they are divided by what the
    whole batch weighs, so that unequal parts count as they do in one process.

    Args:
        recipe: loss, optimizer and preprocessing.
        plan: how the arithmetic runs.
        network: prepared by the plan.
        counts: (K,) training pictures of each class.
        group: the processes that work together.
    """

    def __init__(self, recipe: Recipe, plan: Plan, network: nn.Module, counts: Tensor, group: Group = ALONE) -> None:
        self.recipe, self.plan, self.network, self.group = recipe, plan, network, group
        self.classes = len(counts)
        self.criterion = loss.Criterion(recipe.loss, counts)
        self.optimizer = optimizer.build(recipe.optimizer, network)
        self.scaling = Scaling(plan)
        extra = network if isinstance(network, Network) else None
        self._heads = tuple(extra.auxiliary) if extra else ()
        self._shares = torch.tensor([1.0, *(extra.auxiliary_weights if extra else ())], device=plan.device)
        self._weights = tuple(network.parameters())
        self._forward = plan.compiled(group.parallel(network))
        if group.world > 1:
            # After its first step, DDP adds gradients up in another order. That step is spent here, so that a run
            # taken up again adds as one that was never stopped.
            self._motions().backward()  # type: ignore[no-untyped-call]

    def inputs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return what the network is to see, augmented and normalized, and what it is to answer."""
        images = apply(torch.from_numpy(batch.images).to(self.plan.device), batch.draws)
        images = self.recipe.preprocess.normalize(self.plan.to_device(images))  # laid out while a pixel is a byte
        labels = torch.from_numpy(batch.labels).to(self.plan.device)
        return images, targets(labels, batch.draws, self.classes)

    def step(self, images: Tensor, answers: Tensor, number: int, lr: float, *, wish: bool = False) -> Outcome:
        """Take one step and return what it did.

        Args:
            images: (N, C, H, W), normalized; N may be 0 where other processes have pictures.
            answers: (N,) labels, or (N, K) shares of the classes.
            number: of the step, which settles dropout.
            lr: the learning rate.
            wish: whether this process wishes to stop, for the others to know.
        """
        self._seed_dropout(number)
        weight = self.criterion.weight(answers)
        extent = [weight, torch.full_like(weight, len(images)), torch.full_like(weight, wish)]
        shown = self.group.adding(torch.stack(extent))
        totals, rights = self._losses(images, answers)
        found = self.group.adding(torch.cat([totals.detach(), rights]), self.network)
        whole = shown()
        self._backward((totals * self._shares).sum() * (self.group.world / whole[0]))
        weight_sum, seen, asked, *sums = torch.cat([whole, found()]).tolist()
        losses = [total / weight_sum if weight_sum else math.nan for total in sums[: len(totals)]]
        finite = all(map(math.isfinite, losses))
        if finite:
            self._move(lr)
        loss, *others = losses
        right, *rights_of_others = map(int, sums[len(totals) :])
        extra = dict(zip(self._heads, zip(others, rights_of_others, strict=True), strict=True))
        return Outcome(loss if finite else math.nan, right, int(seen), extra, asked > 0)

    def _losses(self, images: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums of the losses and how many are right, of each head (1 + A,)."""
        if len(images) == 0:
            return self._nothing()
        truth = answers if answers.ndim == 1 else answers.argmax(1)
        scores = self._scores(images)
        totals = [self.criterion(part, answers) for part in scores]
        rights = [(part.detach().argmax(1) == truth).sum() for part in scores]
        return torch.stack(totals), torch.stack(rights)

    def _scores(self, images: Tensor) -> list[Tensor]:
        """Return the scores of the head, and of the auxiliary heads where there are any."""
        with self.plan.arithmetic():
            if self._heads:
                scores: list[Tensor] = self._forward(images, auxiliary=True)
                return scores
            return [self._forward(images)]

    def _nothing(self) -> tuple[Tensor, Tensor]:
        """Return sums over no pictures; other processes wait for this one to go through the motions all the same."""
        none = torch.zeros_like(self._shares)
        return none + (self._motions() if self.group.world > 1 else 0), none

    def _motions(self) -> Tensor:
        """Return 0, as a function of every parameter; batch norm learns nothing from it."""
        kept = [buffer.clone() for buffer in self.network.buffers()]
        shape = (2, self.recipe.preprocess.channels, *self.recipe.preprocess.size)
        scores = self._scores(self.plan.to_device(torch.zeros(shape)))
        for buffer, before in zip(self.network.buffers(), kept, strict=True):
            buffer.data.copy_(before)  # unseen by autograd, whose backward pass does not read it
        return torch.stack([part.float().sum() for part in scores]).sum() * 0

    def _backward(self, value: Tensor) -> None:
        for weight in self._weights:
            weight.grad = None  # as zero_grad does it, in 0.1 ms of 0.3 for resnet20
        if value.requires_grad:  # without pictures, and alone, there is nothing to go back through
            self.scaling.backward(value)

    def _move(self, lr: float) -> None:
        settings = self.recipe.optimizer
        self.scaling.unscale(self.optimizer)
        if settings.l1:
            optimizer.add_l1(optimizer.decayed_parameters(self.network, everything=settings.decay_all), settings.l1)
        if settings.clip is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), settings.clip)
        optimizer.set_lr(self.optimizer, lr)
        self.scaling.step(self.optimizer)

    def _seed_dropout(self, number: int) -> None:
        """Let dropout be drawn anew from (seed, step), and apart from that of other processes."""
        rank = (self.group.rank,) if self.group.world > 1 else ()
        seed = seed_for("dropout", self.recipe.seed, number, *rank)
        # torch.manual_seed looks for every other kind of device too: 0.12 ms, 1.5 % of a step of lenet5_modern
        (torch.default_generator if self.plan.device == "cpu" else torch).manual_seed(seed)
