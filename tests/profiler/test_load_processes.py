"""Several client processes against one server."""

from __future__ import annotations

from typing import Any

import pytest
from mock_engine import mock_engine, polite

from kit.errors import InputError
from kit.profiler.answers import read_answers
from kit.profiler.arrivals import Arrival, constant
from kit.profiler.load import Exchange, Run, Target, prepare
from kit.profiler.load_processes import merged, open_parts, run_parts


def test_one_schedule() -> None:
    """Two processes keep one schedule on one clock, and every request is answered once."""

    def body(number: int, one: Arrival) -> dict[str, Any]:
        return {"prompt": f"prompt {number}", "max_tokens": one.output_tokens, "stream": True}

    arrivals = constant(40.0, seconds=0.5, prompt_tokens=2, output_tokens=3)
    with mock_engine(polite) as engine:
        target = Target(f"{engine.url}/v1/completions", headers=(("Authorization", "k"),), timeout_s=5.0)
        run = run_parts(open_parts(target, prepare(target, arrivals, body=body), processes=2, drain_s=2.0))
    answers = sorted(read_answers(run.exchanges, zero_ns=run.started_ns), key=lambda one: one.slot)
    assert [one.slot for one in answers] == list(range(20))
    assert all(one.counts for one in answers)
    assert [one.due_s for one in answers] == pytest.approx([i / 40 for i in range(20)])
    assert all(one.connected_s is not None and one.connected_s >= one.due_s for one in answers)
    assert sorted(one.body["prompt"] for one in engine.requests) == sorted(f"prompt {i}" for i in range(20))


def test_merged() -> None:
    """Merged runs begin with the first, and stop sending when the first does; drops and lags add up."""
    one = Run((Exchange(0, 0, 5, 1, closed_ns=90),), started_ns=5, stopped_ns=50, lags_ns=(1,), dropped=2)
    two = Run((Exchange(1, 0, 6, 1, closed_ns=80),), started_ns=5, stopped_ns=60, lags_ns=(2,), dropped=1)
    both = merged([one, two])
    assert [exchange.slot for exchange in both.exchanges] == [1, 0]
    assert (both.started_ns, both.stopped_ns, both.lags_ns, both.dropped) == (5, 50, (1, 2), 3)


def test_no_process() -> None:
    """Fewer than one process is refused."""
    with pytest.raises(InputError, match="give a whole number from 1"):
        open_parts(Target("http://host"), [], processes=0, drain_s=1.0)
