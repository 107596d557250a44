"""gpuhunt's catalogue of rented GPUs, turned into rows of the kit's own table of rentals.

A catalogue is a zip with one CSV a provider, or one such CSV: ``instance_name, location, price, gpu_count, gpu_name,
gpu_memory, spot`` among its columns, US dollars per hour of the whole machine.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from statistics import median

from kit.errors import InputError
from kit.pricing.download import MAX_BYTES
from kit.pricing.rental import ENOUGH, PLAUSIBLE, TABLE, offers

COLUMNS = {"instance_name", "location", "price", "gpu_count", "gpu_name", "spot"}
MARKETPLACES = {"cudo", "cudocompute", "lium", "tensordock", "vastai"}
"""They promise neither a region nor a contract about data, so their offers are left out."""
PROVIDERS = {"datacrunch": "verda", "lambdalabs": "lambda"}
"""What gpuhunt calls otherwise than the kit's table."""
_PLAIN = {
    **{name: name for name in ("T4", "L4", "A10", "A10G", "A40", "A6000", "L40", "L40S", "B200", "B300")},
    **{name: name for name in ("MI210", "MI250", "MI250X", "MI300X", "MI325X", "MI355X")},
    **{"RTX3090": "RTX 3090", "RTX4090": "RTX 4090", "RTX5090": "RTX 5090", "RTX6000ADA": "RTX 6000 Ada"},
    **{"H100NVL": "H100 NVL", "H200NVL": "H200 NVL", "GH200": "GH200 96GB", "GB200": "GB200 (per GPU)"},
}
_FORMS = {
    "A100": ("A100 {memory:.0f}GB {form}", ("PCIe", "SXM")),
    "V100": ("V100 {memory:.0f}GB {form}", ("SXM",)),
    "H100": ("H100 {form}", ("PCIe", "SXM", "NVL")),
    "H200": ("H200 {form}", ("SXM", "NVL")),
}
_FORM_WORDS = {"SXM": r"sxm|hbm3", "PCIe": r"pcie", "NVL": r"nvl"}
_FAMILIES = {
    "aws": ((r"p3(dn)?\.|p4de?\.|p5(e|en)?\.", "SXM"),),
    "azure": ((r"Standard_ND", "SXM"), (r"Standard_NC\d+ads_A100", "PCIe"), (r"Standard_NC\d+ads_H100", "NVL")),
    "gcp": ((r"a2-|a3-", "SXM"),),
    "oci": ((r"BM\.GPU(4|\.A100-v2|\.H100|\.H200)\.", "SXM"),),
    "verda": ((r"\d+(A100|H100|H200|V100)\..*S\.", "SXM"),),
}
"""Machines of which the provider's name of the family says how their GPUs are built."""


@dataclass(frozen=True)
class Offer:
    """One machine in one place.

    Attributes:
        provider, instance, region: who, what and where.
        accelerator: name in the kit's table.
        gpus: how many of them.
    """

    provider: str
    instance: str
    region: str
    accelerator: str
    gpus: int


def is_catalogue(header: str) -> bool:
    """Tell whether a line is the header of a CSV of the catalogue."""
    return {cell.strip().strip('"') for cell in header.split(",")} >= COLUMNS


def read_catalogue(content: bytes, name: str, *, source: str, today: dt.date) -> tuple[bytes, Counter[str]]:
    """Return a catalogue as a table of rentals, and why how many of its rows were left out.

    Args:
        content: a zip or a CSV.
        name: the file; a lone CSV is called after its provider.
        source: where it came from, for the rows.
        today: the day of the prices: a catalogue bears none.

    Raises:
        InputError: it is no catalogue, or a price is negative or no number; names file and line.
    """
    on_demand: dict[Offer, float] = {}
    spot: dict[Offer, float] = {}
    left_out: Counter[str] = Counter()
    for file, text in _files(content, name):
        provider = PurePosixPath(file).stem.casefold()
        if provider in MARKETPLACES:
            left_out["of marketplaces"] += text.count("\n")
            continue
        where = name if name.endswith(file) else f"{name}: {file}"
        for offer, price, is_spot in _rows(text, where, PROVIDERS.get(provider, provider), left_out):
            kept = spot if is_spot else on_demand
            kept[offer] = min(price, kept.get(offer, math.inf))
    if not on_demand:
        raise InputError(f"{name}: no offer of an accelerator that the kit knows")
    plausible = set(_plausible(on_demand))
    left_out["more than 5 times off the median of their accelerator"] += len(on_demand) - len(plausible)
    return _table(plausible, on_demand, spot, source, today), +left_out


def _files(content: bytes, name: str) -> Iterator[tuple[str, str]]:
    try:
        if not zipfile.is_zipfile(io.BytesIO(content)):
            yield PurePosixPath(name).name, content.decode()
            return
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [item for item in archive.infolist() if item.filename.endswith(".csv")]
            if sum(item.file_size for item in members) > 4 * MAX_BYTES:
                raise InputError(f"{name}: unpacks to more than {4 * MAX_BYTES // 2**20} MB; no catalogue does")
            for item in members:
                yield item.filename, archive.read(item).decode()
    except (zipfile.BadZipFile, UnicodeDecodeError, RuntimeError, NotImplementedError) as error:
        raise InputError(f"{name}: not a catalogue of gpuhunt ({error})") from None


def _rows(text: str, where: str, provider: str, left_out: Counter[str]) -> Iterator[tuple[Offer, float, bool]]:
    reader = csv.DictReader(io.StringIO(text))
    if lacking := sorted(COLUMNS - set(reader.fieldnames or ())):
        raise InputError(f"{where}: not a catalogue of gpuhunt: it lacks the columns {', '.join(lacking)}")
    for row in reader:
        if not row["gpu_name"] or not row["gpu_count"]:
            continue
        try:
            price, gpus, memory = float(row["price"]), int(row["gpu_count"]), float(row.get("gpu_memory") or 0)
        except (TypeError, ValueError) as error:
            raise InputError(f"{where}, line {reader.line_num}: {error}") from None
        if gpus == 0:
            continue
        if not 0 <= price < math.inf or gpus < 0:
            raise InputError(f"{where}, line {reader.line_num}: USD {price:g} for {gpus} GPUs is no price")
        card = _accelerator(row["gpu_name"], memory, provider, row["instance_name"] or "")
        if card is None or price == 0:
            left_out["of GPUs that the kit does not know, or not whether PCIe or SXM" if card is None else "free"] += 1
            continue
        place = Offer(provider, row["instance_name"] or "", row["location"] or "", card, gpus)
        yield place, price, (row["spot"] or "").casefold() == "true"


def _accelerator(gpu: str, memory: float, provider: str, instance: str) -> str | None:
    from kit.facts.gpus import accelerators

    plain = re.sub(r"[\s_-]", "", gpu).upper()
    if plain in _PLAIN:
        found: str | None = _PLAIN[plain]
    elif plain in _FORMS:
        pattern, forms = _FORMS[plain]
        told = [form for form, words in _FORM_WORDS.items() if re.search(words, instance, re.IGNORECASE)]
        told = told or [form for words, form in _FAMILIES.get(provider, ()) if re.match(words, instance)]
        found = pattern.format(memory=memory, form=told[0]) if len(told) == 1 and told[0] in forms else None
    else:
        found = None
    return found if found in accelerators() else None


def _plausible(on_demand: dict[Offer, float]) -> Iterator[Offer]:
    for card in {offer.accelerator for offer in on_demand}:
        here = {offer: price / offer.gpus for offer, price in on_demand.items() if offer.accelerator == card}
        while True:
            middle = median(here.values())
            sound = {one: each for one, each in here.items() if middle / PLAUSIBLE <= each <= middle * PLAUSIBLE}
            if len(here) < ENOUGH or len(sound) == len(here):
                break
            here = sound
        yield from here


def _table(
    kept: Iterable[Offer], on_demand: dict[Offer, float], spot: dict[Offer, float], source: str, today: dt.date
) -> bytes:
    tiers = {offer.provider: offer.tier for offer in offers() if offer.tier == "professional"}
    with TABLE.open(encoding="utf-8") as lines:
        header = next(csv.reader(lines))
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", lineterminator="\n")
    writer.writeheader()
    for offer in sorted(kept, key=lambda one: (one.accelerator, one.provider, one.instance, one.gpus, one.region)):
        machine, taken_back = on_demand[offer], spot.get(offer)
        writer.writerow(
            {
                "provider": offer.provider,
                "instance": offer.instance or f"{offer.gpus}x {offer.accelerator}",
                "gpus": offer.gpus,
                "accelerator": offer.accelerator,
                "usd_per_hour": f"{machine:.10g}",
                "usd_per_hour_spot": f"{taken_back:.10g}" if taken_back and taken_back <= machine else "",
                "region": offer.region,
                "pricing_model": "on-demand",
                "tier": tiers.get(offer.provider, "unvetted"),
                "source": source,
                "date": today.isoformat(),
                "licence": "gpuhunt catalogue",
            }
        )
    return text.getvalue().encode()
