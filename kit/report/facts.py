"""The kit's tables of facts in the terminal: what there is, how old it is, and who says each figure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kit.errors import InputError, did_you_mean, one_of
from kit.facts.architectures import architectures
from kit.facts.carbon import api_carbon, grids
from kit.facts.data_classes import data_classes
from kit.facts.defaults import defaults
from kit.facts.energy import sites, tariffs
from kit.facts.engine_memory import engine_memories, usable_memories
from kit.facts.gpus import accelerators
from kit.facts.latency import cloud_latencies, network_ranges
from kit.facts.models import models
from kit.facts.providers import providers, renters
from kit.facts.quality import scores
from kit.facts.regulations import regulations
from kit.pricing.rental import offers
from kit.pricing.residuals import Residual, curves
from kit.pricing.servers import servers
from kit.record import Figure, Part


@dataclass(frozen=True)
class Facts:
    """One table.

    Attributes:
        title: what it is about.
        rows: returns its rows by name.
    """

    title: str
    rows: Callable[[], Mapping[str, Part]]


def _residuals() -> Mapping[str, Residual]:
    return {f"{curve}, {point.age_years:g} years": point for curve, points in curves().items() for point in points}


TABLES: Mapping[str, Facts] = {
    "accelerators": Facts("memory, bandwidth, arithmetic, power and price of accelerators", accelerators),
    "usable-memory": Facts("memory that drivers report", usable_memories),
    "models": Facts("open models: size, context, licence", models),
    "architectures": Facts("layers of open models, as far as bytes and arithmetic hang on them", architectures),
    "engine-memory": Facts("what an engine needs besides weights and cache", engine_memories),
    "providers": Facts("what providers promise about data", providers),
    "renters": Facts("what renters of GPUs promise about data", renters),
    "regulations": Facts("what each rule asks of an API, a renter and the client", regulations),
    "data-classes": Facts("where each class of data may be worked on", data_classes),
    "quality": Facts("public quality scores", lambda: {f"{one.model}, {one.benchmark}": one for one in scores()}),
    "latency": Facts("time to first token of cloud APIs", cloud_latencies),
    "network": Facts("network round trips", network_ranges),
    "electricity": Facts("electricity prices of businesses by region", tariffs),
    "pue": Facts("power usage effectiveness by kind of machine room and region", sites),
    "carbon-grid": Facts("CO2 of electricity by region", grids),
    "carbon-api": Facts("energy and CO2 of answers of cloud APIs, as published", api_carbon),
    "rentals": Facts("rented accelerators", lambda: {one.label: one for one in offers()}),
    "servers": Facts("complete machines: price, power, height", servers),
    "residuals": Facts("what is left of a price at an age", _residuals),
    "defaults": Facts("what is assumed where the engagement says nothing", defaults),
}
"""All tables by name. API prices are not here: they come from a library (``kit prices show``)."""


@dataclass(frozen=True)
class Said:
    """One thing that a row says.

    Attributes:
        name: which, as a path of fields.
        value: what it says.
        basis: how it is known; ``None`` where the row as a whole says so.
        source: who says so.
        date: the day for which it holds.
    """

    name: str
    value: str
    basis: str | None
    source: str
    date: dt.date


def list_facts(*, as_json: bool = False, today: dt.date | None = None) -> None:
    """Print all tables with their number of rows, their sources and their age.

    Args:
        as_json: print JSON instead.
        today: from which ages are counted.
    """
    now = today or dt.datetime.now(tz=dt.UTC).date()
    found = [_overview(name, table, now) for name, table in TABLES.items()]
    if as_json:
        print(json.dumps(found, indent=1))  # noqa: T201
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("table", no_wrap=True)
    table.add_column("what it holds")
    for column in ("rows", "sources", "age, days"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in found:
        age = f"{one['newest_age_days']} to {one['oldest_age_days']}"
        table.add_row(*(str(one[key]) for key in ("name", "title", "rows", "sources")), age)
    Console(highlight=False).print(table)
    Console(highlight=False).print("kit facts show TABLE, or kit facts show NAME for one row", style="dim")


def show_facts(name: str, *, as_json: bool = False, today: dt.date | None = None) -> None:
    """Print one table, or one row of whichever table has it, with source and age of everything in it.

    Args:
        name: of a table or a row.
        as_json: print JSON instead.
        today: from which ages are counted.

    Raises:
        InputError: there is no such table or row; names the nearest.
    """
    now = today or dt.datetime.now(tz=dt.UTC).date()
    rows = _found(name)
    if as_json:
        print(json.dumps({f"{table}/{row}": part.model_dump(mode="json") for table, row, part in rows}, indent=1))  # noqa: T201
        return
    console = Console(highlight=False)
    if name.casefold() in TABLES:
        _print_table(rows, now, console)
    else:
        for table, row, part in rows:
            _print_row(table, row, part, now, console)


def _print_table(rows: Sequence[tuple[str, str, Part]], now: dt.date, console: Console) -> None:
    """Print a line for each row: its name, its first few facts, and the age of the oldest of them."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("name", "facts"):
        table.add_column(column, overflow="fold")
    table.add_column("age, days", justify="right")
    for _, row, part in rows:
        said = [one for one in sayings(part) if one.value not in row and one.name != "note"]
        words = ", ".join(f"{one.name} {one.value}" for one in said[:6])
        table.add_row(row, words, str(max((now - one.date).days for one in said)))
    console.print(table)
    console.print("kit facts show NAME shows one row with the source of each fact", style="dim")


def _print_row(table_name: str, row: str, part: Part, now: dt.date, console: Console) -> None:
    """Print everything that a row says, with the sources below it by number."""
    table = Table(title=f"{row} [dim]({table_name})[/]", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("fact", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("basis", no_wrap=True)
    table.add_column("source", justify="right")
    table.add_column("age, days", justify="right", no_wrap=True)
    numbers: dict[tuple[str, dt.date], int] = {}
    for said in sayings(part):
        number = numbers.setdefault((said.source, said.date), len(numbers) + 1)
        table.add_row(said.name, said.value, said.basis or "", escape(f"[{number}]"), str((now - said.date).days))
    console.print(table)
    for (source, date), number in numbers.items():
        console.print(f"[{number}] {source} ({date})", style="dim", markup=False)


def sayings(part: Part) -> Iterator[Said]:
    """Yield everything that a row says, each with its source and date.

    A figure has them itself; what is no figure has those of the nearest part around it.

    Args:
        part: a row of one of :data:`TABLES`.
    """
    yield from _sayings(part, "", _origin(part))


def _sayings(part: Part, path: str, origin: tuple[str, dt.date] | None) -> Iterator[Said]:
    for field in type(part).model_fields:
        if field in ("source", "date", "sources", "basis"):
            continue
        yield from _said(getattr(part, field), f"{path}{field}", origin)


def _said(value: Any, name: str, origin: tuple[str, dt.date] | None) -> Iterator[Said]:
    if isinstance(value, Figure):
        yield Said(name, f"{value.value:g}", value.basis.value, value.source, value.date)
    elif isinstance(value, Part):
        yield from _sayings(value, f"{name}.", _origin(value) or origin)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _said(each, f"{name}.{key}", origin)
    elif isinstance(value, tuple | list) and any(isinstance(each, Part) for each in value):
        for place, each in enumerate(value):
            yield from _said(each, f"{name}[{place}]", origin)
    elif value is not None and value not in ("", ()) and origin is not None:
        text = " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
        yield Said(name, text, None, *origin)


def _origin(part: Part) -> tuple[str, dt.date] | None:
    """Return source and date of a row: its own, or the first that is found inside it."""
    source, date = getattr(part, "source", None), getattr(part, "date", None)
    if isinstance(source, str) and isinstance(date, dt.date):
        return source, date
    for field in type(part).model_fields:
        value = getattr(part, field)
        inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, tuple) else (value,)
        for each in inner:
            if isinstance(each, Part) and (found := _origin(each)) is not None:
                return found
    return None


def _found(name: str) -> list[tuple[str, str, Part]]:
    """Return the rows of a table, or the rows of that name in any table, each with the table's name."""
    wanted = name.casefold()
    if (table := TABLES.get(wanted)) is not None:
        return [(wanted, row, part) for row, part in table.rows().items()]
    everything = [(name, row, part) for name, each in TABLES.items() for row, part in each.rows().items()]
    if exact := [one for one in everything if one[1].casefold() == wanted]:
        return exact
    if parts := [one for one in everything if wanted in one[1].casefold().split(", ")]:
        return parts
    near = did_you_mean(name, [*TABLES, *(row for _, row, _ in everything)])
    raise InputError(f'no table and no row is called "{name}"{near}; the tables are {one_of(TABLES)}')


def _overview(name: str, table: Facts, now: dt.date) -> dict[str, Any]:
    rows = table.rows()
    said = [each for part in rows.values() for each in sayings(part)]
    dates = [each.date for each in said]
    return {
        "name": name,
        "title": table.title,
        "rows": len(rows),
        "sources": len({each.source for each in said}),
        "oldest": min(dates).isoformat(),
        "newest": max(dates).isoformat(),
        "oldest_age_days": (now - min(dates)).days,
        "newest_age_days": (now - max(dates)).days,
    }
