"""Turn anybody's weights into a recognizer, and a recognizer into files that others read."""

import shlex
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from striate.cli.printing import document, say
from striate.core.errors import RecipeError

EXAMPLES = (
    "striate weights convert torchvision:resnet50 imagenet-resnet50",
    "striate weights convert squeeze.npz squeeze --like torchvision:squeezenet1_0",
    "striate weights convert net.th net --model resnet20 --classes names.txt --set preprocess.mean=[0.5,0.5,0.5]",
    "striate weights convert runs/photos resnet18.pth --to torchvision:resnet18",
)


def convert(
    weights: Annotated[str, Argument(metavar="WEIGHTS", help="A FILE, RUN, URL, torchvision:NAME or timm:NAME.")],
    out: Annotated[
        Path,
        Argument(
            metavar="OUT", help="The recognizer's folder; with --to, a file. What exists is kept, the new gets -2."
        ),
    ],
    model: Annotated[
        str | None, Option(metavar="NAME", help="The network that they are of, from `striate models`.")
    ] = None,
    classes: Annotated[
        Path | None, Option(metavar="FILE", help="Names of the classes in the order of the scores, one a line.")
    ] = None,
    like: Annotated[
        str | None,
        Option(
            metavar="WEIGHTS", help="Known weights or a recognizer for the same classes, with pictures prepared so."
        ),
    ] = None,
    layout: Annotated[
        str | None, Option(metavar="LAYOUT", help="Whose names the file uses; by default the one that fits.")
    ] = None,
    to: Annotated[
        str | None, Option(metavar="LAYOUT", help="Write a .safetensors, .pth or .npz file with these names instead.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="FIELD=VALUE", help="A field of preprocess or options, as for train."),
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of sentences.")] = False,
) -> None:
    """Turn anybody's weights into a recognizer that striate predict takes, and with --to a recognizer into theirs.

    Every name and shape must agree with the network. A recognizer has its classes and its preparation of pictures with
    it: known weights and runs bring them, for others they must be said.
    """
    from striate.core.files import free_name
    from striate.recognize.convert import WRITERS, check, converted, write
    from striate.train.recipe import settings_to_values

    if to is None and out.suffix in WRITERS:
        raise RecipeError(f"OUT is a recognizer's folder, and {out} looks like a file: add --to LAYOUT to write one")
    if to is not None:
        check(out)
    values = settings_to_values(settings or ())
    recognizer, read_as = converted(
        weights, model=model, classes=classes, like=like, layout=layout, values=values, quiet=as_json
    )
    out = free_name(out)
    if to is None:
        recognizer.save(out)
    else:
        write(recognizer, out, to)
    if as_json:
        document({"out": out, "layout": read_as, "to": to} | recognizer.description())
        return
    height, width = recognizer.preprocess.size
    count = len(recognizer.classes)
    say(f"{recognizer.model} for {count:,} classes at {height}x{width}, read in the layout {read_as}: {out}")
    if to is None:
        say("next:", f"  striate predict {shlex.quote(str(out))} PICTURE...")
