"""From anybody's weights to a recognizer, and from a recognizer to files that others read."""

import json
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from safetensors.torch import save as to_safetensors
from torch import Tensor

from striate.core.errors import DataError, RecipeError
from striate.core.files import write_bytes
from striate.data.preprocess import Preprocess
from striate.recognize.origin import origin
from striate.recognize.recognizer import NetworkRecognizer, build
from striate.runtime.plan import Plan
from striate.zoo import MODELS, weights
from striate.zoo.locate import Located
from striate.zoo.reading import read

_SAID = ("preprocess", "options")  # what of a recipe a recognizer has


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
    known = [located, *([origin(like, fetch=False, quiet=quiet)] if like else [])]  # later ones count more
    of = model or next((one.model for one in reversed(known) if one.model), None)
    if of is None:
        raise RecipeError(f"{name} does not say which network it is of: --model NAME, from `striate models`")
    options = {key: value for one in known if one.model == of for key, value in one.options.items()}
    options |= values.get("options", {})
    preprocess = _preprocess(of, known, values.get("preprocess", {}))
    names = read_classes(classes) if classes else next((one.classes for one in reversed(known) if one.classes), None)
    if names is None:
        raise RecipeError(f"{name} does not name its classes: --classes FILE, one name a line, or --like WEIGHTS")
    network = build(of, options, names, preprocess)
    taken = weights.take(network, read(located.path), layout=layout, source=name)
    plan = Plan().resolve(network)
    prepared = plan.prepare(network).eval()
    return NetworkRecognizer(of, options, prepared, names, preprocess, plan=plan), taken.layout


def write(recognizer: NetworkRecognizer, path: Path, layout: str) -> None:
    """Write the network's tensors to a .safetensors, .pth or .npz file by the names that others give them.

    Raises:
        UnknownName: no such layout for this network.
        DataError: a file of another ending.
    """
    if path.suffix not in _WRITERS:
        raise DataError(f"{path} has no ending that weights are written as: {', '.join(_WRITERS)}")
    if path.is_dir():
        raise DataError(f"{path} is a folder: name a file to write, or remove the folder")
    state = weights.state_in(recognizer.network, layout)
    write_bytes(path, _WRITERS[path.suffix]({name: tensor.contiguous() for name, tensor in state.items()}))


def read_classes(path: Path) -> tuple[str, ...]:
    """Return the class names in a file: one a line, or a JSON list, in the order of the scores.

    Raises:
        DataError: no such file, no names in it, or one twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        listed = json.loads(text) if path.suffix == ".json" else [line.strip() for line in text.splitlines()]
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a list of class names: {error}") from None
    names = tuple(name for name in listed if isinstance(name, str) and name)
    twice = {name for name in names if names.count(name) > 1}
    if not names or len(names) < len(listed) or twice:
        what = f"names {min(twice)} twice" if twice else "has a line without a name" if names else "has no names"
        raise DataError(f"{path} {what}: it takes the name of each class once, one a line, in the order of the scores")
    return names


def _preprocess(model: str, known: list[Located], said: Mapping[str, Any]) -> Preprocess:
    row = MODELS[model]
    fields: dict[str, Any] = {"size": list(row.image_size), "channels": row.in_channels}
    for one in known:
        fields |= one.preprocess or {}
    fields |= said
    missing = [f"preprocess.{name}" for name in ("mean", "std") if name not in fields]
    if missing:
        raise RecipeError(
            f"how pictures were prepared for these weights is not known ({' and '.join(missing)}): --like WEIGHTS that "
            "were trained on pictures prepared so, or --set preprocess.mean=[...] --set preprocess.std=[...]"
        )
    try:
        return Preprocess(**fields)
    except ValidationError as error:
        raise RecipeError(f"preprocess: {'; '.join(fault['msg'] for fault in error.errors())}") from None


def _to_torch(state: dict[str, Tensor]) -> bytes:
    buffer = BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _to_arrays(state: dict[str, Tensor]) -> bytes:
    buffer = BytesIO()
    arrays: dict[str, Any] = {name: tensor.numpy() for name, tensor in state.items()}
    np.savez(buffer, **arrays)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[dict[str, Tensor]], bytes]] = {
    ".safetensors": to_safetensors,
    ".pth": _to_torch,
    ".npz": _to_arrays,
}
