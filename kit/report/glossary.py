"""The glossary: terms of the field that occur in a document, each in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from kit.report.parts import Column, Heading, Section, Table, Text
from kit.wording import fixed, retell, say


@dataclass(frozen=True)
class Term:
    """A term.

    Attributes:
        name: as the glossary lists it.
        meaning: one sentence.
        found: a regular expression that finds it in English text.
    """

    name: str
    meaning: str
    found: str


TERMS = (
    Term(fixed("API"), fixed("A model that somebody else runs and that is paid by the token."), r"\bAPIs?\b"),
    Term(fixed("Batch interface"), fixed("A cheaper way to an API for requests that may wait some hours."),
         r"[Bb]atch"),
    Term(fixed("Depreciation"), fixed("The part of a purchase that the books write off in a year; it is no cash."),
         r"[Dd]epreciation"),
    Term(fixed("EVPI"), fixed("Expected value of perfect information: what it would be worth at most to know every "
                              "figure exactly before deciding."), r"\bEVPI\b"),
    Term(fixed("EVPPI"), fixed("The same for one figure alone."), r"\bEVPPI\b"),
    Term(fixed("First token, TTFT"), fixed("Time to first token: how long a user waits before the answer begins."),
         r"\bTTFT\b|[Ff]irst token"),
    Term(fixed("Further token, TPOT"), fixed("Time per output token: how long each token after the first one takes."),
         r"\bTPOT\b|further token"),
    Term(fixed("Gate"), fixed("A rule that strikes an option for a workload, whatever it costs."), r"\b[Gg]ates?\b"),
    Term(fixed("Goodput"), fixed("The throughput of those requests alone that keep their limits of latency."),
         r"[Gg]oodput"),
    Term(fixed("GPQA Diamond"), fixed("A public test of hard science questions; its score stands for the quality of a "
                                      "model."), r"GPQA Diamond"),
    Term(fixed("IRR"), fixed("Internal rate of return: the yearly interest at which what is spent first comes back "
                             "exactly."), r"\bIRR\b"),
    Term(fixed("KV cache"), fixed("Memory in which the model keeps the keys and values of the requests in flight; it "
                                  "bounds how many fit."), r"KV cache"),
    Term(fixed("Load-duration curve"), fixed("The hours of a week sorted by load, the fullest first."),
         r"[Ll]oad-duration"),
    Term(fixed("M tokens"), fixed("Million tokens, prompt and output together unless something else is said."),
         r"M tokens"),
    Term(fixed("NPV"), fixed("Net present value: all payments over the horizon, later ones discounted; here of cash "
                             "out, so that less is better."), r"\bNPV\b|net present value"),
    Term(fixed("Overflow"), fixed("Requests that go to the cloud because the machines are full or have failed."),
         r"[Oo]verflow"),
    Term(fixed("p10, p50, p90, p95, p99"), fixed("Percentiles: so many per cent of the values lie below."),
         r"\bp(10|50|90|95|99)\b"),
    Term(fixed("Payback"), fixed("The time until what is spent first has come back by lower bills."), r"[Pp]ayback"),
    Term(fixed("Prompt cache"), fixed("A discount of an API, or saved work of a machine, for the beginning of a prompt "
                                      "that was sent before."), r"[Pp]rompt cache|[Cc]ached"),
    Term(fixed("PUE"), fixed("Power usage effectiveness: electricity of the whole machine room over that of its "
                             "computers."), r"\bPUE\b|power usage effectiveness"),
    Term(fixed("Regret"), fixed("What a plan costs above the cheapest plan in the same future."), r"[Rr]egret"),
    Term(fixed("Replica"), fixed("One copy of a model on one or more accelerators that answers requests by itself."),
         r"[Rr]eplicas?\b"),
    Term(fixed("Spot"), fixed("A rented machine that its renter may take back at any time."), r"\b[Ss]pot\b"),
    Term(fixed("TCO"), fixed("Total cost of ownership: the sum of all payments over the horizon, not discounted."),
         r"\bTCO\b"),
    Term(fixed("Tensor parallel"), fixed("A model split over several accelerators that work on every token together."),
         r"[Tt]ensor[ -]parallel"),
    Term(fixed("Token"), fixed("A piece of text, about three quarters of an English word."), r"[Tt]okens?\b"),
)  # fmt: skip
"""In the order of the English alphabet."""


def glossary(english: Sequence[Section]) -> Table:
    """Return the terms that occur in a document.

    Args:
        english: its sections in English, where the terms are looked for: other languages inflect them.
    """
    text = "\n".join(piece for section in english for piece in _text(section))
    terms = [(retell(term.name), retell(term.meaning)) for term in TERMS if re.search(term.found, text)]
    half = (len(terms) + 1) // 2
    pair = (Column(head=say("Term"), share=1), Column(head=say("Meaning"), share=2.6))
    return Table(
        caption=say("Terms of this document"),
        columns=(*pair, *pair),
        rows=tuple((*left, *right) for left, right in zip_longest(terms[:half], terms[half:], fillvalue=("", ""))),
        small=True,
        key="glossary",
    )


def _text(section: Section) -> Iterator[str]:
    """Yield every text of a section."""
    yield section.title
    for block in section.blocks:
        if isinstance(block, Text):
            yield block.text
        elif isinstance(block, Heading):
            yield block.heading
        elif isinstance(block, Table):
            yield block.caption
            yield from (column.head for column in block.columns)
            for row in (*block.rows, *((block.total,) if block.total else ())):
                for cell in row:
                    yield from (cell,) if isinstance(cell, str) else (chip.text for chip in cell)
        else:
            yield block.alt
