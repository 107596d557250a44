"""The notebooks are thin, clean in the repository, and run with one parameter."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from kit.errors import InputError, KitError, PlanError
from kit.report import charts
from kit.report.cells import drawn, picture, sentence
from kit.report.drawing import NEEDS
from kit.report.notebooks import notebook_folder, run_notebook, run_notebooks
from kit.wording import speaking

NAMES = ["1_hardware", "2_throughput", "3_demand", "4_costs", "5_verdict"]
FORBIDDEN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.For, ast.While, ast.comprehension)


def cells(path: Path) -> list[dict]:
    """Return a notebook's code cells."""
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def test_the_five_notebooks_are_there():
    """One for each step of the walk."""
    assert [path.stem for path in sorted(notebook_folder().glob("[0-9]_*.ipynb"))] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_thin_and_clean(name):
    """No output, no function, no class, no loop; parameters and their check; a few lines a cell."""
    path = notebook_folder() / f"{name}.ipynb"
    book = json.loads(path.read_text(encoding="utf-8"))
    assert book["metadata"]["kernelspec"]["name"] == "python3"
    assert book["cells"][0]["cell_type"] == "markdown"
    assert "".join(book["cells"][0]["source"]).startswith("# ")
    code = cells(path)
    assert [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])] == [code[0]]
    assert 'engagement = "../examples/insurer/engagement.yaml"' in "".join(code[0]["source"])
    assert "check(globals(), engagement=str)" in "".join(code[1]["source"])
    for cell in code:
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        source = "".join(cell["source"])
        assert len([line for line in source.splitlines() if line]) <= 5
        assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, FORBIDDEN)]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_a_walk(name):
    """After the audit is opened every step is a question, a picture or a table of what answers it, and a sentence."""
    book = json.loads((notebook_folder() / f"{name}.ipynb").read_text(encoding="utf-8"))
    steps: list[list[str]] = []
    for cell in book["cells"][1:]:
        if cell["cell_type"] == "markdown":
            assert "".join(cell["source"]).startswith("## ")
            steps.append([])
        elif steps:
            steps[-1].append("".join(cell["source"]))
    assert steps
    for step in steps:
        assert re.search(r"cells\.(picture|drawn)\(|tables\.plain\(", step[0])
        assert len([source for source in step if "cells.sentence(" in source]) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_of_the_verdict_is_asked_for_by_name(name):
    """A chart that the verdict has no data for would stop the notebook, so no cell draws one itself."""
    for cell in cells(notebook_folder() / f"{name}.ipynb"):
        source = "".join(cell["source"])
        assert not re.search(r"charts\.\w+\(verdict", source)
        for asked in re.findall(r'picture\(verdict, "(\w+)"\)', source):
            assert asked in NEEDS


def test_where_nothing_can_be_drawn_a_sentence_says_why(verdict):
    """Where no input changes the saving there is no tornado, and the cell says so in any language; else a picture."""
    steady = verdict.model_copy(update={"drivers": ()})
    said = picture(steady, "tornado")
    assert said.data == "There is no picture here: it needs an input that changes the saving."
    with speaking("de"):
        assert picture(steady, "tornado").data == (
            "Hier ist kein Bild: Es braucht einen Eingabewert, der die Ersparnis ändert."
        )
    assert picture(verdict, "tornado").data.startswith("<svg")


def test_notebooks_run_and_keep_nothing_of_the_machine(audit):
    """All five show something, offline pictures and tables only, and name no folder of this machine."""
    steps = []
    paths = run_notebooks(audit.path, audit.folder, on_step=lambda: steps.append(1))
    assert [path.name for path in paths] == [f"{name}.ipynb" for name in NAMES]
    assert len(steps) == 5
    for path in paths:
        text = path.read_text(encoding="utf-8")
        kinds = {kind for cell in cells(path) for output in cell["outputs"] for kind in output.get("data", {})}
        assert kinds <= {"image/svg+xml", "text/html", "text/markdown", "text/plain"}
        assert kinds - {"text/plain"}
        assert str(Path.home()) + "/" not in text
        assert str(audit.path.parent.parent.parent) + "/" not in text
        assert str(audit.folder.parent) not in text
        assert "<script" not in text


def test_nothing_of_a_client_is_taken_for_markdown():
    """Two amounts in dollars are no formula, and a name with signs in it stays as it is written."""
    assert sentence("$1 to $2 for *A_B* <b>").data == r"\$1 to \$2 for \*A\_B\* \<b>"


def test_a_picture_is_larger_on_the_screen_than_on_paper(verdict):
    """By one and a half; its drawing is the same."""
    drawing = charts.tornado(verdict)
    paper, screen = charts.svg(drawing), drawn(drawing).data
    assert 'width="482"' in paper
    assert 'width="723"' in screen
    assert screen.split("<g", 1)[1] == paper.split("<g", 1)[1]


def book_of(folder: Path, name: str, *sources: str) -> Path:
    """Write a small notebook that takes an engagement."""
    tagged = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "engagement = 'x'"}
    code = [tagged, *({"cell_type": "code", "metadata": {}, "source": source} for source in sources)]
    whole = [{**cell, "outputs": [], "execution_count": None, "id": f"c{i}"} for i, cell in enumerate(code)]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path = folder / name
    path.write_text(json.dumps({"cells": whole, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        ("raise ValueError('no such\\nthing')", KitError, "1_x.ipynb: cell 3 failed: ValueError: no such"),
        ("assert False", KitError, "1_x.ipynb: cell 3 failed: AssertionError"),
        (
            "from kit.errors import InputError\nraise InputError('engagement.yaml, line 3: no such model')",
            InputError,
            "1_x.ipynb: cell 3: engagement.yaml, line 3: no such model",
        ),
        ("from kit.errors import PlanError\nraise PlanError('no plan')", PlanError, "1_x.ipynb: cell 3: no plan"),
    ],
)
def test_a_cell_that_fails_is_one_line(tmp_path, source, kind, said):
    """It names notebook and cell, as counted without papermill's own; the kit's errors keep kind and words."""
    book_of(tmp_path, "1_x.ipynb", "fine = 1", source)
    with pytest.raises(KitError) as caught:
        run_notebooks(tmp_path / "engagement.yaml", tmp_path / "out", notebooks=tmp_path)
    assert type(caught.value) is kind
    assert str(caught.value) == said
    assert not list((tmp_path / "out").rglob("*.ipynb"))


def test_a_kernel_that_dies_is_one_line(tmp_path):
    """As one that was killed for its memory."""
    book = book_of(tmp_path, "1_x.ipynb", "import os; os._exit(1)")
    with pytest.raises(KitError, match=r"^1_x\.ipynb: the kernel died \([^\n]*\)$"):
        run_notebook(book, {"engagement": "x"}, tmp_path / "out")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"engagment": "x"}, 'there is no parameter engagment (did you mean "engagement"?); parameters: engagement'),
        ({"engagement": 5}, "the parameter engagement is a text, not 5"),
        ({"engagement": None}, "the parameter engagement is a text, not None"),
    ],
)
def test_wrong_parameters_are_told_before_a_kernel_starts(monkeypatch, tmp_path, given, said):
    """Papermill itself only warns of a wrong name, and looks at no type."""
    monkeypatch.setattr("kit.report.notebooks._Kernel", None)
    with pytest.raises(InputError) as caught:
        run_notebook(notebook_folder() / "3_demand.ipynb", given, tmp_path)
    assert str(caught.value) == f"3_demand.ipynb: {said}"


FAKE = "fake-but-long-enough-0123456789"
SK = "sk-" + "a1B2" * 6


def test_no_secret_is_written(monkeypatch, tmp_path):
    """Neither one of the environment nor what looks like one: in a source, an output, the metadata, a parameter."""
    monkeypatch.setenv("SOME_API_KEY", FAKE)
    show = "from IPython.display import Markdown\nMarkdown(os.environ['SOME_API_KEY'])"
    address = f"print('https://user:{FAKE}@host/x', 'https://me:other@host/x', '{SK}')"
    book = book_of(tmp_path, "x.ipynb", "import os; print(os.environ['SOME_API_KEY'])", show, address)
    content = json.loads(book.read_text())
    content["metadata"]["note"] = {SK: [FAKE]}
    book.write_text(json.dumps(content))
    text = run_notebook(book, {"engagement": FAKE}, tmp_path / "out").read_text()
    assert FAKE not in text
    assert SK not in text
    assert "me:other" not in text
    assert text.count("(key removed)") >= 6


def test_no_secret_is_in_an_error(monkeypatch, tmp_path):
    """Nor in the line that the command prints."""
    monkeypatch.setenv("SOME_TOKEN", FAKE)
    book = book_of(tmp_path, "x.ipynb", "import os; raise ValueError(f\"no: {os.environ['SOME_TOKEN']} {engagement}\")")
    with pytest.raises(KitError) as caught:
        run_notebook(book, {"engagement": SK}, tmp_path / "out")
    assert str(caught.value) == "x.ipynb: cell 2 failed: ValueError: no: (key removed) (key removed)"
    assert caught.value.__cause__ is None
    with pytest.raises(InputError) as caught:
        run_notebook(book, {"engagement": "x", FAKE: 1}, tmp_path / "out")
    assert FAKE not in str(caught.value)


def test_a_notebook_sees_nothing_of_the_one_before_it(monkeypatch, tmp_path):
    """Though both ran in one kernel, one after the other; each counts its cells from 1."""
    monkeypatch.setattr("kit.report.notebooks.AT_ONCE", 1)
    book_of(tmp_path, "1_x.ipynb", "left = 1", "import os; os.getpid()")
    book_of(tmp_path, "2_x.ipynb", "assert 'left' not in globals() and 'os' not in globals()", "import os; os.getpid()")
    steps = []
    first, second = run_notebooks(
        tmp_path / "engagement.yaml", tmp_path / "out", notebooks=tmp_path, on_step=lambda: steps.append(1)
    )
    assert len(steps) == 2
    pids = [cells(path)[-1]["outputs"][0]["data"]["text/plain"] for path in (first, second)]
    assert pids[0] == pids[1]
    assert [cell["execution_count"] for cell in cells(second)] == [1, 2, 3, 4]
