"""Look inside a network and change nothing: the one context in which all inspection happens.

Within it every module evaluates and no weight asks for a gradient; afterwards all is as it was (`preserving`). What
a layer gives is captured as it gives it: the network goes on with a copy, so that an in-place ReLU behind the layer
neither changes what was captured nor comes between it and its gradient.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from striate.core.errors import DoesNotApply
from striate.inside.apart import require_apart
from striate.inside.names import Name, resolve
from striate.inside.preserving import preserved
from striate.inside.tracing import memory_of


class Captured:
    """What one layer gave in the last pass.

    Args:
        name: of the module, and of its call where it is called several times.
    """

    def __init__(self, name: Name) -> None:
        self.name = name
        self.calls = 0
        self.aside = False
        self._output: Tensor | None = None
        self._version = 0
        self._shared: list[Tensor] = []  # what the network goes on with, where it holds the same tensor elsewhere

    @property
    def output(self) -> Tensor:
        """The true values, before anything wrote into them; connected to the scores where gradients are on.

        Raises:
            DoesNotApply: the layer did not run, ran several times and no call was named, or gave no single tensor.
        """
        if self.calls == 0:
            raise DoesNotApply(
                f"{self.name.module} does not run when the network evaluates, or unseen (an auxiliary head, a layer "
                "that was left out, part of a scripted module): choose another layer"
            )
        if self.name.call is None and self.calls > 1:
            raise DoesNotApply(
                f"{self.name.module} is called {self.calls} times: say which call, as {self.name.module}#1 or "
                f"{self.name.module}#{self.calls}"
            )
        if self._output is None:
            raise DoesNotApply(self._why_none())
        if self._output._version != self._version:  # noqa: SLF001 torch has no public name for it
            raise DoesNotApply(
                f"{self.name} gives the tensor that it was given, and the network writes into that one afterwards: "
                "choose the layer before it"
            )
        return self._output

    @property
    def torn(self) -> bool:
        """Whether the network wrote into a copy of a tensor that it may read elsewhere."""
        return any(tensor._version for tensor in self._shared)  # noqa: SLF001 torch has no public name for it

    def _why_none(self) -> str:
        if self.name.call is not None and self.name.call > self.calls:
            times = "once" if self.calls == 1 else f"{self.calls} times"
            return f"{self.name}: {self.name.module} is called {times} only"
        return f"{self.name} gives no single tensor: choose a layer in it"

    def begin(self) -> None:
        """Forget the last pass."""
        self.calls, self._output, self._shared = 0, None, []

    def take(self, _module: nn.Module, given: tuple[Any, ...], result: Any) -> Any:
        """Keep what the module gave, and have the network go on with a copy."""
        if self.aside:
            return result
        self.calls += 1
        if self.name.call not in (None, self.calls) or not isinstance(result, Tensor):
            return result
        if torch.is_grad_enabled() and not result.requires_grad and result.is_floating_point():
            result = result.detach().requires_grad_()  # nothing before it asks for a gradient: the graph begins here
        self._output, self._version = result, result._version  # noqa: SLF001 torch has no public name for it
        copy = result.clone()
        if any(isinstance(one, Tensor) and memory_of(one) == memory_of(result) for one in given):
            self._shared.append(copy)
        return copy


class Inside:
    """A network that is being looked at; see `inspecting`.

    Args:
        network: evaluates; its weights ask for no gradient.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self._captured: dict[Captured, RemovableHandle] = {}

    def capture(self, layer: str) -> Captured:
        """Have the output of `layer` kept in every pass that follows.

        Args:
            layer: a module's name; `name#2` for its second call, where it is called several times.

        Raises:
            UnknownName: no such module; the nearest are offered.
        """
        name = resolve(self.network, layer)
        captured = Captured(name)
        module = self.network.get_submodule(name.module)
        self._captured[captured] = nn.Module.register_forward_hook(module, captured.take)  # scripted ones deny theirs
        return captured

    def release(self, captured: Captured) -> None:
        """Keep the output of that layer no longer; what was kept is let go."""
        self._captured.pop(captured).remove()
        captured.begin()

    def scores(self, images: Tensor, *, copy: bool = True) -> Tensor:
        """Return the network's scores (N, K) of normalized `images` (N, C, H, W).

        Args:
            images: are not written into.
            copy: False where nothing writes into its input, or where that does no harm.

        Raises:
            DoesNotApply: the network gives no scores (N, K).
        """
        for captured in self._captured:
            captured.begin()
        scores = self.network(images.clone() if copy else images)
        if not isinstance(scores, Tensor) or scores.ndim != 2:
            what = f"a tensor {tuple(scores.shape)}" if isinstance(scores, Tensor) else f"a {type(scores).__name__}"
            raise DoesNotApply(
                f"{type(self.network).__name__} gives {what} and not scores (N, K): wrap it in a module that does"
            )
        self._require_whole(images, scores)
        return scores

    def _require_whole(self, images: Tensor, scores: Tensor) -> None:
        """Refuse where a captured layer was torn from a tensor that the network reads elsewhere too.

        `y = identity(x)` and then `y.relu_()` changes x, but not where y is a copy.
        """
        torn = [captured for captured in self._captured if captured.torn]
        if not torn:
            return
        try:
            for captured in self._captured:
                captured.aside = True
            with torch.no_grad():
                untouched = self.network(images.clone())
        finally:
            for captured in self._captured:
                captured.aside = False
        largest = float(untouched.abs().max()) if untouched.numel() else 0
        if not torch.allclose(scores, untouched, rtol=1e-3, atol=1e-3 * largest, equal_nan=True):
            names = ", ".join(str(captured.name) for captured in torn)
            raise DoesNotApply(
                f"{names}: the tensor it gives is the one that it was given, and the network writes into it and reads "
                "it elsewhere: choose the layer before it"
            )

    def close(self) -> None:
        """Capture nothing any more."""
        for captured in list(self._captured):
            self.release(captured)


@contextmanager
def inspecting(network: nn.Module) -> Iterator[Inside]:
    """Look inside `network`, on any device; afterwards it is bit by bit what it was, whatever happened.

    Raises:
        DoesNotApply: the network writes into its own weights when it evaluates, or normalizes by the batch then.
    """
    network = plain(network)
    require_apart(network)
    with _recordable(), preserved(network):
        for module in network.modules():
            module.training = False  # not by `eval()`, which a network may have made its own: LoRA merges weights there
        for weight in network.parameters():
            weight.requires_grad = False
            weight.grad = None
        inside = Inside(network)
        try:
            yield inside
        finally:
            inside.close()


@contextmanager
def _recordable() -> Iterator[None]:
    """Leave inference mode, which records no gradients, and run compiled code as it is written, hooks and all."""
    with ExitStack() as stack:
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(mode=False))
            stack.enter_context(torch.no_grad())
        if "torch._dynamo" in sys.modules:  # nothing is compiled before, and the import takes seconds
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield


def plain(network: nn.Module) -> nn.Module:
    """Return the module that `torch.compile` wrapped, or `network` itself."""
    return getattr(network, "_orig_mod", network)
