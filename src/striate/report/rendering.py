"""What turns templates into pages: one self-contained file each, with the words of the report as filters."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from striate.report import words

_FILTERS = (
    words.percent,
    words.number,
    words.span,
    words.pictures,
    words.duration,
    words.size,
    words.sentence,
    words.listed,
)


def environment() -> Environment:
    """Return what loads the templates; a name that a template lacks is an error."""
    found = Environment(
        loader=PackageLoader("striate.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for convert in _FILTERS:
        found.filters[convert.__name__] = convert
    found.globals["calibration"] = words.calibration
    found.globals["part_names"] = words.PART_NAMES
    return found


def source(environment: Environment, name: str) -> Markup:
    """Return a template as it is: our own style or script, not a user's words."""
    assert environment.loader is not None
    return Markup(environment.loader.get_source(environment, name)[0])  # noqa: S704
