"""Demand in the terminal: importing logs, describing it in words, showing it, comparing it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from kit.demand.compare import compare
from kit.demand.record import Demand, WorkloadDemand
from kit.errors import InputError, did_you_mean, one_of

if TYPE_CHECKING:
    from kit.demand.importing import Usage

_MODELS_SHOWN = 5


def import_demand(
    files: Sequence[str],
    *,
    out: Path,
    format: str = "auto",  # noqa: A002 - the word of the command line
    rules: Sequence[str] = (),
    timezone: str = "UTC",
    options: Sequence[str] = (),
    kind: str | None = None,
    most_bad_share: float = 0.05,
) -> Demand:
    """Read a client's exports and write the record of what has to be served.

    Args:
        files: the exports; ``postgresql://...`` reads LiteLLM's database.
        out: where the record goes, ``demand.parquet``.
        format: of all files, or ``auto``.
        rules: ``NAME=RULE`` each; without one all rows are one workload.
        timezone: IANA name of the client's zone, whose hours the typical week has.
        options: ``name=value`` each, for the formats.
        kind: whose lengths to take where only means are known.
        most_bad_share: share of bad rows in a file above which reading stops.

    Raises:
        InputError: a file, a rule or an option cannot be used; says which and why.
    """
    from kit.demand.importing import import_usage, lines_of_report
    from kit.demand.rules import parse_rule

    _check_name(out)
    parsed = [parse_rule(rule) for rule in rules] or [parse_rule("All=*")]
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def show(name: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(f"Reading {name}", total=1.0)
            progress.update(tasks[name], completed=share)

        with import_usage(
            files,
            format=format,
            options={**_options(options), "timezone": timezone},
            rules=parsed,
            most_bad_share=most_bad_share,
            on_progress=show,
        ) as usage:
            _check_assigned(usage)
            summing = progress.add_task("Summing up the weeks", total=None)
            demand = _with_bill(usage, timezone=timezone, kind=kind)
            progress.update(summing, total=1, completed=1)
            lines = list(lines_of_report(usage))
    demand.write(out)
    console = Console()
    for line in lines:
        console.print(line, markup=False, highlight=False)
    print_demand(demand)
    console.print(f"Written: {out}", markup=False)
    return demand


def _check_name(out: Path) -> None:
    if out.suffix != ".parquet":
        raise InputError(f"--out {out}: the record is a Parquet file; call it {out.with_suffix('.parquet')}")


def _check_assigned(usage: Usage) -> None:
    """Stop where no row can be used, or where no rule takes a row; say what the rows look like to a rule.

    Raises:
        InputError: there is nothing to sum up.
    """
    if not usage.rows:
        raise InputError(f"{', '.join(one.file for one in usage.files)}: no row of usage that can be read in them")
    if sum(usage.connection.execute(f"SELECT count(workload) FROM {usage.table}").fetchall()[0]):
        return
    models = list(dict.fromkeys(rest.model or "no model" for rest in usage.unassigned))
    more = f" and {len(models) - _MODELS_SHOWN} more" if len(models) > _MODELS_SHOWN else ""
    raise InputError(
        f"no --workload takes any of the {usage.rows:,} rows; their models are "
        f"{', '.join(models[:_MODELS_SHOWN])}{more}; without --workload all rows are one workload"
    )


def _with_bill(usage: Usage, *, timezone: str, kind: str | None) -> Demand:
    """Return the typical weeks of the rows of usage; charges are set beside them as the bill, and are no demand."""
    from kit.demand.bill import reconcile
    from kit.demand.typical import demand_of
    from kit.demand.usage import Grain

    charges = sorted({one.file for one in usage.files if one.grain is Grain.MONEY})
    if not charges:
        return demand_of(usage.connection, usage.table, timezone=timezone, source=_source(usage), kind=kind)
    if all(one.grain is Grain.MONEY for one in usage.files):
        raise InputError("the files hold charges only; demand needs an export of usage too, for the same days")
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in charges)
    usage.connection.execute(f"CREATE VIEW used AS SELECT * FROM {usage.table} WHERE file NOT IN ({names})")
    usage.connection.execute(f"CREATE VIEW charged AS SELECT * FROM {usage.table} WHERE file IN ({names})")
    demand = demand_of(usage.connection, "used", timezone=timezone, source=_source(usage), kind=kind)
    try:
        checked = reconcile(usage.connection, usage=["used"], costs=["charged"], price=_todays_price)
    except InputError as error:
        # The demand stands without its bill; why they cannot be set side by side is for the reader.
        return demand.model_copy(update={"notes": (*demand.notes, f"not set beside the bill: {error}")})
    return demand.model_copy(update={"bill": checked})


def _todays_price(
    model: str, *, prompt_tokens: float, cached_tokens: float, output_tokens: float, batch: bool
) -> float:
    """Return today's list price of one request at the model's own maker, US dollars.

    Raises:
        PriceError: no price list has exactly that model.
    """
    from kit.pricing.naming import match
    from kit.pricing.tokens import price_request

    found = match(model)
    price = price_request(
        found.provider,
        found.model,
        prompt_tokens=prompt_tokens,
        cached_tokens=min(cached_tokens, prompt_tokens),
        output_tokens=output_tokens,
        when=dt.datetime.now(tz=dt.UTC),
        batch=batch,
    )
    return price.usd


def describe_demand(phrases: Sequence[str], *, out: Path, date: dt.date | None = None) -> Demand:
    """Write the record of what a client without logs says in a few words.

    Args:
        phrases: a workload each, ``NAME: chat, 5000 requests a day, office hours, bursty, growing 50 % a year``.
        out: where the record goes.
        date: the day for which it holds; today by default.

    Raises:
        InputError: a phrase is not understood; says which part. Or the record is not called ``.parquet``.
    """
    from kit.demand.synthetic import from_words

    _check_name(out)
    day = date or dt.datetime.now(tz=dt.UTC).date()
    found = []
    for phrase in phrases:
        name, colon, words = phrase.partition(":")
        found.append(
            from_words(words.strip(), date=day, workload=name.strip())
            if colon
            else from_words(phrase, date=day, workload=None)
        )
    names = [item.workload for item in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"two workloads are called {twice!r}; name them: NAME: chat, 5000 requests a day, ...")
    demand = Demand(date=day, workloads=tuple(found))
    demand.write(out)
    print_demand(demand)
    Console().print(f"Written: {out}", markup=False)
    return demand


def show_demand(file: Path) -> None:
    """Print a record of demand.

    Raises:
        InputError: the file is none.
    """
    print_demand(Demand.read(file))


def compare_demands(before: Path, after: Path) -> None:
    """Print two records of demand side by side.

    Raises:
        InputError: a file is none.
    """
    table = Table("workload", "measure", box=None, padding=(0, 2, 0, 0))
    for column in (before.stem, after.stem, "ratio"):
        table.add_column(column, justify="right")
    for row in compare(Demand.read(before), Demand.read(after)):
        measure = f"{row.measure}, {row.unit}" if row.unit else row.measure
        values = (_figure(row.before), _figure(row.after), _figure(row.ratio))
        table.add_row(row.workload or "all", measure, *values)
    Console(highlight=False).print(table)


def print_demand(demand: Demand) -> None:
    """Print what each workload asks for, how that is known, and what a reader should know."""
    console = Console(highlight=False)
    console.print(f"Demand of {demand.date}, hours of {demand.timezone or 'no stated zone'}", style="bold")
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("workload", overflow="fold", min_width=8)
    for column in (
        "requests\na day",
        "prompt\nmean, p95",
        "output\nmean, p95",
        "cached",
        "peak hour\n× mean",
        "bursts",
    ):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("basis")
    for item in demand.workloads:
        table.add_row(
            item.workload,
            _figure(item.requests_per_day.value),
            _length(item, "prompt"),
            _length(item, "output"),
            f"{item.cached_tokens.value / item.prompt_tokens.value:.0%}" if item.prompt_tokens.value else "–",
            _figure(item.shape.value),
            _figure(item.burstiness.value if item.burstiness else None),
            item.requests_per_day.basis.value,
        )
    console.print(table)
    for item in demand.workloads:
        if item.cost_today is not None:
            console.print(f"{item.workload}: costs {item.cost_today.value:,.0f} USD a month today", markup=False)
        if item.growth_per_year is not None:
            console.print(f"{item.workload}: growth {item.growth_per_year.value:+.0%} a year", markup=False)
        for line in _forecast(item):
            console.print(line, markup=False)
        for note in item.notes:
            console.print(f"  {item.workload}: {note}", markup=False, style="dim")
    if (bill := demand.bill) is not None:
        share = "" if bill.difference_share is None else f", {bill.difference_share:+.0%} of the bill"
        console.print(
            f"Bill of {bill.start} to {bill.end}: {bill.billed_usd:,.2f} USD; the same tokens at today's prices "
            f"{bill.priced_usd:,.2f} USD; difference {bill.difference_usd:,.2f} USD{share}",
            markup=False,
        )
        for note in bill.notes:
            console.print(f"  {note}", markup=False, style="dim")
    for note in demand.notes:
        console.print(f"! {note}", markup=False)


def _forecast(item: WorkloadDemand) -> Iterator[str]:
    """Yield the trend of a workload's own weeks with its interval, or why there is none; nothing without weeks."""
    if not item.weeks:
        return
    from kit.demand.forecast import Forecast, forecast

    found = forecast(item.weeks)
    if not isinstance(found, Forecast):
        yield f"  {item.workload}: no forecast: {found.reason}"
        return
    yield (
        f"{item.workload}: trend of {found.weeks} weeks {found.growth_per_year.value:+.0%} a year "
        f"({found.confidence:.0%} interval {found.growth_low:+.0%} to {found.growth_high:+.0%})"
    )
    if found.ahead:
        last = found.ahead[-1]
        yield f"  week of {last.monday}: {last.requests:,.0f} requests, {last.low:,.0f} to {last.high:,.0f}"
    yield from (f"  {note}" for note in found.notes)


def _length(item: WorkloadDemand, which: str) -> str:
    mean = item.prompt_tokens if which == "prompt" else item.output_tokens
    if item.lengths is None:
        return f"{_figure(mean.value)}, –"
    return f"{_figure(mean.value)}, {_figure(getattr(item.lengths, which).at(0.95))}"


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


_OPTIONS = ("cost", "services", "since", "start", "until")
"""What formats understand besides the columns of a plain table, exchange rates (``usd_per_eur``) and the time zone."""


def _options(given: Sequence[str]) -> Mapping[str, str]:
    from kit.demand.formats.plain_csv import KNOWN

    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise InputError(f'--option "{text}": name=value is wanted, e.g. at=created_on')
        known = (*_OPTIONS, *KNOWN)
        if name.strip() not in known and not name.strip().startswith("usd_per_"):
            raise InputError(
                f'--option "{name.strip()}" is not known{did_you_mean(name.strip(), known)}; {one_of(known)}'
            )
        found[name.strip()] = value.strip()
    return found


def _source(usage: Usage) -> str:
    """Return what the figures rest on: the formats and the number of rows, no name of a file."""
    return ", ".join(f"{one.format} export of {one.rows:,} rows" for one in usage.files)
