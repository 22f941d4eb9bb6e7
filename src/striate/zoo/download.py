"""Files fetched from an address into the cache: checked, whole or not at all, and found again without a network."""

import hashlib
import http.client
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urldefrag, urlsplit

from striate import __version__
from striate.core.errors import DataError
from striate.core.files import whole_file
from striate.core.progress import Tracker, say, track
from striate.data.cache import folder

_PIECE = 2**18  # bytes
_TIMEOUT = 30.0  # seconds of silence
_PAUSE = 1.0  # seconds before another try
_VAIN = 3  # tries in a row that bring nothing
_IN_NAME = re.compile(
    r"-([0-9a-f]{8,64})\.\w+$"
)  # torchvision's habit: the file's name ends in its SHA-256's beginning
_PINNED = re.compile(r"sha256=([0-9a-fA-F]{8,64})")


def is_address(text: str) -> bool:
    """Say whether `text` is the address of a file on the web."""
    return text.startswith(("https://", "http://"))


def place(address: str) -> Path:
    """Return where in the cache the file of `address` is kept, beneath `weights`: the address is the path."""
    parts = urlsplit(urldefrag(address).url)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    names = [_name(part) for part in path.split("/") if part]
    if not parts.netloc or not names:
        raise DataError(f"{address} is no address of a file: it takes https://HOST/PATH/FILE")
    return folder().joinpath("weights", _name(parts.netloc), *names)


def fetch(address: str, digest: str | None = None, *, quiet: bool = False) -> Path:
    """Return the file of `address`, from the cache where it is there already.

    Args:
        address: `https://` or `http://`; `#sha256=...` at its end says what the file must hash to.
        digest: the beginning of the file's SHA-256; by default what the address says, or what its name ends in.
        quiet: show no progress.

    Raises:
        DataError: it cannot be reached, or is not the file that the hash is of; the message says where to put the
            file by hand. Nothing half is ever left in the cache.
    """
    digest, kept = digest or _expected(address), place(address)
    if kept.is_file():
        check(kept, digest, f"remove {kept}, and it is fetched again")
        return kept
    say(f"fetching {urldefrag(address).url}", quiet=quiet)
    with whole_file(kept) as beside:
        with beside.open("wb") as file:
            _Transfer(urldefrag(address).url, kept, hashed=digest is not None, quiet=quiet).into(file)
        check(beside, digest, f"another file, or damaged on its way; nothing was kept of {address}")
    if digest is None:
        say(f"nothing to check {kept.name} by; to pin it: {address}#sha256={sha256(kept)}", quiet=quiet)
    return kept


def check(path: Path, digest: str | None, remedy: str) -> None:
    """Refuse a file whose SHA-256 does not begin with `digest`; None: any file.

    Raises:
        DataError: with the `remedy`.
    """
    if digest is not None and not (found := sha256(path)).startswith(digest.lower()):
        raise DataError(f"{path.name} has the SHA-256 {found}, which should begin with {digest}: {remedy}")


def sha256(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _expected(address: str) -> str | None:
    """Return the hash that an address names."""
    fragment = urldefrag(address).fragment
    if fragment:
        pinned = _PINNED.fullmatch(fragment)
        if not pinned:
            raise DataError(f"{address}: '#{fragment}' is no hash; it takes #sha256= and 8 to 64 hexadecimal digits")
        return pinned[1]
    named = _IN_NAME.search(urlsplit(address).path)
    return named[1] if named and not named[1].isdigit() else None  # digits alone are as likely a date


def _name(part: str) -> str:
    """Return a part of an address as one name of a file: no two parts the same, none that leads elsewhere."""
    quoted = quote(part, safe="%")
    return quoted.replace(".", "%2E") if set(quoted) == {"."} else quoted


@dataclass
class _Transfer:
    """One file on its way; where the connection breaks, it goes on from there if the server can, or begins again.

    Args:
        address: of the file.
        kept: where it will lie.
        hashed: whether a hash will tell a file that was cut short.
        quiet: show no progress.
    """

    address: str
    kept: Path
    hashed: bool
    quiet: bool
    done: int = 0
    mark: str | None = None  # what the server calls this version of the file

    def into(self, file: BinaryIO) -> None:
        """Write the whole file.

        Raises:
            DataError: the server has no such file, or no try brings more of it.
        """
        vain = 0
        while True:
            before = self.done
            try:
                self._receive(file)
            except urllib.error.HTTPError as error:
                error.close()
                reason = f"the server answers {error.code} {error.reason}"
                if error.code < 500:
                    raise DataError(
                        f"cannot fetch {self.address}: {reason}. Check the address, or put the file at {self.kept}"
                    ) from None
            except (OSError, http.client.HTTPException) as error:
                reason = _told(error)
            else:
                return
            vain = 0 if self.done > before else vain + 1
            if vain >= _VAIN:
                raise DataError(
                    f"cannot fetch {self.address} from here: {reason}. Fetch it where there is a network, and put the "
                    f"file at {self.kept}"
                )
            time.sleep(_PAUSE)

    def _receive(self, file: BinaryIO) -> None:
        headers = {"User-Agent": f"striate/{__version__}"}
        if self.done and self.mark:
            headers |= {"Range": f"bytes={self.done}-", "If-Range": self.mark}
        request = urllib.request.Request(self.address, headers=headers)  # noqa: S310 `place` and `is_address` see to it
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            self._refuse_page(answer)
            if answer.status != 206:
                self.done = 0
            file.seek(self.done)
            file.truncate()
            self.mark = answer.headers["ETag"] or answer.headers["Last-Modified"]
            length = answer.headers["Content-Length"]
            total = self.done + int(length) if length else None
            with track(
                f"{self.kept.name} (kB)", (total or 0) // 1000, done=self.done // 1000, quiet=self.quiet
            ) as seen:
                self._copy(answer, file, seen)
        if total is not None and self.done < total:
            raise http.client.IncompleteRead(b"", total - self.done)

    def _copy(self, answer: http.client.HTTPResponse, file: BinaryIO, seen: Tracker) -> None:
        while piece := answer.read(_PIECE):
            file.write(piece)
            self.done += len(piece)
            seen.advance(self.done // 1000 - seen.done)

    def _refuse_page(self, answer: http.client.HTTPResponse) -> None:
        if answer.headers.get_content_type() == "text/html":
            raise DataError(f"{self.address} is a web page, not a file of weights: give the address of the file itself")
        if not (self.hashed or answer.headers["Content-Length"] or answer.headers["Transfer-Encoding"]):
            raise DataError(
                f"{self.address}: the server does not say how long the file is, so one cut short could not be told "
                "from a whole one: add its hash, #sha256=..."
            )


def _told(error: Exception) -> str:
    cause = getattr(error, "reason", error)  # urllib wraps the system's own error
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
