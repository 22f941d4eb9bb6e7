"""The rest of a network: run it again from one layer on, with other activations there, and nothing of what is before.

What changes one map at a time, as Ablation-CAM does, needs the same beginning thousands of times. Here it runs once.
In every pass after, the modules that had ended before the layer began give at once what they gave then, and the
layer gives what it is told to; all that follows is computed. That needs no graph of the network, so that skip
connections, branches and any control flow stay what they are.

What these modules gave is kept for all pictures of the batch, as long as the `Rest` lives: before the last stage of a
resnet50 these are 6.4 MB a picture of 224 pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map_only

from striate.core.errors import DoesNotApply
from striate.inside.inspecting import Inside
from striate.inside.names import Name, resolve

_Given = list[tuple[nn.Module, Any]]  # modules in the order in which they are called, with what each gives

# Of the largest score, how far a picture run alone may be from itself in its batch: sums are rounded differently there.
# Over all families of the zoo, in batches of 8, at most 1.5e-6 was seen on the CPU in float32, and in half precision
# nothing; deeper networks than those of the tests have room. Factors rounded to 8 or 11 bits, as in bfloat16, float16
# and TF32 (of convolutions on CUDA, by default), are allowed more: how far these go on other devices was not measured.
_TOLERANCE = 1e-4
_TOLERANCE_COARSE = 0.02


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
        DoesNotApply: the layer does not run, or gives no single tensor; or run alone, what follows gives other scores.
    """

    def __init__(self, inside: Inside, layer: str, images: Tensor) -> None:
        self._inside = inside
        self._images = images.clone() if images.is_inference() else images
        self._name = resolve(inside.network, layer)
        captured = inside.capture(layer)
        try:
            with torch.no_grad(), _recording(inside.network, self._name) as before:
                self.scores = inside.scores(images)
            self.activations = captured.output.detach()
        finally:
            inside.release(captured)
        self._before = before
        self._copies = self._writes()

    def run(self, picture: int, activations: Tensor) -> Tensor:
        """Return the scores (M, classes) where the layer gives `activations` (M, ...) to picture `picture`.

        Nothing is written into them. Where gradients are on, the scores are connected to them.

        Raises:
            DoesNotApply: the network does not take the same way again.
        """
        if activations.shape[1:] != self.activations.shape[1:]:
            raise ValueError(
                f"activations of {tuple(activations.shape[1:])} for a layer of {tuple(self.activations.shape[1:])}"
            )
        images, given = self._given(picture, activations, copies=self._copies)
        versions = _versions([images, given])
        scores = self._run(images, given)
        if _versions([images, given]) != versions and not self._copies:
            raise self._refusal("wrote into what it had left alone before")
        return scores

    def _writes(self) -> bool:
        """Run the last picture as it was; say whether anything wrote into what it was given.

        Raises:
            DoesNotApply: its scores are not those of the whole network.
        """
        last = len(self._images) - 1
        with torch.no_grad():
            images, given = self._given(last, self.activations[last:], copies=True)
            versions = _versions([images, given])
            try:
                scores = self._run(images, given)
            except (RuntimeError, IndexError) as error:
                raise self._refusal(f"fails then ({error})") from error
        whole = self.scores[last:]
        largest = whole.nan_to_num(posinf=0, neginf=0).abs().max() if whole.numel() else 0
        if not torch.allclose(scores, whole, rtol=0, atol=self._tolerance() * float(largest), equal_nan=True):
            raise self._refusal("gives other scores then: it draws at random, or its pictures depend on each other")
        return _versions([images, given]) != versions

    def _tolerance(self) -> float:
        """Return the larger one where a tensor on the way is rounded coarsely, as autocast has some among others."""
        values = tree_leaves([self.scores, self.activations, [result for _, result in self._before]])
        exact = all(_is_exact(value) for value in values if isinstance(value, Tensor))
        return _TOLERANCE if exact and not torch.is_autocast_enabled("cpu") else _TOLERANCE_COARSE

    def _run(self, images: Tensor, given: _Given) -> Tensor:
        with _replaying(given) as left:
            scores = self._inside.scores(images, copy=False)
        if left():
            raise self._refusal("does not take the same way twice")
        if len(scores) != len(images):
            raise self._refusal("does not keep pictures apart there")
        return scores

    def _given(self, picture: int, activations: Tensor, *, copies: bool) -> tuple[Tensor, _Given]:
        """Return `picture`, and what the modules up to the layer gave to it, as often as there are activations."""
        batch, count = len(self._images), len(activations)

        def of_one(result: Tensor) -> Tensor:
            if result.ndim and len(result) == batch:  # else it is no batch, as the embeddings of positions
                result = result[picture : picture + 1].expand(count, *result.shape[1:])
            return result.clone() if copies else result

        before = [(module, tree_map_only(Tensor, of_one, result)) for module, result in self._before]
        target = self._inside.network.get_submodule(self._name.module)
        return of_one(self._images), [*before, (target, activations.clone() if copies else activations)]

    def _refusal(self, why: str) -> DoesNotApply:
        network = type(self._inside.network).__name__
        return DoesNotApply(
            f"what follows {self._name} cannot be run alone: {network} {why}; use a method of gradients"
        )


def _is_exact(value: Tensor) -> bool:
    return value.device.type == "cpu" and value.dtype not in {torch.float16, torch.bfloat16}


def _versions(values: Any) -> list[int]:
    """Return how often each tensor was written into."""
    return [
        value._version  # noqa: SLF001 torch has no public name for it
        for value in tree_leaves(values)
        if isinstance(value, Tensor) and not value.is_inference()
    ]


@contextmanager
def _recording(network: nn.Module, layer: Name) -> Iterator[_Given]:
    """Gather the modules that ended before `layer` began and were called by what was still running then, in order."""
    target = network.get_submodule(layer.module)
    levels: list[_Given] = [[]]  # of the modules that run: what each has called and is done
    found: _Given = []
    calls, done = 0, False

    def enter(module: nn.Module, _given: Any) -> None:
        nonlocal calls, done
        if done:
            return
        calls += module is target
        if module is target and calls == (layer.call or 1):
            done = True
            found.extend(entry for level in levels for entry in level)
        else:
            levels.append([])

    def leave(module: nn.Module, _given: Any, result: Any) -> None:
        if not done:
            levels.pop()
            levels[-1].append((module, tree_map_only(Tensor, Tensor.clone, result)))  # what follows may write into it

    inner = [module for module in network.modules() if module is not network]
    hooks = [nn.Module.register_forward_pre_hook(module, enter) for module in inner]  # scripted ones deny theirs
    hooks += [nn.Module.register_forward_hook(module, leave) for module in inner]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


@contextmanager
def _replaying(given: _Given) -> Iterator[Callable[[], int]]:
    """Have each module give, when its turn comes, what it is told; yields how many have not been asked.

    It is asked in place of its call and not of its `forward`: the hooks that a user set have had their effect on what
    it gave, and are not to have it twice.
    """
    place = 0

    def told(module: nn.Module, call: Callable[..., Any]) -> Callable[..., Any]:
        def answer(*args: Any, **options: Any) -> Any:
            nonlocal place
            if place < len(given) and given[place][0] is module:
                place += 1
                return given[place - 1][1]
            return call(*args, **options)

        return answer

    modules = {id(module): module for module, _ in given}.values()
    before = [vars(module).get(_CALL) for module in modules]
    for module, call in zip(modules, before, strict=True):
        vars(module)[_CALL] = told(module, call or module._call_impl)  # noqa: SLF001 torch has no public way in
    try:
        yield lambda: len(given) - place
    finally:
        for module, call in zip(modules, before, strict=True):
            if call is None:
                del vars(module)[_CALL]
            else:
                vars(module)[_CALL] = call


_CALL = "_compiled_call_impl"  # where `Module.compile` puts what runs in place of a module's own call
