"""Section 6: total cost of ownership, net present value, payback, the cash of each year, and cost against volume."""

from __future__ import annotations

from kit.report.findings import PARTS, cash_finding, cheapest_first, parts_finding
from kit.report.parts import Block, Column, Picture, Section, Table, Text, headed, place_chip, sentence_case, tabled
from kit.report.words import (
    MISSING,
    alone,
    amount,
    called,
    curve_name,
    decimal,
    joined,
    money,
    months,
    number,
    percent,
    symbol,
    tokens,
    unit_price,
)
from kit.strategy.verdict import Strategy, StrategyKind, Verdict, YearCash
from kit.wording import retell, say

FEW_CHANGES = 2
"""Changes of the cheapest other plan along the volume that are told one by one; more are those of whole machines."""


def money_section(verdict: Verdict) -> Section:
    """Return what the plans cost in every way in which a board reckons."""
    plan = verdict.strategies[0]
    blocks: tuple[Block, ...] = (
        *tabled(
            say(
                "TCO is the sum of all payments over the horizon, not discounted. Payback and the internal rate of "
                "return (IRR) are against the plan that sends everything to the cloud; {missing}: nothing more is "
                "spent at first, or it never comes back.",
                missing=MISSING,
            )
            if _comes_back(verdict)
            else say(
                "TCO is the sum of all payments over the horizon, not discounted. There is no cloud plan to be paid "
                "back against."
            )
            if all(other.kind is not StrategyKind.CLOUD for other in verdict.strategies)
            else say(
                "TCO is the sum of all payments over the horizon, not discounted. No plan is paid back by lower bills "
                "than those of the cloud."
            ),
            _returns(verdict),
        ),
        *headed(
            say("What is paid for"),
            Picture(
                name="cost_parts",
                alt=say("Stacked bars of what each plan pays for. {finding}.", finding=parts_finding(verdict)),
            ),
            *tabled("", _parts(verdict)),
        ),
        *headed(
            say("Cash by year"),
            Picture(
                name="cash_by_year", alt=say("Stacked bars of cash by year. {finding}.", finding=cash_finding(verdict))
            ),
            *tabled("", _cash(verdict, plan)),
            *_written_off(plan),
        ),
        *headed(say("Cost against volume"), *_per_mtok(verdict), *_volume(verdict)),
    )
    return Section(key="money", title=say("Money"), blocks=blocks)


def _comes_back(verdict: Verdict) -> bool:
    """Tell whether what some plan spends first comes back."""
    return any(plan.payback_months is not None or plan.irr is not None for plan in verdict.strategies)


def _written_off(plan: Strategy) -> tuple[Text, ...]:
    """Return what a reader must know of resale value and depreciation, where something is bought."""
    if not any(plan.depreciation):
        return ()
    text = say(
        "Resale value comes back and is negative. Depreciation is straight line from the purchase to the resale value; "
        "it is no cash and not in the sum."
    )
    return (Text(text=text),)


def _returns(verdict: Verdict) -> Table:
    currency = verdict.currency
    rows = cheapest_first(verdict.strategies)
    back = _comes_back(verdict)
    bought = any(plan.capex for plan in rows)
    later = any(plan.capex_later for plan in rows)
    budget = any(plan.p_within_budget is not None for plan in rows)
    return Table(
        caption=say("The plans in money"),
        columns=(
            Column(head=say("Plan"), share=1.8),
            Column(head=say("TCO"), align="right", share=0.9),
            Column(head=say("Cost, NPV"), align="right", share=0.9),
            *((Column(head=say("Purchase at the start"), align="right", share=0.9),) if bought else ()),
            *((Column(head=say("Bought later"), align="right", share=0.9),) if later else ()),
            *((Column(head=say("Payback"), align="right", share=0.9),) if back else ()),
            *((Column(head=say("IRR a year"), align="right", share=0.7),) if back else ()),
            *((Column(head=say("Keeps the budget in"), align="right", share=0.8),) if budget else ()),
            Column(head=say("CO₂, tonnes a year"), align="right", share=0.8),
        ),
        rows=tuple(
            (
                called(verdict, plan),
                MISSING if plan.tco is None else money(plan.tco, currency),
                money(plan.npv, currency),
                *((money(plan.capex, currency) if plan.capex else MISSING,) if bought else ()),
                *((money(plan.capex_later, currency) if plan.capex_later else MISSING,) if later else ()),
                *((months(plan.payback_months),) if back else ()),
                *((MISSING if plan.irr is None else percent(plan.irr),) if back else ()),
                *((MISSING if plan.p_within_budget is None else percent(plan.p_within_budget),) if budget else ()),
                number(plan.co2_tonnes_per_year),
            )
            for plan in rows
        ),
        small=True,
        key="returns",
    )


def _parts(verdict: Verdict) -> Table:
    rows = [plan for plan in cheapest_first(verdict.strategies) if plan.tco is not None]
    names = [name for name in PARTS if any(plan.tco_parts.get(name) for plan in rows)]
    return Table(
        caption=say(
            "What each plan pays for over the whole horizon, {currency}, not discounted",
            currency=symbol(verdict.currency),
        ),
        columns=(
            Column(head=say("Plan"), share=1.8),
            *(Column(head=sentence_case(PARTS[name]), align="right", share=0.9) for name in names),
            Column(head=say("All"), align="right", share=0.9),
        ),
        rows=tuple(
            (
                called(verdict, plan),
                *(_amount(plan.tco_parts.get(name, 0.0)) for name in names),
                _amount(plan.tco or 0.0),
            )
            for plan in rows
        ),
        small=True,
    )


def _cash(verdict: Verdict, plan: Strategy) -> Table:
    names = [name for name in PARTS if any(getattr(year, name) for year in plan.cash)]
    whole = plan.tco is not None
    written = any(plan.depreciation)
    return Table(
        caption=say(
            "{plan}: cash out by year, {currency}, not discounted",
            plan=called(verdict, plan),
            currency=symbol(verdict.currency),
        ),
        columns=(
            Column(head=say("Year"), share=0.8),
            *(Column(head=sentence_case(PARTS[name]), align="right", share=1) for name in names),
            *((Column(head=say("All"), align="right", share=1),) if whole else ()),
            *((Column(head=say("Depreciation"), align="right", share=1),) if written else ()),
        ),
        rows=tuple(
            (
                _year(year),
                *(_amount(getattr(year, name)) for name in names),
                *((_amount(year.total or 0.0),) if whole else ()),
                *((_amount(plan.depreciation[i]),) if written else ()),
            )
            for i, year in enumerate(plan.cash)
        ),
        total=(
            say("All years"),
            *(_amount(plan.tco_parts.get(name, 0.0)) for name in names),
            _amount(plan.tco or 0.0),
            *(("",) if written else ()),
        )
        if whole
        else None,
        key="cash",
    )


def _year(year: YearCash) -> str:
    return say("start") if year.year == 0 else decimal(year.year)


def _amount(value: float) -> str:
    return amount(value) if value else MISSING


def _per_mtok(verdict: Verdict) -> tuple[Block, ...]:
    currency = verdict.currency
    table = Table(
        caption=say("What a million tokens costs on the machines of the plan, prompt and output together"),
        columns=(
            Column(head=say("Pool"), share=2.4),
            Column(head=say("Place"), share=1),
            Column(head=say("Use, mean of the horizon"), align="right", share=0.9),
            Column(head=say("At this use"), align="right", share=0.8),
            Column(head=say("If it were full"), align="right", share=0.8),
        ),
        rows=tuple(
            (
                retell(pool.label),
                (place_chip(pool.place),),
                percent(pool.utilisation),
                MISSING if pool.cost_per_mtok is None else unit_price(pool.cost_per_mtok, currency),
                MISSING if pool.cost_per_mtok_full is None else unit_price(pool.cost_per_mtok_full, currency),
            )
            for pool in verdict.pools
        ),
        small=True,
    )
    return tabled(
        say("A machine costs nearly the same whether it works or waits."),
        table,
    )


def _volume(verdict: Verdict) -> tuple[Block, ...]:
    """Return where the cheapest of the plans other than the hybrid changes, as a sentence."""
    today, crossings = tokens(verdict.break_even.today), verdict.break_even.crossings
    if alone(verdict):
        text = say("Today's volume is {today} million tokens a day.", today=today)
    elif not crossings:
        text = say(
            "Today's volume is {today} million tokens a day. With all workloads scaled alike, the cheapest of the "
            "other plans stays the same at every volume that was examined.",
            today=today,
        )
    elif len(crossings) > FEW_CHANGES:
        text = say(
            "Today's volume is {today} million tokens a day. With all workloads scaled alike, as the first page draws "
            "it, the cheapest of the other plans is {first} up to {volume} million tokens a day; above that the others "
            "take turns, since machines come whole.",
            today=today,
            first=curve_name(verdict, crossings[0].below),
            volume=tokens(crossings[0].million_tokens_per_day),
        )
    else:
        text = say(
            "Today's volume is {today} million tokens a day. With all workloads scaled alike, as the first page draws "
            "it, the cheapest of the other plans is at first {first}; {changes} (million tokens a day). Whole machines "
            "make such changes come more than once.",
            today=today,
            first=curve_name(verdict, crossings[0].below),
            changes=joined(
                [
                    say(
                        "from {volume} on {plan}",
                        volume=tokens(crossing.million_tokens_per_day),
                        plan=curve_name(verdict, crossing.above),
                    )
                    for crossing in crossings
                ],
                ", ",
            ),
        )
    return (Text(text=text),)
