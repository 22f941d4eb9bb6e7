"""Model randomization: Adebayo et al., "Sanity checks for saliency maps", 2018. https://arxiv.org/abs/1810.03292.

A map that stays the same when the weights are drawn anew does not show what the network has learned. Weights are
drawn anew from the scores downwards, in a copy, and the maps before and after are compared by rank.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.core.seeds import seed_for
from striate.inside.inspecting import plain
from striate.inside.layers import layers
from striate.inside.maps import Maps

SEEDS = 3
POINTS = 4  # of the cascade at which maps are made

Ask = Callable[[nn.Module, Tensor, Tensor], Maps]
_Norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True)
class Randomized:
    """How alike the maps of N pictures are before and after, as rank correlations from -1 to 1.

    Args:
        layers: (P,) the name of the lowest layer that was drawn anew; at the last all were.
        signed: (seeds, P, N), of the maps as they are.
        absolute: (seeds, P, N), of their absolute values, which the structure of the picture dominates.
    """

    layers: tuple[str, ...]
    signed: Tensor
    absolute: Tensor


def randomization(
    ask: Ask,
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    *,
    seeds: int = SEEDS,
    points: int = POINTS,
    before: Maps | None = None,
) -> Randomized:
    """Compare what `ask` shows of `network` with what it shows of copies whose weights are drawn anew.

    Args:
        ask: gives maps for a network, images and classes, as `striate.explain.explain` does.
        network: left as it is.
        images: (N, C, H, W), normalized.
        classes: (N,) int64.
        seeds: how many copies; one is no test.
        points: at how many layers of the cascade maps are made; the last is where all weights are new.
        before: the maps of `network`, where they are known already.

    Raises:
        DoesNotApply: the network has no weights.
    """
    first = (before or ask(network, images, classes)).place()
    names: list[str] = []
    signed, absolute = [], []
    for seed in range(seeds):
        for name, copy in cascade(network, images, seed=seed, points=points):
            then = ask(copy, images, classes).place()
            names.append(name)
            signed.append(rank_correlation(first, then))
            absolute.append(rank_correlation(first.abs(), then.abs()))
    shape = (seeds, -1, len(images))
    every = names[: len(names) // seeds]
    return Randomized(tuple(every), torch.stack(signed).view(shape), torch.stack(absolute).view(shape))


def cascade(
    network: nn.Module, images: Tensor, *, seed: int = 0, points: int | None = None
) -> Iterator[tuple[str, nn.Module]]:
    """Yield a copy of `network` again and again, each time with more weights drawn anew, from the scores downwards.

    Each layer draws as it does when it is made (`reset_parameters`); where a module has no such way of its own, its
    values are shuffled, which keeps their scale. Batch norm then takes the statistics of what reaches it from
    `images`: those of before belong to other weights, and without any the signal would die or burst.

    Args:
        network: left as it is.
        images: (N, C, H, W), normalized.
        seed: of the weights.
        points: yield so many times, evenly spread over the layers; by default for each layer.

    Raises:
        DoesNotApply: the network has no weights.
    """
    copy = deepcopy(plain(network)).eval()
    names = _weighted(copy, images)
    stops = {round(stop) for stop in np.linspace(0, len(names), (points or len(names)) + 1)[1:]}
    for count, name in enumerate(names, 1):
        with _drawing(copy, seed_for("randomized", seed, name)):
            _draw(copy.get_submodule(name))
        if count in stops:
            _settle(copy, names[:count], images)
            yield name, copy


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """Return Spearman's rank correlation (N,) of maps (N, H, W); equal values share their mean rank.

    Two constant maps are the same (1); a constant one has nothing in common with another (0).
    """
    a, b = (rankdata(maps.detach().flatten(1).cpu().double().numpy(), axis=1) for maps in (first, second))
    a, b = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (a, b))
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    both = ~a.any(axis=1) & ~b.any(axis=1)
    return torch.from_numpy(np.where(size > 0, (a * b).sum(axis=1) / np.where(size > 0, size, 1), both.astype(float)))


def _weighted(network: nn.Module, images: Tensor) -> list[str]:
    """Return the modules that hold weights of their own and run, the one that ends last first."""
    shape = (images.shape[1], images.shape[2], images.shape[3])
    ends = [name.partition("#")[0] for name in layers(network, shape)]
    names = [name for name in dict.fromkeys(reversed(ends)) if any(True for _ in _own(network.get_submodule(name)))]
    if not names:
        raise DoesNotApply(f"{type(network).__name__} has no weights that could be drawn anew")
    return names


def _own(module: nn.Module) -> Iterator[nn.Parameter]:
    return module.parameters(recurse=False)


def _draw(module: nn.Module) -> None:
    reset = getattr(module, "reset_parameters", None)
    with torch.no_grad():
        if callable(reset):
            reset()
            return
        for weight in _own(module):
            shuffled = weight.flatten()[torch.randperm(weight.numel()).to(weight.device)]
            weight.copy_(shuffled.view_as(weight))


@contextmanager
def _drawing(network: nn.Module, seed: int) -> Iterator[None]:
    """Draw from `seed`, and leave the random state of all else as it is."""
    devices = sorted({weight.device.index for weight in network.parameters() if weight.is_cuda})
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


def _settle(network: nn.Module, names: list[str], images: Tensor) -> None:
    """Give the batch norms `names`, in the order in which they run, the statistics of what reaches each."""

    def take(module: nn.Module, given: tuple[Tensor, ...]) -> None:
        values = given[0].transpose(0, 1).flatten(1)
        mean, variance = module.running_mean, module.running_var
        if isinstance(mean, Tensor) and isinstance(variance, Tensor) and values.shape[1] > 1:  # of one value: none
            mean.copy_(values.mean(dim=1))
            variance.copy_(values.var(dim=1, unbiased=False))

    norms = [module for module in map(network.get_submodule, names) if isinstance(module, _Norms)]
    hooks = [module.register_forward_pre_hook(take) for module in norms]
    try:
        with torch.no_grad():
            if hooks:
                network(images.clone())
    finally:
        for hook in hooks:
            hook.remove()
