"""What really runs in a network: every operation, in order, with the module that it ran in.

The trace is taken below autograd (`TorchDispatchMode`), where torch has already broken functions, methods, operators
and modules into the same few hundred primitive operations: a layer that is called twice, a functional convolution or
a foreign network cannot hide anything from it, and control flow in Python just runs. `torch.fx` fails on such control
flow, and hooks on modules miss what is no module. Tensors live on the meta device: shapes, no numbers. What only
numbers can decide (`if x.sum() > 0`) is refused.

The same operation on the same shapes is worked out once: deep networks repeat themselves, and torch's own shape
functions take most of the time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from striate.core.errors import DoesNotApply
from striate.inside.phantom import mode, phantom
from striate.zoo.trial import WITHOUT_NUMBERS, needs_numbers, told


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One primitive operation.

    Args:
        operation: torch's own, as `aten.convolution.default`.
        arguments: by position, tensors as they were.
        options: by name.
        result: a tensor or several.
        module: the name of the innermost module that it ran in; "" for the network itself.
    """

    operation: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    result: Any
    module: str

    @property
    def name(self) -> str:
        """The operation's name without its overload, as `convolution`."""
        return str(self.operation.overloadpacket.__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A module was called and gave `result`; it comes after the calls that made it."""

    module: str
    result: Any


@dataclass(frozen=True, eq=False)
class Trace:
    """One pass of pictures through a network.

    Args:
        network: without numbers, as traced.
        images: (N, C, H, W), what it was given.
        events: calls and answers, in the order they came.
        scores: what the network gave.
    """

    network: nn.Module
    images: Tensor
    events: tuple[Call | Answer, ...]
    scores: Any

    @property
    def calls(self) -> Iterator[Call]:
        """The operations alone."""
        return (event for event in self.events if isinstance(event, Call))


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch's own is untyped
    """Sees every operation that runs, and knows the module that it runs in.

    Args:
        network: whose modules are known by name; others are taken for the module that called them.
        note: is told of every call and answer, in their order.
    """

    def __init__(self, network: nn.Module, note: Callable[[Call | Answer], None]) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # torch's own is untyped
        self._note = note
        self._names = {id(module): name for name, module in network.named_modules()}
        self._inside: list[str] = [""]
        self._thread = threading.get_ident()
        self._known: dict[Any, Any] = {}

    @contextmanager
    def running(self, device: str | torch.device = "meta") -> Iterator[None]:
        """See what runs inside of the block, in this thread; tensors that it makes from nothing are on `device`."""
        hooks = [
            register_module_forward_pre_hook(self._enter),
            register_module_forward_hook(self._leave, always_call=True),  # also when it raises and someone catches it
        ]
        try:
            with torch.device(device), self:
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        options = kwargs or {}
        result = self._result(func, args, options)
        self._note(Call(func, args, options, result, self._inside[-1]))
        return result

    def _result(self, func: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if options or not _makes_new(func):
            return func(*args, **options)
        try:
            key = (func, *map(_look, args))
            known = self._known.get(key)
        except TypeError:  # an argument that cannot be a key
            return func(*args)
        if known is None:
            result = func(*args)
            self._known[key] = _looks(result)
            return result
        made = [torch.empty_strided(shape, stride, dtype=dtype, device="meta") for _, shape, stride, dtype in known[1]]
        return tuple(made) if known[0] else made[0]

    def _enter(self, module: nn.Module, _arguments: Any) -> None:
        if id(module) in self._names and threading.get_ident() == self._thread:
            self._inside.append(self._names[id(module)])

    def _leave(self, module: nn.Module, _arguments: Any, result: Any) -> None:
        if id(module) in self._names and threading.get_ident() == self._thread:
            self._note(Answer(self._inside.pop(), result))


def trace(network: nn.Module, shape: Sequence[int], *, batch: int = 1) -> Trace:
    """Return what runs when `network` evaluates pictures.

    Args:
        network: any module that takes one batch of pictures; it is left as it is.
        shape: of one picture, (C, H, W).
        batch: how many pictures.

    Raises:
        DoesNotApply: the network cannot take such pictures, or does what depends on numbers.
    """
    ghost = phantom(network)
    events: list[Call | Answer] = []
    images = torch.empty(batch, *shape, device="meta", dtype=kind_of(network))
    with mode(ghost, training=False), torch.no_grad(), refusing(network, shape), Watch(ghost, events.append).running():
        scores = ghost(images)
    return Trace(ghost, images, tuple(events), scores)


@contextmanager
def refusing(network: nn.Module, shape: Sequence[int]) -> Iterator[None]:
    """Turn what a network raises on pictures without numbers into an error that says so."""
    try:
        yield
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError) as error:
        picture = " x ".join(map(str, shape))
        remedy = WITHOUT_NUMBERS if needs_numbers(error) else "pass the image size and channels that it takes"
        raise DoesNotApply(
            f"{type(network).__name__} cannot be traced with pictures of {picture} (channels x height x width), by "
            f"shapes alone: {told(error)}; {remedy}"
        ) from error


def tensors(value: Any) -> Iterator[Tensor]:
    """Yield the tensors in nested lists, tuples and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from tensors(part)
    elif isinstance(value, dict):
        yield from tensors(list(value.values()))


def kind_of(network: nn.Module) -> torch.dtype:
    """Return the kind of number that the network computes in: that of its first weight."""
    return next((weight.dtype for weight in network.parameters() if weight.is_floating_point()), torch.float32)


def memory_of(tensor: Tensor) -> int:
    """Return a number that views of one memory share."""
    return int(tensor.untyped_storage()._cdata)  # noqa: SLF001 what torch itself compares memory by


_NEW: dict[Any, bool] = {}


def _makes_new(func: Any) -> bool:
    """Say whether the operation's results are tensors of their own, neither views nor changed arguments."""
    if func not in _NEW:
        returns = func._schema.returns  # noqa: SLF001 torch has no public way to ask
        fresh = all(r.alias_info is None and str(r.type) == "Tensor" for r in returns)
        _NEW[func] = bool(returns) and fresh and torch.Tag.data_dependent_output not in func.tags
    return _NEW[func]


def _look(value: Any) -> Any:
    if isinstance(value, Tensor):
        if not value.is_meta:
            raise TypeError("a tensor with numbers")
        return (value.shape, value.stride(), value.dtype)
    if isinstance(value, list | tuple):
        return tuple(map(_look, value))
    return (type(value), value)  # 1, 1.0 and True are one key otherwise


def _looks(result: Any) -> tuple[bool, list[Any]]:
    several = not isinstance(result, Tensor)
    return several, [_look_of(tensor) for tensor in (result if several else (result,))]


def _look_of(tensor: Tensor) -> tuple[None, Any, Any, Any]:
    return (None, tensor.shape, tensor.stride(), tensor.dtype)
