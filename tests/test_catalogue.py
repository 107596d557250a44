"""The catalogues of other languages are in step with the source, and what keeps them so."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import read_po

from kit.wording import catalogue, languages

ROOT = Path(__file__).parents[1]


@cache
def catalogue_tool() -> ModuleType:
    """The tool, which is a script and in no package."""
    spec = importlib.util.spec_from_file_location("catalogue_tool", ROOT / "tools" / "catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_catalogues_are_in_order(capsys):
    """Each holds every text of the source with a translation that has the same values, and no other text."""
    assert catalogue_tool().main(["--check"]) == 0, capsys.readouterr().out


def test_every_marked_text_is_a_literal():
    """What is no literal cannot be found, but for what tells texts of a record or of a table again."""
    allowed = {"kit/wording.py": 1, "kit/strategy/inputs.py": 1}
    for path in sorted((ROOT / "kit").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        lines = [line for text, line in catalogue_tool().calls(path.read_text(encoding="utf-8")) if text is None]
        assert len(lines) <= allowed.get(name, 0), (name, lines)


def test_german_is_a_language():
    """It can be asked for, and its catalogue is read."""
    assert languages() == ("en", "de")
    assert catalogue("de")["million"] == "Mio."
    assert catalogue("en") == {}


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A project of one file with a catalogue, for the tool."""
    tool, package = catalogue_tool(), tmp_path / "kit"
    (package / "locale").mkdir(parents=True)
    (package / "a.py").write_text('say("{n} of " "us", n=fixed("two"))\nsay(f"{x}")\nother("no")\n', encoding="utf-8")
    (package / "page.html.j2").write_text('<p>{{ say("a page of {n}", n=1) }}</p>', encoding="utf-8")
    for name, value in (("ROOT", tmp_path), ("KIT", package), ("LOCALES", package / "locale"), ("COLUMNS", {})):
        monkeypatch.setattr(tool, name, value)
    monkeypatch.setattr(tool.texts, "__defaults__", (package,))
    path = package / "locale" / "de.po"
    path.write_text("", encoding="utf-8")
    return tool, path


def _translate(path: Path, english: str, german: str) -> None:
    text = path.read_text(encoding="utf-8")
    old = f'msgid "{english}"\nmsgstr ""'
    assert old in text
    path.write_text(text.replace(old, f'msgid "{english}"\nmsgstr "{german}"'), encoding="utf-8")


def test_the_tool_finds_literals_in_source_and_templates(small):
    """Strings that stand side by side are one; what is no literal is no text; other functions mark none."""
    tool, _ = small
    assert tool.texts() == {
        "two": ("kit/a.py",),
        "{n} of us": ("kit/a.py",),
        "a page of {n}": ("kit/page.html.j2",),
    }


def test_the_tool_keeps_translations_and_drops_what_is_gone(small):
    """A text that is new comes in empty, one that is gone goes, and all others stay as they were told."""
    tool, path = small
    assert tool.main([]) == 0
    _translate(path, "two", "zwei")
    (path.parents[1] / "a.py").write_text('fixed("two")\nfixed("three")\n', encoding="utf-8")
    assert tool.main([]) == 0
    with path.open("rb") as file:
        entries = {entry.id: entry.string for entry in read_po(file) if entry.id}
    assert entries == {"two": "zwei", "three": "", "a page of {n}": ""}


def test_the_check_tells_what_is_missing_and_what_differs(small, capsys):
    """It ends with 1 where a file is old, a translation missing, or a value of it another; else with 0."""
    tool, path = small
    assert tool.main(["--check"]) == 1
    assert "run tools/catalogue.py" in capsys.readouterr().out
    tool.main([])
    _translate(path, "two", "zwei")
    _translate(path, "{n} of us", "{m} von uns")
    _translate(path, "a page of {n}", "Seite {n")
    assert tool.main(["--check"]) == 1
    out = capsys.readouterr().out
    assert out.count("different values") == 2
    text = path.read_text(encoding="utf-8").replace("{m} von uns", "{n} von uns").replace("Seite {n", "Seite {n}")
    path.write_text(text, encoding="utf-8")
    assert tool.main(["--check"]) == 0


def test_the_units_of_tables_are_told_with_the_currency():
    """A unit of the defaults that names the dollar is a template in which the client's currency stands."""
    found = catalogue_tool().texts()
    assert "{currency} per kWh" in found
    assert "USD per kWh" not in found
