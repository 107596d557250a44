"""A notebook in the browser, on this machine only: as a clean page through Voila, or in JupyterLab.

The server listens on the loopback address and asks for a token; it gets the token in its environment, since the command
line of a process is for all to read. Nothing it serves asks for anything of another place.
"""

from __future__ import annotations

import html
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from rich.console import Console

from kit.data import folder as data_folder
from kit.engagement.reading import read_engagement
from kit.errors import InputError, KitError
from kit.report.audit import engagement_file, engagement_name
from kit.report.screen.copied import own_copy

HOST = "127.0.0.1"
NOTEBOOK = "explore.ipynb"
JUPYTER = Path(__file__).parent / "jupyter"
"""The page's template, and a setting of JupyterLab: it asks nobody for news."""

EXTENSIONS = ("@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget")
PORT_TRIES = 50
START_S = 120
"""A slow machine takes half a minute to import a server."""
END_S = 15
LOG_LINES = 8
IDLE_S = 600
"""After this time a kernel ends whose page is gone without ending it; not sooner, since a laptop may sleep."""


def serve(engagement: str | None, *, out: Path, lab: bool, port: int, browser: bool) -> None:
    """Serve an engagement's notebook until Ctrl-C, and say where.

    Args:
        engagement: a file, a folder or the name of an example; ``None`` is the example insurer or, with ``lab``, the
            folder of the kit's own notebooks.
        out: the folder of all audits.
        lab: in JupyterLab, where the notebook can be changed; else as a page.
        port: the port; the next free one if it is taken.
        browser: open the browser.

    Raises:
        InputError: the extra ``lab`` is not installed, there is no such engagement, a mistake is in it, or no port is
            free.
        KitError: the server did not start or ended by itself.
    """
    _check_installed("jupyterlab" if lab else "voila")
    console = Console(highlight=False, markup=False, soft_wrap=True)
    shown = data_folder("notebooks") if lab and engagement is None else _copy(engagement or "insurer", out, console)
    free = free_port(port)
    if free != port:
        console.print(f"Port {port} is taken; it is {free} instead.")
    token = secrets.token_urlsafe(24)
    address = f"http://{HOST}:{free}/{_path(shown) if lab else ''}?token={token}"
    command = lab_command(shown, free) if lab else page_command(shown, free)
    with TemporaryDirectory(prefix="kit-") as scratch, _until_told_to_end():
        log = Path(scratch) / "log"
        with _server(command, out, token, log) as server:
            if _listens(server, free):
                console.print(f"Open {address} (Ctrl-C ends it)")
                if browser:
                    _open(address, Path(scratch) / "open.html")
                server.wait()
            last = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])
            raise KitError(f"the server ended by itself (exit code {server.poll()}); the end of its log:\n{last}")


def page_command(notebook: Path, port: int) -> list[str]:
    """Return the command that serves a notebook as a page."""
    return [
        *(sys.executable, "-m", "voila", str(notebook.resolve())),
        *(f"--Voila.ip={HOST}", f"--Voila.port={port}", "--Voila.port_retries=0"),
        *("--Voila.auto_token=True", "--Voila.open_browser=False", "--Application.log_level=ERROR"),
        *("--VoilaConfiguration.template=kit", "--VoilaConfiguration.allow_template_override=NO"),
        *("--VoilaConfiguration.strip_sources=True", "--VoilaConfiguration.show_tracebacks=True"),
        # The widgets and nothing else: other extensions that somebody installed need not fit Voila.
        *(f"--VoilaConfiguration.extension_allowlist={name}" for name in EXTENSIONS),
        *(f"--MappingKernelManager.cull_idle_timeout={IDLE_S}", "--MappingKernelManager.cull_interval=60"),
    ]


def lab_command(shown: Path, port: int) -> list[str]:
    """Return the command that opens a folder, or a notebook's folder, in JupyterLab."""
    root = shown if shown.is_dir() else shown.parent
    return [
        *(sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={root.resolve()}"),
        *(f"--ServerApp.ip={HOST}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
        *("--ServerApp.open_browser=False", "--Application.log_level=ERROR"),
        # Neither news nor updates nor a list of extensions to install: each would be a request to another place.
        *("--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"),
        "--LabApp.extension_manager=readonly",
        # In a container one often is root; token and loopback address hold there as well.
        "--ServerApp.allow_root=True",
    ]


def free_port(wanted: int) -> int:
    """Return the first free port from the wanted one on.

    Raises:
        InputError: none of the next :data:`PORT_TRIES` is free, or this user may not take it.
    """
    last = min(wanted + PORT_TRIES, 65536)
    for port in range(wanted, last):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((HOST, port))
            except PermissionError:
                raise InputError(f"--port {port}: only the system may take it; try 8866") from None
            except OSError:
                continue
            return port
    raise InputError(f"--port {wanted}: no port from {wanted} to {last - 1} is free")


def _check_installed(module: str) -> None:
    """Check that a server is there.

    Raises:
        InputError: it is not; names the extra.
    """
    if find_spec(module) is None:
        raise InputError(
            f"the screen needs the extra 'lab' ({module} is missing): pip install 'hybrid-ai-decision-kit[lab]'"
        )


def _copy(engagement: str, out: Path, console: Console) -> Path:
    """Return the notebook for an engagement, which is checked as far as its own file tells."""
    path = engagement_file(engagement)
    client = read_engagement(path).client
    notebook = data_folder("notebooks") / NOTEBOOK
    copy = own_copy(notebook, path, out / engagement_name(path), title=f"{client}: explore")
    if copy.edited:
        console.print(f"{copy.path} has edits of yours and is shown as it is.")
    return copy.path


def _path(shown: Path) -> str:
    """Return where JupyterLab shows a notebook of its folder, or the folder."""
    return "lab" if shown.is_dir() else f"lab/tree/{shown.name}"


@contextmanager
def _server(command: Sequence[str], out: Path, token: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for the length of a ``with`` block, and end it then with all that it has started.

    It has a session of its own, so that Ctrl-C does not reach it: JupyterLab would ask back.
    """
    environment = os.environ | {
        "JUPYTER_TOKEN": token,
        "JUPYTER_PATH": _first(JUPYTER, "JUPYTER_PATH"),
        "JUPYTER_CONFIG_PATH": _first(JUPYTER, "JUPYTER_CONFIG_PATH"),
        "KIT_OUT": str(out.resolve()),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and all that it has started: first asked, then forced."""
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_S)
        for one in psutil.wait_procs(family, timeout=1)[1]:
            with suppress(psutil.NoSuchProcess):
                one.kill()
    process.kill()
    process.wait()


def _first(folder: Path, variable: str) -> str:
    """Return a path variable with a folder in front."""
    return os.pathsep.join(filter(None, (str(folder), os.environ.get(variable))))


@contextmanager
def _until_told_to_end() -> Iterator[None]:
    """End a ``with`` block at Ctrl-C, a request to end or a closed terminal; only the first counts."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(*_: object) -> None:
        for one in signals:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = [signal.signal(one, end) for one in signals]
    try:
        with suppress(KeyboardInterrupt):
            yield
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)


def _listens(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until a server listens; tell whether it does, or has ended.

    Raises:
        KitError: it does neither in time.
    """
    deadline = time.monotonic() + START_S
    while server.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return True
        if time.monotonic() > deadline:
            raise KitError(f"the server did not listen within {START_S} s")
        time.sleep(0.1)
    return False


def _open(address: str, file: Path) -> None:
    """Open the browser at an address by way of a file that only this user can read: the address holds the token."""
    file.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={html.escape(address)}">')
    with suppress(webbrowser.Error):
        webbrowser.open(file.as_uri())
