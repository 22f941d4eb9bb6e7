"""Whether a network takes the pictures at all: asked where a method has failed, so that it costs nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.inspecting import inspecting
from striate.zoo.trial import told

_RAISED = (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError)


@contextmanager
def refusing(network: nn.Module, images: Tensor) -> Iterator[None]:
    """Turn what a network raises on pictures that it does not take into an error that says what it takes.

    Raises:
        DoesNotApply: the type, the device or the shape of the pictures is wrong.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except _RAISED as error:
        reason = _reason(network, images)
        if reason is None:
            raise
        raise DoesNotApply(reason) from error


def _reason(network: nn.Module, images: Tensor) -> str | None:
    """Return why `network` takes no such pictures, or None where it takes the first."""
    try:
        with inspecting(network) as inside, torch.no_grad():
            inside.scores(images[:1])
    except _RAISED as error:
        name = type(network).__name__
        weights = [weight for weight in network.parameters() if weight.is_floating_point()]
        kinds, places = {str(weight.dtype) for weight in weights}, {str(weight.device) for weight in weights}
        if kinds and str(images.dtype) not in kinds:
            return (
                f"{name} has weights of {_all(kinds)}, and the pictures are {images.dtype}: convert them by images.to"
            )
        if places and str(images.device) not in places:
            return f"{name} is on {_all(places)}, and the pictures are on {images.device}: move them by images.to"
        return f"{name} takes no pictures (C, H, W) = {tuple(images.shape[1:])}: {told(error)}; {_channels(network)}"
    return None


def _all(names: set[str]) -> str:
    return " and ".join(sorted(names))


def _channels(network: nn.Module) -> str:
    first = next((module for module in network.modules() if isinstance(module, nn.Conv2d)), None)
    if first is None:
        return "give pictures of the size that it was made for"
    return f"its first convolution takes {first.in_channels} channels; give pictures as it was made for"
