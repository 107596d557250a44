"""The verdict as documents: HTML, PDF and DOCX, three drawings of one record that share their pictures.

<folder>/
    verdict.html  verdict.pdf  verdict.docx            in the letterhead's language
    verdict.de.html  verdict.de.pdf  verdict.de.docx   in another one
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from contextvars import copy_context
from pathlib import Path
from subprocess import Popen, TimeoutExpired

from kit.errors import InputError, did_you_mean
from kit.record import write_atomically
from kit.report.html import has_sliders, html_page
from kit.report.pdf import pdf_bytes
from kit.report.pictures import drawings, telling
from kit.report.vega import bundle_ahead
from kit.strategy.verdict import Verdict
from kit.wording import catalogue

FORMATS = ("html", "pdf", "docx")
PAPERS = ("a4", "letter")
STEM = "verdict"
_PATIENCE = 60.0
"""Seconds that the page waits for the script that another process makes; it takes about ten."""


def write_documents(
    verdict: Verdict,
    folder: Path,
    formats: Sequence[str] = FORMATS,
    *,
    language: str | None = None,
    paper: str | None = None,
    notebooks: Sequence[Path] = (),
) -> tuple[Path, ...]:
    """Write the verdict in several formats and return the files, in the order of the formats.

    The pictures are drawn once. The PDF is typeset while the others are made. Nothing is written before all are made.

    Args:
        verdict: the decision.
        folder: where to write.
        formats: any of html, pdf and docx.
        language: of the text; the letterhead's unless given.
        paper: a4 or letter; the letterhead's unless given.
        notebooks: executed notebooks that the HTML links to.

    Raises:
        InputError: a format, a language or a paper that there is not, or a place that cannot be written to.
        KitError: the typesetter refused.
    """
    language, paper = language or verdict.letterhead.language, paper or verdict.letterhead.paper
    formats = checked_formats(formats)
    catalogue(language)
    _check("paper", paper, PAPERS)
    links = [(item.name, os.path.relpath(item, folder)) for item in notebooks]
    made = _made(verdict, formats, language, paper, links)
    return tuple(write_atomically(folder / file_name(name, verdict, language), made[name]) for name in formats)


def _made(
    verdict: Verdict, formats: Sequence[str], language: str, paper: str, links: Sequence[tuple[str, str]]
) -> dict[str, bytes]:
    """Return the documents by format."""
    made: dict[str, bytes] = {}
    with ExitStack() as stack:
        shown = stack.enter_context(telling(verdict, language))
        ahead = bundle_ahead() if "html" in formats and has_sliders(verdict, shown) else None
        if ahead is not None:
            stack.callback(_end, ahead)
        other = stack.enter_context(ThreadPoolExecutor(max_workers=1))
        drawn = drawings(verdict, shown)
        typeset: Future[bytes] | None = None
        if "pdf" in formats:
            # A thread starts without the language of the moment.
            typeset = other.submit(copy_context().run, pdf_bytes, verdict, shown, drawn, paper=paper)
        if "docx" in formats:
            from kit.report.word import docx_bytes

            made["docx"] = docx_bytes(verdict, shown, drawn, paper=paper)
        if "html" in formats:
            if ahead is not None:
                # The page makes the script itself if the other process does not.
                with suppress(TimeoutExpired):
                    ahead.wait(timeout=_PATIENCE)
            made["html"] = html_page(verdict, shown, drawn, paper=paper, links=links).encode()
        if typeset is not None:
            made["pdf"] = typeset.result()
    return made


def _end(process: Popen[bytes]) -> None:
    """End a process, if it still runs, and wait until it is gone."""
    process.kill()
    process.wait()


def checked_formats(formats: Sequence[str]) -> tuple[str, ...]:
    """Return formats, each once.

    Raises:
        InputError: there is none, or one of them is unknown; names those there are.
    """
    if not formats:
        raise InputError(f"no format is named; allowed: {', '.join(FORMATS)}")
    for name in formats:
        _check("format", name, FORMATS)
    return tuple(dict.fromkeys(formats))


def file_name(form: str, verdict: Verdict, language: str) -> str:
    """Return a document's name: ``verdict.pdf``, with the language where it is not the letterhead's."""
    between = "" if language == verdict.letterhead.language else f".{language}"
    return f"{STEM}{between}.{form}"


def _check(what: str, given: str, allowed: Sequence[str]) -> None:
    if given not in allowed:
        raise InputError(f"no {what} {given!r}; allowed: {', '.join(allowed)}{did_you_mean(given, allowed)}")
