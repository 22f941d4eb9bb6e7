"""Files from a server on this machine: whole or not at all, checked, resumed, found again when it is gone."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from striate.core.errors import DataError
from striate.zoo import download
from striate.zoo.download import fetch, place

CONTENT = bytes(range(256)) * 4_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `CONTENT` at every path; what it does wrong is set by the test."""

    cuts: list[int]  # how many bytes it sends before it hangs up, one an answer
    mark: str | None = '"first"'
    ranges = True
    length = True
    kind = "application/octet-stream"
    asked: list[tuple[str, str | None]]  # path and range of each request

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/{path}"


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.asked.append((self.path, wanted))
        if "missing" in self.path:
            self.send_error(404)
            return
        start = 0
        if wanted and self.server.ranges and self.headers["If-Range"] == self.server.mark:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", self.server.kind)
        if self.server.mark:
            self.send_header("ETag", self.server.mark)
        if self.server.length:
            self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = start + self.server.cuts.pop(0) if self.server.cuts else len(CONTENT)
        self.wfile.write(CONTENT[start:end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    serving = Server(("127.0.0.1", 0), Answer)
    serving.cuts, serving.asked = [], []
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield serving
    serving.shutdown()
    thread.join()
    serving.server_close()


def left(address: str) -> list[Path]:
    folder = place(address).parent
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_a_file_is_fetched_once_and_found_again_without_the_server(server: Server) -> None:
    address = server.address(f"models/net-{DIGEST[:8]}.pth")
    kept = fetch(address)
    assert kept.read_bytes() == CONTENT
    assert kept == place(address)
    server.shutdown()
    assert fetch(address) == kept
    assert len(server.asked) == 1
    assert left(address) == [kept]


def test_a_connection_that_breaks_is_taken_up_where_it_broke(server: Server) -> None:
    server.cuts = [300_000, 300_000]
    kept = fetch(server.address("net.pth"))
    assert kept.read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=300000-", "bytes=600000-"]


@pytest.mark.parametrize("lack", ["ranges", "mark"])
def test_where_the_server_cannot_go_on_the_file_is_fetched_anew(server: Server, lack: str) -> None:
    setattr(server, lack, None)
    server.cuts = [300_000]
    assert fetch(server.address("net.pth")).read_bytes() == CONTENT


def test_a_file_that_has_changed_in_between_is_not_pieced_together(server: Server) -> None:
    class Changing(Answer):
        def do_GET(self) -> None:
            super().do_GET()
            server.mark = '"second"'

    server.RequestHandlerClass = Changing
    server.cuts = [300_000]
    assert fetch(server.address("net.pth")).read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=300000-"]


def test_a_server_that_always_hangs_up_leaves_nothing_behind_and_says_where_to_put_the_file(server: Server) -> None:
    server.cuts = [0] * 10
    address = server.address("net.pth")
    with pytest.raises(DataError, match=r"cannot fetch http.*put the file at .*net\.pth") as caught:
        fetch(address)
    assert str(place(address)) in str(caught.value)
    assert left(address) == []


@pytest.mark.parametrize("pinned", ["-00000abc.pth", ".pth#sha256=00000abc"])
def test_another_file_than_the_hash_is_of_is_not_kept(server: Server, pinned: str) -> None:
    address = server.address(f"net{pinned}")
    with pytest.raises(DataError, match=f"SHA-256 {DIGEST}, which should begin with 00000abc"):
        fetch(address)
    assert left(address) == []


def test_the_hash_may_be_told_and_a_date_in_the_name_is_none(server: Server) -> None:
    assert fetch(f"{server.address('a.pth')}#sha256={DIGEST}").read_bytes() == CONTENT
    assert fetch(server.address("net-20190205.pth")).read_bytes() == CONTENT
    with pytest.raises(DataError, match="no hash"):
        fetch(server.address("b.pth#md5=1234"))


def test_what_was_put_into_the_cache_by_hand_is_checked_too(server: Server) -> None:
    address = server.address(f"net-{DIGEST[:8]}.pth")
    place(address).parent.mkdir(parents=True)
    place(address).write_bytes(b"something else")
    with pytest.raises(DataError, match=r"remove .*fetched again"):
        fetch(address)
    place(address).write_bytes(CONTENT)
    assert fetch(address) == place(address)
    assert server.asked == []


def test_a_file_that_is_not_there_is_asked_for_once(server: Server) -> None:
    with pytest.raises(DataError, match=r"the server answers 404 .*Check the address"):
        fetch(server.address("missing.pth"))
    assert len(server.asked) == 1


def test_a_web_page_is_no_file_of_weights(server: Server) -> None:
    server.kind = "text/html; charset=utf-8"
    with pytest.raises(DataError, match="is a web page"):
        fetch(server.address("net.pth"))


def test_without_length_and_hash_a_file_is_refused_since_half_of_it_would_pass_for_whole(server: Server) -> None:
    server.length = False
    with pytest.raises(DataError, match="does not say how long"):
        fetch(server.address("net.pth"))
    assert fetch(f"{server.address('net.pth')}#sha256={DIGEST}").read_bytes() == CONTENT


def test_offline_the_message_says_what_to_fetch_and_where_to_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_PAUSE", 0.0)
    address = "http://127.0.0.1:9/net.pth"  # nothing listens there
    with pytest.raises(DataError, match="refused") as caught:
        fetch(address)
    assert f"cannot fetch {address} from here: Connection refused" in str(caught.value)
    assert f"put the file at {place(address)}" in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.org/x/net.pth", "https://b.org/x/net.pth"),
        ("https://a.org/net.pth?v=1", "https://a.org/net.pth?v=2"),
        ("https://a.org/../../net.pth", "https://a.org/net.pth"),
    ],
)
def test_every_address_has_a_place_of_its_own_inside_the_cache(one: str, other: str) -> None:
    places = {place(one), place(other)}
    assert len(places) == 2
    assert all(".." not in path.parts and "weights" in path.parts for path in places)


def test_an_address_without_a_file_is_refused() -> None:
    to_refuse: list[Callable[[], object]] = [lambda: place("https://a.org"), lambda: place("https:///x.pth")]
    for call in to_refuse:
        with pytest.raises(DataError, match="no address of a file"):
            call()
