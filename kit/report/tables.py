"""Tables for the notebooks: small DataFrames from records, already in a reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kit.demand.record import Demand
from kit.engagement.record import Engagement
from kit.errors import InputError
from kit.facts.architectures import Architecture, architecture
from kit.facts.gpus import accelerators
from kit.hardware.inventory import Inventory
from kit.hardware.memory import Fit, fewest_gpus
from kit.pricing.pricebook import PriceBook
from kit.profiler.compare import load
from kit.profiler.profile import HardwareProfile, Spread
from kit.report.parts import Cell, Table
from kit.report.view import view
from kit.report.words import MISSING, exact, number, seconds, tokens
from kit.strategy.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler


LOWEST = 3
"""Rents of each accelerator that are shown."""


def plain(table: pd.DataFrame) -> Styler:
    """Return a table as a notebook should show it: all of its text, aligned to the left, without row numbers."""
    style = table.style.hide(axis="index").set_uuid("table")
    return style.set_table_styles(
        [{"selector": "th, td", "props": [("text-align", "left"), ("vertical-align", "top"), ("max-width", "32em")]}]
    )


def hardware(inventory: Inventory) -> pd.DataFrame:
    """Return what is in the machine, a row for each part."""
    import pandas as pd

    rows = [
        ("processor", f"{inventory.cpu.model}, {inventory.cpu.cores} cores"),
        ("instruction sets", ", ".join(inventory.cpu.instruction_sets) or MISSING),
        ("memory", f"{number(inventory.memory_gib)} GiB"),
        ("system", inventory.system),
        *((f"GPU {i}", f"{gpu.name}, {_gib(gpu.memory_gib)}") for i, gpu in enumerate(inventory.gpus)),
        *(("note", note) for note in inventory.notes),
    ]
    return pd.DataFrame(rows, columns=["part", "what it is"])


def fitting(verdict: Verdict, engagement: Engagement) -> list[tuple[str, str, Fit, Fit]]:
    """Return for each model on offer and each GPU on offer the least that holds it: as it was published, and in FP8."""
    models = {one.model: None for placed in verdict.placements for one in placed.options if one.profile}
    offered = {offer.accelerator: None for offer in engagement.gpu_offers}
    return [
        (model, machine, fewest_gpus(known, machine), fewest_gpus(known, machine, quantisation="fp8"))
        for model in models
        if (known := _known(model)) is not None
        for machine in offered
        if machine in accelerators()
    ]


def fits(verdict: Verdict, engagement: Engagement) -> pd.DataFrame:
    """Return how many GPUs each model on offer needs, as it was published and in eight bits."""
    import pandas as pd

    rows = [
        (model, machine, _memory(published), _memory(eight_bits))
        for model, machine, published, eight_bits in fitting(verdict, engagement)
    ]
    return pd.DataFrame(rows, columns=["model", "machine", "as published", "in FP8"])


def profiles(known: Sequence[HardwareProfile]) -> pd.DataFrame:
    """Return the hardware profiles, the measured ones first, with the most that each machine does."""
    import pandas as pd

    ordered = sorted(known, key=lambda profile: (profile.basis != "measured", profile.name))
    rows = [
        (
            f"{profile.accelerators} × {profile.accelerator}",
            f"{profile.model.name} ({profile.model.dtype})",
            profile.engine.name,
            number(max(point.output_tokens_per_s for point in profile.service_curve)),
            profile.basis.value,
            profile.date.isoformat(),
        )
        for profile in ordered
    ]
    return pd.DataFrame(rows, columns=["machine", "model", "engine", "output tokens/s, at most", "known by", "date"])


def points(profile: HardwareProfile) -> pd.DataFrame:
    """Return everything that was measured, by shape and load."""
    import pandas as pd

    rows = [
        (
            number(point.prompt_tokens),
            number(point.output_tokens),
            load(point),
            number(point.output_tokens_per_s),
            _median(point.ttft_s),
            _median(point.tpot_s),
        )
        for point in profile.points
    ]
    heads = ["prompt tokens", "output tokens", "load", "output tokens/s", "first token", "each further token"]
    return pd.DataFrame(rows, columns=heads)


def workloads(demand: Demand) -> pd.DataFrame:
    """Return what each workload asks for."""
    import pandas as pd

    rows = [
        (
            item.workload,
            exact(item.requests_per_day.value),
            exact(item.prompt_tokens.value),
            exact(item.output_tokens.value),
            tokens(item.tokens_per_day / 1e6),
            f"{number(item.shape.value)} × mean",
            item.shape.basis.value,
        )
        for item in demand.workloads
    ]
    heads = ["workload", "requests a day", "prompt", "output", "M tokens a day", "peak hour", "shape known by"]
    return pd.DataFrame(rows, columns=heads)


def api_prices(prices: PriceBook) -> pd.DataFrame:
    """Return the list prices of the APIs, US dollars per million tokens."""
    import pandas as pd

    rows = [
        (
            item.provider,
            item.model,
            exact(item.usd_per_mtok_input.value),
            MISSING if item.usd_per_mtok_cached is None else exact(item.usd_per_mtok_cached.value),
            exact(item.usd_per_mtok_output.value),
            item.usd_per_mtok_input.date.isoformat(),
        )
        for item in prices.api
    ]
    return pd.DataFrame(rows, columns=["provider", "model", "input", "cached input", "output", "date"])


def machine_prices(prices: PriceBook) -> pd.DataFrame:
    """Return purchase prices of accelerators, and the lowest rents of each on demand, US dollars."""
    import pandas as pd

    bought = [
        (item.accelerator, "own", MISSING, exact(item.usd_per_accelerator.value), "each", item.usd_per_accelerator)
        for item in prices.purchases
    ]
    listed = sorted(prices.rentals, key=lambda item: item.usd_per_gpu_hour.value)
    lowest = [
        item
        for name in dict.fromkeys(item.accelerator for item in prices.rentals)
        for item in [item for item in listed if item.accelerator == name][:LOWEST]
    ]
    rented = [
        (
            item.accelerator,
            "rented",
            item.provider,
            exact(item.usd_per_gpu_hour.value),
            "an hour",
            item.usd_per_gpu_hour,
        )
        for item in lowest
    ]
    rows = [(*row[:-1], row[-1].basis.value, row[-1].date.isoformat()) for row in (*bought, *rented)]
    return pd.DataFrame(rows, columns=["accelerator", "place", "provider", "US dollars", "per", "known by", "date"])


def placements(verdict: Verdict) -> pd.DataFrame:
    """Return where each workload goes, and why."""
    return as_frame(view(verdict).workloads)


def plans(verdict: Verdict) -> pd.DataFrame:
    """Return the plans compared."""
    return _of(verdict, "plans")


def cash(verdict: Verdict) -> pd.DataFrame:
    """Return the cash of the recommended plan by year."""
    return _of(verdict, "cash")


def steps(verdict: Verdict) -> pd.DataFrame:
    """Return what to do when."""
    return _of(verdict, "steps")


def triggers(verdict: Verdict) -> pd.DataFrame:
    """Return what calls for a new decision."""
    return _of(verdict, "triggers")


def worst_inputs(verdict: Verdict) -> pd.DataFrame:
    """Return the inputs that are known least well; the documents say where each comes from."""
    return _of(verdict, "inputs").drop(columns=["Source", "Date"])


def as_frame(table: Table) -> pd.DataFrame:
    """Return a table of the documents as a DataFrame of text."""
    import pandas as pd

    rows = [*table.rows, *([table.total] if table.total else [])]
    heads = [column.head for column in table.columns]
    return pd.DataFrame([[_words(cell) for cell in row] for row in rows], columns=heads)


def _of(verdict: Verdict, key: str) -> pd.DataFrame:
    blocks = (block for section in view(verdict).sections for block in section.blocks)
    return as_frame(next(block for block in blocks if isinstance(block, Table) and block.key == key))


def _words(cell: Cell) -> str:
    return cell if isinstance(cell, str) else " ".join(chip.text for chip in cell)


def _median(spread: Spread | None) -> str:
    return MISSING if spread is None else seconds(spread.p50 if spread.p50 is not None else spread.mean)


def _known(model: str) -> Architecture | None:
    """Return how a model is built; ``None`` where the kit does not know."""
    try:
        return architecture(model)
    except InputError:
        return None


def _memory(answer: Fit) -> str:
    """Return a number of GPUs with the memory of each that is needed, and whether that fits unless it does."""
    group = "1 GPU" if answer.gpus == 1 else f"{answer.gpus} GPUs"
    memory = f"{number(answer.needed_gib)} of {number(answer.available_gib)} GiB each"
    return f"{group}, {memory}" if answer.verdict == "fits" else f"{group}, {memory}: {answer.verdict}"


def _gib(memory: float | None) -> str:
    return "memory not known" if memory is None else f"{number(memory)} GiB"
