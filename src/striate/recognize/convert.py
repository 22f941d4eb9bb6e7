"""From anybody's weights to a recognizer, and from a recognizer to files that others read."""

import json
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save as to_safetensors
from torch import Tensor

from striate.core.errors import DataError, RecipeError
from striate.core.files import write_bytes
from striate.core.records import validated
from striate.data.preprocess import Preprocess
from striate.recognize.origin import origin
from striate.recognize.recognizer import NetworkRecognizer, build
from striate.runtime.plan import Plan
from striate.zoo import consent, weights
from striate.zoo.locate import Located
from striate.zoo.lookup import find
from striate.zoo.reading import read

_SAID = ("preprocess", "options")  # what of a recipe a recognizer has
_LIKE = "Or --like WEIGHTS: known ones (`striate weights list`), a run or a recognizer that these resemble in all that"


def converted(
    name: str,
    *,
    model: str | None = None,
    classes: Path | None = None,
    like: str | None = None,
    layout: str | None = None,
    values: Mapping[str, Any] | None = None,
    quiet: bool = False,
) -> tuple[NetworkRecognizer, str]:
    """Return the recognizer that weights make, and the layout that they were read in.

    Args:
        name: of the weights, as `origin` takes it.
        model: the network that they are of, where they do not say; classes and preparation likewise.
        classes: a file with the names of the classes; see `read_classes`.
        like: other weights, whose classes and preparation of pictures are those of these too.
        layout: whose names the weights use; by default the one that fits.
        values: fields of `preprocess` and `options`, which count before all else.
        quiet: show no progress.

    Raises:
        RecipeError: something that must be said is not.
        DataError: the weights cannot be had, or do not fit.
    """
    values = values or {}
    beyond = [field for field in values if field not in _SAID]
    if beyond:
        raise RecipeError(f"--set {beyond[0]}: a recognizer has only preprocess and options; leave it out")
    located = origin(name, quiet=quiet)
    state = read(located.path)
    known = [located, *([origin(like, fetch=False, quiet=quiet)] if like else [])]
    model = model or _last(known, "model")
    names = read_classes(classes) if classes else _last(known, "classes")
    fields = _fields(model, known, values.get("preprocess", {}))
    if missing := _missing(model, names, fields):
        raise RecipeError(f"{name} does not say {'; nor '.join(missing)}. {_LIKE}")
    consent.give(model)  # the user names it, here or when it was trained
    preprocess = validated(Preprocess, fields, "preprocess")
    options = {key: value for one in known if one.model == model for key, value in one.options.items()}
    options |= values.get("options", {})
    network = build(model, options, names, preprocess)
    taken = weights.take(network, state, layout=layout, source=name)
    plan = Plan().resolve(network)
    prepared = plan.prepare(network).eval()
    temperature = located.temperature
    return NetworkRecognizer(model, options, prepared, names, preprocess, temperature, plan), taken.layout


def check(path: Path) -> None:
    """Refuse to write weights to `path`.

    Raises:
        DataError: a folder, or a file of another ending than those that are written.
    """
    if path.suffix not in WRITERS:
        raise DataError(f"{path} has no ending that weights are written as: {', '.join(WRITERS)}")
    if path.is_dir():
        raise DataError(f"{path} is a folder: name a file to write, or remove the folder")


def write(recognizer: NetworkRecognizer, path: Path, layout: str) -> None:
    """Write the network's tensors to a .safetensors, .pth or .npz file by the names that others give them.

    Raises:
        UnknownName: no such layout for this network.
        DataError: `path` is none that weights are written to; see `check`.
    """
    check(path)
    state = weights.state_in(recognizer.network, layout)
    write_bytes(path, WRITERS[path.suffix]({name: tensor.contiguous() for name, tensor in state.items()}))


def read_classes(path: Path) -> tuple[str, ...]:
    """Return the class names in a file: one a line, or in .json a list, in the order of the scores.

    Raises:
        DataError: no such file, no names in it, or one twice.
    """
    if not path.is_file():
        raise DataError(f"no file {path} with the names of the classes: check the path")
    try:
        text = path.read_text(encoding="utf-8")
        listed = json.loads(text) if path.suffix == ".json" else [line.strip() for line in text.splitlines()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a list of class names: {error}") from None
    if not isinstance(listed, list):
        raise DataError(f'{path} holds no JSON list: write the names as ["ant", "bee"] in the order of the scores')
    names = tuple(name for name in listed if isinstance(name, str) and name)
    twice = {name for name in names if names.count(name) > 1}
    if not names or len(names) < len(listed) or twice:
        what = f"names {min(twice)} twice" if twice else "has a line without a name" if names else "has no names"
        raise DataError(f"{path} {what}: it takes the name of each class once, one a line, in the order of the scores")
    return names


def _last(known: Sequence[Located], field: str) -> Any:
    """Return what the last of them that has the field says in it: later ones count more."""
    return next((value for one in reversed(known) if (value := getattr(one, field))), None)


def _fields(model: str | None, known: Sequence[Located], said: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a `Preprocess` as far as they are known."""
    fields: dict[str, Any] = {}
    if model is not None:
        row = find(model)
        fields = {"channels": row.in_channels} | ({"size": list(row.image_size)} if row.image_size else {})
    for one in known:
        fields |= one.preprocess or {}
    return {**fields, **said}


def _missing(model: str | None, classes: Sequence[str] | None, fields: Mapping[str, Any]) -> list[str]:
    """Return what must still be said, and how."""
    needed = ("mean", "std") if model is None else ("size", "mean", "std")
    settings = " ".join(f"--set preprocess.{field}=..." for field in needed if field not in fields)
    asked = {
        "which network it is of (--model NAME, from `striate models`)": model is None,
        "what its classes are called (--classes FILE, one name a line)": classes is None,
        f"how pictures are prepared for it ({settings})": bool(settings),
    }
    return [what for what, lacks in asked.items() if lacks]


def _to_torch(state: dict[str, Tensor]) -> bytes:
    buffer = BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _to_arrays(state: dict[str, Tensor]) -> bytes:
    buffer = BytesIO()
    arrays: dict[str, Any] = {name: tensor.numpy() for name, tensor in state.items()}
    np.savez(buffer, **arrays)
    return buffer.getvalue()


WRITERS: dict[str, Callable[[dict[str, Tensor]], bytes]] = {
    ".safetensors": to_safetensors,
    ".pth": _to_torch,
    ".npz": _to_arrays,
}
