"""The verdict as documents: one HTML file and one PDF, both drawings of the same view."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, time
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from kit.errors import KitError
from kit.record import write_atomically
from kit.report import drawing
from kit.report.view import View, view
from kit.strategy.verdict import Verdict

_TEMPLATES = Path(__file__).parent / "templates"


def drawings(verdict: Verdict) -> dict[str, str]:
    """Return every picture that the documents show, as SVG by name."""
    return dict(_drawings(verdict.to_json()))


@lru_cache(maxsize=1)
def _drawings(record: str) -> dict[str, str]:
    """Return the pictures of a verdict given as JSON; kept, since HTML and PDF show the same ones."""
    from kit.report import charts

    verdict = Verdict.model_validate_json(record)
    shown = view(verdict)
    names = {picture.name for picture in shown.pictures}
    names |= {block.name for section in shown.sections for block in section.blocks if hasattr(block, "name")}
    with drawing.unchecked():
        return {name: charts.svg(getattr(charts, name)(verdict)) for name in sorted(names)}


def write_html(verdict: Verdict, path: Path, *, notebooks: Sequence[Path] = ()) -> Path:
    """Write the verdict as one HTML file that asks nothing of any other place.

    Args:
        verdict: the decision.
        path: the file.
        notebooks: executed notebooks to link to; they are linked relative to the file.
    """
    import os

    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    shown = view(verdict)
    drawn = drawings(verdict)
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def picture(name: str, alt: str) -> Markup:
        return Markup(drawing.picture(drawn[name], label=alt))  # drawn by the kit; the label is escaped

    text = environment.get_template("verdict.html.j2").render(
        view=shown,
        picture=picture,
        colours=_colours(),
        dark=drawing.DARK,
        notebooks=[(item.name, os.path.relpath(item, path.parent)) for item in notebooks],
    )
    return write_atomically(path, text.encode())


def write_pdf(verdict: Verdict, path: Path) -> Path:
    """Write the verdict as a tagged PDF on A4.

    Args:
        verdict: the decision.
        path: the file.

    Raises:
        KitError: the typesetter refused; says what it said.
    """
    import typst

    drawn = drawings(verdict)
    with TemporaryDirectory(prefix="kit-") as name:
        folder = Path(name)
        (folder / "view.json").write_text(view(verdict).model_dump_json(), encoding="utf-8")
        (folder / "colours.json").write_text(json.dumps(_colours()), encoding="utf-8")
        (folder / "verdict.typ").write_bytes((_TEMPLATES / "verdict.typ").read_bytes())
        for picture, svg in drawn.items():
            (folder / f"{picture}.svg").write_text(svg, encoding="utf-8")
        noon = datetime.combine(verdict.date, time(12), tzinfo=UTC)
        try:
            content = typst.compile(
                folder / "verdict.typ", root=folder, format="pdf", timestamp=int(noon.timestamp()), pdf_standards="ua-1"
            )
        except typst.TypstError as error:
            raise KitError(f"{path}: the PDF cannot be typeset ({error.message})") from None
    return write_atomically(path, content)


def _colours() -> dict[str, str]:
    return {
        "ink": drawing.INK,
        "grey": drawing.GREY,
        "rule": drawing.RULE,
        "paper": drawing.PAPER,
        "own": drawing.OWN,
        "rented": drawing.RENTED,
        "rented_text": drawing.RENTED_TEXT,
        "cloud": drawing.CLOUD,
        "cloud_text": drawing.CLOUD_TEXT,
    }


__all__ = ["View", "drawings", "write_html", "write_pdf"]
