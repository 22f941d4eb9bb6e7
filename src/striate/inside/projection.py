"""One unit's activation projected back to the pixels: Zeiler and Fergus, 2013. https://arxiv.org/abs/1311.2901.

All other activations of the layer are set to zero, and what is left is passed down through the transposed layers,
pools by the switches that the picture set. That is a backward pass in which ReLUs have a rule of their own (section
2.1; Simonyan et al., 2013, https://arxiv.org/abs/1312.6034, section 4), seeded with the activation. The backward pass
of a pool adds what overlapping windows send to the same place; `F.max_unpool2d` keeps one of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from striate.core.catalog import Catalog
from striate.core.errors import DoesNotApply
from striate.inside.inspecting import Inside, inspecting
from striate.inside.passes import at_once
from striate.inside.rectifiers import Rule, deconvnet, guided, overriding

RULES: Catalog[Rule | None] = Catalog("rule", {"deconvnet": deconvnet, "guided": guided, "gradient": None})

Units = Sequence[int] | Tensor
Places = Sequence[tuple[int, int]] | Tensor


def project(
    network: nn.Module,
    images: Tensor,
    layer: str,
    units: Units,
    places: Places | None = None,
    rule: str = "deconvnet",
    *,
    batch: int | None = None,
) -> Tensor:
    """Return what of each picture the activation of its unit is made of, by `rule`.

    Batch norm multiplies by what it multiplies by in evaluation, average pools spread, and branches add, so that the
    result is signed. It depends on the switches: it shows the picture as much as the unit.

    Args:
        network: left as it is, bit by bit.
        images: (N, C, H, W), normalized; the same picture may come several times.
        layer: which gives maps (n, K, h, w), or vectors (n, K).
        units: (N,), the channel for each picture.
        places: (N, 2), row and column in the channel's map, ignored of vectors; None: the whole map is projected.
        rule: a name of `RULES`.
        batch: pictures that pass at once; by default by their size.

    Returns:
        (N, C, H, W): the projection seeded with the activation's value, so that those of several units compare in
        brightness. By `gradient` it is activation times gradient.

    Raises:
        UnknownName: no such layer or rule.
        DoesNotApply: nonlinearities other than ReLU, for the rules that need it; no such unit or place; the layer
            gives neither maps nor vectors, or does not see the picture.
    """
    if not (images.ndim == 4 and len(images) and images.is_floating_point()):
        raise DoesNotApply(f"what is projected to are pictures (N, C, H, W), not {images.dtype} {tuple(images.shape)}")
    chosen, where = _chosen(len(images), units, places)
    size = at_once(images, batch, gradients=True)
    with inspecting(network) as inside, torch.enable_grad():
        seen = inside.capture(layer)
        made = []
        for start in range(0, len(images), size):
            part = slice(start, start + size)
            leaf = images[part].detach().clone().requires_grad_()
            _pass(inside, leaf, rule)
            seed = _seed(seen.output.detach(), layer, chosen[part], None if where is None else where[part])
            made.append(_down(seen.output, seed, leaf, layer))
    return torch.cat(made)


def _chosen(count: int, units: Units, places: Places | None) -> tuple[Tensor, Tensor | None]:
    chosen = torch.as_tensor(units, dtype=torch.int64)
    where = None if places is None else torch.as_tensor(places, dtype=torch.int64)
    if chosen.shape != (count,) or (where is not None and where.shape != (count, 2)):
        given = f"units {tuple(chosen.shape)}" + ("" if where is None else f" and places {tuple(where.shape)}")
        raise DoesNotApply(f"{count} pictures take one unit and one place (row, column) each, not {given}")
    return chosen, where


def _pass(inside: Inside, leaf: Tensor, rule: str) -> None:
    applied = RULES[rule]
    if applied is None:
        inside.scores(leaf)
        return
    with overriding(applied, f"the projection by {rule}") as rectifiers:
        inside.scores(leaf)
    rectifiers.require()


def _seed(activations: Tensor, layer: str, units: Tensor, places: Tensor | None) -> Tensor:
    """Return the activations of the units, and 0 elsewhere."""
    if activations.ndim not in (2, 4):
        shape = " x ".join(map(str, activations.shape[1:]))
        raise DoesNotApply(
            f"{layer} gives {shape}, neither maps (K, h, w) nor a vector (K): it has no units to project"
        )
    pictures, units = torch.arange(len(activations), device=activations.device), units.to(activations.device)
    _require_within(units, activations.shape[1], f"unit of {layer}")
    index: tuple[Tensor, ...] = (pictures, units)
    if activations.ndim == 4 and places is not None:
        rows, columns = places.to(activations.device).unbind(1)
        _require_within(rows, activations.shape[2], f"row of {layer}")
        _require_within(columns, activations.shape[3], f"column of {layer}")
        index = (*index, rows, columns)
    seed = torch.zeros_like(activations)
    seed[index] = activations[index]
    return seed


def _require_within(numbers: Tensor, count: int, what: str) -> None:
    wrong = numbers[(numbers < 0) | (numbers >= count)]
    if len(wrong):
        raise DoesNotApply(f"{int(wrong[0])} is no {what}, which has {count}, counted from 0")


def _down(activations: Tensor, seed: Tensor, leaf: Tensor, layer: str) -> Tensor:
    (made,) = torch.autograd.grad(activations, leaf, seed, allow_unused=True)
    if made is None:
        raise DoesNotApply(
            f"{layer} is not made from the picture by operations that have gradients: nothing to project"
        )
    return made.detach()
