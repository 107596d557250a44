"""The terms of the calculation: what the client stated, else the kit's default, each with its basis."""

from __future__ import annotations

from kit.engagement.record import Engagement
from kit.facts.defaults import default
from kit.record import Figure, Part


class Terms(Part):
    """Every figure of money, operations and risk that the calculation uses; money in the engagement's currency."""

    horizon_years: Figure
    discount_rate: Figure
    electricity_price_per_kwh: Figure
    pue: Figure
    staff_cost_per_year: Figure
    staff_fte_own: Figure
    staff_fte_rented: Figure
    staff_fte_api: Figure
    server_overhead_share: Figure
    maintenance_share_per_year: Figure
    residual_share: Figure
    colocation_per_kw_month: Figure
    headroom: Figure
    spare_replicas: Figure
    p95_over_mean_ttft: Figure
    p95_over_mean_tpot: Figure
    lan_round_trip_s: Figure
    server_power_factor: Figure
    load_power_share: Figure
    staff_fte_per_further_server: Figure
    cluster_network_share: Figure
    api_price_change_per_year: Figure
    rent_change_per_year: Figure
    purchase_price_change_per_year: Figure
    migration_weeks_own: Figure
    grid_g_co2_per_kwh: Figure
    network_cost_per_month: Figure
    replica_availability: Figure
    spot_availability: Figure
    lead_weeks_own: Figure
    lead_weeks_rented: Figure
    lead_weeks_api: Figure
    regret_share: Figure

    @property
    def months(self) -> int:
        """Months of the horizon."""
        return round(12 * self.horizon_years.value)


_MONEY_KEYS = {
    "electricity_price_per_kwh": "electricity_price_per_kwh_usd",
    "staff_cost_per_year": "staff_cost_per_year_usd",
    "colocation_per_kw_month": "colocation_per_kw_month_usd",
    "network_cost_per_month": "network_cost_per_month_usd",
}
"""Defaults that are in US dollars, by the name of the term."""


def usd_in_currency(engagement: Engagement) -> float:
    """Return what one US dollar is in the engagement's currency."""
    return 1 / engagement.usd_per_unit.value if engagement.usd_per_unit else 1.0


def default_key(term: str) -> str:
    """Return the key of a term's default in the kit's table."""
    return _MONEY_KEYS.get(term, term)


def resolve(engagement: Engagement) -> Terms:
    """Return the terms: the client's where it stated one, else the kit's default, converted into its currency."""
    stated = {
        name: figure
        for part in (engagement.money, engagement.operations, engagement.risk)
        for name in type(part).model_fields
        if (figure := getattr(part, name)) is not None
    }
    rate = usd_in_currency(engagement)
    found: dict[str, Figure] = {}
    for name in Terms.model_fields:
        if name in stated:
            found[name] = stated[name]
            continue
        figure = default(default_key(name)).figure
        if name in _MONEY_KEYS:
            figure = figure.model_copy(update={"value": figure.value * rate})
        found[name] = figure
    return Terms.model_validate(found)
