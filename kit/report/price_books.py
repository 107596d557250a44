"""What the terminal shows when price lists are refreshed, checked against another, or carried away."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast, get_args

from rich.console import Console

from kit.errors import InputError, PriceError, one_of
from kit.pricing.carried import load_prices
from kit.pricing.compare import compare, with_disputes
from kit.pricing.download import OfflineError
from kit.pricing.feeds import factor
from kit.pricing.naming import match
from kit.pricing.price_list import price_list
from kit.pricing.pricebook import PriceBook, price_book
from kit.pricing.refresh import Refresh, refresh
from kit.pricing.rental import offers
from kit.pricing.second import second_list
from kit.pricing.store import FILES, FeedKind, store_folder, stored
from kit.report.prices import this_day, usual

SHOWN = 20
"""Changes of a refresh that are printed."""


def refresh_prices(
    sources: Sequence[str], *, form: str | None = None, store: Path | None = None, accept: bool = False
) -> None:
    """Put newer price lists in place and print what they change; without a network say so and go on.

    Args:
        sources: addresses, files, or names of feeds.
        form: format of the sources; found by their content by default.
        store: folder of the lists; the kit's own by default.
        accept: take a list although its prices jump by a factor of 100 or half of them are lost.

    Raises:
        InputError: a list is broken or doubtful; the one in use stays.
    """
    if form is not None and form not in get_args(FeedKind):
        raise InputError(f"--format {form}: not a format; it must be {one_of(get_args(FeedKind))}")
    console, today = Console(highlight=False), this_day()
    for source in sources:
        try:
            done = refresh(source, today=today, kind=cast("FeedKind | None", form), folder=store, accept=accept)
        except OfflineError as error:
            console.print(f"no network: {error}; {_in_use(form or source, store)}", markup=False, soft_wrap=True)
            continue
        _print_refresh(console, done)
    if store is not None and store.resolve() != store_folder().resolve():
        console.print(
            f"used from {store_folder()} only; set KIT_DATA to use another folder", markup=False, soft_wrap=True
        )


def check_prices(book: Path | None, *, against: str, models: Sequence[str] = (), as_json: bool = False) -> int:
    """Print every price on which a second list disagrees by more than 1 %, and return how many there are.

    Args:
        book: a price book; without one today's prices of the models are taken.
        against: a file in LiteLLM's or OpenRouter's format, or ``litellm`` or ``openrouter``.
        models: which models; all of the book, or the usual ones, by default.
        as_json: as JSON instead of text.

    Raises:
        InputError: the second list is not there or broken, or the book has a mistake.
        PriceError: a model is not known exactly.
    """
    second = second_list(against)
    if second is None:
        raise InputError(f"--against {against}: there is no such list")
    ours = _book(models or usual()) if book is None else _only(load_prices(book, second=second), models)
    found = compare(ours, second)
    if as_json:
        disputes = [item.model_dump(mode="json") | {"difference": item.difference} for item in found.disputes]
        answer = {"second": second.source, "date": str(second.date), "agreed": found.agreed}
        print(json.dumps({**answer, "disputes": disputes, "missing": found.missing}, indent=1))  # noqa: T201
        return len(found.disputes)
    console = Console(highlight=False)
    console.print(
        f"{len(ours.api)} models against {second.source} of {second.date}: {found.agreed} prices agree within 1 %, "
        f"{len(found.disputes)} do not",
        markup=False,
        soft_wrap=True,
    )
    for item in found.disputes:
        console.print(f"! {item.sentence}", style="yellow", markup=False, soft_wrap=True)
    for line in found.missing:
        console.print(f"  {line}", style="dim", markup=False, soft_wrap=True)
    return len(found.disputes)


def export_prices(
    out: Path, *, engagement: str | None = None, models: Sequence[str] = (), against: str | None = None
) -> Path:
    """Write a price book that can be carried, edited and compared line by line.

    Args:
        out: the file.
        engagement: its prices: APIs, rents and purchases; what requests cost is worked out from them anew.
        models: these models' prices instead; the usual ones if there is no engagement either.
        against: a second list whose disputes go into the book.

    Raises:
        InputError: engagement and models are both given, or a file is broken.
        PriceError: a price is not known.
    """
    if engagement is not None and models:
        raise InputError("--engagement and --models: give one of them")
    if engagement is not None:
        from kit.report.audit import open_audit

        book = open_audit(engagement).prices
    else:
        book = _book(models or usual())
    if against is not None:
        book = with_disputes(book, second_list(against))
    # What requests cost follows from the prices; in a file that may be edited it would contradict them.
    ordered = book.model_copy(update={"api": tuple(sorted(book.api, key=lambda price: price.label)), "requests": ()})
    path = ordered.write(out)
    console = Console(highlight=False)
    counts = f"{len(book.api)} APIs, {len(book.rentals)} rents and {len(book.purchases)} purchase prices"
    console.print(f"{path}: {counts} of {book.date}", markup=False, soft_wrap=True)
    return path


def _book(names: Iterable[str]) -> PriceBook:
    found = [match(name) for name in names]
    pairs = [(one.provider, one.model) for one in found]
    return price_book(date=this_day(), api_offers=pairs, request_classes=(), accelerators=())


def _only(book: PriceBook, names: Sequence[str]) -> PriceBook:
    if not names:
        return book
    wanted = {(one.provider, one.model) for one in map(match, names)}
    kept = tuple(price for price in book.api if (price.provider, price.model) in wanted)
    if len(kept) < len(wanted):
        lost = wanted - {(price.provider, price.model) for price in kept}
        raise PriceError(f"not in the price book: {', '.join(sorted('/'.join(pair) for pair in lost))}")
    return book.model_copy(update={"api": kept})


def _in_use(kind: str, store: Path | None) -> str:
    known: FeedKind = next((feed for feed in FILES if feed == kind), "genai-prices")
    if (found := stored(known, store)) is not None:
        return f"going on with the prices of {found[1].date} from {found[1].source}"
    if known == "litellm" and (installed := second_list()) is not None:
        return f"going on with {installed.source}"
    if known in {"litellm", "openrouter"}:
        return "going on without a second list"
    if known == "gpuhunt":
        return f"going on with the kit's own rents of {max(offer.usd_per_gpu_hour.date for offer in offers())}"
    return f"going on with the prices of {price_list().newest} ({price_list().label})"


def _print_refresh(console: Console, done: Refresh) -> None:
    found = done.changes
    console.print(
        f"{done.feed.kind} from {done.source}: {len(done.feed.prices)} prices, {len(found.added)} added, "
        f"{len(found.removed)} removed, {len(found.changed)} changed; {done.path}",
        markup=False,
        soft_wrap=True,
    )
    lines = [f"  {name}: {old:g} -> {new:g} ({_share(old, new)})" for name, old, new in found.changed]
    lines += [f"  - {name}" for name in found.removed]
    if found.changed or found.removed:
        lines += [f"  + {name}: {done.feed.prices[name]:g}" for name in found.added]
    more = [f"  ... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    for line in (*lines[:SHOWN], *more, *(f"  {note}" for note in done.feed.notes)):
        console.print(line, markup=False, soft_wrap=True)
    for doubt in done.doubts:
        console.print(f"! accepted: {doubt}", style="yellow", markup=False, soft_wrap=True)


def _share(old: float, new: float) -> str:
    if not old or not new:
        return "no longer free" if new else "now free"
    return f"{new / old - 1:+.1%}" if factor(old, new) < 10 else f"{new / old:.4g} times"
