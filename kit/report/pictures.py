"""The pictures of the documents: drawn once for all of them, in the language and the colours of the moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kit.report.palette import of, painting
from kit.report.parts import Live, Picture
from kit.report.view import View, view
from kit.strategy.verdict import Verdict
from kit.wording import speaking


@contextmanager
def telling(verdict: Verdict, language: str = "") -> Iterator[View]:
    """Yield a verdict as text; whatever is said in here is in the same language.

    Args:
        verdict: the decision.
        language: of the text; the letterhead's if empty.

    Raises:
        InputError: there is no such language.
    """
    spoken_in = speaking(language or verdict.letterhead.language, verdict.messages, verdict.names)
    with spoken_in, painting(of(verdict.letterhead)):
        yield view(verdict)


def drawings(verdict: Verdict, shown: View) -> dict[str, str]:
    """Return every picture that the documents show, as SVG by name, in the language and the colours of the moment.

    Args:
        verdict: the decision.
        shown: the same as text; its pictures are drawn.
    """
    from kit.report import charts

    drawable = charts.drawable(verdict)
    return {name: charts.svg(getattr(charts, name)(verdict)) for name in _names(shown) if name in drawable}


def _names(shown: View) -> tuple[str, ...]:
    names = {picture.name for picture in shown.pictures}
    for section in shown.sections:
        names |= {block.name for block in section.blocks if isinstance(block, Picture)}
        names |= {block.live for block in section.blocks if isinstance(block, Live)}
    return tuple(sorted(names))
