"""Messages that were read from a file: whether they can be told, and ask for nothing but what they hold."""

from __future__ import annotations

import inspect
from string import Formatter
from typing import Any

import kit.figures  # noqa: F401  its functions are the forms
from kit.wording import Message, writer

TEXTS = ("say", "fixed")
"""Forms that take one text; the others are functions of :mod:`kit.figures`."""


def check_message(made: Any) -> None:
    """Check that what a message keeps can be told; texts and numbers always can.

    Raises:
        ValueError: a form is not known or does not take what it was made of; or a template asks for something else
            than one of its values by name, which Python would look up in the value.
    """
    if isinstance(made, tuple):
        for part in made:
            check_message(part)
    if not isinstance(made, Message):
        return
    for part in (*made.args, *made.values.values()):
        check_message(part)
    if made.form in TEXTS:
        _check_text(made)
    else:
        _check_form(made)


def _check_text(made: Message) -> None:
    if len(made.args) != 1 or not isinstance(made.args[0], str):
        raise ValueError(f"{made.form!r} takes one text")
    if made.form == "fixed":
        return
    for _, name, spec, conversion in Formatter().parse(made.args[0]):
        if name is not None and (spec or conversion or not name.isidentifier() or name not in made.values):
            values = ", ".join(made.values) or "none"
            raise ValueError(f"{made.args[0]!r}: {{{name}}} is not the name of a value; there are: {values}")


def _check_form(made: Message) -> None:
    write = writer(made.form)
    if write is None:
        raise ValueError(f"no form {made.form!r}")
    try:
        inspect.signature(write).bind(*made.args, **made.values)
    except TypeError as error:
        raise ValueError(f"{made.form!r}: {error}") from None
