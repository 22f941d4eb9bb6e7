"""What the methods that look back to the pixels share: the gradient of a class's score, and the map made of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.explain.asking import of_class, parts, require
from striate.inside.inspecting import Inside, inspecting
from striate.inside.maps import Maps
from striate.inside.passes import at_once
from striate.inside.rectifiers import Rule, overriding

FLAT = "flat: nothing reaches the pixels from this score, so that the map is empty; see occlusion"


def gradients(inside: Inside, images: Tensor, classes: Tensor) -> Tensor:
    """Return the gradient (N, C, H, W) of each picture's score, in one pass.

    Raises:
        DoesNotApply: no such class, or the score has no gradient.
    """
    with torch.enable_grad():
        leaf = images.detach().clone().requires_grad_()
        score = of_class(inside.scores(leaf), classes).sum()
        found = torch.autograd.grad(score, leaf, allow_unused=True)[0] if score.requires_grad else None
    if found is None:
        raise DoesNotApply(
            f"the scores of {type(inside.network).__name__} have no gradient with respect to the picture: use "
            "occlusion or rise, which need none"
        )
    return found.detach()


def projected(
    network: nn.Module, images: Tensor, classes: Tensor, rule: Rule, method: str, batch: int | None
) -> Tensor:
    """Return the gradient (N, C, H, W) of each picture's score where ReLUs pass it by `rule`.

    Raises:
        DoesNotApply: the network has other nonlinearities, or none.
    """
    require(images, classes)
    made = []
    with inspecting(network) as inside:
        for part in parts(len(images), at_once(images, batch, gradients=True)):
            with overriding(rule, method) as rectifiers:
                made.append(gradients(inside, images[part], classes[part]))
            rectifiers.require()
    return torch.cat(made)


def mapped(channels: Tensor, method: str, notes: Sequence[str] = (), completeness: Tensor | None = None) -> Maps:
    """Return values (N, C, H, W) of each channel as signed maps: a pixel's value is the sum over its channels.

    A picture without any value is noted as flat.
    """
    said = notes or [""] * len(channels)
    some = channels.flatten(1).any(dim=1).tolist()
    return Maps(
        channels.sum(dim=1),
        signed=True,
        method=method,
        picture=(channels.shape[2], channels.shape[3]),
        channels=channels,
        notes=tuple(note if any_ or note else FLAT for note, any_ in zip(said, some, strict=True)),
        completeness=completeness,
    )
