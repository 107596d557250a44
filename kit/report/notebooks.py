"""Executes the notebooks with papermill: one parameter, the engagement's path; nothing of the machine is kept."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kit.data import folder as data_folder
from kit.errors import KitError
from kit.record import write_atomically
from kit.report.drawing import without_slow_validators

AT_ONCE = 2
"""Kernels that run at a time; each wants a core and some 250 MiB."""


def notebook_folder() -> Path:
    """Return where the notebooks lie, in a clone or in an installed wheel."""
    return data_folder("notebooks")


def run_notebooks(
    engagement: Path, folder: Path, *, on_step: Callable[[], None] | None = None, notebooks: Path | None = None
) -> tuple[Path, ...]:
    """Execute the notebooks and write them, with what they show, to ``folder/notebooks``.

    Args:
        engagement: the engagement's file.
        folder: the audit's folder, ``out/<engagement>``; the kernels find its parent in ``KIT_OUT``.
        on_step: called after each notebook, for a progress bar.
        notebooks: where the notebooks are; the kit's own by default.

    Raises:
        KitError: a cell failed; says which, of which notebook, and the last line of the error.
    """
    files = sorted((notebooks or notebook_folder()).glob("[0-9]_*.ipynb"))
    with _quiet_kernels(out=folder.resolve().parent), ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(_run, file, engagement.resolve(), folder / "notebooks") for file in files]
        try:
            done = []
            for future in running:
                done.append(future.result())
                if on_step:
                    on_step()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return tuple(done)


def _run(notebook: Path, engagement: Path, out: Path) -> Path:
    """Execute one notebook and write it whole."""
    with without_slow_validators():
        import nbformat
        import papermill

    try:
        executed = papermill.execute_notebook(
            notebook,
            None,
            parameters={"engagement": str(engagement)},
            kernel_name="python3",
            progress_bar=False,
            log_output=False,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        )
    except papermill.PapermillExecutionError as error:
        last = _plain(f"{error.ename}: {error.evalue}").strip().splitlines()[0]
        raise KitError(f"{notebook.name}: cell {error.cell_index + 1} failed: {last}") from None
    except RuntimeError as error:
        raise KitError(f"{notebook.name}: the kernel died ({error})") from None
    text: str = nbformat.writes(_without_traces(executed, engagement, out))  # type: ignore[no-untyped-call]
    return write_atomically(out / notebook.name, text.encode())


def _without_traces(executed: Any, engagement: Path, out: Path) -> Any:
    """Return an executed notebook without times of day and without paths of the machine.

    The engagement is named as seen from the notebook, so that it runs again by hand; if the two have nothing in common,
    by its file's name only.
    """
    here = Path.cwd().resolve()
    shared = engagement.is_relative_to(here) and out.resolve().is_relative_to(here)
    shown = Path(os.path.relpath(engagement, out)).as_posix() if shared else engagement.name
    executed.metadata.pop("papermill", None)
    for cell in executed.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace(str(engagement), shown)
    return executed


def _plain(text: str) -> str:
    """Return a text without the terminal's colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@contextmanager
def _quiet_kernels(*, out: Path) -> Iterator[None]:
    """Give kernels an environment of their own: where audits are, and nothing of this user's IPython and Jupyter."""
    with TemporaryDirectory(prefix="kit-") as folder:
        values = {
            "KIT_OUT": str(out),
            "IPYTHONDIR": f"{folder}/ipython",
            "JUPYTER_RUNTIME_DIR": f"{folder}/run",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
