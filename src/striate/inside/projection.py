"""One unit's value, projected back to the pixels: Zeiler and Fergus, 2013. https://arxiv.org/abs/1311.2901.

All of a layer is zero but one activation; from there the value goes back to the picture through the switches of the
poolings (torch's own backward pass of a pooling, which adds where windows overlap), ReLUs by a rule, and the
transposed filters. Batch norm multiplies by its scale over its deviation, as it would if it were folded.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.inspecting import inspecting
from striate.inside.rectifiers import deconvnet, guided, overriding

By = Literal["deconvnet", "guided", "gradient"]
_RULES = {"deconvnet": deconvnet, "guided": guided}


def project(
    network: nn.Module,
    images: Tensor,
    layer: str,
    units: Sequence[int],
    places: Sequence[tuple[int, int]],
    by: By = "deconvnet",
) -> Tensor:
    """Return the projection (N, C, H, W) of one unit's value in each picture.

    Args:
        network: left exactly as it was.
        images: (N, C, H, W), normalized.
        layer: whose units; one with maps, or vectors, of whose places only (0, 0) exists.
        units: (N,) channel numbers.
        places: (N,) y, x of each unit in its map.
        by: how ReLUs are passed; gradient: as they are.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the rule does not fit the network's nonlinearities.
    """
    with inspecting(network) as inside, torch.enable_grad():
        seen = inside.capture(layer)
        leaf = images.detach().clone().requires_grad_()
        if by == "gradient":
            inside.scores(leaf)
        else:
            with overriding(_RULES[by], by) as rectifiers:
                inside.scores(leaf)
            rectifiers.require()
        output = seen.output
        seed = torch.zeros_like(output)
        rows = torch.arange(len(images), device=output.device)
        chosen = torch.as_tensor(units, device=output.device)
        if output.ndim == 2:
            index: tuple[Tensor, ...] = (rows, chosen)
        elif output.ndim == 4:
            y, x = torch.as_tensor(places, device=output.device).T
            index = (rows, chosen, y, x)
        else:
            raise DoesNotApply(f"{layer} gives {tuple(output.shape[1:])}, neither maps nor a vector of units")
        seed[index] = output.detach()[index]
        (projected,) = torch.autograd.grad(output, leaf, seed)
    return projected
