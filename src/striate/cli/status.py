"""What the shell is told at the end, and what the user reads when something went wrong.

0 done; 1 the answer is no; 2 the user can fix it (what, where, remedy; no traceback); 3 our bug (the traceback
and what to send us); 130 stopped with Ctrl-C.
"""

import errno
import os
import platform
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from typer import Exit

from striate import __version__
from striate.core.errors import Interrupted, StriateError

DONE, NO, FIXABLE, BUG, STOPPED = 0, 1, 2, 3, 130

_NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}  # the machine refuses, not we

Arguments = ParamSpec("Arguments")


def guarded(verb: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Return `verb` with every way to end turned into its exit status, and nothing left in standard output's buffer."""

    @wraps(verb)
    def carried_out(*args: Arguments.args, **options: Arguments.kwargs) -> None:
        try:
            verb(*args, **options)
            sys.stdout.flush()
        except Exit:
            sys.stdout.flush()
            raise
        except BrokenPipeError:
            _leave_pipe()
            raise Exit(DONE) from None
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the last place where any error can be explained
            raise Exit(explain(error)) from None

    return carried_out


def explain(error: BaseException) -> int:
    """Say on standard error what went wrong and return the exit status that belongs to it."""
    if isinstance(error, Interrupted):
        return _say(str(error), STOPPED)
    if isinstance(error, KeyboardInterrupt):
        return _say("stopped.", STOPPED)
    if isinstance(error, StriateError):
        return _say(f"error: {error}", FIXABLE)
    if isinstance(error, OSError) and error.errno in _NOT_OURS:
        return _say(f"error: {error.filename or 'could not write'}: {str(error.strerror).lower()}", FIXABLE)
    traceback.print_exception(error, file=sys.stderr)
    return _say(
        "error: this is a bug in Striate, not a mistake of yours. Please open an issue where you got Striate from, "
        f"with the lines above, the command and: {_versions()}",
        BUG,
    )


def _say(message: str, status: int) -> int:
    sys.stderr.write(message.rstrip() + "\n")
    return status


def _versions() -> str:
    from importlib.metadata import PackageNotFoundError, version  # 20 ms, for the rare case only

    named = [f"striate {__version__}", f"Python {platform.python_version()}", platform.platform()]
    for package in ("torch", "numpy", "pyarrow"):
        try:
            named.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            named.append(f"{package} missing")
    return ", ".join(named)


def _leave_pipe() -> None:
    # The reader has what it wanted (`| head`): what is still in the buffer must not fail at the interpreter's end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
