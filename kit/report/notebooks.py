"""Executes the notebooks: their parameters are checked first; nothing of the machine and no secret is kept.

papermill sets the parameters. A kernel is started once and takes one notebook after another, each in an empty
namespace: starting Python, its libraries and the drawing of charts takes far longer than a notebook.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kit import errors
from kit.data import folder as data_folder
from kit.errors import InputError, KitError
from kit.record import write_atomically
from kit.report.drawing import without_slow_validators
from kit.report.parameters import check_given
from kit.report.secrets import without_secrets, without_secrets_in

AT_ONCE = 2
"""Kernels that run at a time; each wants a core and some 250 MiB."""

_QUIET = ("--IPKernelApp.log_level=CRITICAL", "--HistoryManager.enabled=False")

Parameters = Mapping[str, object]


def notebook_folder() -> Path:
    """Return where the notebooks lie, in a clone or in an installed wheel."""
    return data_folder("notebooks")


def run_notebooks(
    engagement: Path, folder: Path, *, on_step: Callable[[], None] | None = None, notebooks: Path | None = None
) -> tuple[Path, ...]:
    """Execute the numbered notebooks and write them, with what they show, to ``folder/notebooks``.

    Args:
        engagement: the engagement's file.
        folder: the audit's folder, ``out/<engagement>``; the kernels find its parent in ``KIT_OUT``.
        on_step: called after each notebook, for a progress bar.
        notebooks: where the notebooks are; the kit's own by default.

    Raises:
        InputError: a notebook does not take the parameter.
        KitError: a cell failed; says which, of which notebook, and what went wrong, in one line.
    """
    files = sorted((notebooks or notebook_folder()).glob("[0-9]_*.ipynb"))
    return _run_all(files, {"engagement": engagement.resolve()}, folder / "notebooks", on_step or (lambda: None))


def run_notebook(notebook: Path, parameters: Parameters, folder: Path) -> Path:
    """Execute one notebook and write it to ``folder/notebooks``.

    Args:
        notebook: the file.
        parameters: by name; a ``Path`` is given as text, and written as seen from the executed notebook.
        folder: the audit's folder.

    Raises:
        InputError: a parameter is of another name or type than the notebook takes.
        KitError: a cell failed.
    """
    return _run_all([notebook], parameters, folder / "notebooks", lambda: None)[0]


def _run_all(files: list[Path], parameters: Parameters, out: Path, on_step: Callable[[], None]) -> tuple[Path, ...]:
    given = {name: str(value) if isinstance(value, Path) else value for name, value in parameters.items()}
    for file in files:
        try:
            check_given(file, given)
        except InputError as error:
            raise InputError(without_secrets(str(error))) from None
    waiting = iter(files)

    def work() -> None:
        """Execute notebooks in a kernel of this thread until none is left."""
        kernel = _Kernel()
        try:
            for file in waiting:
                _write(kernel.run(file, given), parameters, out / file.name)
                on_step()
        finally:
            list(waiting)  # after a failure nobody begins another
            kernel.close()

    with without_slow_validators():
        import nbclient  # noqa: F401
        import papermill  # noqa: F401
    with _quiet_kernels(out=out.resolve().parent.parent), ThreadPoolExecutor(AT_ONCE) as pool:
        workers = [pool.submit(work) for _ in files[:AT_ONCE]]
        try:
            for worker in workers:
                worker.result()
        finally:
            list(waiting)
    return tuple(out / file.name for file in files)


class _Kernel:
    """A kernel that executes one notebook after another, all from the same thread."""

    def __init__(self) -> None:
        self._client: Any = None

    def run(self, notebook: Path, parameters: Parameters) -> Any:
        """Return a notebook, executed.

        Raises:
            KitError: a cell failed, or the kernel died.
        """
        import papermill
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError

        book = papermill.execute_notebook(
            notebook, None, parameters=dict(parameters), kernel_name="python3", prepare_only=True, progress_bar=False
        )
        manager = None if self._client is None else self._client.km
        try:
            if self._client is not None:
                self._client.wait_for_reply(self._client.kc.execute("get_ipython().reset()", silent=True))
                self._client.kc.stop_channels()
            self._client = NotebookClient(book, km=manager, kernel_name="python3", extra_arguments=list(_QUIET))
            with self._client.setup_kernel(cleanup_kc=False):
                for index, cell in enumerate(book.cells):
                    self._client.execute_cell(cell, index, execution_count=self._client.code_cells_executed + 1)
                self._client.set_widgets_metadata()
        except CellExecutionError as error:
            raise _told(notebook, _failed(book), error.ename, error.evalue) from None
        except RuntimeError as error:
            raise KitError(f"{notebook.name}: the kernel died ({_one_line(str(error))})") from None
        return book

    def close(self) -> None:
        """Stop the kernel."""
        if self._client is not None and self._client.km is not None:
            self._client.shutdown_kernel = "immediate"
            self._client._cleanup_kernel()


def _failed(book: Any) -> int:
    """Return the number of the cell that failed, from 1, as the notebook is without papermill's own cell."""
    cells = [cell for cell in book.cells if "injected-parameters" not in cell.metadata.get("tags", [])]
    failed = [any(output.output_type == "error" for output in cell.get("outputs", ())) for cell in cells]
    return failed.index(True) + 1 if True in failed else 1


def _told(notebook: Path, cell: int, kind: str, message: str) -> KitError:
    """Return what went wrong in a cell: the kit's own errors in their words, others with their name."""
    own = getattr(errors, kind, None)
    if isinstance(own, type) and issubclass(own, KitError):
        error: KitError = own(f"{notebook.name}: cell {cell}: {_one_line(message)}")
        return error
    return KitError(f"{notebook.name}: cell {cell} failed: {_one_line(f'{kind}: {message}' if message else kind)}")


def _one_line(text: str) -> str:
    """Return the first line of a text, without the terminal's colours and without secrets."""
    plain = without_secrets(re.sub(r"\x1b\[[0-9;]*m", "", text)).strip()
    return plain.splitlines()[0] if plain else ""


def _write(executed: Any, parameters: Parameters, target: Path) -> None:
    """Write an executed notebook, whole or not at all."""
    import nbformat

    clean = nbformat.from_dict(without_secrets_in(_without_traces(executed, parameters, target.parent)))  # type: ignore[no-untyped-call]
    text: str = nbformat.writes(clean)  # type: ignore[no-untyped-call]
    write_atomically(target, text.encode())


def _without_traces(executed: Any, parameters: Parameters, out: Path) -> Any:
    """Return an executed notebook without times of day and without paths of the machine.

    A path among the parameters is named as seen from the notebook, so that it runs again by hand; if the two have
    nothing in common, by its file's name only.
    """
    here = Path.cwd().resolve()
    executed.metadata.pop("papermill", None)
    for cell in executed.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            for path in (value for value in parameters.values() if isinstance(value, Path)):
                shared = path.is_relative_to(here) and out.resolve().is_relative_to(here)
                shown = Path(os.path.relpath(path, out)).as_posix() if shared else path.name
                cell.source = cell.source.replace(str(path), shown)
    return executed


@contextmanager
def _quiet_kernels(*, out: Path) -> Iterator[None]:
    """Give kernels an environment of their own: where audits are, and nothing of this user's IPython and Jupyter."""
    with TemporaryDirectory(prefix="kit-") as folder:
        values = {
            "KIT_OUT": str(out),
            "IPYTHONDIR": f"{folder}/ipython",
            "JUPYTER_RUNTIME_DIR": f"{folder}/run",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            # Where Python may not write beside the code, it would compile the kit anew in every kernel.
            "PYTHONDONTWRITEBYTECODE": "",
            **({"PYTHONPYCACHEPREFIX": f"{folder}/code"} if sys.dont_write_bytecode else {}),
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
