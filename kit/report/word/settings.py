"""What a Word document has beside its text and its styles: its list, its settings, its typeface and its theme."""

from __future__ import annotations

import re

from kit.report.palette import Palette
from kit.report.word.xml import Xml, element, root

FONT, STAND_IN = "Times New Roman", "Liberation Serif"
"""On every machine with Office, with lining figures, and near the typeface of the PDF and of the pictures; and one of
the same widths for where it is missing."""


def numbering() -> Xml:
    """Return the part that says what a bulleted list looks like."""
    level = element(
        "w:lvl",
        element("w:start", val=1),
        element("w:numFmt", val="bullet"),
        element("w:pStyle", val="ListBullet"),
        element("w:lvlText", val="\u2022"),
        element("w:lvlJc", val="left"),
        element("w:pPr", element("w:ind", left=284, hanging=227)),
        ilvl=0,
    )
    kind = element("w:abstractNum", element("w:multiLevelType", val="singleLevel"), level, abstractNumId=0)
    return root("w:numbering", kind, element("w:num", element("w:abstractNumId", val=0), numId=1))


def settings(language: str) -> Xml:
    """Return the part that says how Word treats the document: as one of its own, with no question when it opens.

    Args:
        language: tag; long words are divided in all but English, since narrow columns need it there.
    """
    uri = "http://schemas.microsoft.com/office/word"
    flags = {"overrideTableStyleFontSizeAndJustification": 1, "enableOpenTypeFeatures": 1, "doNotFlipMirrorIndents": 1}
    modes = {"compatibilityMode": 15, **flags}
    schemes = {"bg1": "light1", "t1": "dark1", "bg2": "light2", "t2": "dark2"}
    accents = {f"accent{k}": f"accent{k}" for k in range(1, 7)}
    links = {"hyperlink": "hyperlink", "followedHyperlink": "followedHyperlink"}
    return root(
        "w:settings",
        element("w:zoom", percent=100),
        element("w:autoHyphenation", val=0 if language.startswith("en") else 1),
        element("w:defaultTabStop", val=567),
        element("w:characterSpacingControl", val="doNotCompress"),
        element("w:compat", *(element("w:compatSetting", name=n, uri=uri, val=v) for n, v in modes.items())),
        element("w:themeFontLang", val=language),
        element("w:clrSchemeMapping", **schemes, **accents, **links),
        element("w:decimalSymbol", val="."),
        element("w:listSeparator", val=","),
    )


def fonts() -> Xml:
    """Return the part that says what may stand in for the typeface where it is missing."""
    return root(
        "w:fonts",
        element(
            "w:font",
            element("w:altName", val=STAND_IN),
            element("w:panose1", val="02020603050405020304"),
            element("w:charset", val="00"),
            element("w:family", val="roman"),
            element("w:pitch", val="variable"),
            name=FONT,
        ),
    )


def theme(original: bytes, palette: Palette) -> bytes:
    """Return a theme with the document's typeface and colours, for what a consultant adds to it.

    Args:
        original: another theme.
        palette: of the document.
    """
    text = re.sub(r'<a:latin typeface="[^"]*"', f'<a:latin typeface="{FONT}"', original.decode())
    accents = (palette.own, palette.cloud, palette.rented, palette.staff, palette.upkeep, palette.power)
    colours = {f"accent{k}": colour for k, colour in enumerate(accents, 1)}
    colours |= {"dk2": palette.ink, "lt2": palette.rule, "hlink": palette.own_text, "folHlink": palette.grey}
    for name, colour in colours.items():
        text = re.sub(rf'(<a:{name}>\s*<a:srgbClr val=")[^"]*', rf"\g<1>{colour.lstrip('#').upper()}", text)
    return text.encode()
