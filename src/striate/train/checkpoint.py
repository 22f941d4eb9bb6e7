"""Checkpoints: everything that an exact resume needs and that is no function of (seed, step).

`last/` holds weights.safetensors, optimizer.safetensors, state.json and, where weights are averaged,
average.safetensors. It appears whole or not at all, and holds no code.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from striate.core.errors import DataError
from striate.core.files import recover_directory, whole_directory
from striate.recognize.recognizer import WEIGHTS, read_weights
from striate.train.average import Average
from striate.train.sums import Sums

_OPTIMIZER, _STATE, _AVERAGE = "optimizer.safetensors", "state.json", "average.safetensors"


@dataclass
class State(Sums):
    """Where a training stands: plain numbers, with the sums over the pictures of the running epoch.

    Args:
        step: steps done.
        best: the best validation so far: epoch, accuracy and loss.
        falls: how often a plateau was met.
        stale: epochs since a better validation loss, for the plateau schedule.
        seconds: of training so far, over all resumptions.
        finished: no steps are left.
        unreadable: pictures that became unreadable while training; row to reason.
        scaling: of the loss, under fp16; empty in any other precision.
    """

    step: int = 0
    best: dict[str, float] | None = None
    least_loss: float | None = None
    falls: int = 0
    stale: int = 0
    seconds: float = 0.0
    finished: bool = False
    unreadable: dict[str, str] = field(default_factory=dict)
    scaling: dict[str, float] = field(default_factory=dict)


def save(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, average: Average | None, state: State
) -> None:
    """Write the checkpoint `path`, in place of the one before."""
    numbers, tensors = _split_state(optimizer.state_dict()["state"])
    with whole_directory(path) as beside:
        (beside / WEIGHTS).write_bytes(to_bytes(_plain(network.state_dict())))
        (beside / _OPTIMIZER).write_bytes(to_bytes(tensors))
        if average is not None:
            (beside / _AVERAGE).write_bytes(to_bytes(_plain(average.network.state_dict())))
        text = json.dumps({"state": asdict(state), "optimizer": numbers}, indent=2, allow_nan=False)
        (beside / _STATE).write_text(text + "\n", encoding="utf-8")


def load(path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, average: Average | None) -> State | None:
    """Restore what `save` wrote into the given objects; None where there is no checkpoint yet.

    Raises:
        DataError: a checkpoint that is damaged or of another training.
    """
    recover_directory(path)
    if not path.is_dir():
        return None
    try:
        written = json.loads((path / _STATE).read_text(encoding="utf-8"))
        tensors = load_file(path / _OPTIMIZER)
        known = {item.name for item in fields(State)}
        state = State(**{name: value for name, value in written["state"].items() if name in known})
        _restore(optimizer, written["optimizer"], tensors)
    except Exception as error:  # noqa: BLE001 JSON, safetensors, torch and the disk each raise their own types
        raise DataError(
            f"the checkpoint {path} is damaged ({error}): without it the run cannot go on where it stopped. "
            f"Begin anew with: striate train --from {path.parent.parent}"
        ) from None
    read_weights(path / WEIGHTS, network)
    if average is not None:
        read_weights(path / _AVERAGE, average.network)
    return state


def _plain(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in sorted(state.items())}


def _split_state(state: dict[int, dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Part an optimizer's state into numbers, for JSON, and tensors, by `parameter.name`."""
    numbers: dict[str, Any] = {}
    tensors: dict[str, Tensor] = {}
    for parameter, values in sorted(state.items()):
        for name, value in values.items():
            key = f"{parameter}.{name}"
            if isinstance(value, Tensor):
                tensors[key] = value.detach().cpu().contiguous()
            else:
                numbers[key] = value
    return numbers, tensors


def _restore(optimizer: torch.optim.Optimizer, numbers: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for key, value in {**numbers, **tensors}.items():
        parameter, _, name = key.partition(".")
        state.setdefault(int(parameter), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    for weight, moments in optimizer.state.items():
        for name, moment in moments.items():
            if isinstance(moment, Tensor) and moment.shape == weight.shape:
                # Laid out in memory as its weight: torch's fused steps walk both by address, whatever their strides.
                moments[name] = torch.empty_like(weight, dtype=moment.dtype).copy_(moment)
