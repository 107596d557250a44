"""When requests arrive in an open loop, and how long they are: Poisson, at a constant rate, or as in a trace."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.errors import InputError, did_you_mean

_TIMES = ("due_s", "timestamp")
_PROMPTS = ("prompt_tokens", "input_length", "contexttokens")
_OUTPUTS = ("output_tokens", "output_length", "generatedtokens")


@dataclass(frozen=True)
class Arrival:
    """One request that is due.

    Attributes:
        due_s: when, in seconds from the start of the run.
        prompt_tokens: tokens of its prompt.
        output_tokens: output tokens to ask for.
    """

    due_s: float
    prompt_tokens: int
    output_tokens: int


def poisson(
    rate_per_s: float, *, seconds: float, prompt_tokens: int, output_tokens: int, seed: int
) -> tuple[Arrival, ...]:
    """Return the arrivals of a Poisson process within ``seconds``: independent exponential gaps of mean 1 / rate.

    Args:
        rate_per_s: requests per second on average.
        seconds: length of the process; how many requests fall into it is random too.
        prompt_tokens: of each request.
        output_tokens: of each request.
        seed: equal seeds give equal arrivals.

    Raises:
        InputError: the rate is not above 0.
    """
    _check_rate(rate_per_s)
    draw = random.Random(seed)

    def times() -> Iterator[float]:
        now = draw.expovariate(rate_per_s)
        while now < seconds:
            yield now
            now += draw.expovariate(rate_per_s)

    return tuple(Arrival(due_s, prompt_tokens, output_tokens) for due_s in times())


def constant(rate_per_s: float, *, seconds: float, prompt_tokens: int, output_tokens: int) -> tuple[Arrival, ...]:
    """Return arrivals with equal gaps of 1 / rate within ``seconds``, the first at 0.

    Args:
        rate_per_s: requests per second.
        seconds: length of the process.
        prompt_tokens: of each request.
        output_tokens: of each request.

    Raises:
        InputError: the rate is not above 0.
    """
    _check_rate(rate_per_s)
    number = math.ceil(round(seconds * rate_per_s, 9))
    return tuple(Arrival(i / rate_per_s, prompt_tokens, output_tokens) for i in range(number))


def _check_rate(rate_per_s: float) -> None:
    if not 0 < rate_per_s < math.inf:
        raise InputError(f"a rate of {rate_per_s:g} requests per second makes no sense; it should be above 0")


def read_trace(path: Path, *, speed: float = 1.0) -> tuple[Arrival, ...]:
    """Read a trace: a CSV file with a header, or JSON lines; the first request is due at 0.

    Understood are the kit's own columns ``due_s``, ``prompt_tokens``, ``output_tokens``, those of the Azure LLM
    inference traces (``TIMESTAMP`` as date and time, ``ContextTokens``, ``GeneratedTokens``) and those of the Mooncake
    traces (``timestamp`` in milliseconds, ``input_length``, ``output_length``).

    Args:
        path: the file, ``.csv`` or ``.jsonl``.
        speed: 2 replays it in half the time.

    Raises:
        InputError: it cannot be read, a column is missing, or a value makes no sense; says the line.
    """
    if not 0 < speed < math.inf:
        raise InputError(f"a speed of {speed:g} makes no sense; it should be above 0, e.g. 2 for twice as fast")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path.name}: the trace cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: the trace is not text in UTF-8: {error}") from None
    rows = _json_lines(text, path) if path.suffix == ".jsonl" else _csv_rows(text)
    found = sorted((_arrival(row, where=f"{path.name}, line {line}") for line, row in rows), key=lambda a: a.due_s)
    if not found:
        raise InputError(f"{path.name}: the trace holds no request")
    first = found[0].due_s
    return tuple(Arrival((one.due_s - first) / speed, one.prompt_tokens, one.output_tokens) for one in found)


def _csv_rows(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(text.splitlines())
    for row in reader:
        yield reader.line_num, row


def _json_lines(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, content in enumerate(text.splitlines(), start=1):
        if not content.strip():
            continue
        try:
            row = json.loads(content)
        except ValueError as error:
            raise InputError(f"{path.name}, line {line}: not JSON: {error}") from None
        if not isinstance(row, dict):
            raise InputError(f"{path.name}, line {line}: not an object with timestamp, input_length, output_length")
        yield line, row


def _arrival(row: Mapping[str, Any], *, where: str) -> Arrival:
    folded = {str(name).strip().casefold(): value for name, value in row.items()}
    name, said = _value(folded, _TIMES, where)
    return Arrival(
        due_s=_seconds(said, milliseconds=name == "timestamp", where=where),
        prompt_tokens=_tokens(*_value(folded, _PROMPTS, where), where=where),
        output_tokens=_tokens(*_value(folded, _OUTPUTS, where), where=where),
    )


def _value(row: Mapping[str, Any], names: Iterable[str], where: str) -> tuple[str, str]:
    for name in names:
        if row.get(name) is not None:
            return name, str(row[name]).strip()
    near = next((hint for name in row if (hint := did_you_mean(name, names))), "")
    raise InputError(f"{where}: no {' or '.join(names)}; there is {', '.join(row) or 'nothing'}{near}") from None


def _seconds(said: str, *, milliseconds: bool, where: str) -> float:
    """Return a time in seconds: a number (of milliseconds, in a Mooncake trace), or a date and time."""
    try:
        number = float(said) / (1e3 if milliseconds else 1.0)
    except ValueError:
        try:
            moment = dt.datetime.fromisoformat(said[:26])  # the traces have seven decimals, Python takes six
        except ValueError:
            raise InputError(f'{where}: "{said}" is no time; write seconds or 2026-11-22 14:05:01.25') from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    if not math.isfinite(number):
        raise InputError(f'{where}: "{said}" is no time')
    return number


def _tokens(name: str, said: str, *, where: str) -> int:
    try:
        number = float(said)
    except ValueError:
        number = math.nan
    if not (number >= 1 and number == math.floor(number) and math.isfinite(number)):
        raise InputError(f'{where}: {name} is "{said}"; it should be a whole number from 1')
    return int(number)
