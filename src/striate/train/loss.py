"""Losses over scores (N, K): sums over the batch of its weighted examples, to be divided by the sum of their weights.

A target is a label, or where pictures are mixed, shares of the classes that sum to 1.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from striate.core.errors import RecipeError
from striate.train.recipe import Loss


class Criterion:
    """The recipe's loss; called, it returns the sum () of the weighted losses of scores (N, K) for targets.

    That over what the targets weigh is the loss. A mixed picture weighs what its classes weigh, by their shares.

    Args:
        recipe: which loss, and its constants.
        counts: (K,) training pictures of each class, for balanced weights.

    Raises:
        RecipeError: as many class weights as classes are needed.
    """

    def __init__(self, recipe: Loss, counts: Tensor) -> None:
        self.recipe = recipe
        self._weights = class_weights(recipe, counts)

    def __call__(self, scores: Tensor, targets: Tensor) -> Tensor:
        """Return the sum () of the weighted losses.

        Args:
            scores: (N, K).
            targets: labels (N,) or shares (N, K).
        """
        losses = _EACH[self.recipe.name](self.recipe, scores.float(), targets)
        return losses.sum() if self._weights is None else (losses * self._of_each(self._weights, targets)).sum()

    def weight(self, targets: Tensor) -> Tensor:
        """Return what pictures with these targets weigh together, () float32."""
        if self._weights is None:
            return torch.full((), float(len(targets)), device=targets.device)
        return self._of_each(self._weights, targets).sum()

    def _of_each(self, weights: Tensor, targets: Tensor) -> Tensor:
        known = weights.to(targets.device)
        return known[targets] if targets.ndim == 1 else targets @ known


def class_weights(recipe: Loss, counts: Tensor) -> Tensor | None:
    """Return (K,) weights of mean 1 over the training pictures, or None where all count the same."""
    if recipe.class_weights == "none":
        return None
    if recipe.class_weights == "balanced":
        present = counts > 0
        share = counts.sum() / (present.sum() * counts.clamp(min=1))
        return torch.where(present, share, torch.zeros_like(share)).float()
    if len(recipe.class_weights) != len(counts):
        raise RecipeError(f"loss.class_weights has {len(recipe.class_weights)} values for {len(counts)} classes")
    return torch.tensor(recipe.class_weights)


def _cross_entropy(recipe: Loss, scores: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(scores, targets, label_smoothing=recipe.label_smoothing, reduction="none")


def _mse(_recipe: Loss, scores: Tensor, targets: Tensor) -> Tensor:
    shares = F.one_hot(targets, scores.shape[1]) if targets.ndim == 1 else targets
    return (scores - shares).square().mean(1)


def _bump(recipe: Loss, scores: Tensor, targets: Tensor) -> Tensor:
    classes = scores.shape[1]
    if targets.ndim == 1:
        wanted = bump_targets(targets, classes, recipe.width)
    else:
        wanted = targets @ bump_targets(torch.arange(classes, device=targets.device), classes, recipe.width)
    return (scores - wanted).square().mean(1)


def bump_targets(labels: Tensor, classes: int, width: float) -> Tensor:
    """Return (N, K) targets that are 1 at the label and fall off as a Gaussian of deviation `width` beside it."""
    distance = torch.arange(classes, device=labels.device) - labels[:, None]
    return torch.exp(-0.5 * (distance / width).square())


def _map(recipe: Loss, scores: Tensor, labels: Tensor) -> Tensor:
    # LeCun et al. 1998, equation 9, with scores = -penalties: y_target + log(e^-j + sum e^-y)
    rubbish = torch.full_like(scores[:, :1], -recipe.margin)
    everything = torch.logsumexp(torch.cat([scores, rubbish], 1), 1)
    return everything - scores.gather(1, labels[:, None])[:, 0]


def _perceptron(_recipe: Loss, scores: Tensor, labels: Tensor) -> Tensor:
    # Zero where the answer is right; else its gradient is Rosenblatt's correction of the two classes concerned.
    answer = scores.argmax(1, keepdim=True)
    return (scores.gather(1, answer) - scores.gather(1, labels[:, None]))[:, 0]


_EACH: dict[str, Callable[[Loss, Tensor, Tensor], Tensor]] = {
    "cross_entropy": _cross_entropy,
    "mse": _mse,
    "bump": _bump,
    "map": _map,
    "perceptron": _perceptron,
}
