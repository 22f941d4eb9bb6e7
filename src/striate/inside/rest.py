"""The rest of a network: run it again from one layer on, with other activations there, and nothing of what is before.

What changes one map at a time, as Ablation-CAM does, needs the same beginning thousands of times. Here it runs once.
In every pass after, the modules that had ended before the layer began give at once what they gave then, and the
layer gives what it is told to; all that follows is computed. That needs no graph of the network, so that skip
connections, branches and any control flow stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from striate.core.errors import DoesNotApply
from striate.inside.inspecting import Inside
from striate.inside.names import Name, resolve


class Rest:
    """What follows one layer, for a batch of pictures whose way up to there is known.

    Args:
        inside: the network that is looked at.
        layer: the layer that gives other activations.
        images: (N, C, H, W), normalized.

    Attributes:
        activations: (N, K, h, w), or whatever shape, what the layer gave.
        scores: (N, classes), what the network gave.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer does not run, or gives no single tensor.
    """

    def __init__(self, inside: Inside, layer: str, images: Tensor) -> None:
        self._inside, self._images = inside, images
        self._name = resolve(inside.network, layer)
        with torch.no_grad():
            captured = inside.capture(layer)
            with _recording(inside.network, self._name) as before:
                self.scores = inside.scores(images)
            self.activations = captured.output
        self._before = before
        self._copies = False

    def run(self, picture: int, activations: Tensor) -> Tensor:
        """Return the scores (M, classes) where the layer gives `activations` (M, ...) to picture `picture`.

        Raises:
            DoesNotApply: the network does not take the same way again.
        """
        if activations.shape[1:] != self.activations.shape[1:]:
            raise ValueError(
                f"activations of {tuple(activations.shape[1:])} for a layer of {tuple(self.activations.shape[1:])}"
            )
        try:
            return self._run(picture, activations)
        except RuntimeError as error:
            if self._copies or "single memory location" not in str(error):
                raise
            self._copies = True  # something writes into what it was given, which must then be its own
            return self._run(picture, activations)

    def _run(self, picture: int, activations: Tensor) -> Tensor:
        count = len(activations)
        images = self._images[picture : picture + 1].expand(count, *self._images.shape[1:])
        with _replaying(self._inside.network, self._name, self._given(picture, count), activations) as left:
            scores = self._inside.scores(images)
        if left():
            raise DoesNotApply(
                f"{type(self._inside.network).__name__} does not take the same way twice: no part can be run alone"
            )
        return scores

    def _given(self, picture: int, count: int) -> list[tuple[nn.Module, Any]]:
        def of_one(result: Any) -> Any:
            if isinstance(result, Tensor):
                one = result[picture : picture + 1].expand(count, *result.shape[1:])
                return one.clone() if self._copies or count == 1 else one  # one row does not overlap itself
            if isinstance(result, dict):
                return {key: of_one(value) for key, value in result.items()}
            return type(result)(map(of_one, result)) if isinstance(result, list | tuple) else result

        return [(module, of_one(result)) for module, result in self._before]


@contextmanager
def _recording(network: nn.Module, layer: Name) -> Iterator[list[tuple[nn.Module, Any]]]:
    """Gather the modules that ended before `layer` began and were called by what was still running then, in order."""
    target = network.get_submodule(layer.module)
    levels: list[list[tuple[nn.Module, Any]]] = [[]]  # of the modules that run: what each has called and is done
    found: list[tuple[nn.Module, Any]] = []
    calls, done = 0, False

    def enter(module: nn.Module, _given: Any) -> None:
        nonlocal calls, done
        if done:
            return
        if module is target:
            calls += 1
            if calls == (layer.call or 1):
                done = True
                found.extend(entry for level in levels for entry in level)
                return
        levels.append([])

    def leave(module: nn.Module, _given: Any, result: Any) -> None:
        if not done:
            levels.pop()
            levels[-1].append((module, _kept(result)))

    inner = [module for module in network.modules() if module is not network]
    hooks = [module.register_forward_pre_hook(enter) for module in inner]
    hooks += [module.register_forward_hook(leave) for module in inner]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def _kept(result: Any) -> Any:
    """Return a module's result as it is now: what follows may write into it."""
    if isinstance(result, Tensor):
        return result.clone()
    if isinstance(result, dict):
        return {key: _kept(value) for key, value in result.items()}
    return type(result)(map(_kept, result)) if isinstance(result, list | tuple) else result


@contextmanager
def _replaying(
    network: nn.Module, layer: Name, before: list[tuple[nn.Module, Any]], activations: Tensor
) -> Iterator[Callable[[], int]]:
    """Have the modules of `before`, and then `layer`, give what they are told; yields how many have not been asked."""
    coming = [*before, (network.get_submodule(layer.module), activations)]
    place = 0

    def told(module: nn.Module, forward: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*args: Any, **options: Any) -> Any:
            nonlocal place
            if place < len(coming) and coming[place][0] is module:
                place += 1
                return coming[place - 1][1]
            return forward(*args, **options)

        return answer

    modules = {id(module): module for module, _ in coming}
    own = {number: vars(module).get("forward") for number, module in modules.items()}
    for module in modules.values():
        module.forward = told(module, module.forward)
    try:
        yield lambda: len(coming) - place
    finally:
        for number, module in modules.items():
            if own[number] is None:
                del module.forward
            else:
                vars(module)["forward"] = own[number]
