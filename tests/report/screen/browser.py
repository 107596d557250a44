"""A browser in which nothing leaves this machine, and ``kit explore`` as a user starts it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

PATIENCE_MS = 300_000
"""What the slowest machine may take for one thing; nobody waits for it on a fast one."""

_IDLE = "document.querySelector('#jp-main-statusbar')?.innerText.includes('| Idle')"
_PROMPTS = ".jp-CodeCell .jp-InputPrompt"
_HERE = ("127.0.0.1", "localhost", None)


class Watched:
    """A page in the browser: all that it asks of another machine is refused, and kept with what it complained of.

    Attributes:
        page: Playwright's page.
        outside: addresses outside this machine that were asked for.
        complaints: errors in the console and errors that no script caught.
    """

    def __init__(self, browser, address: str) -> None:
        self.outside: list[str] = []
        self.complaints: list[str] = []
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.context.route("**/*", self._let_through)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("websocket", lambda socket: self._note(socket.url))
        self.page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address, wait_until="commit", timeout=PATIENCE_MS)

    def _note(self, address: str) -> bool:
        """Keep an address if it is not of this machine, and tell whether it is."""
        here = urlsplit(address).hostname in _HERE
        if not here:
            self.outside.append(address)
        return here

    def _let_through(self, route) -> None:
        if self._note(route.request.url):
            route.continue_()
        else:
            route.abort()

    def until(self, condition: str) -> None:
        """Wait until an expression of JavaScript holds."""
        self.page.wait_for_function(condition, timeout=PATIENCE_MS)

    def run_all(self) -> None:
        """Run all cells of JupyterLab's notebook from the menu, once its kernel is there; wait until they have run."""
        # Before, JupyterLab runs the first cell only.
        self.until(_IDLE)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
        ran = f"[...document.querySelectorAll('{_PROMPTS}')].every(it => /\\[\\d+\\]/.test(it.textContent))"
        self.until(f"{ran} && {_IDLE}")


@pytest.fixture(scope="module")
def chromium():
    """A headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    if (executable := shutil.which("chromium")) is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def watched(chromium):
    """Open an address in a page that is watched; closed after the test."""
    yield lambda address: Watched(chromium, address)
    for context in chromium.contexts:
        context.close()


@contextmanager
def exploring(*options: str, folder: Path) -> Iterator[SimpleNamespace]:
    """Run ``kit explore`` for the length of a ``with`` block, and end it as Ctrl-C does.

    Args:
        options: its arguments; ``--out`` and ``--no-browser`` are given.
        folder: of the audits, and of what Jupyter would read and write in the user's home.

    Returns:
        ``address``, ``lines`` (what it said), ``process``.
    """
    home = folder / "home"
    places = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "IPYTHONDIR": home / "ipython",
    }
    command = [sys.executable, "-m", "kit", "explore", *options, "--no-browser", "--out", str(folder)]
    environment = os.environ | {name: str(path) for name, path in places.items()}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            # It says where, or says why not and ends.
            lines: list[str] = []
            while not (lines and lines[-1].startswith("Open ")):
                line = process.stdout.readline() if process.stdout else ""
                assert line, "\n".join(lines)
                lines.append(line.rstrip())
            yield SimpleNamespace(address=lines[-1].split()[1], lines=lines, process=process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(60)
