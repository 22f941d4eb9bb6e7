"""The run that a job was training when torchrun lost one of its processes and started all of them again."""

import json
from pathlib import Path

from striate.core import ranks


def lost_run(out: Path | None) -> Path | None:
    """Return the newest run that this job began, or None: it is no restart, or no run had begun yet.

    Args:
        out: the run directory that was asked for; None: any in `runs/`.
    """
    if not ranks.restarted():
        return None
    candidates = Path("runs").glob("*/") if out is None else [out, *out.parent.glob(f"{out.name}-*/")]
    own = [path for path in candidates if _job(path) == ranks.job()]
    return max(own, key=_began, default=None)


def _job(path: Path) -> str | None:
    try:
        job = json.loads((path / "environment.json").read_text(encoding="utf-8")).get("job")
    except (OSError, ValueError):
        return None
    return job if isinstance(job, str) and (path / "recipe.toml").is_file() else None


def _began(path: Path) -> float:
    return (path / "recipe.toml").stat().st_mtime
