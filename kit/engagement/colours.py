"""Whether a colour can be read on white: contrast as the Web Content Accessibility Guidelines 2.1 define it.

``contrast = (1 + 0.05) / (L + 0.05)`` with the relative luminance ``L = 0.2126 R + 0.7152 G + 0.0722 B`` of the linear
channels (https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio, #dfn-relative-luminance). Text needs at least 4.5.
"""

from __future__ import annotations

LEAST = 4.5
"""WCAG 2.1, success criterion 1.4.3, level AA."""


def contrast_with_white(colour: str) -> float:
    """Return the contrast of a colour with white: 1 for white itself to 21 for black.

    Args:
        colour: ``#rrggbb``.
    """
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def dark_enough(colour: str) -> str:
    """Return the lightest colour of the same hue that can be read on white; the colour itself if it can.

    All three channels are made darker by the same factor.

    Args:
        colour: ``#rrggbb``.
    """
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    tries = ("#" + "".join(f"{channel * step // 1000:02x}" for channel in channels) for step in range(1000, -1, -1))
    return next(found for found in tries if contrast_with_white(found) >= LEAST)
