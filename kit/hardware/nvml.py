"""One door to NVIDIA's management library (NVML), through nvidia-ml-py, whose module is called ``pynvml``.

NVML differs from card to card and from driver to driver: functions come, are renamed and go, and a card may refuse any
of them. Whoever asks here names the newest function first and then the older ones, and gets an answer or a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_NOT_SUPPORTED = 3
_NO_PERMISSION = 4
_FUNCTION_NOT_FOUND = 13
_GPU_IS_LOST = 15

_WORDS = {
    _NOT_SUPPORTED: "not supported by this card",
    _NO_PERMISSION: "no permission",
    _FUNCTION_NOT_FOUND: "needs a newer driver",
    _GPU_IS_LOST: "the GPU is lost",
}
"""Return codes of ``nvmlReturn_t`` in our words; the others keep NVML's."""

_FIRST_HARMLESS = 12
"""The package named ``pynvml`` brought a module of its own until this release; since then it asks for nvidia-ml-py."""


class Refused(Exception):  # noqa: N818 - an answer, not a mistake
    """NVML did not answer.

    Attributes:
        reason: why, in words.
        lost: whether the card is gone: it will not answer any more.
        unsupported: whether this card never answers this question.
        passing: whether the same question may be answered later.
    """

    def __init__(self, reason: str, *, lost: bool = False, unsupported: bool = False, passing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.lost = lost
        self.unsupported = unsupported
        self.passing = passing


class Nvml:
    """NVML while it is open.

    Args:
        library: a module with the interface of ``pynvml``.
    """

    def __init__(self, library: Any) -> None:
        self.library = library
        self._known: dict[str, Callable[..., Any]] = {}
        self._mismatch: type[Exception] = getattr(library, "NVMLLibraryMismatchError", library.NVMLError)

    def ask(self, names: str, *arguments: Any) -> Any:
        """Return the answer of the first function that the binding and the driver know.

        Args:
            names: functions without their ``nvml``, newest first, separated by spaces.
            arguments: what the function is given.

        Raises:
            Refused: none of them is known, or the card does not answer.
        """
        function = self._known.get(names)
        if function is not None:  # it answered before; the sampler asks a hundred times a second
            try:
                return function(*arguments)
            except self.library.NVMLError as error:
                raise self.refusal(_code(error)) from None
        reason = "needs a newer nvidia-ml-py"
        for name in names.split():
            function = getattr(self.library, f"nvml{name}", None)
            if function is None:
                continue
            try:
                answer = function(*arguments)
            except self.library.NVMLError as error:
                if _code(error) != _FUNCTION_NOT_FOUND:
                    raise self.refusal(_code(error)) from None
            except self._mismatch:  # how nvidia-ml-py says "function not found" for a name without version
                pass
            else:
                self._known[names] = function
                return answer
            reason = _WORDS[_FUNCTION_NOT_FOUND]
        raise Refused(reason)

    def fields(self, handle: Any, ids: tuple[int, ...]) -> tuple[float | Refused, ...]:
        """Return the values of several fields (``NVML_FI_...``) in one call; a refusal for each that has none.

        Args:
            handle: the card.
            ids: numbers of the fields.

        Raises:
            Refused: the call as a whole was refused.
        """
        if not ids:
            return ()
        answers = self.ask("DeviceGetFieldValues", handle, list(ids))
        return tuple(
            _number(answer) if answer.nvmlReturn == 0 else self.refusal(answer.nvmlReturn) for answer in answers
        )

    def refusal(self, code: int) -> Refused:
        """Return the refusal that a return code means."""
        words = _WORDS.get(code) or _text(self.library.NVMLError(code))
        return Refused(words, lost=code == _GPU_IS_LOST, unsupported=code == _NOT_SUPPORTED, passing=code not in _WORDS)


@contextmanager
def open_nvml(library: Any = None) -> Iterator[Nvml]:
    """Open NVML for the length of a ``with`` block.

    Args:
        library: a module with the interface of ``pynvml``; another one in tests.

    Raises:
        Refused: there is no driver, no library or no nvidia-ml-py; says which.
    """
    if library is None:
        try:
            import pynvml
        except ImportError:
            raise Refused("nvidia-ml-py is not installed: pip install nvidia-ml-py") from None
        library = pynvml
    try:
        library.nvmlInit()
    except library.NVMLError as error:
        raise Refused(_text(error)) from None
    try:
        yield Nvml(library)
    finally:
        # A driver that is gone cannot be closed, and what was read before remains true.
        with suppress(library.NVMLError):
            library.nvmlShutdown()


def shadowed(library: Any) -> str | None:
    """Say that the deprecated package named ``pynvml`` hides nvidia-ml-py, and how to mend it; ``None`` if it does not.

    nvidia-ml-py is one file, ``pynvml.py``. The package of the name of that module brought a folder ``pynvml/``, which
    Python prefers: an old binding that does not know newer drivers.

    Args:
        library: the module that ``import pynvml`` gave.
    """
    if Path(getattr(library, "__file__", None) or "").name != "__init__.py":
        return None
    try:
        release = version("pynvml")
    except PackageNotFoundError:
        release = ""
    if release and int(re.sub(r"\D.*", "", release) or 0) >= _FIRST_HARMLESS:
        return None
    return (
        f"the deprecated package pynvml {release}".rstrip() + " hides nvidia-ml-py, so that newer drivers are misread: "
        "pip uninstall --yes pynvml && pip install --force-reinstall nvidia-ml-py"
    )


def _number(answer: Any) -> float:
    """Return the member of the union ``nvmlValue_t`` that ``nvmlValueType_t`` names."""
    member = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")[answer.valueType]
    value: float = getattr(answer.value, member)
    return value


def _code(error: Any) -> int:
    value: int = error.value
    return value


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__
