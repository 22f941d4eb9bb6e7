"""Files of weights from anyone, as named tensors. No format is read in a way that could run code."""

import re
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from striate.core.errors import DataError

WRAPPERS = ("state_dict", "model_state_dict", "model", "network", "net", "weights")  # around the weights themselves
PREFIXES = ("module.", "_orig_mod.", "model.", "network.", "net.")  # DataParallel's, torch.compile's, trainers'

_STATE = "where the network was made, save its state dict alone, best as .safetensors"
_ARRAYS = "where the network was made, save its weights alone, as in numpy.savez('weights.npz', **arrays)"
_FOREIGN = {  # what files of these endings are, and what to do
    ".onnx": f"is ONNX, a network and not weights that ours could take: {_STATE}",
    **dict.fromkeys((".bin", ".ckpt"), "is no ending that tells the format: if torch.save wrote it, rename it to .pth"),
    **dict.fromkeys((".pkl", ".pickle"), f"is a pickle, which could run code: {_STATE}"),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), f"is of Keras: {_ARRAYS}"),
    **dict.fromkeys((".pb", ".tflite"), f"is of TensorFlow: {_ARRAYS}"),
    ".caffemodel": f"is of Caffe: {_ARRAYS}",
    **dict.fromkeys((".zip", ".tar", ".gz", ".xz", ".bz2"), "is an archive: unpack it"),
}


def read(path: Path) -> Mapping[str, Any]:
    """Read a file as it is, wrappers and prefixes included.

    Raises:
        DataError: no such file, an unknown ending, a damaged file, or one that holds more than weights.
    """
    if not path.is_file():
        raise DataError(f"no weights file {path}: check the path")
    if path.suffix not in _READERS:
        what = _FOREIGN.get(path.suffix.lower(), "has no ending of a weights file")
        raise DataError(f"{path} {what}. Weights are read from {', '.join(_READERS)}")
    try:
        content = _READERS[path.suffix](path)
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001 a damaged file can make a reader raise anything
        raise DataError(
            f"{path} cannot be read as {path.suffix}: {_first_line(error)}; damaged, or cut short?"
        ) from None
    if not isinstance(content, Mapping):
        raise DataError(f"{path} holds a {type(content).__name__}, not weights by name")
    return content


def named_tensors(state: Mapping[str, Any], source: str, known: Collection[str] = ()) -> dict[str, Tensor]:
    """Take off wrappers, and the prefixes that all names share until one of the `known` names appears.

    Raises:
        DataError: nothing is left, or something that is no tensor; `source` names it in the message.
    """
    while wrapper := next((name for name in WRAPPERS if isinstance(state.get(name), Mapping)), None):
        state = state[wrapper]
    others = [str(name) for name, value in state.items() if not isinstance(value, Tensor)]
    if others or not state:
        what = f"{', '.join(others[:3])} in it is no tensor" if others else "it is empty"
        raise DataError(f"{source} holds no weights by name: {what}")
    tensors = dict(state)
    while tensors.keys().isdisjoint(known) and (prefix := _shared_prefix(tensors)):
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return tensors


def _shared_prefix(names: Collection[str]) -> str | None:
    return next((prefix for prefix in PREFIXES if all(name.startswith(prefix) for name in names)), None)


def _read_torch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error)
        named = re.search(r"GLOBAL (\S+)|(TorchScript)", reason)  # torch names what it does not allow
        if named:
            raise DataError(
                f"{path} is refused: it holds {named[1] or named[2]} besides weights, and reading that could run "
                "code. Ask for the state dict alone, best as .safetensors"
            ) from None
        if "Weights only load failed" in reason:
            raise DataError(
                f"{path} is refused: not weights as torch.save writes them, but damaged, cut short, or some other "
                "pickle, which could run code"
            ) from None
        raise


def _read_arrays(path: Path) -> dict[str, Tensor]:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path} is no .npz archive: damaged, or cut short?")
    tensors = {}
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            try:
                array = archive[name]
            except ValueError as error:
                if "allow_pickle" not in str(error):
                    raise
                raise DataError(
                    f"{path} is refused: its array {name} holds Python objects, and reading them could run code. "
                    "Ask for arrays of numbers"
                ) from None
            tensors[name] = torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
    return tensors


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


_READERS: dict[str, Callable[[Path], Any]] = {
    ".safetensors": load_file,
    ".pth": _read_torch,
    ".pt": _read_torch,
    ".th": _read_torch,
    ".npz": _read_arrays,
}
