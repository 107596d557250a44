"""What the terminal shows of prices: list prices, what a refresh changed, what a second list disputes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from kit.errors import InputError, PriceError
from kit.pricing.age import OLD_DAYS, STALE_DAYS, age_days, staleness
from kit.pricing.api_price import ApiPrice, OtherRates, api_price
from kit.pricing.listed import hangs_on_the_hour, next_change
from kit.pricing.naming import Match, match
from kit.pricing.price_list import price_list
from kit.pricing.tokens import price_request

USUAL = (
    "openai/gpt-4o",
    "openai/gpt-6.1-sol",
    "anthropic/claude-opus-5-5",
    "anthropic/claude-sonnet-5-5",
    "google/gemini-2.5-pro",
    "mistral/mistral-large-4",
    "groq/llama-3.3-70b-versatile",
    "together/meta-llama/Llama-3.3-70B-Instruct-Turbo",
)
"""What is shown when no model is named."""


@dataclass(frozen=True)
class Asked:
    """A request whose price is asked for.

    Attributes:
        prompt_tokens: the cached ones among them; ``None``: only list prices are wanted.
        output_tokens: tokens of the answer.
        cached_tokens: those of the prompt that come from the cache.
        batch: through the batch interface.
    """

    prompt_tokens: int | None = None
    output_tokens: int = 0
    cached_tokens: int = 0
    batch: bool = False


def show_prices(
    names: Sequence[str], *, asked: Asked, date: str | None = None, as_json: bool = False, closest: bool = False
) -> None:
    """Print list prices, US dollars per 10⁶ tokens, and what a request costs.

    Args:
        names: models; the usual ones if empty.
        asked: a request to price.
        date: the day for which the prices hold, ISO 8601; today by default. Prices that hang on the hour: noon, UTC.
        as_json: as JSON instead of a table.
        closest: take what the library takes for a name that is not exact, and say so.

    Raises:
        PriceError: a model is not known exactly, or has no batch price.
        InputError: the date is none, or a request is asked for without its prompt.
    """
    if asked.prompt_tokens is None and asked != Asked():
        raise InputError("--output-tokens, --cached-tokens and --batch price a request; add --prompt-tokens")
    today = this_day()
    noon = dt.datetime.combine(_day(date, today), dt.time(12), tzinfo=dt.UTC)
    found = [match(name, closest=closest) for name in names or usual()]
    prices = [api_price(one.provider, one.model, noon) for one in found]
    rows = [_row(one, price, asked, noon, today) for one, price in zip(found, prices, strict=True)]
    if as_json:
        print(json.dumps(rows, indent=1))  # noqa: T201
        return
    console = Console(highlight=False)
    console.print(f"US dollars per 10^6 tokens, for {noon.date()}, by {price_list().label}", markup=False)
    console.print(_table(prices, today))
    for row in rows:
        _print_remarks(console, row, asked)
    for source in dict.fromkeys(price.usd_per_mtok_input.source.partition(" (")[0] for price in prices):
        console.print(f"source: {source}", style="dim", markup=False, soft_wrap=True)


def this_day() -> dt.date:
    """Return the day on which prices are looked at, UTC."""
    return dt.datetime.now(tz=dt.UTC).date()


def _day(given: str | None, today: dt.date) -> dt.date:
    if given is None:
        return today
    try:
        return dt.date.fromisoformat(given)
    except ValueError:
        raise InputError(f"--date {given}: not a date; write it as {today}") from None


def usual() -> list[str]:
    """Return the usual models that the price list in use has."""
    found = []
    for name in USUAL:
        try:
            match(name)
        except PriceError:
            continue
        found.append(name)
    return found


def _row(one: Match, price: ApiPrice, asked: Asked, when: dt.datetime, today: dt.date) -> dict[str, Any]:
    listed = price.usd_per_mtok_input
    age = age_days(listed, today)
    row = one.model_dump() | price.model_dump(mode="json")
    row |= {"date": str(listed.date), "age_days": age, "staleness": staleness(age), "source": listed.source}
    changes_on = next_change(one.provider, one.model, when.date())
    row |= {"hourly": hangs_on_the_hour(one.provider, one.model), "changes_on": changes_on and str(changes_on)}
    if asked.prompt_tokens is not None:
        paid = price_request(
            one.provider,
            one.model,
            prompt_tokens=asked.prompt_tokens,
            output_tokens=asked.output_tokens,
            cached_tokens=asked.cached_tokens,
            when=when,
            batch=asked.batch,
        )
        row["request"] = vars(asked) | {"usd": paid.usd}
    return row


def _table(prices: Iterable[ApiPrice], today: dt.date) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("model", overflow="fold")
    for column in ("input", "cached", "output", "context"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("checked (age)", no_wrap=True)
    for price in prices:
        listed = price.usd_per_mtok_input
        checked = f"{listed.date} ({age_days(listed, today)} d)"
        context = "" if price.context_tokens is None else f"{price.context_tokens}"
        table.add_row(price.label, *_cells(price), context, checked)
        for other in price.other_rates:
            tier = [] if other.above_tokens is None else [f"above {other.above_tokens} tokens"]
            table.add_row(f"  {' '.join(['batch'] * other.batch + tier)}", *_cells(other), "", "")
    return table


def _cells(rates: ApiPrice | OtherRates) -> tuple[str, str, str]:
    cached = rates.usd_per_mtok_cached
    return (
        f"{rates.usd_per_mtok_input.value:.6g}",
        "–" if cached is None else f"{cached.value:.6g}",
        f"{rates.usd_per_mtok_output.value:.6g}",
    )


def _print_remarks(console: Console, row: dict[str, Any], asked: Asked) -> None:
    label = f"{row['provider']}/{row['model']}"
    if not row["exact"]:
        console.print(f'! "{row["asked"]}" was taken for {label}', style="yellow", markup=False, soft_wrap=True)
    if row["staleness"]:
        limit = STALE_DAYS if row["staleness"] == "stale" else OLD_DAYS
        said = f"! {label}: checked {row['age_days']} days ago, more than {limit}"
        console.print(said, style="yellow", markup=False, soft_wrap=True)
    if row["hourly"]:
        said = f"! {label}: its price hangs on the hour; these are the prices at 12:00 UTC"
        console.print(said, style="yellow", markup=False, soft_wrap=True)
    if row["changes_on"]:
        said = f"! {label}: its price changes on {row['changes_on']}"
        console.print(said, style="yellow", markup=False, soft_wrap=True)
    if "request" in row:
        usd = row["request"]["usd"]
        tokens = f"{asked.prompt_tokens} tokens in ({asked.cached_tokens} cached) and {asked.output_tokens} out"
        how = ", by batch" if asked.batch else ""
        console.print(f"{label}: {tokens}{how}: {usd:.6g} USD a request, {1000 * usd:.6g} USD for 1000", soft_wrap=True)
