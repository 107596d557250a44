"""How long the panel takes to follow a hand: from a key on a slider to the changed sentence, in a real browser.

    python benchmarks/explore.py [ENGAGEMENT] [--moves 30]

Prints the median and the worst of the moves in milliseconds, the seconds until the panel is there, and the ratio of the
median to what a loop of a million additions takes on this machine, for machines differ and have other users.
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

MOVE = """async () => {
  const slider = document.querySelector('.noUi-handle'), words = () => document.querySelector('.kit-money').innerText;
  const before = words(), begun = performance.now();
  slider.dispatchEvent(new KeyboardEvent('keydown', {key: 'PageUp', bubbles: true}));
  while (words() === before && performance.now() - begun < 30000) await new Promise(done => setTimeout(done, 2));
  return performance.now() - begun;
}"""
BACK = MOVE.replace("PageUp", "PageDown")
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
    parser.add_argument("--moves", type=int, default=30)
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
                page.wait_for_function(
                    "document.querySelector('.kit-chart svg') && !document.querySelector('#loading')"
                )
                there = time.perf_counter() - begun
                page.focus(".noUi-handle")
                taken, loops = [], []
                for move in range(given.moves):
                    # Each move begins when the one before is done with, or its end would be taken for this one's.
                    page.wait_for_function(RESTED)
                    loops.append(loop_s())
                    taken.append(float(page.evaluate(BACK if move % 2 else MOVE)))
                browser.close()
            finally:
                server.terminate()
    median, loop = statistics.median(taken), statistics.median(loops)
    print(f"{given.engagement}: the panel is there after {there:.1f} s")  # noqa: T201
    print(f"a move of the volume: median {median:.0f} ms, worst {max(taken):.0f} ms, of {len(taken)}")  # noqa: T201
    print(f"median ÷ a million additions ({1000 * loop:.0f} ms): {median / 1000 / loop:.1f}")  # noqa: T201
    print(f"by {Path(sys.executable).name} {sys.version.split()[0]}")  # noqa: T201


if __name__ == "__main__":
    main()
