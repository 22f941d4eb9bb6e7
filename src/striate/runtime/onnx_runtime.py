"""ONNX Runtime, where it is installed: another engine for the same network. Not needed, and never imported unasked."""

import logging
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from striate.runtime import machine


def lacks() -> str | None:
    """Return why ONNX Runtime cannot be used here, or None where it can."""
    missing = [name for name in ("onnxruntime", "onnx", "onnxscript") if find_spec(name) is None]
    return f"{' and '.join(missing)} not installed: pip install {' '.join(missing)}" if missing else None


def session(network: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return a function that answers as `network` does, on the CPU, for any number of images.

    Args:
        network: in evaluation mode and on the CPU.
    """
    onnxruntime: Any = import_module("onnxruntime")

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = machine.cores()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # it would take the decoders' cores
    ready: list[Any] = []  # made from the first images, whose shape the export needs

    def answer(images: Tensor) -> Tensor:
        if not ready:
            exported = _export(network, images)
            ready.append(onnxruntime.InferenceSession(exported, options, providers=["CPUExecutionProvider"]))
        scores: NDArray[np.float32] = ready[0].run(None, {"images": images.contiguous().numpy()})[0]
        return torch.from_numpy(scores)

    return answer


def _export(network: nn.Module, images: Tensor) -> bytes:
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(action="ignore"):
            batch = torch.export.Dim("batch")
            program: Any = torch.onnx.export(
                network,
                (images[:2].contiguous(),),
                input_names=["images"],
                dynamic_shapes=({0: batch},),
                dynamo=True,
                verbose=False,
            )
    finally:
        logger.setLevel(level)
    serialized: bytes = program.model_proto.SerializeToString()
    return serialized
