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
