"""What 10,000 look-ups of API prices take: the same requests again and again, and requests that all differ.

    python benchmarks/price_lookup.py [--look-ups 10000]

*Repeated*: 150 different requests at three models, as a Monte Carlo run asks for them, through ``price_request``, which
remembers them. *Different*: each of another length, through ``price_request``, and by the list prices of a price book
(``ApiPrice.usd``). The first look-up, which reads the price list, is timed for itself. Ends with 1 if one of the others
takes more than a second.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
from time import perf_counter

MODELS = [("openai", "gpt-4o"), ("google", "gemini-2.5-flash"), ("anthropic", "claude-haiku-4-5")]
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
LIMIT_S = 1.0


def main() -> int:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--look-ups", type=int, default=10_000)
    count = parser.parse_args().look_ups

    start = perf_counter()
    from kit.pricing.api_price import api_price
    from kit.pricing.tokens import price_request

    for provider, model in MODELS:
        price_request(provider, model, prompt_tokens=1, output_tokens=1, when=NOON)
    print(f"first look-up of {len(MODELS)} models, imports included: {perf_counter() - start:.3f} s")  # noqa: T201

    start = perf_counter()
    for index in range(count):
        price_request(*MODELS[index % 3], prompt_tokens=1000 + index % 50, output_tokens=300, when=NOON)
    repeated = perf_counter() - start
    print(f"{count} repeated, price_request: {repeated:.3f} s")  # noqa: T201

    start = perf_counter()
    rows = [api_price(provider, model, NOON) for provider, model in MODELS]
    for index in range(count):
        rows[index % 3].usd(prompt_tokens=1000 + index, output_tokens=300)
    by_book = perf_counter() - start
    print(f"{count} different, ApiPrice.usd: {by_book:.3f} s")  # noqa: T201

    start = perf_counter()
    for index in range(count):
        price_request(*MODELS[index % 3], prompt_tokens=2000 + index, output_tokens=301, when=NOON)
    different = perf_counter() - start
    print(f"{count} different, price_request: {different:.3f} s")  # noqa: T201
    print(f"load average {os.getloadavg()[0]:.1f}")  # noqa: T201
    return int(max(repeated, different, by_book) > LIMIT_S)


if __name__ == "__main__":
    raise SystemExit(main())
