"""A notebook's parameters: a wrong name, a wrong type and a missing one are told in one line, before anything runs."""

from __future__ import annotations

import json
import math

import pytest

from kit.errors import InputError
from kit.report.parameters import asked, check, check_given

CHECK = "from kit.report.parameters import check\n\ncheck(globals(), engagement=str, minutes=(int, float), model=str)"


@pytest.fixture
def notebook(tmp_path):
    """A notebook with three parameters."""
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Title"},
        {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ["engagement = 'x'\n", "minutes = 2.0"]},
        {"cell_type": "code", "metadata": {}, "source": CHECK},
    ]
    path = tmp_path / "profile.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


def test_what_is_asked_for_passes():
    """Names and types as asked for; a whole number is a number."""
    check({"engagement": "insurer", "minutes": 2}, engagement=str, minutes=float)
    check({"out": None}, out=(str, type(None)))
    check({"fast": True}, fast=bool)


@pytest.mark.parametrize(
    ("value", "kind", "said"),
    [
        ("ten", float, "the parameter minutes is a number, not 'ten'"),
        (True, float, "the parameter minutes is a number, not True"),
        (True, int, "the parameter minutes is a whole number, not True"),
        (2.5, int, "the parameter minutes is a whole number, not 2.5"),
        (None, float, "the parameter minutes is a number, not None"),
        (math.nan, float, "the parameter minutes is a number, not nan"),
        (math.inf, float, "the parameter minutes is a number, not inf"),
        (5, (str, type(None)), "the parameter minutes is a text or None, not 5"),
        ([1], bool, "the parameter minutes is True or False, not [1]"),
    ],
)
def test_a_wrong_type_is_told_with_what_is_allowed(value, kind, said):
    """Text is no number, True is none, neither are NaN and infinity, and nothing is not a value."""
    with pytest.raises(InputError) as caught:
        check({"minutes": value}, minutes=kind)
    assert str(caught.value) == said


def test_a_long_value_is_cut():
    """A message stays one line."""
    with pytest.raises(InputError) as caught:
        check({"minutes": "x\n" * 500}, minutes=float)
    assert len(str(caught.value)) < 120
    assert "\n" not in str(caught.value)


def test_a_wrong_name_is_told_with_the_nearest():
    """Which there are is said too."""
    with pytest.raises(InputError) as caught:
        check({"engagement": "x", "engagment": "y"}, engagement=str)
    assert str(caught.value) == ('there is no parameter engagment (did you mean "engagement"?); parameters: engagement')


def test_a_parameter_that_is_not_set_is_told():
    """As when its name was misspelt in the tagged cell."""
    with pytest.raises(InputError, match="the parameter minutes is not set; parameters: engagement or minutes"):
        check({"engagement": "x"}, engagement=str, minutes=float)


def kernel(*cells, **names):
    """Return the namespace of a kernel in which cells were run: with IPython's own names and what the cells set."""
    own = {"In": ["", *cells], "Out": {}, "_": "", "_i": "", "get_ipython": print, "exit": print, "quit": print}
    return {**own, "__name__": "__main__", "open": open, **names}


def test_in_a_kernel_only_what_the_parameter_cells_set_is_checked():
    """All cells may be run again after later ones have defined names."""
    tagged, work = "# The engagement.\nengagement = 'x'", "audit = open_audit(engagement)\nother = 3"
    check(kernel(tagged, CHECK, work, tagged, engagement="x", audit=object(), other=3, tables=json), engagement=str)


def test_in_a_kernel_a_name_that_papermill_injects_is_checked():
    """Papermill itself only warns of it."""
    cells = ("engagement = 'x'", "# Parameters\nengagment = 'y'\n")
    with pytest.raises(InputError, match="there is no parameter engagment"):
        check(kernel(*cells, engagement="x", engagment="y"), engagement=str)


def test_in_a_kernel_a_mistake_that_was_mended_is_forgotten():
    """The last version of a cell counts, for its name stays in the kernel."""
    cells = ("engagement = 'x'", "# Parameters\nengagment = 'y'", "# Parameters\nengagement = 'y'")
    check(kernel(*cells, engagement="y", engagment="y"), engagement=str)
    check(kernel("engagement = 'x'\nminuts = 3", "engagement = 'x'", engagement="x", minuts=3), engagement=str)


def test_a_cell_that_is_no_plain_python_does_not_disturb():
    """A magic, and a cell with a slip in it."""
    check(kernel("%matplotlib inline", "def (", "engagement = 'x'", engagement="x"), engagement=str)


def test_a_notebook_says_what_it_takes(notebook):
    """By the line with which it checks itself."""
    assert asked(notebook) == {"engagement": (str,), "minutes": (int, float), "model": (str,)}


def test_a_notebook_that_checks_nothing_takes_what_its_tagged_cell_sets(notebook):
    """Of any type."""
    book = json.loads(notebook.read_text(encoding="utf-8"))
    del book["cells"][2]
    notebook.write_text(json.dumps(book), encoding="utf-8")
    assert set(asked(notebook)) == {"engagement", "minutes"}
    check_given(notebook, {"minutes": "ten"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"minuts": 3},
            'profile.ipynb: there is no parameter minuts (did you mean "minutes"?); '
            "parameters: engagement, minutes or model",
        ),
        ({"minutes": "ten"}, "profile.ipynb: the parameter minutes is a whole number or a number, not 'ten'"),
        ({"model": 5}, "profile.ipynb: the parameter model is a text, not 5"),
    ],
)
def test_parameters_are_checked_before_a_kernel_starts(notebook, given, said):
    """In one line that names the notebook."""
    check_given(notebook, {"engagement": "x"})
    with pytest.raises(InputError) as caught:
        check_given(notebook, given)
    assert str(caught.value) == said


@pytest.mark.parametrize("content", [None, "no notebook", '{"cells": 3}', "[]", '{"cells": [1]}'])
def test_what_is_no_notebook_is_said(tmp_path, content):
    """A missing file, a text, JSON of another make."""
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"x\.ipynb: cannot be read as a notebook"):
        asked(path)
