"""Two pictures through a network that somebody else wrote: whether it is a classifier, and what its parts are."""

import re
import traceback
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.func import functional_call

from striate.core.errors import RecipeError
from striate.layers.parts import Parts, find, watching

_OTHERS = (Path(torch.__file__).parent, Path(__file__).parents[1])  # whose lines tell a user nothing
_MANY = 224  # pixels a side: enough that each halving of the resolution shows
_NO_NUMBERS = re.compile(r"\bmeta\b", re.IGNORECASE)  # in torch's messages: the device where tensors are shapes alone
ALONE = "more than 1 value per channel"  # in torch's message: batch norm of one picture's map of one pixel
WITHOUT_NUMBERS = (
    "it asks for the numbers in a picture, and here are shapes alone: let it decide by shapes (as in x.shape), not by "
    "values (as in `if x.sum() > 0`). It trains and answers all the same; only what looks at shapes cannot follow it"
)


def examine(name: str, network: nn.Module, shape: tuple[int, int, int], num_classes: int) -> Parts:
    """Return the parts of `network`, after a look at what it makes of two pictures (C, H, W), in training and not.

    Its weights, statistics and random numbers are as before. Lazy layers get their shapes.

    Raises:
        RecipeError: it does not take the pictures, or does not return scores (2, num_classes) for them.
    """
    for training in (False, True):
        _check(name, _tried(name, network, shape, training=training), num_classes, training=training)
    return _parts(network, shape)


def _check(name: str, returned: object, num_classes: int, *, training: bool) -> None:
    when = "in training" if training else "in evaluation"
    if not isinstance(returned, Tensor):
        parts = f" of {len(returned)}" if isinstance(returned, tuple | list | dict) else ""
        raise RecipeError(
            f"{name}: {when} the network returns a {type(returned).__name__}{parts}, not a tensor of scores. Let it "
            "return the scores alone, or turn its auxiliary heads off by an option of its own, as in "
            "--set options.aux_logits=false; striate's googlenet and inception networks train with theirs"
        )
    if tuple(returned.shape) != (2, num_classes):
        raise RecipeError(
            f"{name}: {when} the network gives {_by(returned.shape)} for 2 pictures of {num_classes} classes, not "
            f"scores 2 x {num_classes}: let the function take num_classes, and its last layer have so many units"
        )


def _tried(name: str, network: nn.Module, shape: tuple[int, int, int], *, training: bool) -> object:
    try:
        return _run(network, (2, *shape), training=training)
    except Exception as error:
        raise RecipeError(
            f"{name}: the network fails on 2 pictures {_by(shape)} (channels, height, width): {told(error)}; "
            f"{_remedy(error)}"
        ) from error


def _remedy(error: Exception) -> str:
    if needs_numbers(error):
        return WITHOUT_NUMBERS
    if ALONE in str(error):
        return "batch norm has nothing to average over on maps of one pixel: set a larger --image-size"
    return "try another --image-size or preprocess.channels, or mend the network"


def needs_numbers(error: BaseException) -> bool:
    """Say whether a network failed since its pictures were shapes alone, on the meta device."""
    return bool(_NO_NUMBERS.search(str(error)))


def _run(network: nn.Module, shape: tuple[int, ...], *, training: bool) -> object:
    """Return what comes of noise of this shape; statistics, mode and random numbers are put back."""
    modes = {module: module.training for module in network.modules()}
    kept = {name: buffer.clone() for name, buffer in network.named_buffers() if not _lazy(buffer)}
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return network.train(training)(torch.rand(shape, device=_device(network)))
    finally:
        for module, mode in modes.items():
            module.training = mode
        buffers = dict(network.named_buffers())
        for name, before in kept.items():
            buffers[name].data.copy_(before)


def _parts(network: nn.Module, shape: tuple[int, int, int]) -> Parts:
    """Return the parts, seen on pictures that are large enough to tell stages apart, where the network takes such.

    Where it does not, since it is made for one size or asks for numbers, they are seen on pictures of `shape`, which
    it is known to take; whatever it raises then is its own way to say so.
    """
    side = max(_MANY, *shape[1:])
    large = (shape[0], side, side)
    with watching(network) as calls:
        try:
            scores = _without_numbers(network, (2, *large))
        except Exception:  # noqa: BLE001  foreign code fails as it likes; it is asked again at its own size
            scores = None
    if not isinstance(scores, Tensor):
        large = shape
        with watching(network) as calls:
            scores = _run(network, (2, *shape), training=False)
    assert isinstance(scores, Tensor)
    return find(network, calls, large[1:], scores)


def _without_numbers(network: nn.Module, shape: tuple[int, ...]) -> object:
    """Return what comes of pictures of this shape, without values: on the meta device, where nothing is computed."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    modes = {module: module.training for module in network.modules()}
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            empty = {name: tensor.to("meta") for name, tensor in tensors.items()}
            return functional_call(network.eval(), empty, (torch.empty(shape, device="meta"),))
    finally:
        for module, mode in modes.items():
            module.training = mode


def told(error: BaseException) -> str:
    """Return an error's kind, message and place: the user's file and line that led to it, if there is one."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        frame
        for frame in frames
        if not (frame.filename.startswith("<") or any(map(Path(frame.filename).is_relative_to, _OTHERS)))
    ]
    message = (str(error).strip().splitlines() or [""])[0]
    place = f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {message}{place}"


def _device(network: nn.Module) -> torch.device:
    return next((parameter.device for parameter in network.parameters()), torch.device("cpu"))


def _lazy(buffer: Tensor) -> bool:
    return torch.nn.parameter.is_lazy(buffer)


def _by(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape)) or "one number"
