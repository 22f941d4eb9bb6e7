"""Deconvnet: Zeiler and Fergus, 2013. https://arxiv.org/abs/1311.2901.

The score goes back through the transposed layers, pools by the switches that the picture set, and is rectified at
every ReLU. For the activation of a single unit, as in the paper's figures, see `inside.projection`.
"""

from __future__ import annotations

from torch import Tensor, nn

from striate.explain.gradients import mapped, projected
from striate.inside.maps import Maps
from striate.inside.rectifiers import deconvnet


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, batch: int | None = None) -> Maps:
    """Return the score of `classes`, seeded with 1, projected back to the pixels.

    Batch norm multiplies by what it multiplies by in evaluation mode, average pools spread, branches add. What comes
    out is signed, as the last step is a convolution.

    Args:
        network: left as it is, bit by bit.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64.
        batch: pictures that pass at once; by default by their size.

    Returns:
        Maps (N, H, W): the signed sum over the channels; each channel's value is in `channels`.

    Raises:
        DoesNotApply: the question is not well put, or the network has nonlinearities other than ReLU, or none.
    """
    return mapped(projected(network, images, classes, deconvnet, "deconvnet", batch), "deconvnet")
