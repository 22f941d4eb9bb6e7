"""ReLUs by another rule in the backward pass: every call is caught, in whatever style it is written, and counted.

Hooks on modules miss `F.relu` and `x.relu_()`, and then guided backpropagation is the plain gradient without a word.
A `TorchFunctionMode` sees every call from Python; what still runs unseen, as in a scripted module, is counted below
autograd and refused. So is a ReLU by another name (`torch.maximum(x, 0)`, `torch.where(x > 0, x, 0)`: see `gates`).

What cannot be seen: a mask that is made in another way and multiplied with (`x * torch.heaviside(x, 0)`, `x *
x.sign().relu()`, `(x + x.abs()) / 2`), or one of these in a scripted module. There gradients pass as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from striate.core.errors import DoesNotApply
from striate.inside.gates import Gates, bounded_by_zero

Rule = Callable[[Tensor, Tensor], Tensor]  # from the gradient of a ReLU's output, and its output, to that of its input


def guided(gradient: Tensor, output: Tensor) -> Tensor:
    """Pass what is positive where the unit was active: Springenberg et al., 2014, https://arxiv.org/abs/1412.6806."""
    return gradient.clamp(min=0) * (output > 0)


def deconvnet(gradient: Tensor, _output: Tensor) -> Tensor:
    """Pass what is positive, active or not: Zeiler and Fergus, 2013, https://arxiv.org/abs/1311.2901, section 2.1."""
    return gradient.clamp(min=0)


def redirected(gradient: Tensor, output: Tensor) -> Tensor:
    """Pass the plain gradient of what is to rise, and through a silent unit what would wake it.

    Behind silent units an optimization of pictures sees no way at all, and they stay gray.
    """
    return torch.where(output > 0, gradient, gradient.clamp(min=0))


class Rectifiers:
    """What was caught in the passes inside of `overriding`.

    Args:
        rule: how a gradient passes a ReLU.
        method: whose name an error says.
    """

    def __init__(self, rule: Rule, method: str) -> None:
        self.rule, self.method = rule, method
        self.count = 0
        self.others: Counter[str] = Counter()
        self.unseen = 0
        self._known = False

    @contextmanager
    def known(self) -> Iterator[None]:
        """Run what was caught already: below autograd it is not to be noted once more."""
        before, self._known = self._known, True
        try:
            yield
        finally:
            self._known = before

    def note(self, operation: str) -> None:
        """Note an operation that runs below autograd: a nonlinearity there that was not caught above ran unseen."""
        if not self._known:
            self.unseen += operation == "relu"
            self.others.update([operation] if operation in _PRIMITIVE else [])

    def require(self) -> None:
        """Refuse where the rule was not applied to every nonlinearity.

        Raises:
            DoesNotApply: there was no ReLU, or one out of reach, or a nonlinearity that the rule does not know.
        """
        remedy = "use saliency, smoothgrad or integrated-gradients, which need no rule"
        if self.others:
            names = ", ".join(sorted(self.others))
            raise DoesNotApply(f"{self.method} is defined for ReLU, and this network uses {names}: {remedy}")
        if self.unseen:
            raise DoesNotApply(
                f"{self.method} cannot reach {self.unseen} ReLUs of this network (scripted or compiled code): take the "
                f"network as plain modules, or {remedy}"
            )
        if not self.count:
            raise DoesNotApply(f"{self.method} changes how gradients pass ReLUs, and this network has none: {remedy}")


@contextmanager
def overriding(rule: Rule, method: str) -> Iterator[Rectifiers]:
    """Let gradients pass every ReLU by `rule`, of the passes inside of the block; values stay what they are."""
    rectifiers = Rectifiers(rule, method)
    with _Unseen(rectifiers), _Override(rectifiers):
        yield rectifiers


class _Ruled(torch.autograd.Function):
    """A ReLU with a rule of its own."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, rule: Rule, inplace: bool) -> Tensor:  # noqa: FBT001 autograd passes by position
        output = x.clamp_(min=0) if inplace else x.clamp(min=0)
        if inplace:
            ctx.mark_dirty(x)
        ctx.rule = rule
        ctx.save_for_backward(output)
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (output,) = ctx.saved_tensors
        return ctx.rule(gradients[0], output), None, None


class _Override(TorchFunctionMode):
    def __init__(self, rectifiers: Rectifiers) -> None:
        super().__init__()
        self._found = rectifiers
        self._gates = Gates()

    def __torch_function__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        name = getattr(func, "__name__", "").strip("_")
        relu = func in _OUT_OF_PLACE or func in _IN_PLACE
        if not relu and not self._rectifies(name, args, options):
            result = func(*args, **options)
            self._gates.note(name, (*args, *options.values()), result)
            return result
        with self._found.known():
            if relu:
                return self._rectified(func, args, options)
            self._found.others[_SPOKEN.get(name, name)] += 1
            return func(*args, **options)

    def _rectifies(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
        return name in _OTHERS or bounded_by_zero(name, args, options) or self._gates.through(name, args, options)

    def _rectified(self, func: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        x = args[0] if args else options["input"]
        inplace = func in _IN_PLACE or bool(args[1] if len(args) > 1 else options.get("inplace", False))
        self._found.count += 1
        return _Ruled.apply(x, self._found.rule, inplace)  # type: ignore[no-untyped-call] # torch's own is untyped


class _Unseen(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own is untyped
    """Sees what runs all the same."""

    def __init__(self, rectifiers: Rectifiers) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's own is untyped
        self._found = rectifiers

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self._found.note(func.overloadpacket.__name__.rstrip("_"))
        return func(*args, **(kwargs or {}))


_OUT_OF_PLACE = {F.relu, torch.relu, Tensor.relu}
_IN_PLACE = {F.relu_, torch.relu_, Tensor.relu_}
_OTHERS = {
    *("gelu", "silu", "mish", "elu", "selu", "celu", "leaky_relu", "prelu", "rrelu", "relu6", "hardtanh", "hardswish"),
    *("hardsigmoid", "softplus", "softsign", "tanh", "sigmoid", "logsigmoid", "threshold", "glu"),
    *("softshrink", "hardshrink", "tanhshrink"),
}
_SPOKEN = {"mul": "a product with a mask of its own", "multiply": "a product with a mask of its own"}
_PRIMITIVE = {  # what torch makes of them; no clamp, which much else is made of
    *("gelu", "silu", "mish", "elu", "celu", "leaky_relu", "_prelu_kernel", "rrelu_with_noise", "hardtanh"),
    *("hardswish", "hardsigmoid", "softplus", "tanh", "sigmoid", "log_sigmoid_forward", "threshold", "glu"),
    *("softshrink", "hardshrink"),
}
