"""One audit: from an engagement to the folder that is handed over.

<engagement's folder>/
    engagement.yaml                       what the client said
    demand.parquet  prices.json           if they are there: the client's logs, a price book that was carried along
out/<engagement>/
    hardware_profiles/this-machine.json   what was measured here
    demand.parquet  prices.json           the other records
    verdict.json                          the decision
    verdict.html  verdict.pdf  verdict.docx   its drawings
    notebooks/                            executed
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from kit.data import folder
from kit.demand.record import Demand
from kit.engagement.reading import read_engagement
from kit.engagement.record import Engagement
from kit.errors import InputError, PlanError
from kit.facts.gpus import accelerators
from kit.hardware.inventory import Inventory, read_inventory
from kit.pricing.carried import load_prices, use_book
from kit.pricing.compare import with_disputes
from kit.pricing.pricebook import PriceBook, RequestClass, price_book
from kit.pricing.rental import with_quotes
from kit.pricing.second import second_list
from kit.profiler.profile import HardwareProfile
from kit.record import sha256_of
from kit.report.carried import PRICES, with_demand
from kit.report.letterhead import letterhead, logo_bytes
from kit.strategy.rents import quotes_of
from kit.strategy.verdict import SourceFile, Verdict

HERE = "this-machine"
"""Name of the profile that is measured on the machine of the audit."""


@dataclass(frozen=True)
class Audit:
    """The records of one audit.

    Attributes:
        path: the engagement's file.
        folder: where everything is written.
        engagement, demand, prices: what was said, what has to be served, what things cost.
        profiles: what is known of hardware, this machine's own first.
        measured: this machine's own profile; ``None`` if it was never measured.
        inventory: what is in this machine.
        trouble: why this machine could not be measured; empty if it was, or if nobody asked.
        notes: what the client's logs say otherwise than the client, and what else a reader must know of the records.
    """

    path: Path
    folder: Path
    engagement: Engagement
    demand: Demand
    prices: PriceBook
    profiles: tuple[HardwareProfile, ...]
    measured: HardwareProfile | None
    inventory: Inventory
    trouble: str = ""
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The verdict of these records: the one in the folder if it rests on them, else decided anew."""
        path = self.folder / "verdict.json"
        if path.is_file():
            known = Verdict.read(path)
            if known.sources == sources(self):
                return known
        return decide_audit(self)


def out_root() -> Path:
    """Return the folder of all audits: ``$KIT_OUT``, else ``out`` here or, in a notebook's folder, beside it."""
    if stated := os.environ.get("KIT_OUT"):
        return Path(stated)
    beside = Path.cwd().parent / "out"
    return beside if beside.is_dir() and not Path("out").is_dir() else Path("out")


def engagement_file(given: str | Path) -> Path:
    """Return the engagement's file: the one given, or ``engagement.yaml`` in a folder, or one of the kit's examples.

    Raises:
        InputError: there is no such file; names the examples.
    """
    examples = folder("examples")
    for path in (Path(given), examples / str(given)):
        if path.is_dir() and (path / "engagement.yaml").is_file():
            return path / "engagement.yaml"
        if path.is_file():
            return path
    known = sorted(path.parent.name for path in examples.glob("*/engagement.yaml"))
    raise InputError(f"{given}: no such engagement; give a file, a folder with engagement.yaml, or one of {known}")


def engagement_name(path: Path) -> str:
    """Return how an audit is called: the file's name, or its folder's if the file is ``engagement.yaml``."""
    return path.resolve().parent.name if path.stem == "engagement" else path.stem


def open_audit(engagement: str | Path, *, out: Path | None = None) -> Audit:
    """Open an audit: read the engagement, and the other records from its folder or else make them.

    Args:
        engagement: a file, a folder with engagement.yaml, or the name of an example.
        out: the folder of all audits; :func:`out_root` by default.

    Raises:
        InputError: a mistake in a file, with its place.
        PriceError: a price that the engagement needs is not known.
    """
    path = engagement_file(engagement)
    said, demand, notes = with_demand(read_engagement(path), path.parent)
    place = (out or out_root()) / engagement_name(path)
    profiles = {file.stem: HardwareProfile.read(file) for file in sorted(folder("hardware_profiles").glob("*.json"))}
    own = {file.stem: HardwareProfile.read(file) for file in sorted((place / "hardware_profiles").glob("*.json"))}
    return Audit(
        path=path,
        folder=place,
        engagement=said,
        demand=demand,
        prices=_prices(said, demand, path.parent / PRICES),
        profiles=(*own.values(), *(profile for name, profile in profiles.items() if name not in own)),
        measured=own.get(HERE),
        inventory=read_inventory(),
        notes=notes,
    )


def save_records(audit: Audit) -> None:
    """Write demand and price book into the audit's folder."""
    audit.demand.write(audit.folder / "demand.parquet")
    audit.prices.write(audit.folder / "prices.json")


def with_profile(audit: Audit, measured: HardwareProfile) -> Audit:
    """Return the audit with this machine's own profile in it."""
    others = (profile for profile in audit.profiles if profile.name != measured.name)
    return replace(audit, profiles=(measured, *others), measured=measured)


def check_audit(audit: Audit) -> None:
    """Find the mistakes in an engagement that its own file does not show: names that no table knows.

    Raises:
        InputError: a model, an accelerator, a benchmark or a profile is not known; names the nearest. Or the logo is no
            logo.
    """
    from kit.strategy.decide import prepare

    letterhead(audit.engagement.document, audit.path.parent)
    # A workload without an option is no mistake yet: a measurement may give it one.
    with suppress(PlanError):
        prepare(audit.engagement, audit.demand, audit.profiles, audit.prices)


def decide_audit(audit: Audit, *, on_step: Callable[[], None] | None = None) -> Verdict:
    """Return the verdict of the audit's records (see :func:`kit.strategy.decide.decide`), told of each of its steps.

    Raises:
        InputError: the logo is no logo, or a name in the engagement is not known.
        PlanError: no plan exists.
    """
    from kit.strategy.decide import decide

    return decide(
        audit.engagement,
        audit.demand,
        audit.profiles,
        audit.prices,
        sources=sources(audit),
        measured_here=HERE if audit.measured else None,
        notes=(*((audit.trouble,) if audit.trouble else ()), *audit.notes),
        letterhead=letterhead(audit.engagement.document, audit.path.parent),
        on_step=on_step,
    )


def sources(audit: Audit) -> tuple[SourceFile, ...]:
    """Return the records with their hashes: the engagement and its logo as written, the others as their JSON.

    Raises:
        InputError: there is no such logo.
    """
    records = {"demand": audit.demand.to_json(), "prices": audit.prices.to_json()}
    records |= {f"profile {profile.name}": profile.to_json() for profile in audit.profiles}
    logo = logo_bytes(audit.engagement.document, audit.path.parent)
    return (
        SourceFile(name=audit.path.name, sha256=sha256_of(audit.path.read_bytes())),
        *((SourceFile(name="logo", sha256=sha256_of(logo)),) if logo is not None else ()),
        *(SourceFile(name=name, sha256=sha256_of(text.encode())) for name, text in records.items()),
    )


def _prices(engagement: Engagement, demand: Demand, carried: Path) -> PriceBook:
    """Return the prices of what the engagement considers: of the book beside it, else of the day's lists.

    A second list, where there is one, adds the prices on which the two disagree.
    """
    classes = [
        RequestClass(
            workload=item.workload,
            prompt_tokens=item.prompt_tokens.value,
            cached_tokens=item.cached_tokens.value,
            output_tokens=item.output_tokens.value,
        )
        for item in demand.workloads
    ]
    # A machine that no table knows needs a stated price; without one its name is taken for a slip.
    stated = {
        offer.accelerator
        for offer in engagement.gpu_offers
        if (offer.price_per_accelerator or offer.price_per_accelerator_hour) and offer.accelerator not in accelerators()
    }
    listed = [offer.accelerator for offer in engagement.gpu_offers if offer.accelerator not in stated]
    offers = [offer.listed_as for offer in engagement.api_offers]
    if carried.is_file():
        book = use_book(load_prices(carried), api_offers=offers, request_classes=classes, accelerators=listed)
    else:
        book = price_book(date=engagement.date, api_offers=offers, request_classes=classes, accelerators=listed)
    book = with_disputes(book, second_list())
    quotes = quotes_of(engagement)
    return book.model_copy(update={"rentals": with_quotes(book.rentals, quotes)}) if quotes else book
