"""Texts that can be told in another language: how they are made, kept and told again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from kit import figures, wording
from kit.errors import InputError
from kit.figures import (
    count,
    day,
    decimal,
    exact,
    joined,
    listed,
    money,
    months,
    number,
    percent,
    plain,
    points,
    seconds,
    sentence_case,
    short_day,
    signed_percent,
    significant,
    tokens,
    unit_price,
)
from kit.strategy.verdict import Verdict
from kit.wording import Message, Words, behind, fixed, remember, remembering, retell, say, speaking, spoken
from tests.test_catalogue import catalogue_tool

NAMES = {
    # Names of things: the client's, the market's, the tables', the kit's own.
    *("client", "consultant", "workload", "workloads", "model", "profile", "accelerator", "engine", "measured_here"),
    # The client's own words.
    *("title", "description", "address", "benchmark"),
    # Where a figure comes from, and what points at it.
    *("source", "sources", "key", "sha256", "name", "kit_version", "logo", "colour", "accent", "language", "paper"),
    # Words of the record that documents have names for: kinds, grades, units of a choice.
    *("place", "places", "kind", "basis", "certainty", "saving_against", "below", "above", "gate", "rule", "choose"),
    *("better", "outcome", "likelihood", "commitment", "data_class", "regulations", "regions", "users", "modalities"),
    *("customisation", "owner", "worst", "level", "days"),
    # Days.
    *("date", "valid_until", "from_date", "until_date", "order_by", "needed_by"),
    # How a figure follows: shown by `kit verdict explain`, in English.
    *("derivations", "messages"),
}
"""Fields of the record whose texts are not translated."""

PHYSICAL = {"s", "W", "EUR", "USD"}
"""Units that read the same in any language."""


@pytest.fixture
def language(monkeypatch) -> Callable[[Mapping[str, str]], None]:
    """Makes a language of a few words."""

    def made(words: Mapping[str, str]) -> None:
        monkeypatch.setattr(wording, "catalogue", lambda _: words)

    return made


def told(text: str, messages: Mapping[str, Message]) -> str:
    with speaking("de", messages):
        return retell(text)


def test_a_text_is_told_with_its_values_in_the_other_language(language):
    """Template and values are told anew: names stay, numbers are written as the language writes them."""
    language({"{workload} costs {cost} a month": "{workload} kostet {cost} im Monat", "million": "Mio."})
    with remembering() as said:
        text = say("{workload} costs {cost} a month", workload="Chat", cost=money(1_060_000, "EUR"))
    assert text == "Chat costs €1.06 million a month"
    assert told(text, said) == "Chat kostet 1,06 Mio.\N{NO-BREAK SPACE}€ im Monat"
    assert told("Claims", said) == "Claims"


def test_a_name_stays_although_a_word_of_the_kit_reads_the_same(language):
    """A workload called `quality` is no gate: only what the kit marks as its own is told."""
    language({"quality": "Qualität", "{workload} fails on {gate}": "{workload} scheitert an {gate}", "and": "und"})
    gate = fixed("quality")
    with remembering() as said:
        text = say("{workload} fails on {gate}", workload="quality", gate=gate)
        several = listed(["quality", gate])
    assert text == "quality fails on quality"
    with speaking("de", said, frozenset({"quality"})):
        assert retell("quality") == "quality"
        assert retell(gate) == "Qualität"
        assert retell(text) == "quality scheitert an Qualität"
        assert say("{workload} fails on {gate}", workload="quality", gate=gate) == retell(text)
        assert retell(several) == "quality und Qualität"
    assert told("quality", said) == "Qualität"


def test_a_name_at_the_start_of_a_sentence_keeps_its_letters():
    """Alone, in a sentence or first in a list; a word of the kit does not."""
    many = listed(["chat", fixed("quality")])
    assert sentence_case(say("{names} stand still.", names=many)) == "chat and quality stand still"
    assert sentence_case(say("{gate} is a gate", gate=fixed("quality"))) == "Quality is a gate"
    with speaking("de", {}, frozenset({"my chat"})):
        assert sentence_case("my chat") == "my chat"
        assert sentence_case(fixed("quality")) == "Qualität"


def test_nothing_is_told_otherwise_than_in_english_without_a_language():
    """Outside of `speaking`, and in English, a text stays as it is."""
    with remembering() as said:
        text = say("{a} of {b}", a=decimal(1234.5, 1), b="x")
    assert (text, spoken()) == ("1,234.5 of x", "en")
    with speaking("en", said):
        assert retell(text) == text


def test_a_language_without_a_catalogue_is_no_language():
    """The error names those there are."""
    with pytest.raises(InputError, match="allowed: en, de"), speaking("fr"):
        pass


@pytest.mark.parametrize("hostile", ["{0}", "{x}", "{a.__class__}", "}{", "{", "%s %d", '"', "'", "\\", "{{}}", "\n"])
def test_braces_and_quotes_in_a_value_are_text(language, hostile):
    """A value is never read as a template, in English or when told again."""
    language({"{a} is out": "{a} ist aus"})
    with remembering() as said:
        text = say("{a} is out", a=hostile)
    assert text == f"{hostile} is out"
    assert told(text, said) == f"{hostile} ist aus"


def test_a_text_that_is_made_of_itself_by_a_detour_ends(language):
    """A full stop that is put on and one that is taken off make two texts of each other: telling either ends."""
    language({})
    with remembering() as said:
        long = say("{x}.", x="Foo")
        short = sentence_case(str(long))
    assert (long, short) == ("Foo.", "Foo")
    assert {"Foo.", "Foo"} <= set(said)
    assert told("Foo.", said) == "Foo."
    assert told("Foo", said) == "Foo"


def test_what_was_said_before_is_remembered_with_the_rest():
    """A note that was made before, or a text of a function that is called only once, keeps its making."""
    note = say("{file} is new", file="a.csv")
    with remembering() as said:
        remember([note, "a name"])
    assert dict(said) == {"a.csv is new": note.message}


def test_texts_that_other_texts_were_made_of_are_kept_with_them():
    """A reason that stands only inside another sentence, as plain text, can be told too."""
    with remembering() as said:
        inner = str(say("needs {number} points", number=decimal(45)))
        outer = say("{workload}: {reason}", workload="Chat", reason=inner)
        say("nobody asked for {this}", this="that")
    assert set(behind([outer], said)) == {outer, inner}


def test_forms_remember_how_a_text_was_made():
    """A number keeps its value, and a list its parts."""
    one = money(412_345, "EUR")
    assert isinstance(one, Words)
    assert one.message == Message(form="money", args=(412_345, "EUR"))
    text = listed([say("{n} own", n=2), "b"], last="or")
    assert text == "2 own or b"
    assert text.message.args[0][1] == "b"
    again = Message.model_validate_json(text.message.model_dump_json())
    assert again == text.message


GERMAN = {
    "€412.000": (lambda: money(412_345, "EUR"), "€412,000", "412.000 €"),
    "million": (lambda: money(1_060_000, "EUR"), "€1.06 million", "1,06 Mio. €"),
    "negative": (lambda: money(-950, "EUR"), "−€950", "−950 €"),
    "small": (lambda: money(0.0042, "EUR"), "€0.0042", "0,0042 €"),
    "code": (lambda: money(950, "CHF"), "CHF 950", "950 CHF"),
    "unit price": (lambda: unit_price(1234.5, "EUR"), "€1,234.50", "1.234,50 €"),
    "low unit price": (lambda: unit_price(0.5, "EUR"), "€0.5", "0,5 €"),
    "percent": (lambda: percent(0.99), "99%", "99 %"),
    "percent with decimal": (lambda: percent(0.9994), "99.9%", "99,9 %"),
    "signed percent": (lambda: signed_percent(-0.125), "-12.5%", "-12,5 %"),
    "decimal": (lambda: decimal(1173.5, 1), "1,173.5", "1.173,5"),
    "negative decimal": (lambda: decimal(-2.5, 1), "−2.5", "−2,5"),
    "significant": (lambda: significant(0.5444, 2), "0.54", "0,54"),
    "number": (lambda: number(97.46), "97.5", "97,5"),
    "exact": (lambda: exact(2511), "2,511", "2.511"),
    "plain": (lambda: plain(16000), "16000", "16.000"),
    "tokens": (lambda: tokens(9.13), "9.1", "9,1"),
    "count": (lambda: count(4), "four", "4"),
    "seconds": (lambda: seconds(0.76), "0.76 s", "0,76 s"),
    "months": (lambda: months(14.2), "14 months", "14 Monate"),
    "one month": (lambda: months(1.2), "1 month", "1 Monat"),
    "points": (lambda: points(-0.05), "−5 points", "−5 Punkte"),
    "day": (lambda: day(dt.date(2026, 11, 22)), "22 November 2026", "22. November 2026"),
    "short day": (lambda: short_day("2026-11-22"), "2026-11-22", "22.11.2026"),
    "list": (lambda: listed(["a", "b", "c"]), "a, b and c", "a, b und c"),
    "choice": (lambda: listed(["a", "b"], "or"), "a or b", "a oder b"),
    "one after the other": (lambda: joined(["a", "b"]), "a; b", "a; b"),
    "sentence": (lambda: sentence_case("Nothing to lift."), "Nothing to lift", "Nichts aufzuheben"),
}


@pytest.mark.parametrize(("make", "english", "german"), GERMAN.values(), ids=GERMAN)
def test_forms_in_german(make, english, german):
    """Numbers, money, days and lists as German writes them, made at once or told again."""
    made = make()
    assert made == english
    with speaking("de"):
        assert make().replace("\N{NO-BREAK SPACE}", " ") == german
        assert wording._tell(made.message).replace("\N{NO-BREAK SPACE}", " ") == german


@pytest.mark.parametrize("value", [0.5, 1.5, 2.5, 0.125, 2.675, 1e6 + 0.5, -0.004, 12_345.675, 0.285])
@pytest.mark.parametrize("digits", [0, 1, 2, 3])
def test_german_rounds_as_english_does(value, digits):
    """Only the signs differ: `1,173.5` is `1.173,5`."""
    english = str(decimal(value, digits))
    with speaking("de"):
        german = str(decimal(value, digits))
    assert german == english.translate(str.maketrans(",.", ".,"))


def test_every_form_can_be_told_again():
    """A message names a form that exists, whichever form wrote it."""
    for form in wording._FORMS:
        assert getattr(figures, form, None) is not None


def test_the_verdict_told_in_english_from_its_messages_is_the_verdict(insurer_verdict):
    """Every message gives exactly its text."""
    assert len(insurer_verdict.messages) > 200
    for text, message in insurer_verdict.messages.items():
        assert wording._tell(message) == text


def test_messages_survive_the_file(insurer_verdict, tmp_path):
    """What is read back is told as what was written."""
    path = tmp_path / "verdict.json"
    insurer_verdict.write(path)
    assert Verdict.read(path).messages == insurer_verdict.messages


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"form": "shout", "args": ["x"]}, "no form 'shout'"),
        ({"form": "say", "args": ["{a} of {b}"], "values": {"a": "1"}}, "{b} is not the name of a value; there are: a"),
        ({"form": "say", "args": ["{a.__class__}"], "values": {"a": "1"}}, "{a.__class__} is not the name of a value"),
        ({"form": "say", "args": ["{a[0]}"], "values": {"a": "1"}}, "{a[0]} is not the name of a value"),
        ({"form": "say", "args": ["{}"], "values": {"a": "1"}}, "{} is not the name of a value"),
        ({"form": "say", "args": ["{a:>999}"], "values": {"a": "1"}}, "{a} is not the name of a value"),
        ({"form": "say", "args": ["{a!r}"], "values": {"a": "1"}}, "{a} is not the name of a value"),
        ({"form": "say", "args": ["{a"], "values": {"a": "1"}}, "expected '}'"),
        ({"form": "say", "args": []}, "'say' takes one text"),
        ({"form": "fixed", "args": [1]}, "'fixed' takes one text"),
        ({"form": "money", "args": [1.0]}, "'money': missing a required argument: 'currency'"),
        ({"form": "listed", "args": [[{"form": "shout"}]]}, "no form 'shout'"),
        ({"form": "say", "args": ["{a}"], "values": {"a": {"form": "shout"}}}, "no form 'shout'"),
    ],
)
def test_messages_that_cannot_be_told_are_no_verdict(insurer_verdict, tmp_path, message, complaint):
    """A record is data: an unknown form and a template that asks for more than its values are refused on reading."""
    path = tmp_path / "verdict.json"
    record = json.loads(insurer_verdict.to_json())
    record["messages"] = {"a text": message}
    path.write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(InputError, match=r"not a verdict: messages") as error:
        Verdict.read(path)
    assert complaint in str(error.value)


@pytest.mark.parametrize("part", ["strategies", "placements"])
def test_a_verdict_without_a_plan_is_none(insurer_verdict, tmp_path, part):
    """The documents begin with the first plan, and place at least one workload."""
    path = tmp_path / "verdict.json"
    path.write_text(json.dumps(json.loads(insurer_verdict.to_json()) | {part: []}), encoding="utf-8")
    with pytest.raises(InputError, match=f"not a verdict: {part}"):
        Verdict.read(path)


def _fields(part: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text of a record with the name of its field, those left out that are no reader's."""
    if name in NAMES:
        return
    if isinstance(part, str):
        yield name, part
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from _fields(value, str(key))
    elif isinstance(part, list | tuple):
        for value in part:
            yield from _fields(value, name)


def test_every_text_of_the_verdict_that_a_reader_sees_can_be_told(insurer_verdict, language):
    """In a language in which every template is put in brackets, every text but names is in brackets."""
    language({text: f"⟦{text}⟧" for text in catalogue_tool().texts()})
    record = insurer_verdict.model_dump(mode="json", exclude={"messages", "derivations"})
    plain_texts = {text: field for field, text in _fields(record) if text and text not in PHYSICAL}
    named = {workload["workload"] for workload in record["placements"]}
    with speaking("de", insurer_verdict.messages):
        bare = {text: field for text, field in plain_texts.items() if text not in named and "⟦" not in retell(text)}
    assert len(plain_texts) > 150
    assert not bare, bare


def test_the_german_verdict_leaves_nothing_in_english_that_has_a_translation(insurer_verdict):
    """What a reader sees of the verdict is not what the English reader sees, but for names."""
    record = insurer_verdict.model_dump(mode="json", exclude={"messages", "derivations"})
    with speaking("de", insurer_verdict.messages) as german:
        shown = retell(record["sentence"])
        for _, text in _fields(record):
            retell(text)
    assert shown != record["sentence"]
    assert "Betreiben Sie" in shown
    assert not german.unknown
