"""What the tests of the screen share: a watched browser, and a small notebook in both servers, each started once."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.report.screen.browser import chromium as chromium
from tests.report.screen.browser import exploring
from tests.report.screen.browser import watched as watched

SLIDER = """\
import ipywidgets as widgets

slider = widgets.IntSlider(value=3, description="Volume")
label = widgets.HTML()
tell = lambda change: setattr(label, "value", f"<p id='told'>{change.new} times 2 is {2 * change.new}</p>")
slider.observe(tell, "value")
slider.value = 4
widgets.VBox([slider, label])"""


def small_notebook():
    """Return a notebook for the example insurer: a sentence, and a slider that a kernel answers."""
    cells = [
        new_markdown_cell("# Small\n\nIt costs 3,000 here."),
        new_code_cell('engagement = "insurer"', metadata={"tags": ["parameters"]}),
        new_code_cell(SLIDER),
        new_code_cell('import os\n\nprint("audits in", os.environ["KIT_OUT"])'),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "title": "A small page"})


@pytest.fixture(scope="session")
def audits(tmp_path_factory):
    """A folder of audits in which the insurer's notebook is the small one."""
    folder = tmp_path_factory.mktemp("audits")
    (folder / "insurer").mkdir()
    nbformat.write(small_notebook(), folder / "insurer" / "explore.ipynb")
    return folder


@pytest.fixture(scope="session")
def page_server(audits):
    """The small notebook as a page."""
    with exploring("insurer", folder=audits) as running:
        yield running


@pytest.fixture(scope="session")
def lab_server(audits):
    """The small notebook in JupyterLab."""
    with exploring("insurer", "--lab", folder=audits) as running:
        yield running
