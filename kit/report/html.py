"""The verdict as one HTML page that asks nothing of any other place: light, dark or on paper, with sliders."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kit.report import drawing, skin
from kit.report.furniture import furniture
from kit.report.palette import of
from kit.report.parts import Live
from kit.report.view import View
from kit.strategy.dossier import Sketch
from kit.strategy.verdict import Verdict

TEMPLATES = Path(__file__).parent / "templates"
_ROLES = re.compile(r' (?:role="graphics-[^"]*"|aria-[a-z]+="[^"]*")')
PAPERS = {"a4": "A4", "letter": "letter"}
"""The sizes of paper, as CSS names them."""
SLIDERS = "cost_sliders"
"""The live picture that the page's script draws."""


def html_page(
    verdict: Verdict,
    shown: View,
    drawn: Mapping[str, str],
    *,
    paper: str = "a4",
    links: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the page, in the language of the moment.

    Args:
        verdict: the decision.
        shown: the same as text.
        drawn: its pictures, as SVG by name.
        paper: size of the paper that it may be printed on: a4 or letter.
        links: names and addresses of the executed notebooks.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    palette = of(verdict.letterhead)
    sketch = verdict.sketch if has_sliders(verdict, shown) else None
    scripts = _scripts(live=sketch is not None)

    def picture(name: str, alt: str) -> Markup:
        # Drawn by the kit; the label is escaped. It stands for the whole picture, so its parts need no roles.
        return Markup(drawing.picture(_ROLES.sub("", drawn[name]), label=alt))

    return environment.get_template("verdict.html.j2").render(
        view=shown,
        letterhead=verdict.letterhead,
        picture=picture,
        drawn=drawn,
        play=None if sketch is None else _play(sketch, verdict.currency),
        words=furniture(shown, verdict.letterhead),
        light=skin.light(palette),
        dark=skin.dark(palette),
        turned=palette.dark,
        paper=PAPERS[paper],
        notebooks=links,
        scripts=[Markup(script) for script in scripts],  # the kit's own and Vega's
        policy=_policy(scripts),
    )


def has_sliders(verdict: Verdict, shown: View) -> bool:
    """Return whether there is something to play with."""
    live = (block for section in shown.sections for block in section.blocks if isinstance(block, Live))
    return verdict.sketch is not None and any(block.live == SLIDERS for block in live)


def _scripts(*, live: bool) -> list[str]:
    """Return the page's scripts: the button for light and dark and, where there is something to play with, the rest."""
    found = [_script("page.js")]
    if live:
        from kit.report.vega import bundle

        found += [bundle().replace("</script", "<\\/script"), _script("sliders.js")]
    return found


def _script(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str]) -> str:
    """Return the page's content security policy: nothing from anywhere, and no script but these."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src {allowed}"


def _play(sketch: Sketch, currency: str) -> dict[str, Any]:
    """Return the sliders and what the page's script works with."""
    from kit.report import sliders

    data = json.dumps(sliders.page_data(sketch, currency), ensure_ascii=False)
    return {
        "sliders": sliders.sliders(sketch),
        # In a script element nothing is markup but the end of it and of a comment.
        "data": data.replace("<", "\\u003c"),
    }
