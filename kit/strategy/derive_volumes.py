"""How volumes, prices of requests and bills of APIs follow from the inputs."""

from __future__ import annotations

import numpy as np

from kit.engagement.record import HOURS_OF_DAY
from kit.strategy.answers import Term
from kit.strategy.cash import ANYTHING
from kit.strategy.derive_years import DAYS, WEEKS, Case, changed, constant, flows_of, mean_over_years, summed
from kit.strategy.inputs import parts_of, rate_key
from kit.strategy.options import Api, rates_paid
from kit.strategy.problem import Floats
from kit.strategy.verdict import Placement


def day_of(case: Case, w: int) -> Term:
    """Return the requests of the average day, an input unless the record of demand has a mean of its own."""
    workload, item = case.choice.workloads[w], case.choice.demand.workloads[w]
    value = sum(item.requests_per_hour) / 7
    stated = workload.requests_per_day.value
    if abs(value - stated) <= 1e-7 * stated:
        value = stated
    label = f"{workload.name}: requests per day, mean of the typical week"
    return case.ledger.given(
        "day", f"workloads.{workload.name}.requests_per_day", value, label=label, unit="requests per day"
    )


def growth_of(case: Case, w: int) -> Term | None:
    """Return the relative change of the requests in a year; ``None`` if there is none."""
    workload, item = case.choice.workloads[w], case.choice.demand.workloads[w]
    known = workload.growth_per_year or item.growth_per_year
    if known is None or not known.value or case.years == 1:
        return None
    label = f"{workload.name}: growth per year, as its logs show it ({known.source})"
    key, unit = f"workloads.{workload.name}.growth_per_year", "relative change per year"
    return case.ledger.given("g", key, known.value, label=label, unit=unit)


def prompt_of(case: Case, w: int) -> Term:
    """Return the mean prompt."""
    name, item = case.choice.workloads[w].name, case.choice.demand.workloads[w]
    key = f"workloads.{name}.prompt_tokens"
    return case.ledger.given("prompt", key, item.prompt_tokens.value, label=f"{name}: prompt tokens", unit="tokens")


def output_of(case: Case, w: int) -> Term:
    """Return the mean answer."""
    name, item = case.choice.workloads[w].name, case.choice.demand.workloads[w]
    key = f"workloads.{name}.output_tokens"
    return case.ledger.given("output", key, item.output_tokens.value, label=f"{name}: output tokens", unit="tokens")


def volumes(case: Case, w: int) -> None:
    """Enter tokens per day and requests per month of a workload."""
    workload, item, ledger = case.choice.workloads[w], case.choice.demand.workloads[w], case.ledger
    name = workload.name
    per_day = ledger.given(
        "day",
        f"workloads.{name}.requests_per_day",
        item.requests_per_day.value,
        label=f"{name}: requests per day",
        unit="requests per day",
    )
    ledger.add(
        f"placements.{name}.million_tokens_per_day",
        f"{name}: tokens, prompt and output, mean of the week",
        "million tokens per day",
        "day * (prompt + output) / 1000000",
        [per_day, prompt_of(case, w), output_of(case, w)],
        value=item.tokens_per_day / 1e6,
    )
    growth = growth_of(case, w)
    months = case.choice.problem.months
    each = case.solved.problem.requests[:, w].sum(axis=1) * 365.25 / 84
    if growth is None:
        formula, terms = f"day * {DAYS}", [day_of(case, w)]
    else:
        mean, terms = mean_over_years(case, changed(case, ["1"] * case.years, ["g"]), [growth])
        formula, terms = f"day * {DAYS} * {mean}", [day_of(case, w), *terms]
    ledger.add(
        f"workloads.{name}.requests_per_month",
        f"{name}: requests, mean of the horizon, a year weighted by what its months are worth today",
        "requests per month",
        formula,
        terms,
        value=float(each @ months / months.sum()),
    )


def peak_requests(case: Case, w: int) -> str:
    """Enter the requests of the busiest hour of the horizon, and return the key.

    What may be served at any hour of its day is taken to be spread over its busiest day.
    """
    name, item = case.choice.workloads[w].name, case.choice.demand.workloads[w]
    busiest, what = case.solved.problem.requests[:, w], "busiest hour"
    if item.deferrable:
        busiest = busiest.reshape(case.years, -1, HOURS_OF_DAY).mean(axis=2)
        what = "busiest day, spread over its hours"
    year = int(busiest.max(axis=1).argmax())
    day, growth = day_of(case, w), growth_of(case, w)
    ratio = busiest[0].max() / (day.value / HOURS_OF_DAY)
    label = f"{what} ÷ mean hour of the typical week ({item.shape.source})"
    terms = [day, constant("peak", label, ratio, "×")]
    if growth and year:
        terms.append(growth)
    return case.ledger.add(
        f"workloads.{name}.peak_requests_per_hour",
        f"{name}: requests per hour in the {what}, year {year + 1}",
        "requests per hour",
        f"day / 24 * {changed(case, ['peak'] * case.years, ['g'] if growth else [])[year]}",
        terms,
        value=float(busiest.max()),
    )


def cloud(case: Case, w: int, placement: Placement) -> None:
    """Enter what a workload would cost at its cheapest permitted API."""
    best = case.choice.best_api[w]
    if best < 0 or placement.cost_if_cloud_per_month is None:
        return
    name, trend = case.choice.workloads[w].name, case.choice.terms.api_price_change_per_year.value
    price = case.ledger.derived("price", _api_price(case, w, best))
    if not trend or case.years == 1:
        formula = "price * n"
        terms = [price, case.ledger.derived("n", f"workloads.{name}.requests_per_month")]
    else:
        growth = growth_of(case, w)
        change = case.ledger.stated("t", "api_price_change_per_year", trend)
        known = [*([growth] if growth else []), change]
        factors = changed(case, ["1"] * case.years, [term.symbol for term in known])
        mean, of_mean = mean_over_years(case, factors, known)
        formula, terms = f"price * day * {DAYS} * {mean}", [price, day_of(case, w), *of_mean]
    case.ledger.add(
        f"placements.{name}.cost_if_cloud_per_month",
        f"{name}: all of it at {case.choice.apis[best].label}, the cheapest API that it may use",
        case.monthly,
        formula,
        terms,
        value=placement.cost_if_cloud_per_month,
    )


def _api_price(case: Case, w: int, a: int) -> str:
    """Enter the price of a request of a workload at an API, and return its key."""
    choice, ledger, api = case.choice, case.ledger, case.choice.apis[a]
    workload, item = choice.workloads[w], choice.demand.workloads[w]
    key = f"apis.{api.label}.{workload.name}.price_per_request"
    value = api.price_per_request[workload.name].value
    what = (key, f"{workload.name}: a request at {api.label}", f"{case.currency} per request")
    today = workload.today
    if api.as_today and today is not None and today.cost_per_month is not None:
        bill = ledger.given("bill", f"workloads.{workload.name}.today.cost_per_month", today.cost_per_month.value)
        return ledger.add(*what, f"bill / (day * {DAYS})", [bill, day_of(case, w)], value=value)
    listed = next(one for one in case.prices.api if (one.provider, one.model) == api.offer.listed_as)
    figures = list(parts_of(rates := rates_paid(api, listed, workload, item)).items())
    (part_in, each_in), (part_out, each_out) = figures[0], figures[-1]
    terms = [
        prompt_of(case, w),
        output_of(case, w),
        ledger.given("p_in", rate_key(api, part_in), each_in.value),
        ledger.given("p_out", rate_key(api, part_out), each_out.value),
    ]
    prompt, output = (_whole(term) for term in terms[:2])
    paid = f"{prompt} * p_in + {output} * p_out"
    cached = 0.0 if api.as_today and not (today is not None and today.cached) else item.cached_tokens.value
    if cached and rates.usd_per_mtok_cached is not None:
        part, figure = figures[1]
        cache = _cached(case, w)
        terms += [cache, ledger.given("p_cached", rate_key(api, part), figure.value)]
        paid = f"({prompt} - {_whole(cache)}) * p_in + {_whole(cache)} * p_cached + {output} * p_out"
    formula = f"({paid}) / 1000000"
    if listed.usd_per_request is not None:
        terms.append(ledger.given("fee", rate_key(api, "request"), listed.usd_per_request.value))
        formula = f"{formula} + fee"
    if choice.engagement.usd_per_unit:
        terms.append(ledger.given("usd", "usd_per_unit", choice.engagement.usd_per_unit.value))
        formula = f"({formula}) / usd" if listed.usd_per_request is not None else f"{formula} / usd"
    return ledger.add(*what, formula, terms, value=value, note=_price_note(api))


def _price_note(api: Api) -> str:
    if api.offer.listed_as[0] != api.offer.provider:
        return f"By the list prices of {api.offer.listed_as[0]}, as the engagement says (prices_of)."
    return ""


def _cached(case: Case, w: int) -> Term:
    """Return the tokens of a prompt that come from the cache."""
    workload, item = case.choice.workloads[w], case.choice.demand.workloads[w]
    share, value = workload.cached_share, item.cached_tokens.value
    label = f"{workload.name}: tokens of the prompt that come from the cache"
    if share is None or abs(share.value * item.prompt_tokens.value - value) > 1e-7 * value:
        return constant("cached", f"{label} ({item.cached_tokens.source})", value, "tokens")
    given = case.ledger.given("share", f"workloads.{workload.name}.cached_share", share.value)
    key = f"workloads.{workload.name}.cached_tokens"
    case.ledger.add(key, label, "tokens", "prompt * share", [prompt_of(case, w), given], value=value)
    return case.ledger.derived("cached", key)


def _whole(term: Term) -> str:
    """Return a number of tokens as it is priced: whole."""
    return term.symbol if abs(term.value - round(term.value)) < 1e-9 else f"round({term.symbol})"


def bills(case: Case) -> list[str]:
    """Enter what the plan pays each API for each workload, and return the keys."""
    flows = flows_of(case.solved)[1]
    total = case.solved.problem.requests.sum(axis=2)
    worth_naming = (flows > ANYTHING * total[:, :, None]).any(axis=0)
    keys = [_bill(case, int(w), int(a), flows[:, w, a]) for w, a in np.argwhere(worth_naming)]
    if len(keys) < 2:
        return keys
    terms = [case.ledger.derived(f"b{i}", key) for i, key in enumerate(keys, start=1)]
    label = "API bills of the plan, all together"
    return [case.ledger.add("apis.cost_per_month", label, case.monthly, summed(terms), terms)]


def _bill(case: Case, w: int, a: int, weekly: Floats) -> str:
    choice, ledger = case.choice, case.ledger
    name, api, months = choice.workloads[w].name, choice.apis[a], choice.problem.months
    trend = choice.terms.api_price_change_per_year.value
    price = ledger.derived("price", _api_price(case, w, a))
    paid = np.nan_to_num(case.solved.problem.api_price[:, w, a])
    value = float((weekly * paid) @ months / months.sum()) * 365.25 / 84
    key, label = f"apis.{api.label}.{name}.cost_per_month", f"{name}: bill of {api.label}"
    whole = case.solved.problem.requests[:, w].sum(axis=1)
    if np.allclose(weekly, whole, rtol=1e-9, atol=0) and (not trend or case.years == 1):
        terms = [price, ledger.derived("n", f"workloads.{name}.requests_per_month")]
        return ledger.add(key, label, case.monthly, "price * n", terms, value=value)
    sent = [
        constant(f"q{y}", f"{name}: requests in a typical week of year {y} that the plan sends there", one, "requests")
        for y, one in enumerate(weekly, start=1)
    ]
    change = [ledger.stated("t", "api_price_change_per_year", trend)] if trend and case.years > 1 else []
    factors = changed(case, [term.symbol for term in sent], [term.symbol for term in change])
    mean, terms = mean_over_years(case, factors, [*sent, *change])
    return ledger.add(key, label, case.monthly, f"price * {WEEKS} * {mean}", [price, *terms], value=value)
