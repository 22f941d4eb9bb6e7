"""The log of a run: one line of JSON per step interval and per epoch, cut back to the checkpoint on resume."""

import json
from pathlib import Path
from typing import Any

from striate.core.files import full_disk_named, write_text


class Log:
    """Appends lines to `log.jsonl`; of many processes, one `writes`."""

    def __init__(self, path: Path, *, writes: bool = True) -> None:
        self.path, self.writes = path, writes

    def add(self, kind: str, **values: Any) -> None:
        """Append one line, flushed at once."""
        if not self.writes:
            return
        line = json.dumps({"kind": kind, **values}, allow_nan=False)
        with full_disk_named(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def cut_back(self, step: int) -> None:
        """Forget what was logged after `step`, and a last line that a kill left half-written."""
        if not (self.writes and self.path.exists()):
            return
        kept = []
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and entry.get("step", step + 1) <= step:
                kept.append(line + "\n")
        write_text(self.path, "".join(kept))
