"""Where the stem, the stages and the head of any image classifier lie, found by watching pictures pass through it.

A stage is what works at one resolution. The modules that a network calls one after another are followed, into those
whose own parts lead from one resolution through others, and joined wherever the resolution stays. What comes before
the first block is the stem, what follows the last maps the head.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

_STEMS = ("stem", "conv_stem", "conv1", "patch_embed")  # modules of several layers that are beginnings all the same
_NEW_STAGE = 0.75  # of the side before: convolutions without padding take a pixel or two, and begin no stage


@dataclass(frozen=True)
class Call:
    """One call of a module while pictures passed.

    Args:
        module: its name.
        number: 0 for its first call, 1 for its second, ...
        given: the first tensor that it was given, if any.
        returned: what it returned, if that is a tensor.
    """

    module: str
    number: int
    given: Tensor | None
    returned: Tensor | None


@dataclass(frozen=True)
class Place:
    """Where a stage's output is seen: what a module returns, or what it is given, in its call of this number."""

    module: str
    number: int
    given: bool


@dataclass(frozen=True)
class Parts:
    """The parts of a network, as names of its modules.

    Args:
        stem: what comes before the first stage.
        stages: the modules of each stage, finest first; one stage of everything where no maps were found.
        head: what comes after the last stage.
        features: where each stage's output is seen; empty where that is unknown.
        maps: whether these outputs are maps (N, C, h, w), and not vectors (N, D).
    """

    stem: tuple[str, ...]
    stages: tuple[tuple[str, ...], ...]
    head: tuple[str, ...]
    features: tuple[Place, ...]
    maps: bool


@contextmanager
def watching(network: nn.Module, only: Collection[str] | None = None) -> Iterator[list[Call]]:
    """Gather the calls of the modules below `network`, in the order in which they end; nothing stays behind.

    Args:
        network: what is called meanwhile.
        only: the modules to watch; by default all.
    """
    calls: list[Call] = []
    numbers: Counter[str] = Counter()

    def watcher(name: str) -> Callable[[nn.Module, tuple[object, ...], object], None]:
        def watch(_module: nn.Module, given: tuple[object, ...], returned: object) -> None:
            first = next((value for value in given if isinstance(value, Tensor)), None)
            calls.append(Call(name, numbers[name], first, returned if isinstance(returned, Tensor) else None))
            numbers[name] += 1

        return watch

    hooks = [
        module.register_forward_hook(watcher(name))
        for name, module in network.named_modules()
        if name and (only is None or name in only)
    ]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()


def find(network: nn.Module, calls: Sequence[Call], image: tuple[int, int], scores: Tensor) -> Parts:
    """Return the parts of `network`, of which `calls` were seen when pictures of size `image` became `scores`."""
    trunk = _chain(network, calls, "", image)
    sides = [_side(call.returned, image) for call in trunk]
    weighted = [_weights(network, call) for call in trunk]
    last = max((i for i, side in enumerate(sides) if weighted[i] and side is not None and side > 1), default=None)
    if last is None or not _narrow(trunk[: last + 1], sides) or _tokens(trunk[last + 1 :]):
        return _whole(network, calls, scores)
    while last + 1 < len(trunk) and sides[last + 1] == sides[last]:
        last += 1  # norms and activations that end the last stage
    first = next((i for i, call in enumerate(trunk[: last + 1]) if _is_block(network, call)), 0)
    ends = _ends(sides, weighted, first, last)
    begins = [first, *(end + 1 for end in ends[:-1])]
    stages = tuple(_names(trunk[begin : end + 1]) for begin, end in zip(begins, ends, strict=True))
    taken = {name for stage in stages for name in stage}
    return Parts(
        _names(trunk[:first]),
        stages,
        tuple(name for name in _names(trunk[last + 1 :]) if name not in taken),
        tuple(_seen_at(trunk, end) for end in ends),
        maps=True,
    )


def _chain(network: nn.Module, calls: Sequence[Call], name: str, image: tuple[int, int]) -> list[Call]:
    """Return the calls that lead through the module `name`, in order; of parts that narrow twice, their parts."""
    called = {call.module for call in calls}
    wanted = set(_called_children(network.get_submodule(name), name, called))
    chain: list[Call] = []
    for call in calls:
        if call.module not in wanted:
            continue
        inner = _chain(network, calls, call.module, image)
        sides = [_side(tensor, image) for tensor in (call.given, *(part.returned for part in inner))]
        narrowings = _narrowings([side for side in sides if side])
        chain += inner if narrowings is not None and narrowings >= 2 else [call]
    return chain


def _called_children(module: nn.Module, name: str, called: set[str]) -> Iterator[str]:
    for own, child in module.named_children():
        full = f"{name}.{own}" if name else own
        if full in called:
            yield full
        else:  # a list of modules is never called itself
            yield from _called_children(child, full, called)


def _side(tensor: Tensor | None, image: tuple[int, int]) -> float | None:
    """Return the side of maps (N, C, h, w) as the root of their area; None for what is not shaped like the picture."""
    if tensor is None or tensor.ndim != 4:
        return None
    height, width = tensor.shape[2:]
    alike = abs(height * image[1] - width * image[0]) <= 2 * max(image)  # channels last, as (N, h, w, C), are not
    return float(height * width) ** 0.5 if alike else None


def _narrowings(sides: Sequence[float]) -> int | None:
    """Return how often the resolution falls; None where it rises, as on a way back or from one branch to another."""
    falls = 0
    for before, after in pairwise(sides):
        if after > before / _NEW_STAGE:
            return None
        falls += after < _NEW_STAGE * before
    return falls


def _narrow(calls: Sequence[Call], sides: Sequence[float | None]) -> bool:
    """Say whether all that these return in four dimensions is maps, from fine to coarse."""
    shaped = [side for call, side in zip(calls, sides, strict=False) if _dimensions(call) == 4]
    return None not in shaped and _narrowings([side for side in shaped if side]) is not None


def _dimensions(call: Call) -> int:
    return 0 if call.returned is None else call.returned.ndim


def _tokens(calls: Sequence[Call]) -> bool:
    """Say whether maps are taken apart into tokens (N, T, D), on which the network goes on working."""
    return any(_dimensions(call) == 3 for call in calls)


def _weights(network: nn.Module, call: Call) -> bool:
    return any(parameter.ndim > 1 for parameter in network.get_submodule(call.module).parameters())


def _is_block(network: nn.Module, call: Call) -> bool:
    module = network.get_submodule(call.module)
    named_stem = call.module.rpartition(".")[2] in _STEMS
    return _weights(network, call) and any(True for _ in module.children()) and not named_stem


def _ends(sides: Sequence[float | None], weighted: Sequence[bool], first: int, last: int) -> list[int]:
    """Return the positions at which stages end: where the resolution falls, if there were weights since the last."""
    ends: list[int] = []
    at, learned = None, False
    for position in range(first, last + 1):
        side = sides[position]
        if at is not None and side is not None and side < _NEW_STAGE * at:
            if learned:
                ends.append(position - 1)
            at, learned = side, False
        at = at if at is not None else side
        learned = learned or weighted[position]
    return [*ends, last]


def _seen_at(trunk: Sequence[Call], end: int) -> Place:
    """Return where the output of the stage that ends at `end` is seen: at what comes next, where it is the same size.

    So an activation that is no module, as relu(conv(x)), is part of the output.
    """
    call = trunk[end]
    for following in trunk[end + 1 : end + 2]:
        if following.given is not None and call.returned is not None and following.given.shape == call.returned.shape:
            return Place(following.module, following.number, given=True)
    return Place(call.module, call.number, given=False)


def _whole(network: nn.Module, calls: Sequence[Call], scores: Tensor) -> Parts:
    """Return the parts where there are no maps: one stage, whose output is the vectors that the last layer weighs."""
    children = tuple(_called_children(network, "", {call.module for call in calls}))
    layers = [
        call
        for call in calls
        if isinstance(network.get_submodule(call.module), nn.Linear)
        and call.returned is not None
        and call.returned.shape == scores.shape
        and call.given is not None
        and call.given.ndim == 2
    ]
    last = [call for call in layers if call.returned is scores] or layers
    if len(last) != 1:  # none, or several whose scores are joined: no vectors that alone settle them
        return Parts((), (children,), (), (), maps=False)
    head = last[0]
    body = tuple(name for name in children if not f"{head.module}.".startswith(f"{name}."))
    return Parts((), (body or children,), (head.module,), (Place(head.module, head.number, given=True),), maps=False)


def _names(calls: Sequence[Call]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(call.module for call in calls))
