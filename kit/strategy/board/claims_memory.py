"""Claims about GPU memory, set against the kit's predictor at this client's lengths and requests in flight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kit.engagement.record import Place
from kit.facts.architectures import Architecture, architecture, architectures
from kit.facts.gpus import accelerators
from kit.figures import decimal, number, percent
from kit.hardware.memory import Fit, fewest_gpus, fit
from kit.hardware.quantisation import weight_bytes
from kit.record import Basis
from kit.strategy.board import Case
from kit.strategy.board.sides import found, local_pools, open_pools
from kit.strategy.dossier import Claim
from kit.wording import fixed, say

Outcome = Literal["holds", "holds in part", "does not hold", "not known"]

SMALL, LARGE = "Mistral-7B-Instruct-v0.3", "Llama-3.3-70B-Instruct"
"""Models that the claims are tried with."""

CARD_GB = 24.0
A100 = "A100 80GB SXM"
A100_LOW, A100_HIGH = 2, 4
"""GPUs that the claim gives a 70B model."""

CUTS = 0.25
"""Share of all memory that quantisation has to save for the claim to hold in full. Judgement."""

SCHEMES = {"fp8": "FP8", "awq-int4": "INT4"}
PREDICTOR = fixed("memory predictor of the kit")
GIB = 1024**3


@dataclass(frozen=True)
class Shape:
    """What a machine holds at once here.

    Attributes:
        context_tokens: prompt and output of the longest mean request among the workloads on machines; where the plan
            has none, among those that may use some machine on offer, and where none may, of all.
        concurrency: requests in flight on a replica of the plan, the most of any pool; 1 without one.
    """

    context_tokens: int
    concurrency: int


def shape_of(case: Case) -> Shape:
    """Return the lengths and the number of requests at a time for which memory is asked here."""
    served = {row.workload for row in case.verdict.placements if set(row.places) - {Place.API}}
    every = case.choice.demand.workloads
    items = [item for item in every if item.workload in served]
    items = items or [item for w, item in enumerate(every) if open_pools(case, w)]
    longest = max(item.tokens_per_request for item in items or every)
    level = max((pool.concurrency or 1 for pool in local_pools(case)), default=1)
    return Shape(round(longest), level)


def fits_24_gb(case: Case) -> Claim:
    """Return whether a 7B model in 16 bits fits on one card of 24 GB at this client's lengths and concurrency.

    It holds where it fits on every such card of the table with so many requests at a time, in part where one request
    fits and so many do not, or where only a measurement tells; else it does not.
    """
    shape, model = shape_of(case), architecture(SMALL)
    cards = [name for name, card in accelerators().items() if card.memory_gb.value == CARD_GB]
    context = min(shape.context_tokens, model.context_tokens)
    many = [fit(model, card, dtype="float16", context_tokens=context, concurrency=shape.concurrency) for card in cards]
    one = [fit(model, card, dtype="float16", context_tokens=context) for card in cards]
    tight = min(many, key=lambda answer: answer.available_gib)
    outcome: Outcome
    if all(answer.verdict == "fits" for answer in many):
        outcome = "holds"
    elif any(answer.verdict != "does not fit" for answer in one):
        outcome = "holds in part"
    else:
        outcome = "does not hold"
    text = say(
        "{model} in 16 bits needs {weights} GiB for its weights and {needed} GiB for requests of {context} tokens, "
        "{requests} at a time, of the {available} GiB that {card} gives. Most that fit there at a time: {most}.",
        model=SMALL,
        weights=number(tight.weights_gib),
        needed=number(tight.needed_gib),
        requests=decimal(shape.concurrency),
        context=decimal(context),
        available=number(tight.available_gib),
        card=tight.accelerator,
        most=decimal(tight.most_concurrent),
    )
    return Claim(
        key="fits_24_gb",
        claim=fixed("A 7B model fits on one 24 GB card"),
        outcome=outcome,
        finding=found(text, [PREDICTOR, *_served(case, model, cards, 1)], [Basis.PREDICTED]),
    )


def needs_a100(case: Case) -> Claim:
    """Return how many A100 of 80 GB a 70B model in 16 bits needs here, against two to four.

    It holds where the fewest of 1, 2, 4 or 8 that fit lie within it, in part where one request needs no more than four
    and as many as are served at a time need more; else it does not.
    """
    shape, model = shape_of(case), architecture(LARGE)
    context = min(shape.context_tokens, model.context_tokens)
    many = fewest_gpus(model, A100, dtype="float16", context_tokens=context, concurrency=shape.concurrency)
    one = fewest_gpus(model, A100, dtype="float16", context_tokens=context)
    outcome: Outcome
    if many.verdict == "fits" and A100_LOW <= many.gpus <= A100_HIGH:
        outcome = "holds"
    elif one.verdict == "fits" and A100_LOW <= one.gpus <= A100_HIGH:
        outcome = "holds in part"
    else:
        outcome = "does not hold"
    values = {
        "model": LARGE,
        "weights": number(many.weights_gib * many.gpus),
        "requests": decimal(shape.concurrency),
        "context": decimal(context),
    }
    if many.verdict == "fits":
        text = say(
            "{model} in 16 bits has {weights} GiB of weights. For requests of {context} tokens, {requests} at a time, "
            "it needs {gpus} × {card}, the fewest of 1, 2, 4 or 8 that fit.",
            gpus=decimal(many.gpus),
            card=A100,
            **values,
        )
    else:
        text = say(
            "{model} in 16 bits has {weights} GiB of weights. For requests of {context} tokens, {requests} at a time, "
            "not even {gpus} × {card} are sure to hold it.",
            gpus=decimal(many.gpus),
            card=A100,
            **values,
        )
    support = [name for gpus in (A100_LOW, A100_HIGH) for name in _served(case, model, [A100], gpus)]
    return Claim(
        key="needs_a100",
        claim=fixed("A 70B model needs two to four A100 80 GB"),
        outcome=outcome,
        finding=found(text, [PREDICTOR, *support], [Basis.PREDICTED]),
    )


def quantisation_cuts(case: Case) -> Claim:
    """Return what weights in 8 and in 4 bits save, of the weights and of all that a replica needs here.

    It holds where each saves a quarter of all memory or more, in part where the weights shrink and all memory by less;
    it does not where nothing shrinks.
    """
    shape = shape_of(case)
    name, card, gpus = _replica(case)
    model = architecture(name)
    context = min(shape.context_tokens, model.context_tokens)

    def needed(scheme: str) -> Fit:
        return fit(
            model,
            card,
            gpus=gpus,
            dtype="float16",
            quantisation=scheme,
            context_tokens=context,
            concurrency=shape.concurrency,
        )

    plain, small = needed("none"), {scheme: needed(scheme) for scheme in SCHEMES}
    saved = [1 - answer.needed_gib / plain.needed_gib for answer in small.values()]
    outcome: Outcome
    if min(saved) >= CUTS:
        outcome = "holds"
    elif max(saved) > 0:
        outcome = "holds in part"
    else:
        outcome = "does not hold"
    fp8, int4 = small["fp8"], small["awq-int4"]
    text = say(
        "Weights of {model}: {plain} GiB in 16 bits, {fp8} in FP8, {int4} in INT4. For requests of {context} tokens, "
        "{requests} at a time, that saves {fp8_share} and {int4_share} of all memory that {gpus} × {card} need.",
        model=name,
        plain=number(weight_bytes(model, dtype="float16", quantisation="none") / GIB),
        fp8=number(weight_bytes(model, dtype="float16", quantisation="fp8") / GIB),
        int4=number(weight_bytes(model, dtype="float16", quantisation="awq-int4") / GIB),
        gpus=decimal(gpus),
        card=card,
        requests=decimal(shape.concurrency),
        context=decimal(context),
        fp8_share=percent(1 - fp8.needed_gib / plain.needed_gib),
        int4_share=percent(1 - int4.needed_gib / plain.needed_gib),
    )
    return Claim(
        key="quantisation",
        claim=fixed("Quantisation cuts memory"),
        outcome=outcome,
        finding=found(text, [PREDICTOR], [Basis.PREDICTED]),
    )


def _replica(case: Case) -> tuple[str, str, int]:
    """Return model, accelerator and number of accelerators of the plan's first replica that the predictor knows.

    Without one it is the large model on four A100.
    """
    # All loads of a profile share its model and its accelerators.
    known = {(pool.label, pool.profile.name): pool for pool in case.choice.pools}
    for pool in local_pools(case):
        option = known[pool.label, pool.profile]
        if pool.accelerator in accelerators() and option.model.architecture in architectures():
            return pool.model, pool.accelerator, option.profile.accelerators
    return LARGE, A100, A100_HIGH


def _served(case: Case, model: Architecture, cards: list[str], gpus: int) -> list[str]:
    """Return the profiles in which somebody served a model in 16 bits on so many cards."""
    return [
        say("served in {profile}", profile=one.name)
        for one in case.profiles
        if one.model.architecture == model.name
        and one.accelerator in cards
        and one.accelerators == gpus
        and one.model.dtype in ("fp16", "bf16", "float16", "bfloat16")
    ]
