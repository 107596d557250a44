"""Prompts of a known number of tokens, each different from the others, so that no prefix cache can help."""

from __future__ import annotations

import random
from string import ascii_lowercase


def word(index: int) -> str:
    """Return the word that stands for token ``index`` in the kit's generated tokenizer.

    The words are the letter strings in order of length (``a`` ... ``z``, ``aa``, ``ab`` ...), which is bijective
    base 26, so that every index has one word and no two share one.

    Args:
        index: token id, from 0.
    """
    letters: list[str] = []
    rest = index + 1
    while rest > 0:
        rest, digit = divmod(rest - 1, 26)
        letters.append(ascii_lowercase[digit])
    return "".join(reversed(letters))


def prompt(tokens: int, *, vocab_size: int, seed: int) -> str:
    """Return ``tokens`` random words; with the generated tokenizer that is exactly ``tokens`` tokens.

    With another tokenizer the count differs, which does no harm: counts are always read from the server's ``usage``.

    Args:
        tokens: number of words.
        vocab_size: the words are drawn from the first so many.
        seed: equal seeds give equal prompts.
    """
    draw = random.Random(seed)
    return " ".join(word(draw.randrange(vocab_size)) for _ in range(tokens))


class Prompts:
    """Distinct prompts that cost next to nothing to make while a run is on: windows into one long random text.

    No two begin alike, so no prefix cache can help. To draw each prompt afresh takes milliseconds, in which the client
    reads nothing.
    """

    _AHEAD = 16384
    """Prompts of one text; then comes the next text."""

    def __init__(self, longest: int, *, vocab_size: int, seed: int) -> None:
        self._longest = longest
        self._vocab_size = vocab_size
        self._seed = seed
        self._texts: dict[int, list[str]] = {}
        self._words(0)

    def text(self, number: int, tokens: int) -> str:
        """Return prompt ``number`` of so many tokens, no more than the longest."""
        part, start = divmod(number, self._AHEAD)
        return " ".join(self._words(part)[start : start + tokens])

    def _words(self, part: int) -> list[str]:
        if part not in self._texts:
            seed = (self._seed << 32) + part
            text = prompt(self._longest + self._AHEAD, vocab_size=self._vocab_size, seed=seed)
            self._texts[part] = text.split()
        return self._texts[part]
