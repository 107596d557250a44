"""What a machine of one's own costs: pure functions of plain arguments.

References:
    [1] R. A. Brealey, S. C. Myers, F. Allen, *Principles of Corporate Finance*, ch. 2: present values, annuities.
    [2] Lenovo Press LP2368 (4 Feb 2026): purchase, maintenance, power and space of GPU servers.
    [3] ISO/IEC 30134-2:2016: power usage effectiveness.
    [4] Lenovo Press LP2225 (23 May 2025): break-even of a server against a cloud, nothing but prices and power.
    [5] *Rearchitecting LLMs* (Manning), section 12.9: a small model of one's own that passes hard requests on.
"""

from __future__ import annotations

from collections.abc import Iterable

HOURS_PER_YEAR = 8760.0
RACK_UNITS = 42
"""Height of the usual rack."""


def capex(accelerators: int, price_per_accelerator: float, *, server_overhead_share: float) -> float:
    """Return the purchase price of accelerators with the servers around them, in the currency of the price.

    ``capex = accelerators × price × (1 + overhead)``

    Args:
        accelerators: how many.
        price_per_accelerator: of one.
        server_overhead_share: chassis, CPU, memory, network and storage as a share of the accelerators' price.

    Raises:
        ValueError: a negative argument.
    """
    _not_negative(accelerators=accelerators, price=price_per_accelerator, overhead=server_overhead_share)
    return accelerators * price_per_accelerator * (1 + server_overhead_share)


def straight_line_residual(price: float, *, life_years: float, age_years: float, salvage: float = 0.0) -> float:
    """Return the book value at an age, written off evenly.

    ``residual = max(salvage, price − (price − salvage) × age / life)``

    Args:
        price: purchase price.
        life_years: years until only the salvage value is left.
        age_years: years since the purchase.
        salvage: value at the end of life.

    Raises:
        ValueError: a life of zero or less, a negative argument, or a salvage value above the price.
    """
    _not_negative(price=price, age=age_years, salvage=salvage)
    if life_years <= 0 or salvage > price:
        raise ValueError(f"a life of {life_years} years to a salvage value of {salvage} of {price} is impossible")
    return max(salvage, price - (price - salvage) * age_years / life_years)


def depreciation_per_hour(price: float, *, life_years: float, hours_per_year: float, salvage: float = 0.0) -> float:
    """Return what an hour of use writes off, straight line: ``(price − salvage) / (life × hours per year)``.

    Args:
        price: purchase price.
        life_years: years of use.
        hours_per_year: hours of use in a year.
        salvage: value at the end of life.

    Raises:
        ValueError: no hours of use, or a salvage value above the price.
    """
    if life_years <= 0 or not 0 < hours_per_year <= HOURS_PER_YEAR + 24 or not 0 <= salvage <= price:
        raise ValueError(f"{life_years} years of {hours_per_year} hours from {price} to {salvage} are impossible")
    return (price - salvage) / (life_years * hours_per_year)


def maintenance_per_year(price: float, share_per_year: float) -> float:
    """Return the yearly cost of maintenance and support, a share of the purchase price [2]."""
    _not_negative(price=price, share=share_per_year)
    return price * share_per_year


def energy_cost_per_hour(power_w: float, *, pue: float, price_per_kwh: float) -> float:
    """Return what an hour of electricity costs, cooling and losses of the machine room included.

    ``cost = power / 1000 × PUE × price`` [3]

    Args:
        power_w: electrical power of the machine, in watts.
        pue: total power of the machine room over the power of its computers.
        price_per_kwh: price of electricity.

    Raises:
        ValueError: a PUE below one, or a negative argument.
    """
    _not_negative(power=power_w, price=price_per_kwh)
    if pue < 1:
        raise ValueError(f"a PUE of {pue} is impossible: the room draws at least what the computers draw")
    return power_w / 1000 * pue * price_per_kwh


def space_cost_per_month(power_w: float, price_per_kw_month: float) -> float:
    """Return the monthly rent of space in a data centre, sold by rated power.

    Args:
        power_w: rated electrical power of the machine, in watts.
        price_per_kw_month: rent per kW and month, without electricity.
    """
    _not_negative(power=power_w, price=price_per_kw_month)
    return power_w / 1000 * price_per_kw_month


def rack_cost_per_month(rack_units: float, price_per_rack_month: float, *, units_per_rack: int = RACK_UNITS) -> float:
    """Return the monthly rent of space in a rack, sold by height: ``units ÷ units of a rack × rent of a rack``.

    Args:
        rack_units: height of the machine.
        price_per_rack_month: rent of a whole rack per month.
        units_per_rack: height of the rack.

    Raises:
        ValueError: a negative argument, or a machine that is higher than its rack.
    """
    _not_negative(rack_units=rack_units, price=price_per_rack_month)
    if rack_units > units_per_rack:
        raise ValueError(f"{rack_units:g} units in a rack of {units_per_rack} are impossible")
    return rack_units / units_per_rack * price_per_rack_month


def cluster_network_cost(price_per_server: float, servers: int, *, share: float) -> float:
    """Return the price of switches and cables between servers, a share of their price; one server needs none.

    Args:
        price_per_server: of one, its network cards included.
        servers: how many.
        share: switches and cables as a share of the servers' price.

    Raises:
        ValueError: a negative argument.
    """
    _not_negative(price=price_per_server, servers=servers, share=share)
    return price_per_server * servers * share if servers > 1 else 0.0


def staff_fte(servers: int, *, first: float, each_further: float) -> float:
    """Return the staff that servers need: ``first + each further × (servers − 1)``, and nobody for none.

    Args:
        servers: how many.
        first: full-time equivalents for the first, on-call and software included.
        each_further: full-time equivalents for each one after it.

    Raises:
        ValueError: a negative argument.
    """
    _not_negative(servers=servers, first=first, each_further=each_further)
    return first + each_further * (servers - 1) if servers else 0.0


def own_cost_per_hour(
    price: float, *, maintenance_share: float, energy_per_hour: float, space_per_month: float, hours_per_month: float
) -> float:
    """Return what an hour of an own machine costs apart from its purchase [2].

    ``cost = price × maintenance ÷ 8760 + energy + space ÷ hours of a month``

    Args:
        price: purchase price.
        maintenance_share: maintenance and support as a share of it per year.
        energy_per_hour: electricity and cooling.
        space_per_month: rent of its place.
        hours_per_month: over which that rent is spread; the report takes 720.

    Raises:
        ValueError: a negative argument, or a month without hours.
    """
    _not_negative(energy=energy_per_hour, space=space_per_month)
    if not hours_per_month > 0:
        raise ValueError(f"a month of {hours_per_month} hours is impossible")
    return (
        maintenance_per_year(price, maintenance_share) / HOURS_PER_YEAR
        + energy_per_hour
        + space_per_month / hours_per_month
    )


def monthly_rate(rate_per_year: float) -> float:
    """Return the monthly rate that compounds to the yearly one: ``(1 + r)^(1/12) − 1`` [1].

    Raises:
        ValueError: a rate of minus one or less.
    """
    if rate_per_year <= -1:
        raise ValueError(f"a discount rate of {rate_per_year} per year is impossible")
    return float((1 + rate_per_year) ** (1 / 12) - 1)


def annuity_factor(rate_per_year: float, months: int) -> float:
    """Return what one unit of money at the end of each month is worth today.

    ``a = (1 − (1 + i)^−n) / i`` with the monthly rate *i* over *n* months, and *n* at a rate of zero [1].

    Args:
        rate_per_year: effective discount rate per year, as a share.
        months: how many.

    Raises:
        ValueError: a negative number of months, or a rate of minus one or less.
    """
    _not_negative(months=months)
    rate = monthly_rate(rate_per_year)
    if abs(rate) < 1e-12:
        return float(months)
    return float((1 - (1 + rate) ** -months) / rate)


def present_value(amount: float, *, rate_per_year: float, months: float) -> float:
    """Return today's worth of an amount that falls due after some months: ``amount × (1 + r)^(−months/12)`` [1].

    Raises:
        ValueError: a rate of minus one or less.
    """
    if rate_per_year <= -1:
        raise ValueError(f"a discount rate of {rate_per_year} per year is impossible")
    return float(amount * (1 + rate_per_year) ** (-months / 12))


def net_present_value(amounts: Iterable[float], *, rate_per_year: float) -> float:
    """Return today's worth of a row of monthly amounts, the first of them falling due today [1].

    Args:
        amounts: what falls due after 0, 1, 2, ... months.
        rate_per_year: effective discount rate per year, as a share.
    """
    return sum(present_value(amount, rate_per_year=rate_per_year, months=month) for month, amount in enumerate(amounts))


def break_even_hours(price: float, *, own_cost_per_hour: float, rent_per_hour: float) -> float | None:
    """Return after how many hours of use buying costs as much as renting, nothing discounted [2, 4].

    ``hours = price / (rent − own cost)``; ``None`` where renting never costs more.

    Args:
        price: purchase price.
        own_cost_per_hour: maintenance, power and space of the own machine.
        rent_per_hour: of a rented machine of the same kind.
    """
    _not_negative(price=price, own_cost=own_cost_per_hour, rent=rent_per_hour)
    if rent_per_hour <= own_cost_per_hour:
        return None
    return price / (rent_per_hour - own_cost_per_hour)


def cost_per_request(
    machine_per_hour: float, requests_per_hour: float, *, passed_on_share: float, price_per_request: float
) -> float:
    """Return what a request costs if a machine serves it and passes some on to an API [5].

    ``cost = machine ÷ requests + share passed on × price at the API``

    Args:
        machine_per_hour: of the machine, own or rented, whether it is busy or not.
        requests_per_hour: all requests.
        passed_on_share: share of them that the API has to answer in the end.
        price_per_request: at the API.

    Raises:
        ValueError: a negative argument, no requests, or a share above one.
    """
    _not_negative(machine=machine_per_hour, share=passed_on_share, price=price_per_request)
    if not requests_per_hour > 0 or passed_on_share > 1:
        raise ValueError(f"{requests_per_hour} requests of which {passed_on_share:g} are passed on are impossible")
    return machine_per_hour / requests_per_hour + passed_on_share * price_per_request


def break_even_requests_per_hour(machine_per_hour: float, price_per_request: float) -> float | None:
    """Return the requests per hour from which a machine is cheaper than an API: ``machine ÷ price of a request`` [5].

    Args:
        machine_per_hour: of the machine, own or rented.
        price_per_request: at the API; ``None`` is returned where it is free.

    Raises:
        ValueError: a negative argument.
    """
    _not_negative(machine=machine_per_hour, price=price_per_request)
    return machine_per_hour / price_per_request if price_per_request else None


def _not_negative(**arguments: float) -> None:
    for name, value in arguments.items():
        if not value >= 0:
            raise ValueError(f"{name}: {value} is negative or no number")
