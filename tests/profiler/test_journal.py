"""The journal of a sweep."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kit.profiler.journal import Conditions, Entry, Journal
from kit.profiler.profile import Finding, Point

CONDITIONS = Conditions(config_sha256="abc", engine="mock 1", accelerator="CPU")


def entry(concurrency: int, conditions: Conditions = CONDITIONS) -> Entry:
    point = Point(prompt_tokens=8, output_tokens=4, concurrency=concurrency, output_tokens_per_s=10.0 * concurrency)
    return Entry(
        conditions=conditions,
        task=f"8x4 with {concurrency} in flight",
        point=point,
        findings=(Finding(what="busy", evidence="somebody else"),),
    )


def test_points_are_read_back_in_order(tmp_path):
    """What was added is read again as it was."""
    journal = Journal(tmp_path / "p.json")
    assert journal.read(CONDITIONS) == ()
    for concurrency in (1, 2, 4):
        journal.add(entry(concurrency))
    assert journal.read(CONDITIONS) == (entry(1), entry(2), entry(4))


@pytest.mark.parametrize("keep", [0, 1, 40, -1])
def test_a_cut_line_loses_its_own_point_only(tmp_path, keep):
    """However much of the last line reached the disk, the points before it are read and the next is added cleanly."""
    journal = Journal(tmp_path / "p.json")
    journal.add(entry(1))
    whole = journal.path.read_bytes()
    journal.add(entry(2))
    last = journal.path.read_bytes()[len(whole) :]
    journal.path.write_bytes(whole + last[: keep if keep >= 0 else len(last) - 1])
    assert journal.read(CONDITIONS) == (entry(1),)
    journal.add(entry(4))
    assert journal.read(CONDITIONS) == (entry(1), entry(4))


def test_points_of_other_conditions_are_not_taken_over(tmp_path):
    """Another engine or model starts anew."""
    journal = Journal(tmp_path / "p.json")
    journal.add(entry(1, Conditions(config_sha256="abc", engine="mock 2", accelerator="CPU")))
    assert journal.read(CONDITIONS) == ()


def test_a_killed_process_leaves_what_it_had_added(tmp_path):
    """After SIGKILL right behind an add the point is on the disk."""
    program = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from tests.profiler.test_journal import entry
        from kit.profiler.journal import Journal
        Journal(Path(sys.argv[1])).add(entry(1))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "p.json")], cwd=root, check=False)
    assert done.returncode == -9
    assert Journal(tmp_path / "p.json").read(CONDITIONS) == (entry(1),)


def test_removing_twice_is_no_error(tmp_path):
    """The journal of a whole profile is gone, and asking again does no harm."""
    journal = Journal(tmp_path / "p.json")
    journal.add(entry(1))
    journal.remove()
    journal.remove()
    assert list(tmp_path.iterdir()) == []
