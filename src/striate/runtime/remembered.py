"""What was measured of plans, kept in the user's cache so that no network is measured twice on the same machine."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

from striate.core.errors import StriateError
from striate.core.files import write_json
from striate.runtime.choice import Row
from striate.runtime.plan import Plan

_VERSION = 1  # raise it whenever the same plan would run otherwise


def place(key: Mapping[str, Any]) -> Path:
    """Return the file for `key`, plain data, beneath $STRIATE_CACHE or else `~/.cache/striate`."""
    folder = os.environ.get("STRIATE_CACHE")
    base = Path(folder).expanduser() if folder else Path.home() / ".cache" / "striate"
    text = json.dumps([_VERSION, key], sort_keys=True)
    return base / "plans" / f"{blake2b(text.encode(), digest_size=8).hexdigest()}.json"


def load(path: Path) -> list[Row]:
    """Return the rows kept in `path`; none where it is absent, and none, which is said, where it is damaged."""
    if not path.is_file():
        return []
    try:
        return [_row(values) for values in json.loads(path.read_text(encoding="utf-8"))["rows"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        sys.stderr.write(f"the cache {path} is damaged ({told}): ignored and measured anew\n")
        return []


def save(path: Path, key: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Write `rows`; a cache that cannot be written is said and done without."""
    kept = [{**asdict(row), "plan": row.plan.model_dump(mode="json")} for row in rows if _finite(row)]
    try:
        write_json(path, {"key": key, "rows": kept})
    except (OSError, StriateError) as error:
        sys.stderr.write(f"the cache {path} could not be written ({error}): plans will be measured again\n")


def _row(values: Mapping[str, Any]) -> Row:
    numbers = {name: float(values[name]) for name in ("seconds", "compile_seconds")}
    losses = tuple(float(loss) for loss in values["losses"])
    return Row(Plan.model_validate(values["plan"]), losses=losses, problem=str(values["problem"]), **numbers)


def _finite(row: Row) -> bool:
    return all(abs(number) < float("inf") for number in (row.seconds, row.compile_seconds, *row.losses))
