"""The errors a user can cause; the command line prints them without a traceback.

StriateError
├── UnknownName     a model, source, option or file that is in no catalog
├── DataError       a file that is missing, truncated or not what it claims to be
│   └── ClassMismatch   tables whose class names do not agree
├── RecipeError     a value that a recipe does not allow
├── PlanError       a device or precision that this machine lacks
├── DoesNotApply    a method that would mislead here, with the reason and the cure
├── TrainingStopped a training that could not go on; what was saved is kept
└── Interrupted     the user pressed Ctrl-C; what was saved is kept
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

_KNOWN = 40  # names in a message


class StriateError(Exception):
    """An error with its remedy in its message."""


class UnknownName(StriateError):
    """A name that is in no catalog; the message offers those that end in it, or the nearest ones."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        whole = [known for known in self.known if known.endswith((f".{name}", f":{name}"))]
        near = whole or get_close_matches(name, self.known, n=3, cutoff=0.5)
        known_ones = f"known: {listed(self.known, _KNOWN)}" if self.known else "none are known"
        remedy = f"did you mean {' or '.join(near)}?" if near else known_ones
        super().__init__(f"no {kind} named '{name}': {remedy}")


class DataError(StriateError):
    """A file that is missing, truncated or not what it claims to be."""


class ClassMismatch(DataError):
    """Tables whose class names do not agree."""


class RecipeError(StriateError):
    """A value that a recipe does not allow."""


class PlanError(StriateError):
    """A device or precision that this machine lacks."""


class DoesNotApply(StriateError):
    """A method that would mislead here, with the reason and the cure."""


class TrainingStopped(StriateError):
    """A training that could not go on; what was saved before is kept and named in the message."""


class Interrupted(StriateError):
    """Stopped by the user; what was saved before is kept and named in the message, with how to go on."""


def listed(names: Sequence[str], most: int = 10) -> str:
    """Return the first names for a message, and how many more there are: "a, b, c and 997 more"."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
