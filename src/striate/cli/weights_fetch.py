"""Fetch weights into the cache, for use without a network."""

from typing import Annotated

from typer import Argument, Option

from striate.cli.printing import document, say

EXAMPLES = (
    "striate weights fetch torchvision:resnet50",
    "striate weights fetch timm:resnet50.a1_in1k",
    "striate weights fetch https://example.org/flowers-5f3a9c1e.safetensors",
)


def fetch(
    names: Annotated[
        list[str], Argument(metavar="NAME", help="A name from `striate weights list`, timm:NAME, or a URL.")
    ],
    as_json: Annotated[bool, Option("--json", help="Print one JSON list instead of sentences.")] = False,
) -> None:
    """Fetch weights into the cache, where --weights and striate weights convert find them without a network.

    A file is there whole or not at all, and is checked by the hash that is known for it, or that its name ends in, or
    that follows the URL as #sha256=... One that is there already is checked again and not fetched.
    """
    from striate.core.errors import DataError
    from striate.zoo.download import sha256
    from striate.zoo.known_weights import KNOWN
    from striate.zoo.locate import is_file_name, locate

    found = []
    for name in names:
        if is_file_name(name):
            near = (
                f"did you mean torchvision:{name}" if f"torchvision:{name}" in KNOWN else "see `striate weights list`"
            )
            raise DataError(f"{name} is neither a URL nor a name like torchvision:resnet50 or timm:resnet50; {near}")
        located = locate(name, quiet=as_json)
        found.append({"name": name, "path": located.path, "sha256": sha256(located.path), "model": located.model})
    if as_json:
        document(found)
        return
    say(*(f"{one['name']}: {one['path']} (SHA-256 {one['sha256']})" for one in found))
