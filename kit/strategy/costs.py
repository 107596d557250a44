"""What a replica costs over its life, and what a plan costs year by year."""

from __future__ import annotations

from dataclasses import dataclass

from kit.engagement.record import Place
from kit.pricing.ownership import (
    annuity_factor,
    capex,
    energy_cost_per_hour,
    maintenance_per_year,
    present_value,
    space_cost_per_month,
)
from kit.strategy.options import Pool
from kit.strategy.terms import Terms
from kit.strategy.verdict import YearCash

HOURS_PER_MONTH = 365.25 * 24 / 12


@dataclass(frozen=True)
class ReplicaCost:
    """One replica's money, engagement's currency.

    Attributes:
        capex: purchase at the start, server included.
        energy_and_space: per month.
        maintenance: per month.
        rent: per month.
        residual: resale at the end of the horizon.
    """

    capex: float
    energy_and_space: float
    maintenance: float
    rent: float
    residual: float

    @property
    def run(self) -> float:
        """Cost per month apart from the purchase."""
        return self.energy_and_space + self.maintenance + self.rent


def replica_cost(pool: Pool, terms: Terms) -> ReplicaCost:
    """Return what one replica of a pool costs.

    Own: purchase with the server's share, energy at the power under load around the clock (an upper bound), space by
    the kilowatt, maintenance. Rented: the rent around the clock.
    """
    if pool.place is Place.RENTED:
        rent = pool.price.value * pool.profile.accelerators * HOURS_PER_MONTH
        return ReplicaCost(capex=0, energy_and_space=0, maintenance=0, rent=rent, residual=0)
    bought = capex(pool.profile.accelerators, pool.price.value, server_overhead_share=terms.server_overhead_share.value)
    watts = pool.power_w.value if pool.power_w else 0.0
    energy = energy_cost_per_hour(watts, pue=terms.pue.value, price_per_kwh=terms.electricity_price_per_kwh.value)
    return ReplicaCost(
        capex=bought,
        energy_and_space=energy * HOURS_PER_MONTH + space_cost_per_month(watts, terms.colocation_per_kw_month.value),
        maintenance=maintenance_per_year(bought, terms.maintenance_share_per_year.value) / 12,
        rent=0,
        residual=bought * terms.residual_share.value,
    )


def staff_per_month(terms: Terms) -> dict[Place, float]:
    """Return what the people cost per month for each kind of place that is used, engagement's currency."""
    fte = {Place.OWN: terms.staff_fte_own, Place.RENTED: terms.staff_fte_rented, Place.API: terms.staff_fte_api}
    return {place: figure.value * terms.staff_cost_per_year.value / 12 for place, figure in fte.items()}


def levelised(cost: ReplicaCost, terms: Terms) -> float:
    """Return a replica's cost per month over the horizon: (capex − discounted residual) ÷ annuity factor + run."""
    rate, months = terms.discount_rate.value, terms.months
    bought = cost.capex - present_value(cost.residual, rate_per_year=rate, months=months)
    return bought / annuity_factor(rate, months) + cost.run


def cash_by_year(
    replicas: dict[Pool, int], *, staff_month: float, api_month: float, terms: Terms
) -> tuple[YearCash, ...]:
    """Return the cash out by year: the purchase in year 0, the residual as money back in the last.

    Args:
        replicas: how many of each pool.
        staff_month: people per month.
        api_month: API bill per month.
        terms: horizon and prices.
    """
    costs = [(replica_cost(pool, terms), count) for pool, count in replicas.items()]

    def total(part: str) -> float:
        return float(sum(getattr(cost, part) * count for cost, count in costs))

    rows = [
        YearCash(year=0, capex=total("capex"), energy_and_space=0, maintenance=0, staff=0, rent=0, api=0, residual=0)
    ]
    left = terms.months
    while left > 0:
        months = min(12, left)
        left -= months
        rows.append(
            YearCash(
                year=len(rows),
                capex=0,
                energy_and_space=months * total("energy_and_space"),
                maintenance=months * total("maintenance"),
                staff=months * staff_month,
                rent=months * total("rent"),
                api=months * api_month,
                residual=-total("residual") if left == 0 else 0,
            )
        )
    return tuple(rows)
