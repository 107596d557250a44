"""What a replica costs over its life, by what it is paid for: dated, and discounted to today.

The horizon is cut into phases, years as a rule. Prices of a phase are today's, moved by the yearly change that the
terms state; payments fall due at the end of each month, purchases at the start of a phase.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from kit.engagement.record import Commitment, Place
from kit.pricing.ownership import (
    capex,
    cluster_network_cost,
    energy_cost_per_hour,
    maintenance_per_year,
    monthly_rate,
    present_value,
    space_cost_per_month,
)
from kit.strategy.options import Pool
from kit.strategy.problem import Floats
from kit.strategy.terms import Terms

HOURS_PER_MONTH = 365.25 * 24 / 12
MOST_PHASES = 5
PARTS = ("capex", "residual", "maintenance", "energy_and_space", "staff", "rent")
"""What a replica is paid for; residual is money back and negative."""


@dataclass(frozen=True)
class Phase:
    """A stretch of the horizon in which nothing changes.

    Attributes:
        first_month: months from the start.
        months: how many.
    """

    first_month: int
    months: int

    @property
    def years_on(self) -> float:
        """Years from the start to its beginning."""
        return self.first_month / 12


def phases_of(terms: Terms, *, changing: bool) -> tuple[Phase, ...]:
    """Return the phases of the horizon: its years, at most five; one, if nothing changes."""
    count = min(max(round(terms.months / 12), 1), MOST_PHASES) if changing else 1
    edges = [round(terms.months * i / count) for i in range(count + 1)]
    return tuple(Phase(first, last - first) for first, last in itertools.pairwise(edges) if last > first)


def worth(phases: tuple[Phase, ...], terms: Terms) -> Floats:
    """Return what one a month throughout each phase is worth today, (Y,)."""
    rate = monthly_rate(terms.discount_rate.value)
    return np.array([sum((1 + rate) ** -(phase.first_month + m + 1) for m in range(phase.months)) for phase in phases])


def trend(change_per_year: float, phases: tuple[Phase, ...]) -> Floats:
    """Return the factor on a price in each phase, (Y,): ``(1 + change)^years``."""
    return np.array([(1 + change_per_year) ** phase.years_on for phase in phases])


@dataclass(frozen=True)
class ReplicaCost:
    """One replica's money at today's prices, engagement's currency.

    Attributes:
        capex: purchase at the start, server included.
        energy: per month, cooling included.
        space: per month.
        maintenance: per month.
        staff: per month, beyond the people that the place needs anyway.
        rent: per month, if it is on around the clock.
        residual: resale at the end of the horizon, if bought at its start.
    """

    capex: float
    energy: float
    space: float
    maintenance: float
    staff: float
    rent: float
    residual: float

    @property
    def run(self) -> float:
        """Cost per month apart from the purchase."""
        return self.energy + self.space + self.maintenance + self.staff + self.rent


def replica_cost(pool: Pool, terms: Terms) -> ReplicaCost:
    """Return what one replica of a pool costs.

    Own: purchase with the server's share and, where a replica spans several servers, the network between them; energy
    at the power under load around the clock (an upper bound), space by the kilowatt, maintenance, and the staff of a
    further server by the accelerator, eight in a server. Rented: the rent around the clock.
    """
    if pool.place is Place.RENTED:
        rent = pool.price.value * pool.profile.accelerators * HOURS_PER_MONTH
        return ReplicaCost(capex=0, energy=0, space=0, maintenance=0, staff=0, rent=rent, residual=0)
    bought = capex(pool.profile.accelerators, pool.price.value, server_overhead_share=terms.server_overhead_share.value)
    spanned = math.ceil(pool.profile.accelerators / ACCELERATORS_PER_SERVER)
    bought += cluster_network_cost(bought / spanned, spanned, share=terms.cluster_network_share.value)
    watts = pool.power_w.value if pool.power_w else 0.0
    energy = energy_cost_per_hour(watts, pue=terms.pue.value, price_per_kwh=terms.electricity_price_per_kwh.value)
    servers = pool.profile.accelerators / ACCELERATORS_PER_SERVER if pool.price.value else 0.0
    return ReplicaCost(
        capex=bought,
        energy=energy * HOURS_PER_MONTH,
        space=space_cost_per_month(watts, terms.colocation_per_kw_month.value),
        maintenance=maintenance_per_year(bought, terms.maintenance_share_per_year.value) / 12,
        staff=servers * terms.staff_fte_per_further_server.value * terms.staff_cost_per_year.value / 12,
        rent=0,
        residual=bought * terms.residual_share.value,
    )


ACCELERATORS_PER_SERVER = 8


def start_parts(pool: Pool, terms: Terms, phases: tuple[Phase, ...]) -> dict[str, Floats]:
    """Return the present value of what a replica begun in each phase is paid for, by :data:`PARTS`, (Y,) each.

    Own replicas stay to the end of the horizon; their resale value is a straight line between the purchase and the
    stated share at the horizon. Reserved ones stay for their term, infinitely dear where it ends after the horizon.
    Those had by the hour: as if always on for the phase.
    """
    cost, months = replica_cost(pool, terms), worth(phases, terms)
    count = len(phases)
    lasting = [lasts(pool, phases)] * count
    parts = {name: np.zeros(count) for name in PARTS}
    for z, phase in enumerate(phases):
        stay = slice(z, z + lasting[z])
        discount = present_value(1.0, rate_per_year=terms.discount_rate.value, months=phase.first_month)
        bought = cost.capex * trend(terms.purchase_price_change_per_year.value, phases)[z]
        # Money back at the end of the horizon, by the age that it has then.
        age = (terms.months - phase.first_month) / terms.months
        left = 1 - (1 - terms.residual_share.value) * age
        end = present_value(1.0, rate_per_year=terms.discount_rate.value, months=terms.months)
        parts["capex"][z] = bought * discount
        parts["residual"][z] = -bought * left * end
        share = bought / cost.capex if cost.capex else 1.0
        parts["maintenance"][z] = cost.maintenance * share * months[stay].sum()
        parts["energy_and_space"][z] = (cost.energy + cost.space) * months[stay].sum()
        parts["staff"][z] = cost.staff * months[stay].sum()
        # A reserved price is agreed at the start of its term.
        parts["rent"][z] = cost.rent * trend(terms.rent_change_per_year.value, phases)[z] * months[stay].sum()
        if pool.place is Place.RENTED and z + lasting[z] > count:
            parts["rent"][z] = np.inf
    return parts


def lasts(pool: Pool, phases: tuple[Phase, ...]) -> int:
    """Return for how many phases a replica stays once begun."""
    if pool.place is Place.OWN:
        return len(phases)
    if pool.commitment is not Commitment.RESERVED or pool.term_years is None or len(phases) == 1:
        return 1
    return max(1, round(12 * pool.term_years / phases[0].months))


def staff_per_month(terms: Terms) -> dict[Place, float]:
    """Return what people and the site's link cost per month for each kind of place that is used."""
    fte = {Place.OWN: terms.staff_fte_own, Place.RENTED: terms.staff_fte_rented, Place.API: terms.staff_fte_api}
    link = {Place.OWN: 0.0, Place.RENTED: terms.network_cost_per_month.value, Place.API: 0.0}
    return {place: figure.value * terms.staff_cost_per_year.value / 12 + link[place] for place, figure in fte.items()}


def levelised(pool: Pool, terms: Terms, phases: tuple[Phase, ...]) -> float:
    """Return a replica's cost per month over the horizon if begun at its start and, if rented, kept on."""
    months = worth(phases, terms)
    parts = start_parts(pool, terms, phases)
    if pool.place is Place.OWN:
        return float(sum(part[0] for part in parts.values()) / months.sum())
    rent = replica_cost(pool, terms).rent * trend(terms.rent_change_per_year.value, phases)
    return float(rent @ months / months.sum())
