"""Specification of fetching a price list."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kit.errors import InputError
from kit.pricing import download
from kit.pricing.download import OfflineError, fetch, is_url, without_secrets


class _Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        code, body = {"/list": (200, b"prices"), "/large": (200, b"x" * 3000)}.get(self.path, (404, b"gone"))
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the address of a server on this machine."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_list_comes_from_an_address_or_a_file(address: str, tmp_path: Path) -> None:
    """Either is given as one word."""
    (tmp_path / "list").write_bytes(b"a file")
    assert fetch(f"{address}/list") == b"prices"
    assert fetch(str(tmp_path / "list")) == b"a file"


def test_an_error_of_the_server_is_no_missing_network(address: str) -> None:
    """A wrong address is the user's to mend."""
    with pytest.raises(InputError, match="/none: the server answers 404"):
        fetch(f"{address}/none")


def test_what_is_too_large_is_dropped(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever length the server states, no more than the limit is read."""
    monkeypatch.setattr(download, "MAX_BYTES", 2000)
    with pytest.raises(InputError, match="/large: larger than"):
        fetch(f"{address}/large")


def test_an_endless_download_is_cut(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that drips is given up."""
    monkeypatch.setattr(download, "TOTAL_S", -1)
    with pytest.raises(OfflineError, match="did not end"):
        fetch(f"{address}/list")


def test_nobody_there_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port where nothing listens."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(OfflineError, match=r"http://127\.0\.0\.1:9/list cannot be reached"):
        fetch("http://127.0.0.1:9/list")


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is asked for the whole address, also where another download went without a proxy before."""
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    for name in ("no_proxy", "NO_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert fetch(f"{address}/direct") == b"{}"
        monkeypatch.setenv("http_proxy", address)
        assert fetch("http://192.0.2.1/list") == b"{}"
        server.shutdown()
    assert asked == ["/direct", "http://192.0.2.1/list"]


@pytest.mark.parametrize("source", ["ftp://example.test/x", "file:///etc/hostname"])
def test_other_schemes_are_refused(source: str) -> None:
    """Only http and https."""
    assert is_url(source)
    with pytest.raises(InputError, match="only http and https"):
        fetch(source)


def test_what_is_secret_in_an_address_is_not_kept() -> None:
    """User, password and query are left out where an address is shown or stored."""
    assert without_secrets("https://me:secret@lists.test/data.json?key=1#x") == "https://lists.test/data.json"
