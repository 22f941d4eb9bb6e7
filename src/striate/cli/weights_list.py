"""List published weights that are known by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from striate.cli.printing import document, say, table

if TYPE_CHECKING:
    from striate.zoo.known_weights import Known

EXAMPLES = ("striate weights list", "striate weights list --json")


def list(  # noqa: A001 the verb's last word
    as_json: Annotated[bool, Option("--json", help="Print one JSON list with all that is known of each.")] = False,
) -> None:
    """List published weights that are known by name, and what is in the cache.

    A name goes to --weights of striate train, or to striate weights fetch. Accuracies are those that torchvision
    publishes for its own network. Beside these, timm:NAME takes any weights of timm's for a network that both have.
    """
    from striate.data.cache import folder
    from striate.zoo.download import place
    from striate.zoo.known_weights import KNOWN

    kept = {name: place(row.url) for name, row in KNOWN.items()}
    cached = {name for name, path in kept.items() if path.is_file()}
    every = sorted(path for path in (folder() / "weights").rglob("*") if path.is_file() and path.suffix != ".part")
    others = [path for path in every if path not in set(kept.values())]
    if as_json:
        document([*(_known(row, kept[name] if name in cached else None) for name, row in KNOWN.items()),
                  *({"name": None, "path": path, "megabytes": _megabytes(path)} for path in others)])  # fmt: skip
        return
    rows = [
        (name, row.model, f"{row.megabytes} MB", f"{row.top1:.2f} %", f"{row.top5:.2f} %", row.protocol,
         "yes" if name in cached else "")
        for name, row in KNOWN.items()
    ]  # fmt: skip
    headers = ("name", "model", "file", "top-1", "top-5", "measured on", "in the cache")
    table(headers, rows, right=("file", "top-1", "top-5"))
    say(*(f"also in the cache: {path} ({_megabytes(path)} MB)" for path in others))


def _known(row: Known, path: Path | None) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(row) | {"url": row.url, "sha256_begins": row.digest, "protocol": row.protocol, "path": path}


def _megabytes(path: Path) -> int:
    return max(1, round(path.stat().st_size / 10**6))
