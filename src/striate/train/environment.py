"""What a run was made with: versions, machine, plan, git commit, command."""

import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from striate import __version__
from striate.core import ranks
from striate.runtime import machine
from striate.runtime.plan import Plan

_LIBRARIES = ("torch", "numpy", "pyarrow", "pillow", "simplejpeg", "scikit-learn", "safetensors")


def describe(plan: Plan) -> dict[str, Any]:
    """Return plain data for `environment.json`."""
    return {
        "striate": __version__,
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "system": platform.platform(),
        "machine": machine.processor(plan.device),
        "cores": os.cpu_count(),
        "plan": plan.model_dump(mode="json"),
        "processes": ranks.world(),
        "git": commit(),
        "command": command(),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def command() -> str:
    """Return what this process was started with, as one would type it."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return shlex.join(["python", "-m", program.parent.name, *sys.argv[1:]])
    return shlex.join([program.name or "python", *sys.argv[1:]])


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
