"""What this machine offers: its devices, the cores that are ours, and the precisions and compilers of each device."""

import os
import platform
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import torch

from striate.core import ranks
from striate.core.ranks import cores

__all__ = ["DEVICES", "best_device", "cores", "lacks_compiler", "lacks_device", "lacks_precision", "processor"]

DEVICES = ("cuda", "mps", "cpu")  # the best first


def lacks_device(device: str) -> str | None:
    """Return why `device` cannot be used here, or None where it can."""
    if device == "cuda" and not torch.cuda.is_available():
        return "no CUDA device, or a torch without CUDA"
    if device == "cuda" and ranks.place_on_this_host() >= torch.cuda.device_count():
        return f"this host has {torch.cuda.device_count()} CUDA devices for {ranks.on_this_host()} processes"
    if device == "mps" and not torch.backends.mps.is_available():
        return "no Apple GPU, or a torch without MPS"
    return None


def best_device() -> str:
    """Return cuda where there is one, else mps, else cpu."""
    return next(device for device in DEVICES if lacks_device(device) is None)


def lacks_precision(device: str, precision: str) -> str | None:
    """Return why `device` does not compute in `precision`, or None where it does."""
    if precision == "float32":
        return None
    if device == "cuda":
        return _lacks_on_cuda(precision)
    if precision == "tf32":
        return "TF32 is a format of NVIDIA's GPUs"
    if device == "mps":
        newer = precision == "fp16" or torch.backends.mps.is_macos_or_newer(14, 0)
        return None if newer else "bfloat16 on Apple's GPUs needs macOS 14"
    if precision == "fp16":
        return "half precision pays only on GPUs"
    return None if _multiplies_bfloat16() else "this processor has no bfloat16 (AVX512 or AMX on x86, BF16 on ARM)"


def lacks_compiler(device: str, mode: str) -> str | None:
    """Return why a network cannot be compiled for `device` in `mode`, or None where it can."""
    if mode == "off":
        return None
    if device == "mps":
        return "compiling for MPS is not offered"
    if device == "cuda":
        return None if find_spec("triton") else "compiling for CUDA needs triton"
    if mode == "graphs":
        return "graphs are recorded on CUDA devices only"
    named = os.environ.get("CXX", "")
    found = any(shutil.which(name) for name in (named, "g++", "clang++", "c++") if name)
    return None if found else "compiling for the CPU needs a C++ compiler (g++ or clang++)"


def processor(device: str) -> str:
    """Return the name of a device, as in "NVIDIA H200" or "AMD EPYC, AVX512"."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    information = Path("/proc/cpuinfo")
    named = re.search(r"^model name\s*: (.+)$", information.read_text() if information.exists() else "", re.MULTILINE)
    name = named[1].strip() if named else platform.processor() or platform.machine()
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def _lacks_on_cuda(precision: str) -> str | None:
    if precision == "fp16":
        return None
    ampere = torch.cuda.get_device_capability() >= (8, 0)
    return None if ampere else f"{precision} needs an NVIDIA GPU of the Ampere generation or later"


def _multiplies_bfloat16() -> bool:
    # Whether oneDNN has kernels for it on this processor; elsewhere it would be emulated, at a tenth of the speed.
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 torch has no public name for it
