"""Demand for a client that has no logs: a few words, and public traces for all that the words leave open."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

from kit.demand.lengths import scaled
from kit.demand.priors import LengthPrior, burst_priors, length_prior, length_priors
from kit.demand.record import WorkloadDemand
from kit.demand.week import named_load, scale_to_daily
from kit.engagement.record import HOURS_OF_WEEK, NamedShape
from kit.errors import InputError, one_of
from kit.facts.table import look_up
from kit.record import Basis, Figure

HOURS: Mapping[str, NamedShape] = {
    "office": NamedShape.OFFICE,
    "round the clock": NamedShape.FLAT,
    "evening": NamedShape.EVENING,
    "night": NamedShape.NIGHT,
}
"""What one may say of the hours."""
_ALSO: Mapping[str, str] = {
    "chat": "conversation",
    "coding": "code",
    "steady": "smooth",
    "even": "smooth",
    "around the clock": "round the clock",
    "day and night": "round the clock",
    "working hours": "office",
    "business hours": "office",
    "evenings": "evening",
    "nights": "night",
    "nightly": "night",
}
_EMPTY = re.compile(r"\b(hours?|at|and|in|the|a|an|of|with|during|about|some|traffic|load|in)\b|[,;.]")
_VOLUME = re.compile(
    r"(\d[\d,_ ]*(?:\.\d+)?)\s*(k|thousand|m|million)?\s*(?:requests?|calls?)?\s*"
    r"(?:a|per|each|/)\s*(hour|day|week|month)"
)
_TIMES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}
_PER_DAY = {"hour": 24.0, "day": 1.0, "week": 1 / 7, "month": 12 / 365.25}
_GROWTH = re.compile(r"(?:growing|growth(?: of)?|grows)\s*(?:by\s*)?([+-]?\d+(?:\.\d+)?)\s*%\s*(?:a|per)\s*year")


def synthetic(
    kind: str,
    *,
    requests_per_day: float,
    hours: str = "office",
    burstiness: str = "usual",
    growth_per_year: float | None = None,
    prompt_tokens: float | None = None,
    output_tokens: float | None = None,
    cached_share: float | None = None,
    deferrable: bool = False,
    workload: str | None = None,
    date: dt.date,
) -> WorkloadDemand:
    """Return a workload's demand from a few words; every figure is assumed and says what it was taken from.

    Args:
        kind: of work, as in :func:`kit.demand.priors.length_priors`; ``chat`` is ``conversation``.
        requests_per_day: on the average day of a week, above 0.
        hours: ``office``, ``round the clock``, ``evening`` or ``night``, local time.
        burstiness: ``smooth``, ``usual`` or ``bursty``.
        growth_per_year: 0.5 for half as much again in a year.
        prompt_tokens: the mean prompt, where the client knows it; absent means the trace's.
        output_tokens: the mean output; likewise.
        cached_share: of the prompt, 0 to 1; absent means that nothing is cached.
        deferrable: the requests of a day may be served at any hour of it.
        workload: its name; absent means the kind.
        date: the day of the assumption.

    Raises:
        InputError: an unknown word (names the nearest), or a number that makes no sense.
    """
    if not 0 < requests_per_day < float("inf"):
        raise InputError(f"{requests_per_day:g} requests a day make no sense; it should be above 0")
    if cached_share is not None and not 0 <= cached_share <= 1:
        raise InputError(f"a cached share of {cached_share:g} makes no sense; it lies between 0 and 1")
    for name, tokens in (("prompt", prompt_tokens), ("output", output_tokens)):
        if tokens is not None and not 0 < tokens < float("inf"):
            raise InputError(f"a mean {name} of {tokens:g} tokens makes no sense; it should be above 0")
    prior = length_prior(_ALSO.get(kind, kind))
    named = look_up(HOURS, _ALSO.get(hours, hours), "word for the hours")
    rate_cv = look_up(burst_priors(), _ALSO.get(burstiness, burstiness), "word for the burstiness")

    def figure(value: float, source: str) -> Figure:
        return Figure(value=value, basis=Basis.ASSUMED, source=source, date=date)

    requests = scale_to_daily(named_load(named), requests_per_day)
    prompt = figure(prompt_tokens or prior.prompt_tokens, _said(prompt_tokens, prior, "prompt"))
    output = figure(output_tokens or prior.output_tokens, _said(output_tokens, prior, "output"))
    mean_minute = sum(rate**2 for rate in requests) / sum(requests) / 60
    return WorkloadDemand(
        workload=workload or prior.kind,
        requests_per_hour=requests,
        requests_per_day=figure(requests_per_day, "said in words: no logs"),
        prompt_tokens=prompt,
        output_tokens=output,
        cached_tokens=figure(
            (cached_share or 0) * prompt.value,
            "said in words: no logs" if cached_share is not None else "nothing said: nothing is taken to be cached",
        ),
        deferrable=deferrable,
        shape=figure(max(requests) / (sum(requests) / HOURS_OF_WEEK), f"the kit's shape {named.value!r}"),
        lengths=scaled(prior.lengths, prompt_tokens=prompt, output_tokens=output),
        minute_rate_cv=rate_cv,
        # A Poisson process whose rate varies has variance / mean = 1 + λ·v, here for the minute of a mean request.
        minute_dispersion=figure(
            1 + mean_minute * rate_cv.value**2,
            f"1 + mean count of a minute times the variance of its rate; {rate_cv.source}",
        ),
        growth_per_year=figure(growth_per_year, "said in words: a scenario") if growth_per_year is not None else None,
        notes=(f"no logs: lengths as in {prior.words}; hours {hours!r}; bursts {burstiness!r}",),
    )


def from_words(text: str, *, date: dt.date, workload: str | None = None) -> WorkloadDemand:
    """Read a phrase such as ``chat, 5000 requests a day, office hours, bursty, growing 50 % a year``.

    Args:
        text: kind of work and volume, and optionally hours, burstiness and growth; small or capital letters.
        date: the day of the assumption.
        workload: its name; absent means the kind.

    Raises:
        InputError: no kind, no volume, or a word that is not understood.
    """
    rest = text.casefold()
    volume = _VOLUME.search(rest)
    if volume is None:
        raise InputError(f'"{text}" says no volume; write e.g. 5000 requests a day')
    if re.fullmatch(r"\d{1,3}\.\d{3}", volume[1].strip()):
        raise InputError(
            f'"{volume[1].strip()}" may be thousands or a fraction; write {volume[1].replace(".", "").strip()}'
        )
    number = float(re.sub(r"[,_ ]", "", volume[1])) * _TIMES.get(volume[2], 1) * _PER_DAY[volume[3]]
    rest = rest.replace(volume[0], " ", 1)
    growth = _GROWTH.search(rest)
    if growth:
        rest = rest.replace(growth[0], " ", 1)
    found = {}
    for what, words in (
        ("kind", length_priors().keys()),
        ("hours", HOURS.keys()),
        ("burstiness", burst_priors().keys()),
    ):
        allowed = {**{said: word for said, word in _ALSO.items() if word in words}, **{word: word for word in words}}
        for said in sorted(allowed, key=len, reverse=True):
            pattern = re.compile(rf"\b{re.escape(said)}\b")
            if what not in found and pattern.search(rest):
                found[what] = allowed[said]
                rest = pattern.sub(" ", rest, count=1)
    if "kind" not in found:
        raise InputError(f'"{text}" says no kind of work; write {one_of(length_priors())}')
    if left := _EMPTY.sub(" ", rest).split():
        raise InputError(
            f'"{" ".join(left)}" is not understood; hours: {one_of(HOURS)}; burstiness: {one_of(burst_priors())}'
        )
    return synthetic(
        found["kind"],
        requests_per_day=number,
        hours=found.get("hours", "office"),
        burstiness=found.get("burstiness", "usual"),
        growth_per_year=float(growth[1]) / 100 if growth else None,
        workload=workload,
        date=date,
    )


def _said(tokens: float | None, prior: LengthPrior, field: str) -> str:
    source = (prior.lengths.prompt if field == "prompt" else prior.lengths.output).source
    return source if tokens is None else "said in words: no logs"
