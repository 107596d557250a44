"""Two demands side by side."""

from __future__ import annotations

import datetime as dt

import pytest

from kit.demand.compare import compare
from kit.demand.forecast import grown
from kit.demand.record import Demand, ModelShare
from kit.demand.synthetic import synthetic

DAY = dt.date(2026, 11, 22)


def demand(*items) -> Demand:
    return Demand(date=DAY, workloads=items)


def chat(**more):
    return synthetic(
        "chat", requests_per_day=240, hours="round the clock", prompt_tokens=900, output_tokens=100, date=DAY, **more
    )


def code():
    return synthetic(
        "code", requests_per_day=480, hours="round the clock", prompt_tokens=400, output_tokens=100, date=DAY
    )


def rows(before, after, workload):
    return {row.measure: row for row in compare(before, after) if row.workload == workload}


def test_a_grown_workload_shows_its_ratio_and_nothing_else_moves():
    """Half as much again: requests, tokens and the busiest hour have ratio 1.5, lengths 1."""
    found = rows(demand(chat()), demand(grown(chat(), growth_per_year=0.5, years=1)), "conversation")
    assert [found[name].ratio for name in ("requests", "tokens", "busiest hour")] == pytest.approx([1.5] * 3)
    assert (found["busiest hour"].before, found["busiest hour"].after) == (pytest.approx(10), pytest.approx(15))
    assert found["95 % of prompts"].ratio == found["peak to mean hour"].ratio == 1
    assert "cost today" not in found


def test_a_new_workload_changes_the_mix():
    """240 · 1,000 tokens alone are all of it; beside 480 · 500 they are half. The new one has nothing before."""
    before, after = demand(chat()), demand(chat(), code())
    share = rows(before, after, "conversation")["share of tokens"]
    assert (share.before, share.after) == (1, pytest.approx(0.5))
    new = rows(before, after, "code")["requests"]
    assert (new.before, new.after, new.ratio) == (None, 480, None)
    total = rows(before, after, None)
    assert total["busiest hour"].after == pytest.approx(30)
    assert total["tokens"].ratio == pytest.approx(2)


def test_models_that_came_and_went_are_listed():
    """The share of requests by model, with None where a model did not serve."""
    old = chat().model_copy(update={"models": (ModelShare(model="a", share=1),)})
    new = chat().model_copy(update={"models": (ModelShare(model="b", share=0.7), ModelShare(model="a", share=0.3))})
    found = rows(demand(old), demand(new), "conversation")
    assert (found["share of requests: a"].before, found["share of requests: a"].after) == (1, 0.3)
    assert (found["share of requests: b"].before, found["share of requests: b"].after) == (None, 0.7)
