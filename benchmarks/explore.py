"""How long the panel takes to follow a hand: from a key on a slider to the changed panel, in a real browser.

    python benchmarks/explore.py [ENGAGEMENT] [--rounds 1]

A move is done when the sentence, the chart and the table have all changed and the browser has drawn them. Prints the
median, the nine in ten and the worst of the moves in milliseconds, the seconds until the panel is there, and the ratio
of the median to what a loop of a million additions takes on this machine, for machines differ and have other users.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

MOVE = """async ([slider, key]) => {
  const parts = {
    sentence: () => document.querySelector('.kit-money').textContent,
    chart: () => document.querySelector('.kit-chart svg')?.outerHTML,
    table: () => document.querySelector('.kit-tables').textContent,
  };
  const before = Object.fromEntries(Object.entries(parts).map(([name, read]) => [name, read()])), seen = {};
  const handle = document.querySelectorAll('.noUi-handle')[slider];
  handle.focus();
  await new Promise(requestAnimationFrame);
  const begun = performance.now();
  await new Promise((done, fail) => {
    const missing = () => new Error('did not change: ' + Object.keys(parts).filter(name => !seen[name]));
    const limit = setTimeout(() => fail(missing()), 60000);
    // Told of each change, rather than asking all the time, which would take the time that is measured.
    const watch = new MutationObserver(() => {
      for (const [name, read] of Object.entries(parts)) {
        const now = seen[name] ? null : read();
        if (now && now !== before[name]) seen[name] = true;
      }
      if (Object.keys(seen).length < 3) return;
      watch.disconnect();
      clearTimeout(limit);
      requestAnimationFrame(done);
    });
    const panel = document.querySelector('.kit-explorer');
    watch.observe(panel, { subtree: true, childList: true, characterData: true, attributes: true });
    handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
  });
  return performance.now() - begun;
}"""
SLIDERS = {0: "volume", 2: "API prices", 3: "GPU prices", 4: "people"}
KEYS = ("ArrowRight", "PageUp", "PageUp", "PageDown", "PageDown", "ArrowLeft")
THERE = "document.querySelector('.kit-chart svg') && !document.querySelector('#loading')"
RESTED = "document.querySelector('.kit-sure').innerText.includes('futures')"


def loop_s() -> float:
    """Return the seconds of a million additions."""
    begun = time.perf_counter()
    total = 0
    for number in range(1_000_000):
        total += number
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engagement", nargs="?", default="insurer")
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    with TemporaryDirectory(prefix="kit-") as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "kit", "explore", given.engagement, "--no-browser", "--out", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                address = next(m[0] for line in server.stdout if (m := re.search(r"http://\S+", line)))
                browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
                page = browser.new_page()
                page.set_default_timeout(300_000)
                begun = time.perf_counter()
                page.goto(address, wait_until="commit")
                page.wait_for_function(THERE)
                there = time.perf_counter() - begun
                taken, loops = {name: [] for name in SLIDERS.values()}, []
                for slider, name in [*SLIDERS.items()] * given.rounds:
                    for key in KEYS:
                        # Each move begins when the one before is done with, or its end would be taken for this one's.
                        page.wait_for_function(RESTED)
                        loops.append(loop_s())
                        taken[name].append(float(page.evaluate(MOVE, [slider, key])))
                browser.close()
            finally:
                server.terminate()
    moves = [move for of_slider in taken.values() for move in of_slider]
    median, loop, nine = statistics.median(moves), statistics.median(loops), statistics.quantiles(moves, n=10)[-1]
    print(f"{given.engagement}: the panel is there after {there:.1f} s")  # noqa: T201
    for name, of_slider in taken.items():
        print(f"{name}: median {statistics.median(of_slider):.0f} ms, worst {max(of_slider):.0f} ms")  # noqa: T201
    print(f"all {len(moves)} moves: median {median:.0f}, nine in ten {nine:.0f}, worst {max(moves):.0f} ms")  # noqa: T201
    print(f"median ÷ a million additions ({1000 * loop:.0f} ms): {median / 1000 / loop:.1f}")  # noqa: T201
    print(f"by {Path(sys.executable).name} {sys.version.split()[0]}")  # noqa: T201


if __name__ == "__main__":
    main()
