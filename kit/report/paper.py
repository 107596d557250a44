"""What ``kit report`` does: finds a verdict that is there and writes its documents."""

from __future__ import annotations

from pathlib import Path

from kit.report.drawer import drawing_ahead


def write_report(
    given: str, formats: str, *, language: str | None = None, paper: str | None = None, out: Path | None = None
) -> tuple[Path, ...]:
    """Write the documents of a verdict and return their files.

    Args:
        given: a verdict.json, its folder, or the name of an audit.
        formats: html, pdf, docx, or several of them with commas between.
        language: of the text; the letterhead's unless given.
        paper: a4 or letter; the letterhead's unless given.
        out: the folder to write into; that of the verdict unless given.

    Raises:
        InputError: there is no such verdict, format, language or paper; says what is allowed.
        KitError: the typesetter refused.
    """
    # The process that draws starts while all that follows is imported and the verdict is read.
    with drawing_ahead():
        from kit.report.audit import out_root
        from kit.report.document import write_documents
        from kit.report.explain import verdict_file
        from kit.strategy.verdict import Verdict

        path = verdict_file(given, out_root())
        named = [name.strip().casefold() for name in formats.split(",") if name.strip()]
        return write_documents(
            Verdict.read(path),
            out or path.parent,
            named,
            language=language and language.casefold(),
            paper=paper and paper.casefold(),
        )
