"""Keeps ``kit/locale/*.po`` in step with the texts that a reader sees.

    python tools/catalogue.py            # new texts in, texts that are gone out; translations stay
    python tools/catalogue.py --missing  # the same, and lists what has no translation yet
    python tools/catalogue.py --check    # writes nothing; ends with 1 where a catalogue is not what it should be

The texts are the templates and fixed texts that stand in ``say("...")`` and ``fixed("...")`` in the source and the
templates of the documents, and the texts of the tables that a verdict shows. A catalogue is in order when it holds all
of them and no other, each with a translation in which the same ``{values}`` stand.
"""

from __future__ import annotations

import argparse
import ast
import csv
import io
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
KIT = ROOT / "kit"
LOCALES = KIT / "locale"
TABLES = KIT / "facts" / "tables"
WORDS = ("say", "fixed")
"""Functions whose first argument is a text for a reader."""

COLUMNS = {
    "data_classes.csv": ("name", "label", "rule", "reference", "lift"),
    "defaults.csv": ("label", "unit"),
    "providers.csv": ("detail",),
    "regulations.csv": ("name", "label", "own_needs", "duties", "reference", "note", "lift"),
}
"""Columns of the tables whose texts a verdict shows. Sources are named as they are in any language."""

HEADER = """\
# Texts of the hybrid AI decision kit in another language; kept in step with the source by tools/catalogue.py.
msgid ""
msgstr ""
"Language: {code}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""

Texts = Mapping[str, tuple[str, ...]]
"""Files in which each English text stands."""


def texts(root: Path = KIT) -> Texts:
    """Return all texts for a reader, in the order of files and of the alphabet, with the files in which they stand."""
    found: dict[str, set[str]] = {}
    for file, text in (*_in_source(root), *_in_templates(root), *_in_tables()):
        found.setdefault(text, set()).add(file)
    places = {text: tuple(sorted(files)) for text, files in found.items() if text}
    return dict(sorted(places.items(), key=lambda item: (item[1][0], item[0])))


def _in_source(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.rglob("*.py")):
        for text, _ in calls(path.read_text(encoding="utf-8")):
            if text is not None:
                yield path.relative_to(ROOT).as_posix(), text


def calls(source: str) -> Iterator[tuple[str | None, int]]:
    """Yield the first argument of each call that marks a text, and its line; ``None`` where it is no literal."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in WORDS:
            first = node.args[0]
            literal = isinstance(first, ast.Constant) and isinstance(first.value, str)
            yield (str(first.value) if literal else None), node.lineno  # type: ignore[attr-defined]


def _in_templates(root: Path) -> Iterator[tuple[str, str]]:
    found = extract_from_dir(root, [("**.j2", "jinja2.ext:babel_extract")], keywords=dict.fromkeys(WORDS))
    for file, _, message, _, _ in found:
        yield f"{root.relative_to(ROOT).as_posix()}/{file}", message if isinstance(message, str) else message[0]


def _in_tables() -> Iterator[tuple[str, str]]:
    for name, columns in COLUMNS.items():
        path = TABLES / name
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                # Of a host's terms only those strike it, and are shown, that are no plain yes.
                if row.get("value") == "yes" and name == "providers.csv":
                    continue
                for column in columns:
                    for text in row[column].split(" | "):
                        yield path.relative_to(ROOT).as_posix(), text.replace("USD", "{currency}")


def translations(path: Path) -> dict[str, str]:
    """Return the translations of a catalogue by English text; those that are empty are left out."""
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}


def written(code: str, found: Texts, told: Mapping[str, str]) -> str:
    """Return a catalogue's file.

    Args:
        code: of the language.
        found: the texts, with their files.
        told: their translations, as far as there are any.
    """
    catalogue = Catalog(locale=code)
    for text, files in found.items():
        entry = catalogue.add(text, told.get(text, ""), locations=[(file, 0) for file in files])
        # Babel takes a percent sign for a value of printf; here values stand in braces.
        entry.flags.discard("python-format")
    file = io.BytesIO()
    write_po(file, catalogue, width=118, omit_header=True, include_lineno=False)
    return HEADER.format(code=code) + file.getvalue().decode("utf-8")


def faults(found: Texts, told: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the translations: those that are missing, and those with other values."""
    for text, files in found.items():
        if text not in told:
            yield f"{files[0]}: no translation of {text!r}"
        elif _values(told[text]) != _values(text):
            yield f"{files[0]}: {text!r} and its translation {told[text]!r} have different values in braces"


def _values(template: str) -> set[str] | None:
    try:
        return {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError:
        return None


def main(arguments: list[str] | None = None) -> int:
    """Bring the catalogues into order, or tell whether they are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; 1 where a catalogue is not in order")
    parser.add_argument("--missing", action="store_true", help="list what has no translation, or a wrong one")
    asked = parser.parse_args(arguments)
    found, wrong = texts(), 0
    for path in sorted(LOCALES.glob("*.po")):
        told = translations(path)
        new = written(path.stem, found, told)
        listed = list(faults(found, told))
        if asked.check and path.read_text(encoding="utf-8") != new:
            listed.insert(0, f"{path.relative_to(ROOT)}: not what the source asks for; run tools/catalogue.py")
        if not asked.check:
            path.write_text(new, encoding="utf-8")
        if asked.check or asked.missing:
            sys.stdout.writelines(f"{line}\n" for line in listed)
        wrong += len(listed)
    return 1 if asked.check and wrong else 0


if __name__ == "__main__":
    sys.exit(main())
