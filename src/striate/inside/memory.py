"""How much memory a training step takes, from the shapes alone.

The forward pass of a training step is traced with its gradients on, and what is still alive at its end is what the
backward pass needs: this is autograd's own choice, not a guess by kind of layer, so in-place and checkpointed layers
count as they are. Everything is float32 unless the network itself makes it otherwise. Not counted: what one operation
borrows while it runs (workspaces, and the gradients of maps in the backward pass), fragmentation, and the libraries.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from striate.inside.phantom import mode, phantom
from striate.inside.tracing import Answer, Call, Watch, kind_of, memory_of, refusing, tensors

STATE = {"sgd": 1, "rmsprop": 2, "adam": 2, "adamw": 2}  # values kept a weight; of sgd and rmsprop, with momentum


@dataclass(frozen=True)
class Memory:
    """Bytes at the end of a training step's forward pass.

    Args:
        batch: pictures in the step.
        optimizer: the name of the optimizer.
        weights: parameters and buffers.
        gradients: of the trainable parameters.
        state: what the optimizer keeps for them.
        images: the batch itself.
        activations: what is kept for the backward pass, by the module that made it; "" is the network itself.
    """

    batch: int
    optimizer: str
    weights: int
    gradients: int
    state: int
    images: int
    activations: Mapping[str, int]

    @property
    def kept(self) -> int:
        """What is kept for the backward pass, of all modules."""
        return sum(self.activations.values())

    @property
    def total(self) -> int:
        """All together."""
        return self.weights + self.gradients + self.state + self.images + self.kept


class _Alive:
    """Counts the bytes that are alive, by the module that made them; those of `known` tensors are not counted."""

    def __init__(self, known: Sequence[Tensor]) -> None:
        self.bytes: dict[str, int] = {}
        self._counted = {memory_of(tensor) for tensor in known}

    def note(self, event: Call | Answer) -> None:
        if not isinstance(event, Call):
            return
        for tensor in tensors(event.result):
            storage, number = tensor.untyped_storage(), memory_of(tensor)
            if number not in self._counted:
                self._counted.add(number)
                self._add(event.module, storage.nbytes())
                weakref.finalize(storage, self._gone, number, event.module, storage.nbytes())

    def _add(self, module: str, count: int) -> None:
        self.bytes[module] = self.bytes.get(module, 0) + count

    def _gone(self, number: int, module: str, count: int) -> None:
        self._counted.discard(number)
        self._add(module, -count)


def training_memory(network: nn.Module, shape: Sequence[int], *, batch: int, optimizer: str = "sgd") -> Memory:
    """Return what one step of training takes with a batch of pictures (C, H, W).

    Args:
        network: any module that takes one batch of pictures; it is left as it is. Auxiliary heads run as in training.
        shape: of one picture, (C, H, W).
        batch: how many pictures a step has.
        optimizer: a name of `STATE`.

    Raises:
        DoesNotApply: the network cannot take such pictures, or not so few in training.
    """
    ghost = phantom(network)
    images = torch.empty(batch, *shape, device="meta", dtype=kind_of(network))
    held = [*ghost.parameters(), *ghost.buffers()]
    alive = _Alive([*held, images])
    heads = {"auxiliary": True} if len(getattr(ghost, "auxiliary", ())) else {}
    with mode(ghost, training=True), torch.enable_grad(), refusing(network, shape), Watch(ghost, alive.note).running():
        scores = ghost(images, **heads)
        kept = {module: count for module, count in alive.bytes.items() if count}
    del scores
    trainable = sum(_bytes(parameter) for parameter in ghost.parameters() if parameter.requires_grad)
    return Memory(
        batch, optimizer, sum(map(_bytes, held)), trainable, STATE[optimizer] * trainable, _bytes(images), kept
    )


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
