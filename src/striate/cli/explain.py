"""Show where a network finds what it says of a picture, and how far to believe that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Exit, Option

from striate.cli.printing import document, say, table
from striate.cli.results import percent
from striate.core.errors import RecipeError
from striate.explain import METHODS

if TYPE_CHECKING:
    from striate.explain.folder import Written

EXAMPLES = (
    "striate explain runs/photos photo.jpg",
    "striate explain runs/photos photo.jpg --method gradcam,occlusion --method integrated-gradients",
    "striate explain runs/photos new-photos/ --layer stages.1 --class cat --out cats",
    "striate explain runs/photos photo.jpg --method rise --set number=2000 --evidence",
)


def explain(
    run: Annotated[Path, Argument(metavar="RUN", help="A network's run, or the folder of its recognizer.")],
    pictures: Annotated[
        list[Path], Argument(metavar="PICTURE", help="Pictures, or folders to search with all below them.")
    ],
    method: Annotated[
        list[str] | None,
        Option(metavar="A,B,...", help=f"Of {', '.join(METHODS)}; by default gradcam. May be given often."),
    ] = None,
    layer: Annotated[
        str | None, Option(metavar="NAME", help="Whose units speak, as in `striate summary`; by default the last maps.")
    ] = None,
    target: Annotated[
        str | None, Option("--class", metavar="NAME", help="Explain this class, not each picture's answer.")
    ] = None,
    evidence: Annotated[
        bool,
        Option("--evidence", help="Measure what speaks for each map: weights, deletion, sums, seeds. Takes longer."),
    ] = False,
    scale: Annotated[
        Literal["picture", "shared", "layer"],
        Option(
            metavar="picture|shared|layer",
            help="One scale of colors for each map; for all of a method; or for all methods of a layer whose values "
            "are in the unit of the score (others keep their own).",
        ),
    ] = "shared",
    zeiler: Annotated[
        bool,
        Option("--zeiler", help="Beside occlusion: the strongest map, and the most probable class, under each patch."),
    ] = False,
    settings: Annotated[
        list[str] | None,
        Option("--set", metavar="OPTION=VALUE", help="An option of the methods, such as steps; may be given often."),
    ] = None,
    out: Annotated[
        Path | None, Option(metavar="FOLDER", help="Where all goes; one that exists is kept, the new gets -2.")
    ] = None,
    as_json: Annotated[bool, Option("--json", help="Print one JSON document instead of a table.")] = False,
) -> None:
    """Show where a network finds what it says of each picture, as maps on a page that opens offline.

    Each map is laid on the picture as the network saw it, its raw values beside it. In FOLDER (by default RUN's name
    with -explained) are index.html, and of every map a picture, photo.gradcam.png, and its values, photo.gradcam.npy.
    Where a method does not apply, its reason stands in its place. A picture that cannot be read is named, and the
    exit status is 1; where none can be read nothing is written.
    """
    from striate.explain.folder import explain_into
    from striate.explain.picture import Question

    question = Question(_methods(method), layer, target, _options(settings), evidence, zeiler)
    written = explain_into(run, pictures, question, out=out, scale=scale, quiet=as_json)
    if as_json:
        document({"folder": written.folder, "page": written.page, **written.record})
    else:
        _show(written)
    lost = [told for told in written.record["pictures"] if told["error"]]
    sys.stderr.writelines(f"unreadable: {told['picture']}: {told['error']}\n" for told in lost)
    if lost:
        raise Exit(1)


def _methods(asked: list[str] | None) -> tuple[str, ...]:
    names = [name.strip() for entry in asked or ["gradcam"] for name in entry.split(",")]
    return tuple(dict.fromkeys(name for name in names if name))


def _options(settings: list[str] | None) -> dict[str, Any]:
    """Return what --set gives, as Python reads it: numbers are numbers, all else is text."""
    from ast import literal_eval

    found: dict[str, Any] = {}
    for setting in settings or ():
        name, sign, text = setting.partition("=")
        if not sign or not name.isidentifier():
            raise RecipeError(f"--set {setting} is no OPTION=VALUE: write --set steps=100")
        try:
            found[name] = literal_eval(text)
        except (ValueError, SyntaxError):
            found[name] = text
    return found


def _show(written: Written) -> None:
    rows = [
        (told["picture"], told["class"], percent(told["probability"]), entry["method"], _says(entry))
        for told in written.record["pictures"]
        if not told["error"]
        for entry in told["explanations"]
    ]
    table(("picture", "class", "probability", "method", ""), rows, right=("probability",))
    say("", f"page: {written.page}")


def _says(entry: dict[str, Any]) -> str:
    if entry["refused"]:
        return f"does not apply: {entry['refused']}"
    claims = ", ".join(badge["claim"] for badge in entry.get("badges", ()))
    return entry["note"] or claims or str(entry["picture"])
