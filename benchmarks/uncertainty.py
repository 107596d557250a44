"""What pricing plans in thousands of futures takes, beside a dispatch of every future, hour by hour.

    python benchmarks/uncertainty.py [--futures 16384] [--rounds 3] [--textbook 8]

The example insurer's plans and one made for more volume, seven in all, over the years of its horizon. Timed, in seconds
of the clock: ``sample`` (draws and prices), ``drivers`` (tornado and switching values), ``evppi_by_driver``. The
textbook, in plain Python, goes through each future and each hour and serves one workload after the other; it is timed
on a few futures and two plans with machines of one's own only, must agree there, and gives the figure for one plan and
future. Ends with 1 if sampling takes more than 3 s in the median, or if the two differ by more than 0.1 %.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np

from kit.engagement.record import HOURS_OF_DAY, HOURS_OF_WEEK, Place
from kit.report.audit import open_audit
from kit.strategy.choice import Choice, Solved, choose, kinds, solve_kind
from kit.strategy.costs import start_parts
from kit.strategy.dispatch import as_taken, price_plan
from kit.strategy.information import evpi, evppi_by_driver
from kit.strategy.options import apis, pools
from kit.strategy.problem import SECONDS_PER_HOUR, WEEKS_PER_MONTH, Floats
from kit.strategy.terms import resolve
from kit.strategy.uncertainty import drivers, sample
from kit.strategy.verdict import StrategyKind

LIMIT_S = 3.0
CLOSE = 1e-3


def plans_of_example() -> tuple[Choice, list[Solved]]:
    """Return the example insurer's choice and seven plans of it."""
    with tempfile.TemporaryDirectory() as out:
        audit = open_audit("insurer", out=Path(out))
    said, terms = audit.engagement, resolve(audit.engagement)
    options = pools(said, audit.profiles, audit.prices, terms)
    choice = choose(said, audit.demand, terms, apis(said, audit.demand, audit.prices, audit.profiles), options)
    solved = [solve_kind(choice, kind) for kind in kinds(choice)]
    larger = solve_kind(choice, StrategyKind.HYBRID, volume=1.5)
    # Made for half as much again, and priced at today's volume.
    return choice, [*solved, Solved(larger.kind, solved[0].problem, larger.plan, larger.exceptions)]


def textbook(choice: Choice, solved: Solved, volume: list[float]) -> float:
    """Return the NPV of a plan of one's own machines in a future of other volumes, dispatched hour by hour."""
    problem, plan = solved.problem, solved.plan
    phases, workloads, _, _, hours = problem.shape
    cost = 0.0
    used = np.flatnonzero(plan.used).tolist()
    served_by = plan.flow_pool.sum(axis=(0, 3))
    cost += sum(float(problem.move_cost[w]) for w in range(workloads) if served_by[w].sum() > 0)
    grown = dict.fromkeys(used, 0)
    parts = {p: start_parts(choice.pools[p], choice.terms, choice.phases) for p in used}
    begun = {p: np.sum(list(part.values()), axis=0) for p, part in parts.items()}
    cost += sum(float(plan.starts[p] @ begun[p]) for p in used)
    for y in range(phases):
        price = [min((x for x in row if not math.isnan(x)), default=math.nan) for row in problem.api_price[y].tolist()]
        asked = [[x * volume[w] for x in problem.requests[y, w].tolist()] for w in range(workloads)]
        bill = sum(
            sum(asked[w]) * price[w] for w in range(workloads) if served_by[w].sum() == 0 and not math.isnan(price[w])
        )
        called = bill > 0
        for p in used:
            seconds = problem.seconds[:, p].tolist()
            members = [w for w in range(workloads) if served_by[w, p] > 0]
            stuck = [w for w in members if math.isnan(price[w])]
            peak = max(sum(asked[w][h] * seconds[w] for w in stuck) for h in range(hours)) / SECONDS_PER_HOUR
            spare = int(problem.spare[p]) if stuck else 0
            more = math.ceil(peak + spare - int(plan.running[y, p, 0]) - grown[p] - 1e-6)
            if more > 0:
                cost += more * float(begun[p][y])
                grown[p] += more
            have = (int(plan.running[y, p, 0]) + grown[p]) * SECONDS_PER_HOUR
            rank = {w: (w not in stuck, -price[w] / seconds[w]) for w in members}
            order = sorted(members, key=rank.__getitem__)
            room = [have] * hours
            for w in (w for w in order if not problem.deferrable[w]):
                for h in range(hours):
                    taken = min(asked[w][h] * seconds[w], room[h])
                    room[h] -= taken
                    over = asked[w][h] - taken / seconds[w]
                    if w not in stuck and over > 1e-9:
                        bill, called = bill + over * price[w], True
            for w in (w for w in order if problem.deferrable[w]):
                for day in range(0, hours, HOURS_OF_DAY):
                    wanted = sum(asked[w][day : day + HOURS_OF_DAY]) * seconds[w]
                    for h in range(day, day + HOURS_OF_DAY):
                        taken = min(wanted, room[h])
                        room[h], wanted = room[h] - taken, wanted - taken
                    if wanted > 1e-6:
                        bill, called = bill + wanted / seconds[w] * price[w], True
        places = {choice.pools[p].place for p in used if plan.running[y, p].any()} | ({Place.API} if called else set())
        people = sum(problem.staff_cost.get(place, 0.0) for place in places)
        cost += float(problem.months[y]) * (bill * WEEKS_PER_MONTH + people)
    return cost


def clock(work: Callable[[], object], rounds: int) -> list[float]:
    """Return the seconds that each of some rounds took."""
    found = []
    for _ in range(rounds):
        begun = perf_counter()
        work()
        found.append(perf_counter() - begun)
    return found


def against_textbook(choice: Choice, plans: list[Solved], count: int) -> tuple[float, float]:
    """Return the textbook's seconds for one plan and future, and the largest relative difference."""
    volumes: Floats = np.exp(np.random.default_rng(1).uniform(-0.2, 0.2, (count, len(choice.workloads))))
    factors = replace(as_taken(choice, count), volume=volumes)
    ours = [price_plan(choice, one, factors).npv for one in plans]
    begun = perf_counter()
    theirs = [[textbook(choice, one, row) for row in volumes.tolist()] for one in plans]
    seconds = (perf_counter() - begun) / count / len(plans)
    return seconds, float(np.abs(np.array(ours) / np.array(theirs) - 1).max())


def main() -> int:
    """Time, compare, and say so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--futures", type=int, default=2**14)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--textbook", type=int, default=8, help="futures that the textbook dispatches")
    args = parser.parse_args()
    choice, plans = plans_of_example()
    candidates = [i for i, plan in enumerate(plans) if plan.kind is not StrategyKind.TODAY]
    futures = sample(choice, plans, candidates=candidates, count=args.futures)
    shape = f"{len(plans)} plans, {len(choice.phases)} years, {len(futures.specs)} inputs, {args.futures} futures"
    print(f"{shape}; {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}")  # noqa: T201
    medians = {}
    for name, work in {
        "sample": lambda: sample(choice, plans, candidates=candidates, count=args.futures),
        "drivers": lambda: drivers(choice, plans, candidates=candidates),
        "evppi_by_driver": lambda: evppi_by_driver(futures),
    }.items():
        found = clock(work, args.rounds)
        medians[name] = statistics.median(found)
        print(f"{name:>16}: {medians[name]:6.2f} s ({min(found):.2f} to {max(found):.2f})")  # noqa: T201
    own = [plan for plan in plans if plan.kind in (StrategyKind.HYBRID, StrategyKind.CLOUD)][:2]
    seconds, apart = against_textbook(choice, own, args.textbook)
    each = medians["sample"] / len(plans) / args.futures
    hours = len(choice.phases) * HOURS_OF_WEEK
    print(  # noqa: T201
        f"one plan in one future, {hours} hours: {each * 1e6:.1f} µs; textbook {seconds * 1e6:.0f} µs, "
        f"{seconds / each:.0f} times as much; largest difference {apart:.1e}; EVPI {evpi(futures.npv[candidates]):.0f}"
    )
    return int(medians["sample"] > LIMIT_S or apart > CLOSE)


if __name__ == "__main__":
    raise SystemExit(main())
