"""Answers whose times are written by hand."""

from __future__ import annotations

from kit.profiler.answers import Answer, Failure


def make(
    *events: float,
    due: float = 0.0,
    finished: float | None = None,
    tokens: int | None = None,
    slot: int = 0,
    ordinal: int = 1,
    failure: Failure | None = None,
    stopped: bool = False,
) -> Answer:
    """An answer whose tokens came at ``events``, one each unless ``tokens`` says otherwise."""
    return Answer(
        slot=slot,
        ordinal=ordinal,
        due_s=due,
        connected_s=due,
        token_events_s=events,
        finished_s=finished if finished is not None else (events[-1] if events else due),
        prompt_tokens=8,
        output_tokens=len(events) if tokens is None else tokens,
        asked_tokens=len(events),
        failure=failure,
        stopped=stopped,
    )
