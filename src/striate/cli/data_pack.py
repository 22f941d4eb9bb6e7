"""Keep the pictures of a data set decoded on the disk."""

import shlex
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from striate.cli.printing import document, say

EXAMPLES = (
    "striate data pack photos/",
    "striate data pack photos/ --image-size 224 --set augment.crop=[0.35,1]",
    "striate data pack photos/ --from runs/photos --where /fast/packs",
    "striate train photos/ --set store=/fast/packs",
)


def pack(
    data: Annotated[
        str, Argument(metavar="DATA", help="A folder with one folder a class, or a CSV or Parquet table of files.")
    ],
    model: Annotated[
        str | None, Option(metavar="NAME", help="The model to be trained, which may decide the size.")
    ] = None,
    image_size: Annotated[
        int | None, Option(metavar="PIXELS", help="The side of the square that the network will see, in pixels.")
    ] = None,
    base: Annotated[
        Path | None, Option("--from", metavar="RUN", help="Pack for trainings with this run's recipe.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="FIELD=VALUE", help="A field of the recipe, as for train; may be given often."),
    ] = None,
    where: Annotated[
        Path | None, Option(metavar="FOLDER", help="The folder of packs; by default in the cache, where train looks.")
    ] = None,
    limit: Annotated[
        float | None,
        Option(metavar="GB", min=0, help="The most it may take; by default 21, or half of what is free on the disk."),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of sentences.")] = False,
) -> None:
    """Keep the pictures of DATA decoded on the disk, so that trainings read them faster.

    Give what will be given to train: the pack fits the recipe's size, channels and crops. It holds all pictures,
    whatever their split, and later trainings find it; train makes one by itself, of fewer pictures, where that
    pays. A changed picture makes another pack. Packs can be deleted at any time.
    """
    import dataclasses

    from striate.data.pack import estimate, find, make
    from striate.runtime.processes import together
    from striate.train.begin import Request, resolve
    from striate.train.storing import wish

    values = {} if image_size is None else {"image_size": image_size}
    most = None if limit is None else int(limit * 10**9)
    with together() as group:
        quiet = as_json or not group.first
        request = Request(data=data, model=model, values=values, settings=settings or (), base=base, quiet=quiet)
        resolved, recipe = resolve(request)
        folder = where or (Path(recipe.store).expanduser() if recipe.store not in {"none", "auto"} else None)
        wanted = wish(resolved.table, recipe, group=group, quiet=quiet)
        wanted = dataclasses.replace(wanted, where=folder, limit=most)
        found = find(wanted)
        there = all(group.gather(found is not None))
        packed = found if found is not None and there else make(wanted, estimate(wanted) if group.first else None)
    if as_json:
        document(
            {"path": packed.path, "made": found is None, "bytes": packed.bytes}
            | {name: packed.about[name] for name in ("key", "kind", "form", "rows")}
            | {"unreadable": packed.unreadable}
        )
        return
    told = "was there already" if found else "made"
    say(f"store {told}: {packed.about['rows']:,} pictures, {packed.in_words()}: {packed.path}")
    if packed.unreadable:
        say(f"{packed.unreadable:,} of them cannot be read; see: striate data check {shlex.quote(data)}")
    if where is not None:
        say(f"use it: striate train {shlex.quote(data)} --set store={shlex.quote(str(where))}")
