"""Sentences that can be told in another language: a template with its values, told in the language of the moment.

English is what records hold and what templates are written in. A text that is said here remembers how it was made, so
that a document can tell it again, numbers and all, in another language. The words of the others are in ``kit/locale``.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, ParamSpec

from pydantic import Field

from kit.errors import InputError, did_you_mean
from kit.record import Part

ENGLISH = "en"
_LOCALES = Path(__file__).parent / "locale"
_P = ParamSpec("_P")


class Message(Part):
    """How a text was made.

    Attributes:
        form: what made it: ``say`` for a template, ``fixed`` for a text of the kit without values, else a way to write
            a number, a date or a list.
        args: what it was made of; of ``say`` the template, of ``fixed`` the text.
        values: what stands in the template, by name.
    """

    form: str
    args: tuple[Message | str | float | int | bool | tuple[Message | str, ...] | None, ...] = ()
    values: dict[str, Message | str | float | int | bool | None] = Field(default_factory=dict)


class Words(str):
    """A text that knows how it was made."""

    __slots__ = ("message",)
    message: Message

    def __new__(cls, text: str, message: Message) -> Words:
        """Return a text with its making."""
        words = super().__new__(cls, text)
        words.message = message
        return words

    def __getnewargs__(self) -> tuple[str, Message]:  # type: ignore[override]
        """Return what a copy is made of."""
        return str(self), self.message


@dataclass(frozen=True)
class Language:
    """A language to tell texts in.

    Attributes:
        code: as BCP 47 has it, e.g. ``de``.
        catalogue: the translation of each template and of each fixed text.
        messages: how the texts of a record were made, by text.
        names: texts that nobody translates, although a word of the kit may read the same.
        unknown: templates and texts that were asked for and are not in the catalogue; filled while telling.
    """

    code: str
    catalogue: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, Message] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    unknown: set[str] = field(default_factory=set)

    def template(self, english: str) -> str:
        """Return a template or a fixed text in this language; the English one where there is no other."""
        if self.code == ENGLISH:
            return english
        if english not in self.catalogue:
            self.unknown.add(english)
        return self.catalogue.get(english) or english


_UNTOLD = Language(ENGLISH)
_language: ContextVar[Language] = ContextVar("language", default=_UNTOLD)
_said: ContextVar[dict[str, Message] | None] = ContextVar("said", default=None)
_telling: ContextVar[frozenset[str]] = ContextVar("telling", default=frozenset())
"""Texts that are being told: one that is a part of itself by some detour is told as it stands."""
_FORMS: dict[str, Callable[..., str]] = {}


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that documents can be written in."""
    return (ENGLISH, *sorted(path.stem for path in _LOCALES.glob("*.po")))


@lru_cache
def catalogue(code: str) -> Mapping[str, str]:
    """Return the catalogue of a language: English template to translation; empty for English.

    Raises:
        InputError: there is none of that language; names those there are.
    """
    if code not in languages():
        raise InputError(f"no language {code!r}; allowed: {', '.join(languages())}{did_you_mean(code, languages())}")
    if code == ENGLISH:
        return {}
    from babel.messages.pofile import read_po

    with (_LOCALES / f"{code}.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file, locale=code) if entry.id and entry.string}


@contextmanager
def speaking(
    code: str, messages: Mapping[str, Message] | None = None, names: frozenset[str] = frozenset()
) -> Iterator[Language]:
    """Tell every text in a language, in here.

    Args:
        code: of the language.
        messages: how the texts of the record were made that is told.
        names: of workloads, models and the like, which stay as they are.

    Raises:
        InputError: there is no such language.
    """
    language = Language(code, catalogue(code), messages or {}, names)
    token = _language.set(language)
    try:
        yield language
    finally:
        _language.reset(token)


def spoken() -> str:
    """Return the code of the language of the moment."""
    return _language.get().code


@contextmanager
def remembering() -> Iterator[dict[str, Message]]:
    """Yield a mapping in which every text that is said in here is found with its making."""
    said: dict[str, Message] = {}
    token = _said.set(said)
    try:
        yield said
    finally:
        _said.reset(token)


def remember(texts: Iterable[str]) -> None:
    """Have texts that were said before, elsewhere or by a function that is called once only, be found with the others.

    Args:
        texts: those that do not know how they were made are passed over.
    """
    if (said := _said.get()) is not None:
        said.update({str(text): text.message for text in texts if isinstance(text, Words) and not _is_fixed(text)})


def behind(texts: Iterable[str], said: Mapping[str, Message]) -> dict[str, Message]:
    """Return how texts were made, and the texts that they were made of, as far as they were said; sorted by text.

    Args:
        texts: of a record.
        said: everything that was said while it was made.
    """
    found: dict[str, Message] = {}
    left = [text for text in texts if text in said]
    while left:
        text = str(left.pop())
        if text not in found:
            found[text] = said[text]
            left += [part for part in _strings(said[text]) if part in said]
    return dict(sorted(found.items()))


def _words(text: str, message: Message) -> Words:
    # A text that is one of its own parts, such as a list of one, would be told in a circle.
    if (said := _said.get()) is not None and text not in _strings(message):
        said[text] = message
    return Words(text, message)


def _strings(made: Any) -> Iterator[str]:
    """Yield the plain texts in a message."""
    if isinstance(made, str):
        yield made
    elif isinstance(made, Message):
        for part in (*made.args, *made.values.values()):
            yield from _strings(part)
    elif isinstance(made, tuple | list):
        for part in made:
            yield from _strings(part)


def _made(value: Any) -> Any:
    """Return a value as a message keeps it."""
    if isinstance(value, Words):
        return value.message
    if isinstance(value, list | tuple):
        return tuple(_made(item) for item in value)
    return value.isoformat() if isinstance(value, dt.date) else value


def form(write: Callable[_P, str]) -> Callable[_P, str]:
    """Have a function remember what it wrote, so that it can be written again in another language."""
    name = write.__name__

    @wraps(write)
    def written(*args: _P.args, **kwargs: _P.kwargs) -> str:
        values = {key: _made(value) for key, value in kwargs.items()}
        message = Message(form=name, args=tuple(_made(arg) for arg in args), values=values)
        return _words(write(*args, **kwargs), message)

    _FORMS[name] = written
    return written


def writer(form: str) -> Callable[..., str] | None:
    """Return the function that writes a form; ``None`` where there is no such form."""
    return _FORMS.get(form)


def say(template: str, /, **values: str | int) -> str:
    """Return a template filled, in the language of the moment.

    Args:
        template: English, with ``{name}`` where a value stands; it is the key of the catalogue.
        values: texts; those that were said, listed or written as a number here are told in the language too.

    Raises:
        KeyError: the template asks for a value that is not given.
    """
    message = Message(form="say", args=(template,), values={name: _made(value) for name, value in values.items()})
    shown = {name: _shown(value) for name, value in values.items()}
    return _words(_language.get().template(template).format_map(shown), message)


def fixed(text: str) -> str:
    """Return a text as it stands, marked as the kit's own: :func:`retell` tells it, whatever else has the same name."""
    return Words(text, Message(form="fixed", args=(text,)))


def _is_fixed(text: object) -> bool:
    return isinstance(text, Words) and text.message.form == "fixed"


def _shown(value: str | int) -> str:
    if not isinstance(value, str):
        return retell(str(value))
    # What was said is in the language of the moment already.
    return value if isinstance(value, Words) and not _is_fixed(value) else retell(value)


def retell(text: str) -> str:
    """Return a text of a record in the language of the moment.

    A text that is in neither the record's messages nor the catalogue is a name, or in the client's own words; it stays
    as it is. So does one of the language's names, unless it is given as :func:`fixed` made it.
    """
    language, telling = _language.get(), _telling.get()
    if language.code == ENGLISH or not text:
        return text
    if _is_fixed(text):
        return language.catalogue.get(text) or text
    if text in language.names:
        return text
    if text in telling or (message := language.messages.get(text)) is None:
        return language.catalogue.get(text) or text
    token = _telling.set(telling | {text})
    try:
        return str(_tell(message))
    finally:
        _telling.reset(token)


def making(text: str, messages: Mapping[str, Message] | None = None) -> Message | None:
    """Return how a text was made; ``None`` for a name or a text in somebody's own words.

    Args:
        text: said here, or of a record.
        messages: how the texts of the record were made; those of the moment unless given.
    """
    known = _language.get().messages if messages is None else messages
    return text.message if isinstance(text, Words) and not _is_fixed(text) else known.get(text)


def tell(message: Message) -> str:
    """Return a text from its making, in the language of the moment."""
    told: str = _tell(message)
    return told


def opening_name(text: str) -> str:
    """Return the name that a text begins with, such as that of a model or a provider; empty if it begins otherwise.

    A name is one of the language's, or a value at the start of a template or of a list that is one word, and that no
    catalogue translates.
    """
    names = _language.get().names
    if text in names:
        return text
    message: Message | str | float | None = making(text)
    while isinstance(message, Message):
        head = re.match(r"\{(\w+)\}", str(message.args[0])) if message.form == "say" else None
        first = message.args[0] if message.args else None
        if message.form in ("listed", "joined") and isinstance(first, tuple) and first:
            message = first[0]
        elif message.form == "sentence_case":
            message = first if isinstance(first, Message | str) else None
        else:
            message = message.values.get(head[1]) if head else None
    if not isinstance(message, str):
        return ""
    return message if message in names or (" " not in message and retell(message) == message) else ""


def _tell(made: Any) -> Any:
    """Return what a message keeps, told in the language of the moment."""
    if isinstance(made, tuple | list):
        return [_tell(item) for item in made]
    if not isinstance(made, Message):
        return retell(made) if isinstance(made, str) else made
    if made.form == "fixed":
        return retell(Words(str(made.args[0]), made))
    if made.form == "say":
        return say(str(made.args[0]), **{name: _tell(value) for name, value in made.values.items()})
    values = {name: _tell(value) for name, value in made.values.items()}
    return _FORMS[made.form](*(_tell(arg) for arg in made.args), **values)
