"""``kit report`` writes the documents of a verdict that is there, or says in one line why not."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from kit.errors import KitError
from kit.report import document
from kit.report.document import file_name, write_documents
from kit.strategy.dossier import Letterhead


@pytest.fixture
def folder(audit, tmp_path):
    """A folder with the example's verdict."""
    place = tmp_path / "insurer"
    place.mkdir()
    shutil.copy(audit.folder / "verdict.json", place)
    return place


def kit(*arguments, cwd):
    """Run the command and return what came of it."""
    return subprocess.run(
        [sys.executable, "-m", "kit", "report", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_writes_all_three_beside_the_verdict(folder):
    """Without options: HTML, PDF and DOCX in the letterhead's language; their paths are printed."""
    done = kit(folder, cwd=folder)
    assert done.returncode == 0, done.stderr
    names = ["verdict.html", "verdict.pdf", "verdict.docx"]
    assert [line.split("/")[-1] for line in done.stdout.split()] == names
    assert sorted(path.name for path in folder.iterdir()) == sorted(["verdict.json", *names])
    assert (folder / "verdict.html").read_bytes().startswith(b"<!doctype html>")
    assert (folder / "verdict.pdf").read_bytes().startswith(b"%PDF-")
    assert (folder / "verdict.docx").read_bytes().startswith(b"PK")


def test_options_choose_format_language_paper_and_folder(folder, tmp_path):
    """Another language is in the files' names; an audit is found by name in ``out``."""
    (tmp_path / "out").mkdir()
    folder.rename(tmp_path / "out" / "insurer")
    done = kit(
        "insurer", "--format", "html, PDF", "--lang", "de", "--paper", "letter", "--out", tmp_path / "x", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == ["verdict.de.html", "verdict.de.pdf"]
    assert "@page { size: letter;" in (tmp_path / "x" / "verdict.de.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "html,pfd"], ["'pfd'", "html, pdf, docx", 'did you mean "pdf"']),
        (["--format", ","], ["no format", "html, pdf, docx"]),
        (["--lang", "dee"], ["'dee'", "en, de", 'did you mean "de"']),
        (["--paper", "leter"], ["'leter'", "a4, letter", 'did you mean "letter"']),
    ],
)
def test_a_slip_ends_in_one_line(folder, options, words):
    """Exit code 2, what is allowed and the nearest match, and nothing is written."""
    done = kit(folder, *options, cwd=folder)
    assert done.returncode == 2
    assert all(word in done.stderr for word in words)
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in folder.iterdir()] == ["verdict.json"]


def test_no_verdict_or_a_broken_one_ends_in_one_line(folder):
    """A name that is none, and a file that is no verdict."""
    (folder / "verdict.json").write_text("{}", encoding="utf-8")
    for given, named in (("nowhere", "nowhere"), (folder, "verdict.json")):
        done = kit(given, cwd=folder)
        assert done.returncode == 2
        assert named in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_a_place_that_cannot_be_written_to_ends_in_one_line(folder):
    """A file in the place of the folder."""
    (folder / "taken").write_text("", encoding="utf-8")
    done = kit(folder, "--format", "html", "--out", folder / "taken", cwd=folder)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_picture_that_cannot_be_drawn_leaves_no_half_of_a_set(verdict, tmp_path, monkeypatch):
    """The error comes through, no document is written, and the process that makes the page's script is gone."""
    started: list[subprocess.Popen[bytes]] = []

    def ahead():
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]))
        return started[-1]

    def refuse(*_):
        raise ValueError("no picture")

    monkeypatch.setattr(document, "bundle_ahead", ahead)
    monkeypatch.setattr(document, "drawings", refuse)
    with pytest.raises(ValueError, match="no picture"):
        write_documents(verdict, tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert [process.returncode for process in started] == [-9]


def test_a_typesetter_that_refuses_leaves_no_half_of_a_set(verdict, tmp_path, monkeypatch):
    """The page and the Word document are not written before the PDF is made."""

    def refuse(*_, **__):
        raise KitError("the PDF cannot be typeset")

    monkeypatch.setattr(document, "pdf_bytes", refuse)
    with pytest.raises(KitError):
        write_documents(verdict, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_page_does_not_wait_for_ever_for_its_script(verdict, tmp_path, monkeypatch):
    """Where the other process does not end, the page makes the script itself, and that process is ended."""
    asleep = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    monkeypatch.setattr(document, "bundle_ahead", lambda: asleep)
    monkeypatch.setattr(document, "_PATIENCE", 0.1)
    (path,) = write_documents(verdict, tmp_path, ("html",))
    assert "kitEmbed" in path.read_text(encoding="utf-8")
    assert asleep.returncode == -9


def test_the_letterheads_language_has_no_suffix(verdict):
    """A German letterhead makes German the language without a suffix, and English the one with."""
    german = verdict.model_copy(update={"letterhead": Letterhead(language="de")})
    assert file_name("pdf", german, "de") == "verdict.pdf"
    assert file_name("pdf", german, "en") == "verdict.en.pdf"


def test_documents_in_one_go_are_those_made_one_by_one(verdict, html, pdf, tmp_path):
    """Drawn together or apart, the same bytes."""
    made = write_documents(verdict, tmp_path, ("html", "pdf"))
    assert made[0].read_text(encoding="utf-8") == html
    assert made[1].read_bytes() == pdf.read_bytes()
