"""Why a loss is not finite: the step, and the first layer whose output broke."""

from pathlib import Path
from typing import NoReturn

import torch
from torch import Tensor, nn

from striate.core.errors import TrainingStopped
from striate.runtime.plan import Plan


def stop_not_finite(
    network: nn.Module, images: Tensor | None, plan: Plan, step: int, lr: float, last: Path
) -> NoReturn:
    """Stop a training whose loss is not finite.

    Args:
        network: with the weights that the loss was computed with.
        images: the batch (N, C, H, W), normalized; None where the loss broke on validation pictures.
        plan: how the arithmetic runs.
        step: the step that broke, from 1.
        lr: its learning rate.
        last: the newest checkpoint; it was written while all was finite.

    Raises:
        TrainingStopped: always; it names the step, the place and the remedy.
    """
    place = broken_weights(network)
    if place is None and images is not None:
        place = _broken_output(network, images, plan)
    place = place or "the loss itself"
    kept = f"The last good checkpoint is {last}." if last.is_dir() else "No checkpoint had been written yet."
    raise TrainingStopped(
        f"the loss is not finite at step {step} (learning rate {lr:.3g}): first broken is {place}. {kept} "
        f"Try a smaller learning rate (--set optimizer.lr={lr / 10:.3g}), clipping (--set optimizer.clip=1.0) "
        "or a longer warm-up (--set schedule.warmup=2)."
    )


def broken_weights(network: nn.Module) -> str | None:
    """Return a sentence's part that names the first weight or buffer that is not finite, or None."""
    for name, value in network.state_dict().items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            return f"the weight {name}, which the steps before drove out of range"
    return None


@torch.no_grad()
def _broken_output(network: nn.Module, images: Tensor, plan: Plan) -> str | None:
    if not torch.isfinite(images).all():
        return "the input: its pixels are not finite after normalization"
    broken: list[str] = []

    def look(name: str, output: object) -> None:
        if isinstance(output, Tensor) and not torch.isfinite(output).all():
            broken.append(name)

    leaves = [(name, module) for name, module in network.named_modules() if not list(module.children())]
    hooks = [
        module.register_forward_hook(lambda _m, _i, output, name=name: look(name, output)) for name, module in leaves
    ]
    try:
        with plan.arithmetic():
            network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return f"the output of layer {broken[0]}" if broken else None
