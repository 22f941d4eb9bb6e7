"""Weights that timm knows by name: its own tables say where they lie and how pictures are prepared for them.

timm and huggingface_hub are imported only when such weights are named; the hub keeps what it fetches in its own cache.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from striate.core.errors import DataError, StriateError, UnknownName
from striate.core.progress import say
from striate.zoo import download
from striate.zoo.known_weights import imagenet_classes

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = "model.safetensors"  # of every timm repository on the hub
_FITS = {"center": "crop", "squash": "stretch", "border": "pad"}  # timm's crop modes


@dataclass(frozen=True)
class Found:
    """Weights of timm's.

    Args:
        path: the file; only its name where it was not to be fetched.
        architecture: timm's name of the network.
        preprocess: fields of a `Preprocess`.
        classes: in the order of the scores, where they are known.
    """

    path: Path
    architecture: str
    preprocess: dict[str, Any]
    classes: tuple[str, ...] | None


def find(name: str, *, fetch: bool = True, quiet: bool = False) -> Found:
    """Return the weights `name`, such as "resnet50.a1_in1k", fetched where they are not in the cache, unless not to be.

    Raises:
        StriateError: timm or huggingface_hub is not installed.
        UnknownName: timm has no such weights.
        DataError: they cannot be fetched.
    """
    timm = _imported("timm")
    try:
        config = timm.models.get_pretrained_cfg(name)
    except RuntimeError:  # timm knows the network, not the tag
        config = None
    if config is None or not (config.hf_hub_id or config.url):
        raise UnknownName("weights of timm", name, timm.list_pretrained())
    path = Path(_FILE)
    if fetch:
        path = _from_hub(config, quiet=quiet) if config.hf_hub_id else download.fetch(config.url, quiet=quiet)
    return Found(path, config.architecture, preprocess_of(config), _classes(config))


def preprocess_of(config: Any) -> dict[str, Any]:
    """Return the fields of a `Preprocess` that a `pretrained_cfg` of timm's stands for.

    Raises:
        DataError: something that a `Preprocess` cannot say.
    """
    channels, height, width = config.input_size
    fit = _FITS.get(config.crop_mode)
    if fit is None or config.interpolation not in {"bilinear", "bicubic"}:
        raise DataError(
            f"timm prepares pictures for {config.architecture}.{config.tag} by crop_mode = {config.crop_mode!r} and "
            f"interpolation = {config.interpolation!r}, not known here: save the weights to a file and give that"
        )
    side = min(height, width)
    return {
        "size": [height, width],
        "fit": fit,
        "center": side / int(side / config.crop_pct) if fit == "crop" else 1.0,  # timm cuts the fraction off
        "interpolation": config.interpolation,
        "channels": channels,
        "mean": list(config.mean),
        "std": list(config.std),
    }


def _classes(config: Any) -> tuple[str, ...] | None:
    ours = config.num_classes == 1000 and "in1k" in (config.tag or "") and not config.label_offset
    return imagenet_classes() if ours else None


def _from_hub(config: Any, *, quiet: bool) -> Path:
    repository, _, revision = config.hf_hub_id.partition("@")
    file = config.hf_hub_filename or _FILE
    hub = _imported("huggingface_hub")
    try:
        path = Path(hub.hf_hub_download(repository, file, revision=revision or None))
    except Exception as error:  # noqa: BLE001 the hub's own errors, the network's and the disk's
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"cannot fetch {file} of {repository} ({reason}): where there is a network, fetch https://huggingface.co/"
            f"{repository}/resolve/{revision or 'main'}/{file}, and give the file itself as weights"
        ) from None
    digest = path.resolve().name  # the hub names a large file by its SHA-256, and lets its own name lead there
    if _SHA256.fullmatch(digest):
        download.check(path, digest, f"remove {path.resolve()} from the hub's cache, and fetch it again")
    else:
        say(f"nothing to check {path} by: the hub's cache has no hash of it", quiet=quiet)
    return path


def _imported(module: str) -> Any:
    try:
        return import_module(module)
    except Exception as error:  # noqa: BLE001 timm imports torchvision, which can fail in many ways
        raise StriateError(
            f"weights named timm:... need {module}, and it cannot be imported ({error}): "
            "pip install timm huggingface_hub"
        ) from None
