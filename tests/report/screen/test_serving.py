"""``kit explore``: a notebook in the browser of this machine, and nothing but that."""

from __future__ import annotations

import json
import re
import shutil
import socket
import tomllib
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import yaml

from kit.errors import InputError
from kit.report.screen import serving
from kit.report.screen.copied import own_copy
from tests.report.screen.browser import exploring

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"
KIT_NOTEBOOK = ROOT / "notebooks" / "explore.ipynb"


def test_it_is_a_page(page_server, watched):
    """The page has title and text but no code; its slider is answered by a kernel; it asks this machine only.

    The note that it shows while it works is gone in the end.
    """
    opened = watched(page_server.address)
    opened.until("document.querySelector('#told') && !document.querySelector('#loading')")
    assert opened.page.title() == "A small page"
    assert "It costs 3,000 here." in opened.page.inner_text("body")
    assert "IntSlider" not in opened.page.inner_text("body")
    opened.page.focus("[role=slider]")
    opened.page.keyboard.press("ArrowRight")
    opened.until("document.querySelector('#told').innerText == '5 times 2 is 10'")
    assert opened.outside == []
    assert opened.complaints == []


def test_a_closed_page_leaves_no_kernel(page_server, watched):
    """The page tells the server when it goes, and the kernel of it ends."""
    server = psutil.Process(page_server.process.pid)
    others = set(server.children(recursive=True))
    opened = watched(page_server.address)
    opened.until("document.querySelector('#told') && !document.querySelector('#loading')")
    (kernel,) = [it for it in set(server.children(recursive=True)) - others if "ipykernel_launcher" in it.cmdline()]
    opened.page.goto("about:blank")
    assert psutil.wait_procs([kernel], timeout=60)[1] == []


def test_it_runs_in_jupyterlab(lab_server, watched):
    """All cells are run from the menu; the widget is there and is answered, and nothing is asked of another place."""
    opened = watched(lab_server.address)
    opened.run_all()
    opened.page.wait_for_selector("#told")
    opened.page.focus("[role=slider]")
    opened.page.keyboard.press("ArrowRight")
    opened.until("document.querySelector('#told').innerText == '5 times 2 is 10'")
    assert "It costs 3,000 here." in opened.page.inner_text(".jp-Notebook")
    assert opened.outside == []
    assert opened.complaints == []


@pytest.mark.parametrize("server", ["page_server", "lab_server"])
def test_it_is_for_this_machine_and_this_user(server, request):
    """It listens on 127.0.0.1 and nowhere else, and shows nothing without its token, which no command line holds."""
    running = request.getfixturevalue(server)
    found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\S*\?token=([\w-]{32})", running.address)
    family = psutil.Process(running.process.pid).children(recursive=True)
    listening = {one.laddr for it in family for one in it.net_connections("tcp") if one.status == psutil.CONN_LISTEN}
    assert {place.ip for place in listening} == {"127.0.0.1"}
    assert int(found[1]) in {place.port for place in listening}
    assert not [it for it in family if found[2] in " ".join(it.cmdline())]
    with urllib.request.urlopen(running.address.split("?")[0]) as answer:
        assert "login" in answer.url


def test_ctrl_c_ends_all_of_it(audits):
    """With a kernel at work, Ctrl-C ends it with exit code 0, with no process left; a taken port was said before."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with exploring("insurer", "--port", str(port), folder=audits) as running:
            urllib.request.urlopen(running.address).read()
            family = psutil.Process(running.process.pid).children(recursive=True)
    assert len(family) == 2, "the server and a kernel"
    assert running.process.returncode == 0
    assert [it for it in family if it.is_running()] == []
    other = int(re.search(r":(\d+)/", running.address)[1])
    assert f"Port {port} is taken; it is {other} instead." in running.lines
    assert any("has edits of yours and is shown as it is" in line for line in running.lines)


@pytest.mark.parametrize(("lab", "missing"), [(False, "voila"), (True, "jupyterlab")])
def test_without_the_extra_it_says_what_to_install(lab, missing, monkeypatch, tmp_path):
    """One line, before anything is written."""
    monkeypatch.setattr(serving, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(InputError) as caught:
        serving.serve("insurer", out=tmp_path, lab=lab, port=8866, browser=False)
    assert str(caught.value) == (
        f"the screen needs the extra 'lab' ({missing} is missing): pip install 'hybrid-ai-decision-kit[lab]'"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_engagement_that_is_wrong_is_found_first(tmp_path, engagement_file):
    """A name that is none, and a mistake in the file, are answered before a server is started."""
    with pytest.raises(InputError, match="no such engagement"):
        serving.serve("insurrer", out=tmp_path, lab=False, port=8866, browser=False)
    engagement_file.write_text(engagement_file.read_text(encoding="utf-8").replace("client:", "cleint:"))
    with pytest.raises(InputError, match=r'cleint.*did you mean "client"'):
        serving.serve(str(engagement_file), out=tmp_path, lab=False, port=8866, browser=False)


def test_a_port_of_the_system_is_refused():
    """Or given to the system's own user."""
    try:
        assert serving.free_port(80) >= 80
    except InputError as error:
        assert "--port 80" in str(error)  # noqa: PT017


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of work with an engagement in it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(EXAMPLES / "startup", tmp_path / "client")
    return tmp_path


def copied(engagement: str, out: str = "out/client"):
    return own_copy(KIT_NOTEBOOK, Path(engagement), Path(out), title="Client: explore")


def change(path: Path, before: str, after: str) -> str:
    """Edit a notebook as a user would, and return its text."""
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def test_the_copy_has_the_engagement_filled_in(place):
    """Seen from its own folder; all else is the kit's notebook, which stays as it was."""
    before = KIT_NOTEBOOK.read_bytes()
    copy = copied("client/engagement.yaml")
    book, kits = (json.loads(path.read_text(encoding="utf-8")) for path in (copy.path, KIT_NOTEBOOK))
    (parameters,) = [cell for cell in book["cells"] if "parameters" in cell["metadata"].get("tags", [])]
    assert parameters["source"][-1].endswith('engagement = "../../client/engagement.yaml"')
    assert (copy.path.parent / "../../client/engagement.yaml").is_file()
    assert book["metadata"]["title"] == "Client: explore"
    assert len(book["cells"]) == len(kits["cells"])
    assert KIT_NOTEBOOK.read_bytes() == before


def test_a_copy_that_nobody_edited_is_renewed(place):
    """What an older kit wrote, or for another engagement, is written anew; what it showed is no edit."""
    copied("client/engagement.yaml")
    shutil.copytree(place / "client", place / "other")
    path = copied("other/engagement.yaml").path
    assert "../../other/engagement.yaml" in path.read_text(encoding="utf-8")
    run = change(path, '"outputs": []', '"outputs": [{"output_type": "stream", "name": "stdout", "text": "x"}]')
    assert not copied("other/engagement.yaml").edited
    assert path.read_text(encoding="utf-8") == run


def test_a_users_edits_are_kept(place):
    """An edited copy is used as it is; for another engagement it is refused and still not touched."""
    path = copied("client/engagement.yaml").path
    edited = change(path, '"source": ["# Explore' if '"source": ["# Explore' in path.read_text() else "# ", "# Mine: ")
    assert copied("client/engagement.yaml").edited
    shutil.copytree(place / "client", place / "other")
    with pytest.raises(InputError, match=r"has edits of yours and is about .*client.*rename it"):
        copied("other/engagement.yaml")
    assert path.read_text(encoding="utf-8") == edited


def test_a_file_that_is_no_notebook_is_not_touched(place):
    """It is named."""
    path = place / "out" / "client" / "explore.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"explore\.ipynb: cannot be read as a notebook"):
        copied("client/engagement.yaml")
    assert path.read_text(encoding="utf-8") == "{}"


def test_conda_pip_and_make_install_the_same_jupyterlab():
    """environment.yml, the extra and make ask for the same extra of the same project under the same constraints.

    These pin Voila, JupyterLab and the widgets to one version each, which is what runs here.
    """
    from importlib.metadata import version

    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    conda = re.fullmatch(r"--constraint (\S+) -e \.\[(.*)\]", " ".join(pip))
    make = re.search(r"pip install .*--constraint (\S+) -e '\.\[(.*)\]'", (ROOT / "Makefile").read_text())
    assert conda.groups() == make.groups()
    assert "lab" in conda[2].split(",")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {re.split("[>=<]", item)[0] for item in project["optional-dependencies"]["lab"]}
    assert {"ipywidgets", "jupyterlab", "voila"} <= extra
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / conda[1]).read_text(encoding="utf-8"), re.MULTILINE))
    assert {name: version(name) for name in extra} == {name: pins[name] for name in extra}


def test_make_lab_is_kit_explore():
    """So that it has the same token, address and settings."""
    (recipe,) = re.findall(r"^lab:.*\n\t(.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe.startswith("$(BIN)/kit explore --lab")


def test_lab_alone_opens_the_kits_notebooks(tmp_path):
    """Without an engagement: the folder of the numbered notebooks."""
    with exploring("--lab", folder=tmp_path) as running:
        address, query = running.address.split("?")
        with urllib.request.urlopen(address.removesuffix("lab") + "api/contents?" + query) as answer:
            names = {item["name"] for item in json.load(answer)["content"]}
    assert {"1_hardware.ipynb", "5_verdict.ipynb", "explore.ipynb"} <= names
