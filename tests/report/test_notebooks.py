"""The notebooks are thin, clean in the repository, and run with one parameter."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from kit.errors import KitError
from kit.report.cells import picture
from kit.report.drawing import NEEDS
from kit.report.notebooks import notebook_folder, run_notebooks
from kit.wording import speaking

NAMES = ["1_hardware", "2_throughput", "3_demand", "4_costs", "5_verdict"]
FORBIDDEN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.For, ast.While, ast.comprehension)


def cells(path: Path) -> list[dict]:
    """Return a notebook's code cells."""
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]


def test_the_five_notebooks_are_there():
    """One for each step of the walk."""
    assert [path.stem for path in sorted(notebook_folder().glob("*.ipynb"))] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_thin_and_clean(name):
    """No output, no function, no class, no loop; a parameters cell; a few lines a cell; each cell has its sentence."""
    path = notebook_folder() / f"{name}.ipynb"
    book = json.loads(path.read_text(encoding="utf-8"))
    assert book["metadata"]["kernelspec"]["name"] == "python3"
    assert book["cells"][0]["cell_type"] == "markdown"
    assert "".join(book["cells"][0]["source"]).startswith("# ")
    code = cells(path)
    assert [cell for cell in code if "parameters" in cell["metadata"].get("tags", [])] == [code[0]]
    assert 'engagement = "../examples/insurer/engagement.yaml"' in "".join(code[0]["source"])
    for cell in code:
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        source = "".join(cell["source"])
        assert len(source.splitlines()) <= 8
        assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, FORBIDDEN)]


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


def test_a_broken_notebook_is_one_line(audit, tmp_path):
    """The error names the notebook, the cell and the last line of what went wrong."""
    book = json.loads((notebook_folder() / "3_demand.ipynb").read_text(encoding="utf-8"))
    book["cells"][2]["source"] = ["raise ValueError('no such thing')"]
    (tmp_path / "3_demand.ipynb").write_text(json.dumps(book), encoding="utf-8")
    with pytest.raises(KitError) as caught:
        run_notebooks(audit.path, tmp_path / "out", notebooks=tmp_path)
    assert str(caught.value).startswith("3_demand.ipynb: cell ")
    assert str(caught.value).endswith("failed: ValueError: no such thing")
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "out").rglob("*.ipynb"))
