"""SmoothGrad: Smilkov, Thorat, Kim, Viegas and Wattenberg, 2017. https://arxiv.org/abs/1706.03825.

A gradient changes from one pixel's change to the next; its mean over noisy copies of the picture keeps what lasts.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.core.errors import RecipeError
from striate.core.seeds import seed_for
from striate.explain.asking import parts, require
from striate.explain.gradients import gradients, mapped
from striate.inside.inspecting import inspecting
from striate.inside.maps import Maps
from striate.inside.passes import at_once


def explain(
    network: nn.Module,
    images: Tensor,
    classes: Tensor,
    *,
    noise: float = 0.15,
    samples: int = 50,
    seed: int = 0,
    batch: int | None = None,
) -> Maps:
    """Return the mean gradient of the score of `classes` over noisy copies of each picture.

    The noise is drawn on the CPU from `seed` alone, the same for every picture: it depends neither on the batch nor
    on the device.

    Args:
        network: left as it is, bit by bit.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64.
        noise: standard deviation, as a share of the range of each picture; the paper advises 0.1 to 0.2.
        samples: noisy copies of each picture.
        seed: of the noise.
        batch: copies that pass at once; by default by their size.

    Returns:
        Maps (N, H, W): the signed sum over the channels; each channel's value is in `channels`.

    Raises:
        DoesNotApply: the question is not well put, or the score has no gradient.
        RecipeError: no samples, or negative noise.
    """
    require(images, classes)
    if samples < 1 or noise < 0:
        raise RecipeError(f"samples = {samples}, noise = {noise}: at least one sample, and noise of at least 0")
    draws = torch.Generator().manual_seed(seed_for("smoothgrad", seed))
    drawn = torch.randn(samples, *images.shape[1:], generator=draws, dtype=torch.float64).to(images)
    flat = images.flatten(1)
    spread = (noise * (flat.amax(dim=1) - flat.amin(dim=1)))[:, None, None, None]
    total = torch.zeros_like(images)
    with inspecting(network) as inside:
        for part in parts(len(images) * samples, at_once(images, batch, gradients=True)):
            pair = torch.arange(part.start, part.stop, device=images.device)
            picture, sample = pair // samples, pair % samples
            noisy = images[picture] + spread[picture] * drawn[sample]
            total.index_add_(0, picture, gradients(inside, noisy, classes[picture.to(classes.device)]))
    return mapped((total / samples).detach(), "smoothgrad")
