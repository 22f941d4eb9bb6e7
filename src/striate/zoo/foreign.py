"""Networks of others by name: `timm:NAME`, one of timm's, or `package.module:function`, whatever a function returns.

A function is called with what it has parameters for: `num_classes`, `in_channels` (or timm's `in_chans`), `image_size`
(or `img_size`; one number, or height and width where they differ), and the options. What it returns is tried on two
pictures before anything else is done with it.
"""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch import nn

from striate.core.errors import RecipeError, UnknownName
from striate.layers.foreign import Foreign
from striate.layers.network import Network
from striate.layers.parts import Parts
from striate.zoo.consent import TIMM, search_path
from striate.zoo.trial import examine, told

_SPELLINGS = {"num_classes": ("num_classes",), "in_channels": ("in_channels", "in_chans"),
              "image_size": ("image_size", "img_size")}  # fmt: skip
_NO_MATTER_OF_THE_NETWORK = {  # parameters of timm.create_model that would load weights or files
    "pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir",
    "scriptable", "exportable", "no_jit", "model_name",
}  # fmt: skip
_ANY = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}


@dataclass(frozen=True)
class Maker:
    """What makes a network of others.

    Args:
        name: as the user calls it.
        function: returns the module.
        takes: the names of the function's parameters for what every model takes, as `{"in_channels": "in_chans"}`.
        options: the other parameters, with their defaults; `inspect.Parameter.empty` where there is none.
        open: whether the function takes options of any other name too.
        origin: where it comes from, as plain data.
        image_size: height and width that it was made for; None where it does not say.
        in_channels: channels that it was made for.
        num_classes: scores it gives by default.
    """

    name: str
    function: Callable[..., Any]
    takes: Mapping[str, str]
    options: Mapping[str, Any]
    open: bool
    origin: Mapping[str, str]
    image_size: tuple[int, int] | None
    in_channels: int
    num_classes: int

    family = "foreign"

    def check(self, options: Mapping[str, Any]) -> None:
        """Refuse options that the function does not have, and the lack of those that it needs.

        Raises:
            UnknownName: no such option; the nearest are offered.
            RecipeError: one that must be given is not.
        """
        for option in options:
            if option not in self.options and not self.open:
                raise UnknownName(f"option of {self.name}", option, self.options)
        for option, default in self.options.items():
            if default is inspect.Parameter.empty and option not in options:
                raise RecipeError(f"{self.name} needs {option}: give it with --set options.{option}=VALUE")

    def make(
        self, *, num_classes: int, in_channels: int, image_size: tuple[int, int], options: Mapping[str, Any]
    ) -> Network:
        """Return the network, tried out.

        Raises:
            UnknownName, RecipeError: what is asked for does not go; the message says what does.
        """
        self.check(options)
        height, width = image_size
        size = height if height == width else image_size
        numbers = {"num_classes": num_classes, "in_channels": in_channels, "image_size": size}
        given = {theirs: numbers[ours] for ours, theirs in self.takes.items()}
        try:
            module = self.function(**given, **options)
        except RecipeError:
            raise
        except Exception as error:
            called = ", ".join(f"{name}={value!r}" for name, value in {**given, **options}.items())
            raise RecipeError(f"{self.name}({called}) fails: {told(error)}") from error
        return self._adapted(module, (in_channels, height, width), num_classes).train()

    def _adapted(self, module: object, shape: tuple[int, int, int], num_classes: int) -> Network:
        if not isinstance(module, nn.Module):
            what = f"the class {module.__name__}" if isinstance(module, type) else f"a {type(module).__name__}"
            raise RecipeError(f"{self.name} returned {what}, not an nn.Module: let it return the network itself")
        parts = examine(self.name, module, shape, num_classes)
        network = module if isinstance(module, Network) else Foreign(module, parts)
        if isinstance(network, Foreign):
            network.notes = (_described(self, parts),)
        network.origin = dict(self.origin)
        return network


def find(name: str) -> Maker:
    """Return what makes the network `name`; a user's own module is imported for it.

    Raises:
        UnknownName: timm has no such network, or the module no such function.
        RecipeError: timm or the module cannot be imported, or `name` is not written as one of the two.
    """
    return _of_timm(name) if name.startswith(TIMM) else _of_module(name)


def _of_timm(name: str) -> Maker:
    try:
        timm = import_module("timm")
    except ModuleNotFoundError as error:
        if error.name != "timm":
            raise RecipeError(f"{name}: timm cannot be imported ({error}): install what it lacks") from None
        raise RecipeError(f"{name} needs timm, which is not installed: pip install timm") from None
    except Exception as error:
        raise RecipeError(
            f"{name}: timm cannot be imported ({told(error)}): install a torchvision that was built for this torch"
        ) from error
    model = name.removeprefix(TIMM)
    if not timm.is_model(model):
        raise UnknownName("network of timm's", model, timm.list_models())
    configuration = timm.get_pretrained_cfg(model)
    fixed = bool(getattr(configuration, "fixed_input_size", False))
    channels, *size = getattr(configuration, "input_size", None) or (3, 224, 224)

    def build(**arguments: Any) -> Any:
        refused = _NO_MATTER_OF_THE_NETWORK & set(arguments)
        if refused:
            raise RecipeError(f"options.{min(refused)} is no matter of the network: weights are given with --weights")
        return timm.create_model(model, **arguments)

    return Maker(
        name,
        build,
        {"num_classes": "num_classes", "in_channels": "in_chans", **({"image_size": "img_size"} if fixed else {})},
        {},
        open=True,
        origin={"name": name, "library": f"timm {version('timm')}"},
        image_size=(size[0], size[1]),
        in_channels=channels,
        num_classes=1000,
    )


def _of_module(name: str) -> Maker:
    module_name, _, function_name = name.partition(":")
    if not all(part.isidentifier() for part in (*module_name.split("."), function_name)):
        raise RecipeError(f"model {name!r}: write timm:NAME, or package.module:function for a network of your own")
    module = _imported(module_name, name)
    file = Path(module.__file__).resolve() if getattr(module, "__file__", None) else None
    function = getattr(module, function_name, None)
    if not callable(function):
        there = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UnknownName(f"function in {file or module_name}", function_name, there)
    origin = {"name": name, **({"file": str(file), "hash": _hash(file)} if file else {})}
    return _of_function(name, function, origin)


def _of_function(name: str, function: Callable[..., Any], origin: Mapping[str, str]) -> Maker:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise RecipeError(f"{name} does not say what it takes: wrap it in a function of your own") from None
    names = {parameter.name: parameter.default for parameter in parameters if parameter.kind not in _ANY}
    takes = {ours: theirs for ours, spellings in _SPELLINGS.items() for theirs in spellings if theirs in names}
    anything = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters)
    if anything:
        takes.setdefault("num_classes", "num_classes")  # as functions that pass all on to a class have it
    return Maker(
        name,
        function,
        takes,
        {key: default for key, default in names.items() if key not in takes.values()},
        open=anything,
        origin=origin,
        image_size=_pair(names.get(takes.get("image_size", ""))),
        in_channels=_count(names.get(takes.get("in_channels", "")), 3),
        num_classes=_count(names.get(takes.get("num_classes", "")), 1000),
    )


def _imported(module_name: str, name: str) -> Any:
    sys.path[:] = search_path()  # with the current folder, which the command `striate` has not
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise RecipeError(
                f"model {name!r}: no module {error.name}, neither in the current folder {Path.cwd()} nor among what is "
                "installed: go to the folder that holds it, or put that folder into PYTHONPATH"
            ) from None
        raise RecipeError(f"model {name!r}: importing {module_name} fails: {told(error)}; install it") from error
    except Exception as error:
        raise RecipeError(f"model {name!r}: importing {module_name} fails: {told(error)}") from error


def _count(default: object, otherwise: int) -> int:
    return default if isinstance(default, int) and not isinstance(default, bool) else otherwise


def _pair(default: object) -> tuple[int, int] | None:
    pair = (default, default) if isinstance(default, int) else default
    return pair if isinstance(pair, tuple) and [type(side) for side in pair] == [int, int] else None


def _hash(file: Path) -> str:
    return blake2b(file.read_bytes(), digest_size=16).hexdigest()


def _described(maker: Maker, parts: Parts) -> str:
    where = maker.origin.get("file") or maker.origin.get("library") or "built in"
    if not parts.features:
        return f"{maker.name} ({where}): no stages were found, and no vectors before a last linear layer: no features"
    head = f"head {' '.join(parts.head) or 'unknown'}"
    if not parts.maps:
        return f"{maker.name} ({where}): no maps from fine to coarse, so one stage, which gives vectors; {head}"
    names = (stage[0] if len(stage) == 1 else f"{stage[0]} to {stage[-1]}" for stage in parts.stages)
    return f"{maker.name} ({where}): stages {', '.join(names)}; {head}"
