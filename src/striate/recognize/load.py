"""From a run directory, or a folder that a recognizer was saved to, back to the recognizer."""

from pathlib import Path

from striate.core.errors import DataError, DoesNotApply
from striate.core.files import intact
from striate.recognize.ensemble import Ensemble, read_any
from striate.recognize.pipeline import PipelineRecognizer
from striate.recognize.recognizer import DESCRIPTION, NetworkRecognizer

Loaded = NetworkRecognizer | PipelineRecognizer | Ensemble


def load(path: Path, which: str = "best") -> Loaded:
    """Return the recognizer of a run directory (`which`: best or last) or of a folder it was saved to.

    Raises:
        DataError: no such folder, or no recognizer in it.
    """
    return read_any(place(path, which))


def load_network(path: Path, which: str = "best") -> NetworkRecognizer:
    """Return the recognizer of a run as `load` does, for what needs its network.

    Raises:
        DoesNotApply: it is another kind of recognizer.
    """
    found = load(path, which)
    if isinstance(found, PipelineRecognizer):
        raise DoesNotApply(f"{path} is {found.model}, a classic pipeline, which has no layers: name a network's run")
    if not isinstance(found, NetworkRecognizer):
        raise DoesNotApply(f"{path} is an {found.model}, not one network: ask its members, which are in {place(path)}")
    return found


def place(path: Path, which: str = "best") -> Path:
    """Return the folder that holds the recognizer of a run directory, or of a folder it was saved to; see `load`."""
    if not path.is_dir():
        raise DataError(
            f"no run or recognizer {path}: check the path, or make it with `striate train DATA --out {path}`"
        )
    if (path / DESCRIPTION).is_file():
        return path
    if not (path / "checkpoints").is_dir() and not (path / "recipe.toml").is_file():
        raise DataError(
            f"{path} is neither the directory of a run nor the folder of a recognizer: name one that `striate train` "
            "or `striate weights convert` wrote"
        )
    checkpoint = intact(path / "checkpoints" / which)
    if not checkpoint.is_dir():
        raise DataError(
            f"{path} holds no '{which}' checkpoint: if its training was stopped early, "
            f"go on with `striate train --resume {path}`"
        )
    return checkpoint
