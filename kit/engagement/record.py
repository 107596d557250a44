"""The first record: what the client said. One YAML file, every figure with its basis."""

from __future__ import annotations

import datetime as dt
import math
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from kit.engagement.colours import LEAST, contrast_with_white, dark_enough
from kit.errors import did_you_mean, one_of
from kit.record import Basis, Figure, Part, Record
from kit.wording import languages

HOURS_OF_DAY = 24
HOURS_OF_WEEK = 168


def _as_figure(given: Any, info: ValidationInfo) -> Any:
    """Let a plain number stand for a figure that the client quoted in this file on its date."""
    context = info.context or {}
    if isinstance(given, bool | str):
        raise ValueError(f"{given!r} is not a number; write a bare number, its unit is in the name of the key")
    if isinstance(given, int | float):
        given = {"value": given}
    if isinstance(given, dict):
        origin = {"basis": Basis.QUOTED, **{key: context[key] for key in ("source", "date") if key in context}}
        return {**origin, **given}
    return given


def _positive(figure: Figure) -> Figure:
    if figure.value <= 0:
        raise ValueError(f"{figure.value:g} is not allowed; it must be greater than 0")
    return figure


def _not_negative(figure: Figure) -> Figure:
    if figure.value < 0:
        raise ValueError(f"{figure.value:g} is not allowed; it must be 0 or more")
    return figure


def _change(figure: Figure) -> Figure:
    if figure.value <= -1:
        raise ValueError(f"{figure.value:g} is not allowed; a relative change lies above -1 (0.1 is 10 % more)")
    return figure


def _share(figure: Figure) -> Figure:
    if not 0 <= figure.value <= 1:
        raise ValueError(f"{figure.value:g} is not allowed; it is a share and lies between 0 and 1")
    return figure


_from_number = BeforeValidator(_as_figure, json_schema_input_type=float | Figure)
Positive = Annotated[Figure, _from_number, AfterValidator(_positive)]
NotNegative = Annotated[Figure, _from_number, AfterValidator(_not_negative)]
Share = Annotated[Figure, _from_number, AfterValidator(_share)]
Change = Annotated[Figure, _from_number, AfterValidator(_change)]


class DataClass(StrEnum):
    """How sensitive a workload's data is; what each class demands is in the kit's table of data classes."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    HEALTH = "health"


class Place(StrEnum):
    """The kinds of place where work can be done."""

    OWN = "own"
    RENTED = "rented"
    API = "api"


class Region(StrEnum):
    """Where data is processed."""

    EU = "EU"
    US = "US"
    UK = "UK"
    CH = "CH"
    ELSEWHERE = "elsewhere"


class Regulation(StrEnum):
    """Rules that bind a client; what each asks of a host and of the client is in the kit's table of regulations."""

    GDPR = "GDPR"
    HIPAA = "HIPAA"
    PCI_DSS = "PCI-DSS"
    ITAR = "ITAR"
    CJIS = "CJIS"
    FEDRAMP = "FedRAMP"
    DORA = "DORA"
    EU_AI_ACT = "EU AI Act"


class Modality(StrEnum):
    """What a workload sends to a model or wants from it."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"


class Customisation(StrEnum):
    """How far a model has to be changed before it can do a workload."""

    NONE = "none"
    FINE_TUNING = "fine-tuning"
    ADAPTERS = "adapters"
    TOKENIZER = "tokenizer"


class Commitment(StrEnum):
    """How a rented machine is paid for, and whether its renter may take it back."""

    ON_DEMAND = "on-demand"
    RESERVED = "reserved"
    SPOT = "spot"


class NamedShape(StrEnum):
    """Shapes of a week for a client that has no logs; assumed."""

    FLAT = "flat"
    OFFICE = "office"
    EVENING = "evening"
    NIGHT = "night"


class DailyShape(Part):
    """Relative load by hour of a weekday and of a day at the weekend; only the proportions matter."""

    weekday: tuple[float, ...] = Field(min_length=HOURS_OF_DAY, max_length=HOURS_OF_DAY)
    weekend: tuple[float, ...] = Field(min_length=HOURS_OF_DAY, max_length=HOURS_OF_DAY)


class HourlyFile(Part):
    """A CSV beside the engagement with 168 rows, Monday 00:00 first.

    Attributes:
        file: its path, relative to the engagement's folder.
        column: the column that holds the load of each hour.
    """

    file: str
    column: str = "requests"


class Latency(Part):
    """The service level: what 95 of 100 requests must meet, as the user sees it, network included."""

    ttft_p95_s: Positive | None = None
    tpot_p95_s: Positive | None = None
    e2e_p95_s: Positive | None = None


class QualityFloor(Part):
    """The least score that a model needs for a workload."""

    benchmark: str
    at_least: NotNegative


class Today(Part):
    """What serves the workload at present.

    Attributes:
        provider: the cloud API's id, e.g. ``openai``.
        model: the exact id of the model at this provider.
        cached: the provider's prompt cache is in use.
        batch: the requests go through its batch endpoint.
        cost_per_month: the bill as the client states it, engagement's currency.
    """

    provider: str
    model: str
    cached: bool = False
    batch: bool = False
    cost_per_month: NotNegative | None = None


class Workload(Part):
    """One AI workload.

    Attributes:
        name: how the client calls it.
        requests_per_day: requests on the average day of a week.
        shape: how they fall over the week.
        prompt_tokens: mean prompt length.
        output_tokens: mean output length.
        cached_share: share of the prompt that a prompt cache would hold.
        data_class: how sensitive the data is.
        latency: the service level; absent means that nobody waits.
        quality: the least quality; absent means that any model will do.
        regions: where the data may be processed; absent means anywhere.
        regulations: rules that bind this workload besides those that bind all of them.
        users: where its users are, if elsewhere than the engagement says.
        context_tokens: the longest request; absent means prompt and output at their mean.
        deferrable: the requests of a day may be served at any hour of that day.
        today: what serves it at present; absent means that it is new.
        growth_per_year: relative change of the requests per year (0.3 is 30 % more); absent means what the demand
            record says, else none.
        availability: share of the time that the service has to be up; absent means that no target is set.
        modalities: what it sends or wants back.
        customisation: how far a model has to be changed for it.
        needed_by: the day from which it has to be served; absent means that there is no date.
    """

    name: str = Field(min_length=1, max_length=200)
    description: str = ""
    requests_per_day: Positive
    shape: NamedShape | DailyShape | HourlyFile = NamedShape.FLAT
    prompt_tokens: Positive
    output_tokens: Positive
    cached_share: Share | None = None
    data_class: DataClass
    latency: Latency | None = None
    quality: QualityFloor | None = None
    regions: tuple[Region, ...] = ()
    regulations: tuple[Regulation, ...] = ()
    users: Region | None = None
    context_tokens: Positive | None = None
    deferrable: bool = False
    today: Today | None = None
    growth_per_year: Change | None = None
    availability: Share | None = None
    modalities: tuple[Modality, ...] = Field(default=(Modality.TEXT,), min_length=1)
    customisation: Customisation = Customisation.NONE
    needed_by: dt.date | None = None


class Contract(Part):
    """What the client has signed with a provider; overrides the public terms.

    Attributes:
        no_training: prompts and answers are not used to train models.
        zero_retention: they are not stored.
        dpa: a data processing agreement (GDPR).
        baa: a business associate agreement (HIPAA).
        soc2, iso27001: the client holds the report or the certificate.
        pci_dss: the attestation for card data covers the service.
        fedramp: the service is authorised at the level of the client's data.
        itar: only US persons have access.
        cjis: the agreement for US criminal justice information is in force.
    """

    no_training: bool | None = None
    zero_retention: bool | None = None
    dpa: bool | None = None
    baa: bool | None = None
    soc2: bool | None = None
    iso27001: bool | None = None
    pci_dss: bool | None = None
    fedramp: bool | None = None
    itar: bool | None = None
    cjis: bool | None = None

    @property
    def have(self) -> frozenset[str]:
        """Names of the terms that the client has."""
        return frozenset(name for name in type(self).model_fields if getattr(self, name))

    @property
    def refused(self) -> frozenset[str]:
        """Names of the terms that the contract denies, whatever the public terms say."""
        return frozenset(name for name in type(self).model_fields if getattr(self, name) is False)


class ApiOffer(Part):
    """A model that a cloud API would serve.

    Attributes:
        provider: the provider's id, e.g. ``openai``.
        model: the exact id of the model at this provider.
        prices_of: the provider in the price list by whose prices this one is priced, if the list does not have it;
            terms come from the provider itself.
        regions: where the client's contract has the data processed; absent means what the provider's terms say.
        contract: what was signed beyond the public terms.
        modalities: what the model takes and gives at this provider; absent means that only text is known.
        fine_tuning: the provider tunes this model on the client's data; absent means that it is not known.
        uptime: share of the time that the contract promises; absent means that none is promised.
    """

    provider: str
    model: str
    prices_of: str | None = None
    regions: tuple[Region, ...] = ()
    contract: Contract = Contract()
    modalities: tuple[Modality, ...] = ()
    fine_tuning: bool | None = None
    uptime: Share | None = None

    @property
    def listed_as(self) -> tuple[str, str]:
        """Provider and model under which the price list has it."""
        return self.prices_of or self.provider, self.model


class GpuOffer(Part):
    """Accelerators that can be bought or rented.

    Attributes:
        accelerator: its name in the kit's table, e.g. ``H100 SXM``; ``CPU`` for the machine itself.
        tenure: bought (``own``) or ``rented`` around the clock.
        provider: who rents it out.
        price_per_accelerator: purchase price, engagement's currency; absent means the table's.
        price_per_accelerator_hour: rent, engagement's currency; absent means the table's.
        regions: where the machines stand.
        contract: what was signed with whoever rents them out.
        at_most: how many accelerators can be had.
        commitment: how a rented one is paid for; absent means every kind that has a price.
        term_years: for how long one is reserved; only with ``commitment: reserved``.
        uptime: share of the time that the renter's contract promises; absent means that none is promised.
        ready_weeks: weeks from the engagement's date until it can serve; absent means the kit's lead time of the place.
    """

    accelerator: str
    tenure: Place
    provider: str | None = None
    price_per_accelerator: NotNegative | None = None
    price_per_accelerator_hour: NotNegative | None = None
    regions: tuple[Region, ...] = ()
    contract: Contract = Contract()
    at_most: int = Field(default=64, ge=1, le=4096)
    commitment: Commitment | None = None
    term_years: Positive | None = None
    uptime: Share | None = None
    ready_weeks: NotNegative | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.tenure is Place.API:
            raise ValueError("tenure: api is not a way to have a GPU; own or rented")
        if self.tenure is Place.RENTED and self.provider is None:
            raise ValueError("provider: a rented GPU needs the provider's name")
        if self.tenure is Place.OWN and self.commitment is not None:
            raise ValueError(f"commitment: {self.commitment} is a way to rent; leave it out where tenure is own")
        if self.tenure is Place.OWN and self.uptime is not None:
            raise ValueError("uptime: nobody promises it for an own machine; leave it out where tenure is own")
        if self.term_years is not None and self.commitment is not Commitment.RESERVED:
            raise ValueError("term_years: only a reserved machine has a term; commitment: reserved goes with it")
        return self


class ClientScore(Part):
    """A score from the client's own evaluation; it overrides a public one."""

    model: str
    benchmark: str
    score: NotNegative


class Rule(Part):
    """Where data of one class may go, if the client decides otherwise than the kit's table."""

    data_class: DataClass
    may_go_to: tuple[Place, ...]


class Money(Part):
    """The client's money; whatever is left out takes the kit's default and is shown as such.

    What each is, and its unit, is the label of the kit's default of that name; some say more here.

    Attributes:
        staff_fte_per_further_server: full-time equivalents for each owned server after the first.
        cluster_network_share: switches and cables between several servers, as a share of the servers' price.
        api_price_change_per_year: relative change of the list price of one and the same model (-0.1 is 10 % less).
        rent_change_per_year: the same of the rent of one and the same accelerator.
        purchase_price_change_per_year: the same of the price of one and the same new accelerator.
        migration_weeks_own: engineer-weeks to move one workload from an API onto machines that the client runs, own
            or rented.
        grid_g_co2_per_kwh: grams of CO2 equivalents per kWh of electricity at the client's site.
        network_cost_per_month: the site's link to the cloud, engagement's currency.
    """

    horizon_years: Positive | None = None
    discount_rate: Share | None = None
    electricity_price_per_kwh: NotNegative | None = None
    pue: Positive | None = None
    staff_cost_per_year: NotNegative | None = None
    staff_fte_own: NotNegative | None = None
    staff_fte_rented: NotNegative | None = None
    staff_fte_api: NotNegative | None = None
    server_overhead_share: NotNegative | None = None
    maintenance_share_per_year: NotNegative | None = None
    residual_share: Share | None = None
    colocation_per_kw_month: NotNegative | None = None
    staff_fte_per_further_server: NotNegative | None = None
    cluster_network_share: NotNegative | None = None
    api_price_change_per_year: Change | None = None
    rent_change_per_year: Change | None = None
    purchase_price_change_per_year: Change | None = None
    migration_weeks_own: NotNegative | None = None
    grid_g_co2_per_kwh: NotNegative | None = None
    network_cost_per_month: NotNegative | None = None


class Operations(Part):
    """How carefully capacity is planned; whatever is left out takes the kit's default.

    Attributes:
        headroom: share of the measured capacity that is planned for.
        spare_replicas: replicas beside those that the load needs.
        replica_availability: share of the time that one replica is up.
        spot_availability: share of the time that a spot machine is there.
        lead_weeks_own, lead_weeks_rented, lead_weeks_api: weeks from the decision until the first request is served.
    """

    headroom: Share | None = None
    spare_replicas: NotNegative | None = None
    replica_availability: Share | None = None
    spot_availability: Share | None = None
    lead_weeks_own: NotNegative | None = None
    lead_weeks_rented: NotNegative | None = None
    lead_weeks_api: NotNegative | None = None


class Limits(Part):
    """What the plan as a whole must keep to; absent means no limit. Money in the engagement's currency.

    Attributes:
        spend_share_per_provider: the most of all cost that may go to one provider, as a share.
        capex: the most that may be spent on purchases.
        cost_per_month: the most that the plan may cost a month, levelised.
        co2_tonnes_per_year: the most CO2 equivalents a year, in tonnes.
        carbon_price_per_tonne: what the client lets a tonne of CO2 equivalents weigh in the choice; no cash.
    """

    spend_share_per_provider: Share | None = None
    capex: NotNegative | None = None
    cost_per_month: NotNegative | None = None
    co2_tonnes_per_year: NotNegative | None = None
    carbon_price_per_tonne: NotNegative | None = None


class Risk(Part):
    """What the client is ready to risk; whatever is left out takes the kit's default.

    Attributes:
        regret_share: the 95th percentile of regret that the client accepts, as a share of the plan's cost.
    """

    regret_share: Share | None = None


_COLOUR = r"^#[0-9a-fA-F]{6}$"


def _readable(colour: str) -> str:
    colour = colour.lower()
    if (contrast := contrast_with_white(colour)) < LEAST:
        # Rounded down, so that 4.499 does not read as 4.5.
        shown = math.floor(100 * contrast) / 100
        raise ValueError(
            f"{colour} cannot be read on white: its contrast is {shown:g}, at least {LEAST:g} is needed; the nearest "
            f"darker colour is {dark_enough(colour)}"
        )
    return colour


def _told(language: str) -> str:
    if language not in languages():
        known = languages()
        raise ValueError(
            f"{language!r} is no language of the documents{did_you_mean(language, known)}; allowed: {one_of(known)}"
        )
    return language


class Document(Part):
    """How the documents look: the consultant's letterhead, the language and the paper.

    Attributes:
        consultant: name of the firm that signs.
        address: its lines.
        logo: an SVG or PNG file, relative to the engagement's folder.
        colour: of headings, rules and own machines, ``#rrggbb``; dark enough to be read on white.
        accent: of the cloud, ``#rrggbb``; likewise.
        language: of the documents, e.g. ``en`` or ``de``.
        paper: a4 or letter.
    """

    consultant: str = Field(default="", max_length=200)
    address: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=8)
    logo: Annotated[str, Field(min_length=1)] | None = None
    colour: Annotated[str, Field(pattern=_COLOUR), AfterValidator(_readable)] | None = None
    accent: Annotated[str, Field(pattern=_COLOUR), AfterValidator(_readable)] | None = None
    language: Annotated[str, AfterValidator(_told)] = "en"
    paper: Literal["a4", "letter"] = "a4"


class Engagement(Record):
    """What the client said.

    Attributes:
        client: the client's name.
        date: the day on which the client said it; figures without a date of their own take this one.
        currency: ISO 4217 code of all money in the file and in the verdict.
        usd_per_unit: US dollars for one unit of the currency; public prices are in dollars.
        regulations: rules that bind every workload.
        users: where the users are; absent means near wherever the work is done.
        workloads: what has to be served.
        models: open models that may be hosted, by their name in the kit's table.
        api_offers: models that may be called.
        gpu_offers: accelerators that may be bought or rented.
        profiles: hardware profiles to take; absent means all that fit an offer and a model.
        rules: where data may go, if otherwise than in the kit's table.
        scores: the client's own scores.
        skills: the places whose work the client's own people can run; absent means any.
        limits: what the plan as a whole must keep to.
        risk: what the client is ready to risk.
        document: how the documents look.
    """

    kind: ClassVar[str] = "engagement"
    client: str = Field(min_length=1, max_length=200)
    title: str = ""
    date: dt.date
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")
    usd_per_unit: Positive | None = None
    money: Money = Money()
    operations: Operations = Operations()
    regulations: tuple[Regulation, ...] = ()
    users: Region | None = None
    workloads: tuple[Workload, ...] = Field(min_length=1)
    models: tuple[str, ...] = ()
    api_offers: tuple[ApiOffer, ...] = ()
    gpu_offers: tuple[GpuOffer, ...] = ()
    profiles: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    scores: tuple[ClientScore, ...] = ()
    skills: Annotated[tuple[Place, ...], Field(min_length=1)] | None = None
    limits: Limits = Limits()
    risk: Risk = Risk()
    document: Document = Document()

    def regulations_of(self, workload: Workload) -> tuple[Regulation, ...]:
        """Return the rules that bind a workload: those of all and its own, each once."""
        return tuple(dict.fromkeys((*self.regulations, *workload.regulations)))

    def users_of(self, workload: Workload) -> Region | None:
        """Return where the users of a workload are, or ``None`` if nobody said."""
        return workload.users or self.users

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [workload.name for workload in self.workloads]
        if doubles := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"workloads: two workloads are called {doubles[0]!r}; names must differ")
        if self.currency != "USD" and self.usd_per_unit is None:
            raise ValueError(
                f"usd_per_unit: needed, because public prices are in USD and the currency is {self.currency}"
            )
        if self.currency == "USD" and self.usd_per_unit is not None and self.usd_per_unit.value != 1:
            raise ValueError("usd_per_unit: one US dollar is one US dollar; leave it out")
        late = [item for item in self.workloads if item.needed_by is not None and item.needed_by < self.date]
        if late:
            raise ValueError(
                f"workloads: {late[0].name!r} is needed by {late[0].needed_by}, before the engagement's own date, "
                f"{self.date}"
            )
        if not self.api_offers and not self.gpu_offers:
            raise ValueError("api_offers, gpu_offers: at least one offer is needed, or there is nothing to choose from")
        return self
