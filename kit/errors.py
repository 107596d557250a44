"""What can go wrong, in one place.

KitError                 one line a consultant can act on; the command line prints it and exits with 2
├── InputError           something the user wrote: which file, which line, what is allowed, the nearest match
├── PriceError           a price that is not there, is not exact, or makes no sense
├── EngineError          an engine that did not start, died or did not answer (carries the end of its log)
└── PlanError            no plan exists, or the solver could not prove one
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class KitError(Exception):
    """Anything that the kit reports in one line and exit code 2."""

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows of it: the line, without where in the kit it was noticed."""
        return [f"{type(self).__name__}: {self}"]


class InputError(KitError):
    """A mistake in a file or an option that the user gave."""


class PriceError(KitError):
    """A price that is missing, ambiguous or impossible."""


class EngineError(KitError):
    """An inference engine that did not start, died or stopped answering."""


class PlanError(KitError):
    """No plan satisfies the constraints, or none could be proven."""


def did_you_mean(given: str, allowed: Iterable[str]) -> str:
    """Return ``' (did you mean "x"?)'`` for the nearest allowed word, or an empty string.

    Args:
        given: the word that was written.
        allowed: the words that would have been understood.
    """
    folded = {word.casefold(): word for word in allowed}
    near = get_close_matches(given.casefold(), list(folded), n=1, cutoff=0.55)
    return f' (did you mean "{folded[near[0]]}"?)' if near else ""


def one_of(allowed: Iterable[str]) -> str:
    """Return the allowed words as a readable list: ``a, b or c``."""
    words = sorted(allowed)
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
