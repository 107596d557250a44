"""A price on which two lists disagree."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from kit.figures import plain, short_day, signed_percent, significant
from kit.record import Part
from kit.wording import fixed, say

PriceName = Literal["usd_per_mtok_input", "usd_per_mtok_cached", "usd_per_mtok_output"]
PRICE_NAMES: tuple[PriceName, ...] = ("usd_per_mtok_input", "usd_per_mtok_cached", "usd_per_mtok_output")
WORDS = {
    "usd_per_mtok_input": fixed("input"),
    "usd_per_mtok_cached": fixed("cached input"),
    "usd_per_mtok_output": fixed("output"),
}
LIMIT = 0.01
"""Smaller differences are roundings."""


class Dispute(Part):
    """A price on which a second list disagrees by more than 1 %.

    Attributes:
        provider: genai-prices id of the provider.
        model: exact id of the model.
        price: which price.
        batch: of the batch interface.
        above_tokens: of prompts longer than that; ``None`` for those that pay the first price.
        ours: what the price book says, US dollars per 10⁶ tokens.
        theirs: what the second list says, likewise.
        listed_as: the key in the second list.
        source: the second list.
        date: the day of the second list.
    """

    provider: str
    model: str
    price: PriceName
    batch: bool = False
    above_tokens: int | None = None
    ours: float = Field(ge=0)
    theirs: float = Field(ge=0)
    listed_as: str
    source: str = Field(min_length=1)
    date: dt.date

    def concerns(self, prompt_tokens: float, *, batch: bool = False) -> bool:
        """Tell whether a request pays this price.

        Args:
            prompt_tokens: of the request, the cached ones among them.
            batch: whether it goes through the batch interface.
        """
        return self.batch is batch and (self.above_tokens is None or prompt_tokens > self.above_tokens)

    @property
    def difference(self) -> float | None:
        """Theirs over ours, minus one; ``None`` where ours is zero."""
        return self.theirs / self.ours - 1 if self.ours else None

    @property
    def what(self) -> str:
        """Which price it is, in words: ``batch output above 272000 tokens``."""
        part = WORDS[self.price]
        if self.above_tokens is None:
            return say("batch {part}", part=part) if self.batch else part
        tokens = plain(self.above_tokens)
        if self.batch:
            return say("batch {part} above {tokens} tokens", part=part, tokens=tokens)
        return say("{part} above {tokens} tokens", part=part, tokens=tokens)

    @property
    def sentence(self) -> str:
        """The dispute in one sentence."""
        known = {
            "model": f"{self.provider}/{self.model}",
            "what": self.what,
            "ours": plain(self.ours),
            "theirs": plain(self.theirs),
            "key": self.listed_as,
            "source": self.source,
            "date": short_day(self.date),
        }
        if self.difference is None:
            return say(
                "{model}, {what}: {ours} USD per million tokens, but {theirs} as {key} in {source} of {date}", **known
            )
        if self.difference < 9:
            return say(
                "{model}, {what}: {ours} USD per million tokens, but {theirs} as {key} in {source} of {date} ({share})",
                share=signed_percent(self.difference),
                **known,
            )
        return say(
            "{model}, {what}: {ours} USD per million tokens, but {theirs} as {key} in {source} of {date} ({factor} "
            "times)",
            factor=significant(self.difference + 1, 4),
            **known,
        )


def disagrees(ours: float, theirs: float) -> bool:
    """Tell whether two prices differ by more than 1 % of the smaller one; the limit itself is still agreement."""
    return abs(theirs - ours) > LIMIT * min(ours, theirs) * (1 + 1e-9)
