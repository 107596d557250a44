"""The sliders compute in a real browser what the record's small model of cost says, and ask nothing of any place."""

from __future__ import annotations

import math
import re
import shutil

import pytest

from kit.engagement.record import Place
from kit.report import sliders
from kit.report.vega import bundle, cache_file
from kit.strategy.dossier import Sketch
from tests.report.reading import write_as

playwright = pytest.importorskip("playwright.sync_api")

SKETCH = Sketch(
    machine="2 × Example",
    place=Place.OWN,
    workloads=("Chat",),
    cloud_per_mtok=1.0,
    cloud_fixed=1000,
    machine_per_month=6000,
    machine_mtok_per_day=100,
    local_fixed=500,
    million_tokens_per_day=90,
    use=0.5,
    days_per_month=30,
)


SHARED = SKETCH.model_copy(
    update={"cloud_fixed": 0, "local_fixed": 0, "bound": ("Claims",), "bound_mtok_per_day": 10, "there": 2}
)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    if (executable := shutil.which("chromium")) is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(autouse=True)
def _closed(browser):
    """Close what a test has opened: a page that stands open goes on costing time."""
    yield
    for context in browser.contexts:
        context.close()


@pytest.fixture(scope="module")
def files(verdict, tmp_path_factory):
    """The pages of a verdict with the sketch above, by language."""
    folder = tmp_path_factory.mktemp("sliders")
    playful = verdict.model_copy(update={"sketch": SKETCH})
    return {
        language: write_as(playful, folder / f"verdict.{language}.html", language=language) for language in ("en", "de")
    }


class Opened:
    """A page in the browser, with what it asked for and what it complained of."""

    def __init__(self, browser, path, **options):
        self.page = browser.new_page(**options)
        self.asked, self.complaints = [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(path.as_uri())

    def ready(self):
        self.page.wait_for_selector("#sliders-panel[data-ready]")
        return self

    def put(self, name, value):
        self.page.locator(f"#sliders-{name}").fill(str(value))

    @property
    def sentence(self):
        return self.page.inner_text("#sliders-sentence").replace("\u00a0", " ")


def oracle(volume, price, use):
    """Return cost per month of cloud and machines: the formulas of the record's definition of the sketch."""
    cloud = SKETCH.cloud_fixed + price * SKETCH.cloud_per_mtok * volume * SKETCH.days_per_month
    machines = math.ceil(round(volume / (use * SKETCH.machine_mtok_per_day), 9))
    return cloud, machines, SKETCH.local_fixed + machines * SKETCH.machine_per_month


def three_digits(value):
    """Return an amount rounded to three digits, as the page shows it in English."""
    step = 10 ** max(math.floor(math.log10(value)) - 2, 0)
    return f"€{round(value / step) * step:,.0f}"


def test_it_starts_at_the_records_figures(browser, files):
    """At 90 million tokens, today's price and half use: 1000 + 90 × 30 = 3,700 against 500 + 2 × 6000 = 12,500."""
    opened = Opened(browser, files["en"]).ready()
    assert "At 90 million tokens a day" in opened.sentence
    assert "€3,700" in opened.sentence
    assert "2 machines (2 × Example)" in opened.sentence
    assert "€12,500" in opened.sentence
    assert "The cloud is cheaper at every volume up to 250 million" in opened.sentence


@pytest.mark.parametrize(("volume", "price", "use"), [(180, 1, 0.5), (90, 2.5, 0.5), (200, 3, 1), (40, 0.1, 0.25)])
def test_the_sentence_is_the_formula(browser, files, volume, price, use):
    """Whatever is chosen, the amounts are the formula's."""
    opened = Opened(browser, files["en"]).ready()
    before = opened.sentence
    for name, value in (("volume", volume), ("price", price), ("use", use)):
        opened.put(name, value)
    cloud, machines, local = oracle(volume, price, use)
    assert opened.sentence != before
    assert three_digits(cloud) in opened.sentence
    assert three_digits(local) in opened.sentence
    assert ("one machine" if machines == 1 else f"{machines} machines") in opened.sentence


def test_machines_become_cheaper_where_the_staircase_crosses_the_line(browser, files):
    """At 3 times the price and full use the line passes n machines at (6000 n − 500) ÷ 90 million tokens a day.

    That is 61.1 for one, which carries 100; 127.8 for two, which take over at 100; 194.4 for three, which take over at
    200 only. So machines are cheaper from 61.1 to 100 and from 127.8 on.
    """
    opened = Opened(browser, files["en"]).ready()
    opened.put("price", 3)
    opened.put("use", 1)
    assert "from 61.1 million tokens a day in parts, and from 128 million on throughout" in opened.sentence


def test_machines_that_are_there_anyway_cost_nothing_more(browser, verdict, tmp_path):
    """Claims need two; at half use they carry 2 × 50 − 10 = 90 million more, and a third costs 6,000 against 90 × 30.

    With twice the volume 10 + 180 need four, of which two cost 12,000 against 180 × 30 = 5,400.
    """
    shared = verdict.model_copy(update={"sketch": SHARED})
    opened = Opened(browser, write_as(shared, tmp_path / "shared.html")).ready()
    assert "the cloud costs €2,700 a month; 2 machines" in opened.sentence
    assert "of which 2 stand there anyway for Claims; the others cost €0 a month" in opened.sentence
    assert "Machines are cheaper in parts between 0 and 90 million" in opened.sentence
    opened.put("volume", 180)
    assert "the cloud costs €5,400 a month; 4 machines" in opened.sentence
    assert "the others cost €12,000 a month" in opened.sentence


def test_german_numbers_are_german(browser, files):
    """Thousands are parted by points, and the currency stands behind."""
    opened = Opened(browser, files["de"]).ready()
    assert "3.700 €" in opened.sentence
    assert "12.500 €" in opened.sentence


def test_the_keyboard_moves_a_slider_and_the_picture(browser, files):
    """An arrow key moves the volume by a step, and the value, the sentence and the chart go with it."""
    opened = Opened(browser, files["en"]).ready()
    before, drawn = opened.sentence, opened.page.inner_html("#sliders-chart")
    opened.page.focus("#sliders-volume")
    for _ in range(8):
        opened.page.keyboard.press("ArrowRight")
    assert opened.page.inner_text("#sliders-volume-value") == "100 million tokens a day"
    assert opened.page.get_attribute("#sliders-volume", "aria-valuetext") == "100 million tokens a day"
    assert opened.sentence != before
    assert opened.page.inner_html("#sliders-chart") != drawn


def test_no_request_and_no_complaint(browser, files):
    """All is in the file: nothing is asked for but it, and the browser has nothing to say against it."""
    for path in files.values():
        opened = Opened(browser, path).ready()
        opened.put("volume", 200)
        assert [url for url in opened.asked if not url.startswith(("file:", "data:"))] == []
        assert opened.complaints == []


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_stands_in_the_way_of_anyone(browser, files, language, scheme):
    """axe-core finds no violation that is serious or critical, on a wide and on a narrow screen."""
    from axe_playwright_python.sync_playwright import Axe

    for width in (1280, 390):
        opened = Opened(browser, files[language], color_scheme=scheme, viewport={"width": width, "height": 900}).ready()
        found = Axe().run(opened.page).response["violations"]
        assert [(it["id"], it["nodes"][0]["html"]) for it in found if it["impact"] in {"serious", "critical"}] == []
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_button_turns_the_page(browser, files):
    """By keyboard from light to dark and back; the next visit starts where the system is."""
    opened = Opened(browser, files["en"], color_scheme="light").ready()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = opened.page.evaluate(ground)
    opened.page.focus("#theme")
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate(ground) != light
    assert opened.page.get_attribute("#theme", "aria-pressed") == "true"
    opened.page.reload()
    assert opened.page.evaluate(ground) == light


def test_pictures_turn_with_the_page(browser, files):
    """Type in a picture is light on a dark page and dark on a light one, whatever made the page dark, and on paper."""
    fill = "getComputedStyle(document.querySelector('figure svg text[fill=\\'#16222b\\']')).fill"
    dark = Opened(browser, files["en"], color_scheme="dark").page
    light = Opened(browser, files["en"], color_scheme="light").page
    assert light.evaluate(fill) == "rgb(22, 34, 43)"
    assert dark.evaluate(fill) == "rgb(232, 237, 240)"
    for opened in (dark, light):
        opened.click("#theme")
    assert light.evaluate(fill) == "rgb(232, 237, 240)"
    assert dark.evaluate(fill) == "rgb(22, 34, 43)"
    light.emulate_media(media="print")
    assert light.evaluate(fill) == "rgb(22, 34, 43)"


def test_without_scripts_and_on_paper_there_are_no_controls(browser, files):
    """Neither dead sliders nor a dead button; what the section says stands without them."""
    still = browser.new_context(java_script_enabled=False).new_page()
    still.goto(files["en"].as_uri())
    assert not still.is_visible("#sliders-panel")
    assert not still.is_visible("#theme")
    paper = Opened(browser, files["en"]).ready().page
    paper.emulate_media(media="print")
    assert not paper.is_visible("#sliders-panel")
    assert not paper.is_visible("#theme")


@pytest.mark.parametrize("use", [0.013, 0.4312, 0.999, 1.0])
@pytest.mark.parametrize("today", [0.37, 4.2, 361.7, 12_345.6])
def test_a_slider_stops_at_the_records_figure(today, use):
    """Every slider's start is one of its stops, inside its ends."""
    found = sliders.sliders(SKETCH.model_copy(update={"million_tokens_per_day": today, "use": use}))
    assert [slider.name for slider in found] == ["volume", "price", "use"]
    for slider in found:
        steps = (slider.value - slider.least) / slider.step
        assert slider.least <= slider.value <= slider.most
        assert steps == pytest.approx(round(steps), abs=1e-6)


def test_the_library_is_kept(monkeypatch, tmp_path):
    """It is made once and read from the user's cache after that; it needs no script that makes scripts."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    bundle.cache_clear()
    script = bundle()
    assert cache_file().read_text(encoding="utf-8") == script
    assert len(script) < 1_000_000
    cache_file().write_text("kept", encoding="utf-8")
    bundle.cache_clear()
    assert bundle() == "kept"
    bundle.cache_clear()
    assert re.search(r"</script", script) is None
