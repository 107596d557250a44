"""The view formats each figure once, from the field that it is said to show, in twelve sections and any language."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from kit import wording
from kit.engagement.record import Customisation, DataClass, Place
from kit.figures import decimal, sentence_case, significant
from kit.record import Basis
from kit.report.parts import Heading, Live, Picture, Section, Table, Text
from kit.report.pictures import telling
from kit.report.sections.hybrid import hybrid
from kit.report.view import View, view
from kit.report.words import (
    amount,
    change,
    day,
    money,
    months,
    number,
    per_thousand,
    percent,
    seconds,
    tokens,
    unit_price,
)
from kit.strategy.dossier import (
    Answer,
    Aspect,
    Bill,
    BillTotal,
    Check,
    Claim,
    Exit,
    Finding,
    MemoryUse,
    Purchase,
    Requirement,
    Risk,
    Sketch,
)
from kit.strategy.reasons import how_far
from kit.strategy.verdict import Verdict
from kit.wording import say, speaking

KEYS = (
    "scope",
    "today",
    "gates",
    "plans",
    "money",
    "certainty",
    "hybrid",
    "comparison",
    "roadmap",
    "inputs",
    "method",
)


def section(shown: View, key: str) -> Section:
    return next(found for found in shown.sections if found.key == key)


def table(shown: View, key: str) -> Table:
    blocks = (block for found in shown.sections for block in found.blocks)
    return next(block for block in blocks if isinstance(block, Table) and block.key == key)


def strings(part: Any) -> Iterator[str]:
    """Yield every text that a reader of a part may see."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, tuple | list):
        for item in part:
            yield from strings(item)
    elif is_dataclass(part):
        hidden = {"name", "kind", "key", "live", "align", "number", "page", "item", "small", "share"}
        for field in fields(part):
            if field.name not in hidden:
                yield from strings(getattr(part, field.name))


@pytest.fixture(scope="module")
def whole(verdict: Verdict) -> Verdict:
    """The example's verdict with something in every part that puts it before a board."""
    told = Finding(text="a finding", basis=Basis.ASSUMED, source="a table")
    first, second = (placement.workload for placement in verdict.placements[:2])
    demand = {
        "requests_per_day": 8000.0,
        "prompt_tokens": 2600.0,
        "output_tokens": 350.0,
        "million_tokens_per_day": 23.6,
        "peak_to_mean": 3.2,
        "growth_per_year": 0.3,
    }
    limits = {
        "data_class": DataClass.HEALTH,
        "regulations": ("GDPR", "DORA"),
        "regions": ("EU",),
        "ttft_p95_s": 1.5,
        "tpot_p95_s": None,
        "e2e_p95_s": 30.0,
        "benchmark": "GPQA Diamond",
        "at_least": 45.0,
        "context_tokens": 16000.0,
        "availability": 0.995,
        "modalities": ("text", "image"),
        "customisation": Customisation.ADAPTERS,
        "needed_by": dt.date(2027, 3, 1),
    }
    bill = {"label": "gpt-4.1 (openai)", "cached": False, "batch": True, "better": "gpt-4.1-mini (openai)"}
    return verdict.model_copy(
        update={
            "requirements": (
                Requirement.model_validate(
                    {"workload": first, "description": "We read claims.", "cached_share": 0.4, "deferrable": True}
                    | {"users": "EU"}
                    | demand
                    | limits
                ),
            ),
            "bills": (
                Bill(workload=second, cost_per_month=4000.0, stated_per_month=None, better_per_month=2517.7,
                     breaks=("a rule that is broken",), **bill),
            ),
            "bill_total": BillTotal(cost_per_month=4000.0, stated_per_month=None, better_per_month=2517.7),
            "memory": (
                MemoryUse(pool="a pool", accelerator="H100 SXM", total=80.0, weights=33.7, kv_cache=35.1, other=3.2,
                          free=8.0, basis=Basis.PREDICTED, source="a formula", date=dt.date(2026, 11, 22)),
            ),
            "aspects": (Aspect(key="cost", name="cost", cloud=told, local=told, better="local"),
                        Aspect(key="privacy", name="privacy", cloud=told, local=told, better=None)),
            "checks": tuple(
                Check(choose=side, key=str(holds), condition="a condition", holds=holds, workloads=(first,),
                      finding=told)
                for side in ("cloud", "local")
                for holds in (True, False, None)
            ),
            "claims": (Claim(key="x", claim="a claim", outcome="holds in part", finding=told),),
            "answers": (Answer(key="q", question="What if?", finding=told),),
            "risks": (Risk(key="r", risk="a risk", likelihood="high", why="a reason", cost=12000.0,
                           response="a response", owner="client", trigger="a trigger"),),
            "purchases": (
                Purchase(what="H100 SXM", place=Place.OWN, quantity=4, unit="accelerators", price=23900.0,
                         price_unit="accelerator", total=124000.0, total_unit="once", basis=Basis.PUBLISHED,
                         source="a list", order_by=dt.date(2026, 12, 1), commitment=None, ask=("a date", "a warranty")),
            ),
            "exits": (Exit(what="machines", how="sell them", cost=-20000.0, notice="two months"),),
            "sketch": Sketch(machine="a replica", place=Place.OWN, workloads=(first,), cloud_per_mtok=0.4,
                             cloud_fixed=800.0, machine_per_month=3100.0, machine_mtok_per_day=400.0,
                             local_fixed=4000.0, million_tokens_per_day=145.0, use=0.4, days_per_month=30.4),
        }
    )  # fmt: skip


def test_twelve_sections_in_order_with_their_numbers(whole):
    """The decision page is 1, the sections after it are 2 to 12; none is empty, and no heading stands alone."""
    shown = view(whole)
    assert (shown.decision.number, shown.decision.key) == (1, "decision")
    assert [(found.number, found.key) for found in shown.sections] == list(enumerate(KEYS, start=2))
    for found in shown.sections:
        assert found.title
        for block, following in zip(found.blocks, (*found.blocks[1:], None), strict=True):
            if isinstance(block, Heading):
                assert following is not None
                assert not isinstance(following, Heading)


def test_a_table_is_introduced_and_never_empty(whole, verdict):
    """What stands before a table is a whole sentence, and a part that the record lacks leaves nothing behind."""
    for record in (whole, verdict, bare(verdict)):
        for found in view(record).sections:
            for before, block in zip((None, *found.blocks), found.blocks, strict=False):
                if isinstance(block, Table):
                    assert block.rows
                    assert block.caption
                    assert before is None or isinstance(before, Heading | Picture | Table) or before.text[-1] in ".):"
                    assert all(len(row) == len(block.columns) for row in (*block.rows, block.total or block.rows[0]))


def bare(verdict: Verdict) -> Verdict:
    """Return a verdict with nothing in what may be empty, as for one workload in the cloud."""
    optional = (
        *("pools", "requirements", "bills", "memory", "aspects", "checks", "claims", "answers", "risks", "purchases"),
        *("exits", "shadow_prices", "alternatives", "rehearsed", "triggers", "duties", "warnings", "service_curves"),
        *("sources", "drivers"),
    )
    none = dict.fromkeys(optional, ())
    first = next(one for one in verdict.placements if one.places == (Place.API,))
    zero = tuple(0.0 for _ in verdict.week.own)
    week = verdict.week.model_copy(update={"own": zero, "rented": zero, "capacity": zero, "parts": ()})
    return verdict.model_copy(update={**none, "placements": (first,), "sketch": None, "bill_total": None, "week": week})


def test_one_workload_in_the_cloud(verdict):
    """Without pools and with one workload the document has its twelve sections and speaks in the singular."""
    shown = view(bare(verdict))
    assert [found.key for found in shown.sections] == list(KEYS)
    assert any(f"For {verdict.client} one workload was" in text for text in strings(section(shown, "scope")))
    assert shown.workloads.total is None
    text = list(strings(section(shown, "hybrid")))
    assert any(piece.startswith("The plan has no machines") for piece in text)
    assert "load_duration" not in {b.name for b in section(shown, "hybrid").blocks if isinstance(b, Picture)}


def test_forty_workloads(verdict):
    """Each of forty workloads stands on page one, and in section 4 once in the matrix and once in the reasons."""
    placements = tuple(
        one.model_copy(update={"workload": f"{one.workload} {i}"}) for i in range(8) for one in verdict.placements
    )
    shown = view(verdict.model_copy(update={"placements": placements}))
    names = [one.workload for one in placements]
    assert len(names) == 40
    assert [row[0] for row in shown.workloads.rows] == names
    assert [row[0] for row in table(shown, "gates").rows] == names
    struck, one_client = table(shown, "struck").rows, table(view(verdict), "struck").rows
    # The same rules strike eight times as many workloads and take as many rows.
    assert len(struck) == len(one_client)


def test_key_figures_come_from_their_fields(verdict):
    """How sure, cost, payback and the nearest switch are those of the recommended plan."""
    best = verdict.strategies[0]
    sure, cost, back, turn = view(verdict).key_figures
    assert sure.value == verdict.certainty
    assert percent(best.p_cheapest) in sure.note
    assert cost.value == money(best.npv, "EUR")
    assert money(best.npv_p10, "EUR") in cost.note
    assert money(best.npv_p90, "EUR") in cost.note
    assert back.value == months(best.payback_months)
    assert best.extra_at_start is not None
    assert money(best.extra_at_start, "EUR") in back.note
    first = min(verdict.drivers, key=how_far)
    assert turn.value == change(first, first.switches_at)
    assert first.name in turn.note


def test_page_one_says_how_long_it_holds_and_what_would_turn_it(verdict):
    """The lines under the pictures begin with the last day and with the nearest switching values."""
    until, switches, *_ = view(verdict).bases
    assert until.text == day(verdict.valid_until)
    turning = sorted((d for d in verdict.drivers if d.switches_at is not None), key=how_far)
    places = [switches.text.index(f"{d.name} {change(d, d.switches_at)}") for d in turning[:3]]
    assert places == sorted(places)


def test_page_one_has_a_row_for_each_workload_and_a_total(verdict):
    """The rows are the placements in their order; the total is the record's own."""
    found = view(verdict).workloads
    assert [row[0] for row in found.rows] == [placement.workload for placement in verdict.placements]
    assert [row[-1] for row in found.rows] == [amount(placement.cost_per_month) for placement in verdict.placements]
    assert found.total is not None
    assert found.total[-1] == amount(verdict.strategies[0].cost_per_month)


def test_every_input_is_listed_once_the_least_certain_first(verdict):
    """No figure that entered is left out."""
    tables = [block for block in section(view(verdict), "inputs").blocks if isinstance(block, Table)]
    assert tables[0].caption.startswith("Assumed")
    rows = [row for found in tables for row in found.rows]
    for item in verdict.inputs:
        subject, _, figure = item.label.partition(": ")
        shown = decimal(item.value) if abs(item.value) >= 100 else significant(item.value, 4)
        mine = [row for row in rows if row[0][1:] in (item.label[1:], subject[1:]) and row[2] == item.source]
        assert any(shown in row[1] and (figure in row[1] or row[0][1:] == item.label[1:]) for row in mine), item.label
    # The six prices of an API, input, cached input and output, each also by batch, are one row.
    prices = [row for row in rows if row[0] == "gpt-5-mini (openai)"]
    assert len(prices) == 1
    assert prices[0][1].count(";") == 5
    assert prices[0][1].count("USD per million tokens") == 1


def test_a_workload_keeps_its_name_although_a_gate_is_called_the_same(verdict):
    """A German document about `quality` is that about `qualitz`, name for name; the gate is told in German in both."""
    name = verdict.placements[0].workload
    told = {}
    for other in ("quality", "qualitz"):
        record = verdict.to_json().replace(name, other)
        renamed = Verdict.model_validate_json(record)
        with telling(renamed, "de") as shown:
            told[other] = list(strings(shown))
    assert "Qualität" in told["quality"]
    assert [text.replace("qualitz", "quality") for text in told["qualitz"]] == told["quality"]
    assert sum("quality" in text for text in told["quality"]) > 20


def test_the_matrix_counts_the_strikes_of_the_record(verdict):
    """Each cell is the number of options that the gate strikes; the last column those that none does."""
    found = table(view(verdict), "gates")
    heads = [column.head.lower() for column in found.columns]
    # Six APIs and five rented machines are out for health data; of the eight own ones left three score too low.
    assert found.rows[0] == ("Claims summaries", "19", "11", "–", "–", "5", "–", "–", "5")
    for row, placement in zip(found.rows, verdict.placements, strict=True):
        assert row[1] == str(len(placement.options))
        assert row[-1] == str(sum(not option.strikes for option in placement.options))
        gates = {strike.gate for option in placement.options for strike in option.strikes}
        assert gates <= set(heads)
        for gate, cell in zip(heads[2:-1], row[2:-1], strict=True):
            struck = sum(gate in {strike.gate for strike in option.strikes} for option in placement.options)
            assert cell == (str(struck) if struck else "–")


def test_every_rule_that_strikes_is_shown_with_its_workload(verdict):
    """The condensed table keeps each workload, gate and lifting condition, in fewer rows than there are strikes."""
    found = table(view(verdict), "struck")
    strikes = [(one.workload, s) for one in verdict.placements for o in one.options for s in o.strikes]
    assert len(found.rows) < len(strikes) / 2
    assert sum(strike.gate == "data" for _, strike in strikes) == 11
    for workload, strike in strikes:
        assert any(
            row[0][0].text == strike.gate
            and (workload in row[1] or row[1] == "all")
            and strike.lift[1:].rstrip(".") in row[3]
            for row in found.rows
        ), (workload, strike)


def test_an_option_that_is_struck_stands_in_the_row_of_its_rule(verdict):
    """Options are named one by one, or as a model on every machine, or as every machine or API of a place."""
    found = table(view(verdict), "struck")
    every = {Place.OWN: "every own machine", Place.RENTED: "every rented machine", Place.API: "every cloud API"}
    by_data = [row for row in found.rows if row[0][0].text == "data"]
    assert [(row[1], row[4]) for row in by_data] == [
        ("Claims summaries", "every cloud API"),
        ("Claims summaries", "every rented machine"),
    ]
    for one in verdict.placements:
        for option in one.options:
            for strike in option.strikes:
                names = (option.label, f"{option.model} on every machine", every[option.place])
                several = rf"{re.escape(option.model)} on \w+ machines"
                assert any(
                    row[0][0].text == strike.gate
                    and (one.workload in row[1] or row[1] == "all")
                    and (any(name in row[4] for name in names) or re.search(several, row[4]))
                    for row in found.rows
                ), (one.workload, option.label, strike.gate)


def test_purchases_of_later_years_are_shown_where_there_are_any(verdict):
    """A plan that grows buys machines later too; without such a plan the column is not there."""
    plan, *others = verdict.strategies
    grows = verdict.model_copy(update={"strategies": (plan.model_copy(update={"capex_later": 50_000.0}), *others)})
    for record, shown in ((grows, True), (verdict, any(one.capex_later for one in verdict.strategies))):
        found = table(view(record), "returns")
        assert ("Bought later" in [column.head for column in found.columns]) == shown
    found = table(view(grows), "returns")
    at = [column.head for column in found.columns].index("Bought later")
    assert [row[at] for row in found.rows if money(50_000, "EUR") in row] == [money(50_000, "EUR")]


def test_a_document_in_another_language_says_that_sources_are_not_translated(verdict):
    """In English there is nothing to say."""
    sentence = {"en": "Sources are named in their own language.", "de": "Quellen stehen in ihrer Sprache."}
    for language, there in (("en", False), ("de", True)):
        with telling(verdict, language) as shown:
            assert (sentence[language] in set(strings(section(shown, "inputs")))) is there


def test_sums_are_those_of_the_record(verdict):
    """The sum over the years is the record's TCO, and its parts and years add up to it."""
    plan = verdict.strategies[0]
    parts = [sum(getattr(year, name) for year in plan.cash) for name in plan.tco_parts]
    assert list(plan.tco_parts.values()) == pytest.approx(parts)
    assert plan.tco == pytest.approx(sum(parts))
    assert plan.tco == pytest.approx(sum(year.total for year in plan.cash))
    found = table(view(verdict), "cash")
    all_column = [column.head for column in found.columns].index("All")
    assert found.total is not None
    assert found.total[all_column] == amount(plan.tco)
    assert [row[all_column] for row in found.rows] == [amount(year.total) for year in plan.cash]


def test_the_week_is_split_by_the_place_that_serves(verdict):
    """The shares of each part of the day add up to one, and the last row is the whole week."""
    parts = verdict.week.parts
    assert len(parts) == 9
    assert all(sum(part.shares.values()) == pytest.approx(1) for part in parts if part.mtok_per_hour > 0)
    own, rented, api = sum(verdict.week.own), sum(verdict.week.rented), sum(verdict.week.api)
    assert parts[-1].shares[Place.OWN] == pytest.approx(own / (own + rented + api))
    assert parts[-1].mtok_per_hour == pytest.approx((own + rented + api) / 168)
    nights = [verdict.week.own[24 * d + h] + verdict.week.api[24 * d + h] for d in range(5) for h in range(6)]
    assert parts[0].mtok_per_hour == pytest.approx(sum(nights) / 30)
    assert table(view(verdict), "week").total is not None


def test_one_spare_replica_and_more(verdict):
    """A pool is said in the singular or the plural as its spare replicas are."""
    pool = verdict.pools[0]
    said = {}
    assert any(one.overflow and pool.label in one.goes_to for one in verdict.placements)
    for spare in (0, 1, 2):
        record = verdict.model_copy(update={"pools": (pool.model_copy(update={"replicas": 3, "spare": spare}),)})
        said[spare] = " ".join(strings(hybrid(record)))
    assert "no replica is spare" in said[0]
    assert "one of 3 replicas is spare" in said[1]
    assert "2 of 3 replicas are spare" in said[2]


def test_the_dossier_is_shown_whole(whole):
    """Bills with their total, memory, aspects, checks, claims, answers, risks, purchases and exits are in the text."""
    shown = view(whole)
    bills = table(shown, "bills")
    assert bills.total is not None
    assert bills.total[4:] == (amount(4000), "", amount(2517.7))
    assert [row[-1][0].text for row in table(shown, "aspects").rows] == ["local", "neither"]
    assert table(shown, "claims").rows[0][1][0].kind == "even"
    assert table(shown, "risks").rows[0][3] == money(12000, "EUR")
    assert table(shown, "exits").rows[0][3] == money(-20000, "EUR")
    assert table(shown, "asks").rows == (("H100 SXM", "a date\na warranty"),)
    blocks = section(shown, "comparison").blocks
    assert table(shown, "answers").rows[0][:2] == ("What if?", "a finding (Source: a table)")
    lists = [b for b in blocks if isinstance(b, Table) and b.caption.startswith("Choose")]
    assert [[row[1][0].kind for row in found.rows] for found in lists] == [["yes", "no", "unknown"]] * 2
    assert [(block.live, block.title) for block in blocks if isinstance(block, Live)] == [("cost_sliders", "Try it")]
    assert not any("sketch" in block.text for block in blocks if isinstance(block, Text))
    assert "We read claims." in list(strings(section(shown, "scope")))


def alone(verdict: Verdict) -> Verdict:
    """Return a verdict whose rules leave one plan."""
    best = verdict.strategies[0].model_copy(update={"payback_months": None, "irr": None})
    return verdict.model_copy(update={"strategies": (best,), "alternatives": verdict.alternatives[:1], "drivers": ()})


def test_one_plan_is_compared_with_nothing(verdict):
    """Where the rules leave one plan, page one, sections 5 and 7 say so and show no share of futures and no regret."""
    shown = view(alone(verdict))
    assert shown.key_figures[0].note == "the only plan within the rules"
    assert Text(text="There is no other plan within the rules.") in section(shown, "plans").blocks
    found = table(shown, "plans")
    assert len(found.rows) == 1
    assert "Cheapest in" not in [column.head for column in found.columns]
    assert not any(b.name == "plans_npv" for b in section(shown, "plans").blocks if isinstance(b, Picture))
    sure = " ".join(strings(section(shown, "certainty")))
    assert "Cheapest in" not in sure
    assert "Regret" not in sure
    assert "the only plan within the rules" in sure
    heads = [column.head for column in table(shown, "returns").columns]
    assert "Payback" not in heads


def test_a_threshold_is_shown_where_something_may_overflow(verdict):
    """Nothing is sent to a cloud that no workload of the pool may use."""
    caption = "Thresholds of overflow, rehearsed in the busiest hour"
    assert any(one.threshold is not None for one in verdict.rehearsed)
    stays = tuple(one.model_copy(update={"overflow": None}) for one in verdict.placements)
    for record, expected in ((verdict, True), (verdict.model_copy(update={"placements": stays}), False)):
        blocks = hybrid(record).blocks
        assert any(isinstance(b, Table) and b.caption == caption for b in blocks) is expected
        assert any("may overflow" in b.text for b in blocks if isinstance(b, Text)) is expected


def test_who_takes_over_from_a_provider(verdict):
    """For a workload in the cloud the cheapest permitted API of another provider is named, else one of the same."""
    found = table(view(verdict), "stand-ins")
    in_cloud = [one for one in verdict.placements if Place.API in one.places]
    assert [row[0] for row in found.rows] == [one.workload for one in in_cloud]
    for row, one in zip(found.rows, in_cloud, strict=True):
        others = [o for o in one.options if o.place is Place.API and not o.strikes and o.label not in one.goes_to]
        provider = one.goes_to[0].partition(" (")[2]
        foreign = [o for o in others if o.label.partition(" (")[2] != provider]
        best = min(foreign or others, key=lambda option: option.cost_per_request, default=None)
        assert row[3] == ("no other API passes the gates" if best is None else best.label)


def test_from_when_machines_pay_is_the_records(verdict):
    """Without machines section 8 names the volume of the record at which they would pay."""
    curve = verdict.break_even.model_copy(update={"leaves_cloud_at": 512.3})
    record = verdict.model_copy(update={"pools": (), "break_even": curve})
    assert "beside the cloud from 512 million tokens a day on" in " ".join(strings(hybrid(record)))


def test_strikes_that_differ_in_what_was_seen_stand_together(verdict):
    """A machine that is too slow at several loads is one row, with the least and the most that was seen."""
    rows = [(row[0][0].text, row[1], row[3], row[4]) for row in table(view(verdict), "struck").rows]
    assert len(rows) == len(set(rows))
    scores = [row[2] for row in table(view(verdict), "struck").rows if row[0][0].text == "quality"]
    assert "Needs GPQA Diamond of at least 65; each of these scores 30.4 to 50.5" in scores


def test_a_budget_that_carries_no_more_is_said_so(verdict):
    """A factor of 1.02 is no growth."""
    for factor, expected in ((1.02, "more would need a further machine"), (1.2, "1.2 times today's volume")):
        carried = verdict.affordable.model_copy(update={"factor": factor, "within_offers": False})
        shown = view(verdict.model_copy(update={"affordable": carried}))
        assert expected in " ".join(strings(section(shown, "plans")))


def test_a_name_keeps_its_letters():
    """A provider's or a model's name at the start of a sentence is not made large; any other word is."""
    assert sentence_case(say("{provider} raises its prices", provider="openai")) == "openai raises its prices"
    api = say("{model} ({provider})", model="gpt-5", provider="openai")
    assert sentence_case(say("{name}: {figure}", name=api, figure="input")) == "gpt-5 (openai): input"
    assert sentence_case("staff to run servers.") == "Staff to run servers"


def test_a_name_that_ends_in_a_full_stop(verdict):
    """A client called Inc. does not end a sentence in two full stops."""
    shown = view(verdict.model_copy(update={"client": "Example Inc."}))
    assert not any("Inc.." in text for text in strings(shown.sections))


def test_more_than_one_accelerator_is_plural(whole):
    """Quantities agree with their unit, whatever the record's unit is."""
    one = whole.purchases[0]
    for unit in ("accelerator", "accelerators"):
        record = whole.model_copy(update={"purchases": (one.model_copy(update={"unit": unit}),)})
        assert table(view(record), "purchases").rows[0][2] == "4 accelerators"


def test_prices_below_ten_keep_their_cents(verdict):
    """In the rule of thumb $2.24 is not $2."""
    cells = [row[0] for row in table(view(verdict), "thumb").rows]
    prices = dict.fromkeys(row.api_per_mtok for row in verdict.rule_of_thumb.rows)
    assert list(dict.fromkeys(cells)) == [unit_price(price, verdict.currency) for price in prices]
    assert unit_price(2.236, "USD") == "$2.24"


def test_what_todays_api_misses_is_said_beside_a_dearer_one(whole):
    """A permitted API may cost more than today's, because today's falls short of what is asked."""
    bill = whole.bills[0].model_copy(update={"misses": ("it is too slow",)})
    text = list(strings(section(view(whole.model_copy(update={"bills": (bill,)})), "today")))
    assert f"{bill.workload}: It is too slow" in text


def test_the_clients_own_rule_is_among_the_limits(whole):
    """Where the client rules where its data may go, the table of limits says so."""
    one = whole.requirements[0].model_copy(update={"may_go_to": (Place.OWN,)})
    text = list(strings(section(view(whole.model_copy(update={"requirements": (one,)})), "scope")))
    assert "own GPUs only" in text


class _Everything(Mapping[str, str]):
    """A catalogue of a language in which every text is itself in brackets; a date that a form reads is no text."""

    def __getitem__(self, english: str) -> str:
        return english if re.fullmatch(r"\d{4}-\d\d-\d\d", english) else f"⟦{english}⟧"

    def __contains__(self, english: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


FIGURES = re.compile(
    r"\d[\d.,]*\s?(ms|s)\b|\bp\d\d\b|\b(Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)\b"
)
"""What forms write in letters without asking the catalogue: units, and the months that the locale knows."""


def test_no_text_of_the_report_escapes_translation(whole, monkeypatch):
    """With a catalogue that brackets all it is asked for, letters outside brackets are names and figures only."""
    monkeypatch.setattr(wording, "catalogue", lambda _code: _Everything())
    names = {source.sha256 for source in whole.sources} | {whole.client, whole.kit_version}
    names |= {point.accelerator for point in whole.service_curves} | {use.accelerator for use in whole.memory}
    names |= {rule.value for one in whole.requirements for rule in one.regulations} | {whole.date.isoformat()}
    with speaking("de", whole.messages):
        shown = view(whole)
    for text in strings(tuple(getattr(shown, f.name) for f in fields(shown) if f.name not in HIDDEN)):
        left = text
        while "⟦" in left:
            inner = re.sub(r"⟦[^⟦⟧]*⟧", "", left)
            assert inner != left, f"brackets do not match: {text}"
            left = inner
        for name in names:
            left = left.replace(name, "")
        assert not re.search(r"[A-Za-z]{2,}", FIGURES.sub("", left)), text


HIDDEN = {"language", "iso_date", "kit_version", "client"}


def test_words():
    """Numbers as a reader wants them, worked by hand."""
    assert (percent(0.766), percent(0.0009), percent(0.9996), percent(0), percent(1)) == (
        "77%",
        "0.1%",
        "99.96%",
        "0%",
        "100%",
    )
    assert (number(1172.85), number(97.5), number(2.568), number(0.389), number(3)) == (
        "1,173",
        "97.5",
        "2.6",
        "0.39",
        "3",
    )
    assert (tokens(145.2), tokens(9.12), tokens(0.42)) == ("145", "9.1", "0.42")
    assert (seconds(100.6), seconds(2.07), seconds(0.759), seconds(0.0181), seconds(None)) == (
        "101 s",
        "2.1 s",
        "0.76 s",
        "18 ms",
        "–",
    )
    assert (months(12.8), months(None), months(1.2)) == ("13 months", "–", "1 month")
    assert (per_thousand(0.000662), per_thousand(0.12), per_thousand(0.0000142)) == ("0.66", "120", "0.014")
    assert (amount(7461.99), amount(-37304.3), amount(-0.2)) == ("7,462", "−37,304", "0")


def test_the_view_is_light():
    """Formatting a verdict needs no chart, table or document library."""
    code = (
        "import sys, kit.report.view; heavy = 'altair pandas numpy jinja2 typst vl_convert papermill docx'.split(); "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_measured_machine_is_not_taken_for_the_one_in_the_plan(verdict):
    """Where the plan buys on published speed the line of bases says so, and sets the measured machine apart."""
    assert all(pool.profile != "cpu-2-core-qwen3-0.6b" for pool in verdict.pools)
    lines = {line.basis: line.text for line in view(verdict).bases}
    assert "the speed of the machines in the plan" in lines[Basis.PUBLISHED]
    assert lines[Basis.MEASURED] == "speeds of machines that the plan does not use"


def test_a_plan_at_the_only_place_left_says_that_the_rules_chose_the_place(verdict):
    """With own machines alone past the gates nothing turns the place, and what is bought later is told."""
    own = []
    for one in verdict.placements:
        options = tuple(o for o in one.options if o.place is Place.OWN or o.strikes)
        own.append(one.model_copy(update={"options": options, "places": (Place.OWN,) * len(one.places)}))
    plan = verdict.strategies[0].model_copy(update={"payback_months": None, "capex_later": 33_300.0})
    shown = view(verdict.model_copy(update={"placements": tuple(own), "strategies": (plan,)}))
    sure, _, bought, hangs = shown.key_figures
    assert sure.note == "the rules leave only own machines"
    assert money(33_300, "EUR") in bought.note
    assert hangs.note.startswith("no figure turns the place")
    assert not any("API" in line.text or "rented" in line.text for line in shown.bases if line.basis == "quoted")
    assert "The recommended plan" in set(strings(section(shown, "plans")))


def test_bursts_that_cost_more_than_is_saved_are_measured_first(verdict):
    """No future varies them; where they cost less than is saved there is nothing to say of them."""
    bursts = verdict.risks[0].model_copy(update={"key": "bursts.pool", "cost": verdict.saving_npv + 1})
    for cost, there in ((verdict.saving_npv + 1, True), (verdict.saving_npv - 1, False)):
        record = verdict.model_copy(update={"risks": (bursts.model_copy(update={"cost": cost}),)})
        told = " ".join(strings(section(view(record), "certainty")))
        assert ("has to be measured first" in told) is there


def test_the_use_of_the_week_is_that_of_the_week(verdict):
    """The share under the picture is what the machines carry of what they could, not the mean of the horizon."""
    (pool,) = verdict.pools
    week = verdict.week.model_copy(update={"use": 0.31})
    pools = (pool.model_copy(update={"utilisation": 0.77}),)
    told = " ".join(strings(view(verdict.model_copy(update={"week": week, "pools": pools})).pictures))
    assert "31% used in the first year" in told
    assert "77%" not in told
