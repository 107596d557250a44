"""Through TLS and through a client's proxy."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mock_engine import mock_engine, polite
from mock_proxy import mock_proxy

from kit.errors import InputError
from kit.profiler.answers import Answer, Failure, read_answers
from kit.profiler.load import Target, closed_loop, request_bytes, run_in_own_loop


def ask(target: Target) -> Answer:
    """One request for three tokens."""

    def body(number: int, asked: int) -> dict[str, Any]:
        return {"prompt": f"prompt {number}", "max_tokens": asked, "stream": True}

    run = run_in_own_loop(closed_loop(target, in_flight=1, seconds=5.0, body=body, output_tokens=3, most_requests=1))
    (one,) = read_answers(run.exchanges, zero_ns=run.started_ns)
    return one


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that signed itself, with its key, for 127.0.0.1."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of this test")
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    )
    made = [*command.split(), "-keyout", str(file.with_suffix(".key")), "-out", str(file)]
    subprocess.run(made, check=True, capture_output=True)
    return file


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """The server's side of it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


class TestTls:
    def test_trusted(self, tls: ssl.SSLContext, certificate: Path) -> None:
        """An encrypted answer is read like any other where the certificate is trusted."""
        with mock_engine(polite, tls=tls) as engine:
            got = ask(Target(f"{engine.url}/v1/completions", ca_file=str(certificate)))
        assert (got.failure, got.output_tokens, len(got.token_events_s)) == (None, 3, 3)

    def test_not_trusted(self, tls: ssl.SSLContext) -> None:
        """A certificate that nobody vouches for is refused, and the reason is kept."""
        with mock_engine(polite, tls=tls) as engine:
            got = ask(Target(f"{engine.url}/v1/completions"))
        assert got.failure is Failure.REFUSED
        assert "certificate verify failed" in got.detail
        assert engine.requests == []

    def test_file_of_certificates_is_missing(self, tmp_path: Path) -> None:
        """A file of certificates that is not there is named before anything is sent."""
        with pytest.raises(InputError, match=r'none\.pem" cannot be read as a file of certificates'):
            ask(Target("https://127.0.0.1:1/", ca_file=str(tmp_path / "none.pem")))


class TestProxy:
    def test_http(self) -> None:
        """A proxy is told the whole address of an http resource, and who asks."""
        with mock_engine(polite) as engine, mock_proxy() as proxy:
            url = f"{engine.url}/v1/completions"
            got = ask(Target(url, proxy=f"http://me:p%40ss@127.0.0.1:{proxy.port}"))
        assert (got.failure, got.output_tokens) == (None, 3)
        assert proxy.lines == [f"POST {url} HTTP/1.1"]
        assert proxy.users == ["Proxy-Authorization: Basic bWU6cEBzcw=="]  # me:p@ss

    def test_https(self, tls: ssl.SSLContext, certificate: Path) -> None:
        """An https request goes through a tunnel, and the proxy sees nothing of it but the name of the server."""
        with mock_engine(polite, tls=tls) as engine, mock_proxy() as proxy:
            target = Target(f"{engine.url}/v1/completions", ca_file=str(certificate))
            got = ask(replace(target, proxy=f"http://127.0.0.1:{proxy.port}"))
        assert (got.failure, got.output_tokens, len(got.token_events_s)) == (None, 3, 3)
        assert proxy.lines == [f"CONNECT 127.0.0.1:{engine.port} HTTP/1.1"]

    def test_proxy_refuses(self) -> None:
        """A proxy that gives no tunnel is a refused connection, in the proxy's words."""
        with mock_proxy(refuse=b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as proxy:
            got = ask(Target("https://127.0.0.1:1/", proxy=f"http://127.0.0.1:{proxy.port}"))
        assert got.failure is Failure.REFUSED
        assert got.detail == "the proxy said: HTTP/1.1 407 Proxy Authentication Required"

    def test_password_is_not_shown(self) -> None:
        """A proxy's password is neither in what is printed nor in an error, and no server behind it gets it."""
        target = Target("https://host", proxy="socks5://me:secret@proxy")
        assert "secret" not in repr(target)
        with pytest.raises(InputError, match="the address of the proxy is not an address") as error:
            target.proxy_parts()
        assert "secret" not in str(error.value)
        assert b"Proxy" not in request_bytes(Target("https://host", proxy="http://me:secret@proxy"), {})
