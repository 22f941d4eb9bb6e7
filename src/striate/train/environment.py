"""What a run was made with: versions, machine, plan, git commit, command."""

import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch

from striate.runtime.plan import Plan

_LIBRARIES = ("torch", "numpy", "pyarrow", "pillow", "simplejpeg", "scikit-learn", "safetensors")


def describe(plan: Plan) -> dict[str, Any]:
    """Return plain data for `environment.json`."""
    return {
        "striate": version("striate"),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "system": platform.platform(),
        "machine": processor(),
        "cores": os.cpu_count(),
        "plan": plan.model_dump(mode="json"),
        "git": commit(),
        "command": shlex.join([os.path.basename(sys.argv[0]) or "python", *sys.argv[1:]]),  # noqa: PTH119 a name, no path
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def processor() -> str:
    """Return the device's own name, as in "NVIDIA H200" or the CPU's."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return torch.backends.cpu.get_cpu_capability() + " " + (platform.processor() or platform.machine())


def commit() -> str | None:
    """Return the git commit of the working directory, with `-dirty` where it has changes, or None outside of git."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],  # noqa: S607 the user's own git
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() or None
