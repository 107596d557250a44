"""Specification of writing a changed engagement: what was changed, and nothing else of the client's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.data import folder
from kit.engagement.reading import read_engagement
from kit.engagement.record import DataClass, Engagement, Latency, Operations, Region, Risk
from kit.engagement.writing import changed_text
from kit.record import Basis, Figure

EXAMPLE = folder("examples") / "insurer" / "engagement.yaml"


@pytest.fixture
def said() -> Engagement:
    return read_engagement(EXAMPLE)


def written(said: Engagement, changed: Engagement, tmp_path: Path) -> tuple[str, Engagement]:
    text = changed_text(EXAMPLE.read_text(encoding="utf-8"), said, changed)
    path = tmp_path / "engagement.yaml"
    path.write_text(text, encoding="utf-8")
    return text, read_engagement(path)


def workload(said: Engagement, index: int, **changes) -> Engagement:
    workloads = list(said.workloads)
    workloads[index] = workloads[index].model_copy(update=changes)
    return said.model_copy(update={"workloads": tuple(workloads)})


def figure(value: float, said: Engagement) -> Figure:
    return Figure(value=value, basis=Basis.ASSUMED, source="it's a what-if", date=said.date)


def test_unchanged_it_has_the_same_lines(said: Engagement, tmp_path: Path) -> None:
    """But for spaces, which the writer sets its own way, no line is other than in the file."""
    text, again = written(said, said, tmp_path)
    assert again == said
    plain = [line.strip() for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert [line.strip() for line in text.splitlines() if line.strip()] == plain


def test_a_figure_is_one_line_and_comments_stay(said: Engagement, tmp_path: Path) -> None:
    changed = workload(said, 0, requests_per_day=figure(12_000, said))
    text, again = written(said, changed, tmp_path)
    assert again == changed
    line = next(line for line in text.splitlines() if "12000" in line)
    assert line.strip() == (
        "requests_per_day: {value: 12000.0, basis: assumed, source: it's a what-if, date: 2026-11-22}"
    )
    assert "# Rules that bind all workloads; a workload may add its own." in text
    assert "# regions and contract: what this client has signed." in text


def test_what_is_left_out_is_gone(said: Engagement, tmp_path: Path) -> None:
    changed = workload(said, 1, latency=None, quality=None, regions=(), data_class=DataClass.PUBLIC)
    changed = changed.model_copy(update={"regulations": ()})
    text, again = written(said, changed, tmp_path)
    assert again == changed
    assert "\nregulations:" not in text


def test_a_part_that_was_not_there_is_made(said: Engagement, tmp_path: Path) -> None:
    changed = said.model_copy(
        update={"operations": Operations(headroom=figure(0.5, said)), "risk": Risk(regret_share=figure(0.1, said))}
    )
    text, again = written(said, changed, tmp_path)
    assert again == changed
    assert "\noperations:\n  headroom: {value: 0.5" in text


def test_rows_are_changed_in_their_place(said: Engagement, tmp_path: Path) -> None:
    """Of six offers one gets a region; the others stay as they are written."""
    offers = list(said.api_offers)
    offers[3] = offers[3].model_copy(update={"regions": (Region.US, Region.EU)})
    changed = said.model_copy(update={"api_offers": tuple(offers)})
    text, again = written(said, changed, tmp_path)
    assert again == changed
    assert "- {provider: openai, model: gpt-5, regions: [EU]}" in text


def test_what_stands_in_several_places_changes_in_one(tmp_path: Path) -> None:
    """YAML's anchors share a value; the change of one workload is not the others'."""
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text.replace("latency: {ttft_p95_s: 1.5}", "latency: &limit {ttft_p95_s: 1.5}")
    text = text.replace("latency: {ttft_p95_s: 2.0}", "latency: *limit")
    path = tmp_path / "engagement.yaml"
    path.write_text(text, encoding="utf-8")
    said = read_engagement(path)
    assert said.workloads[2].latency == said.workloads[1].latency
    tight = Latency(ttft_p95_s=figure(0.5, said))
    changed = workload(said, 1, latency=tight)
    path.write_text(changed_text(text, said, changed), encoding="utf-8")
    assert read_engagement(path) == changed


def test_workloads_come_and_go_by_name(said: Engagement, tmp_path: Path) -> None:
    new = said.workloads[1].model_copy(update={"name": "Second: chat #2"})
    changed = said.model_copy(update={"workloads": (said.workloads[0], *said.workloads[2:], new)})
    text, again = written(said, changed, tmp_path)
    assert again == changed
    assert "name: Customer chat" not in text
    assert "description: Medical and accident files condensed for the claims handler." in text


@pytest.mark.parametrize(
    "name", ["<script>", "#import x", "a: b", "- no", "'", '"', "مرحبا", "🙂", "null", "12", "x" * 200]
)
def test_a_name_comes_back_as_it_was(name: str, said: Engagement, tmp_path: Path) -> None:
    changed = said.model_copy(
        update={"workloads": (*said.workloads, said.workloads[0].model_copy(update={"name": name}))}
    )
    _, again = written(said, changed, tmp_path)
    assert again.workloads[-1].name == name
