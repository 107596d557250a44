"""The pictures of the documents: drawn once for each language and shared by all documents in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from kit.report import drawing
from kit.report.palette import of, painting
from kit.report.parts import Live, Picture
from kit.report.view import View, view
from kit.strategy.verdict import Verdict
from kit.wording import speaking, spoken


@contextmanager
def telling(verdict: Verdict, language: str = "") -> Iterator[View]:
    """Yield a verdict as text; whatever is said in here is in the same language.

    Args:
        verdict: the decision.
        language: of the text; the letterhead's if empty.

    Raises:
        InputError: there is no such language.
    """
    with speaking(language or verdict.letterhead.language, verdict.messages), painting(of(verdict.letterhead)):
        yield view(verdict)


def drawings(verdict: Verdict, shown: View) -> dict[str, str]:
    """Return every picture that the documents show, as SVG by name, in the language of the moment.

    Args:
        verdict: the decision.
        shown: the same as text; its pictures are drawn.
    """
    return dict(_drawings(verdict.to_json(), spoken(), _names(shown)))


def _names(shown: View) -> tuple[str, ...]:
    names = {picture.name for picture in shown.pictures}
    for section in shown.sections:
        names |= {block.name for block in section.blocks if isinstance(block, Picture)}
        names |= {block.live for block in section.blocks if isinstance(block, Live)}
    return tuple(sorted(names))


@lru_cache(maxsize=2)
def _drawings(record: str, language: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return the pictures of a verdict given as JSON; kept, since all documents show the same ones."""
    del language  # the one of the moment; told apart from the others by it
    from kit.report import charts

    verdict = Verdict.model_validate_json(record)
    with drawing.unchecked(), painting(of(verdict.letterhead)):
        return {name: charts.svg(getattr(charts, name)(verdict)) for name in names if name in charts.drawable(verdict)}
