"""What a sweep is to measure: closed loops, open loops, a trace, the highest load within an objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kit.errors import InputError
from kit.profiler.arrivals import Arrival
from kit.profiler.goodput import parse_limits
from kit.profiler.profile import Regime


@dataclass(frozen=True)
class ClosedLoop:
    """A fixed number of requests in flight."""

    prompt_tokens: int
    output_tokens: int
    concurrency: int

    weight = 1.0
    """Part of the time budget, against the other tasks."""

    @property
    def load(self) -> str:
        """The load in words."""
        return f"{self.concurrency} in flight"

    @property
    def label(self) -> str:
        """How findings call it."""
        return f"{self.prompt_tokens}x{self.output_tokens} with {self.load}"

    @property
    def longest(self) -> int:
        """Prompt and output of the longest request, in tokens."""
        return self.prompt_tokens + self.output_tokens


@dataclass(frozen=True)
class OpenLoop:
    """Requests on a schedule of a given rate.

    Attributes:
        prompt_tokens, output_tokens: of each request.
        rate_per_s: requests per second.
        process: :attr:`Regime.POISSON` or :attr:`Regime.CONSTANT`.
    """

    prompt_tokens: int
    output_tokens: int
    rate_per_s: float
    process: Regime = Regime.POISSON

    weight = 1.5

    @property
    def load(self) -> str:
        """The load in words."""
        return f"{self.rate_per_s:g} requests/s ({self.process.value})"

    @property
    def label(self) -> str:
        """How findings call it."""
        return f"{self.prompt_tokens}x{self.output_tokens} at {self.load}"

    @property
    def longest(self) -> int:
        """Prompt and output of the longest request, in tokens."""
        return self.prompt_tokens + self.output_tokens


@dataclass(frozen=True)
class Replay:
    """The requests of a trace, at its moments and of its lengths.

    Attributes:
        name: of the trace, without a path.
        arrivals: at least one.
    """

    name: str
    arrivals: tuple[Arrival, ...]

    weight = 3.0

    @property
    def load(self) -> str:
        """The load in words."""
        return f"{self.name} (trace)"

    @property
    def label(self) -> str:
        """How findings call it."""
        return f"the trace {self.name}"

    @property
    def longest(self) -> int:
        """Prompt and output of the longest request, in tokens."""
        return max(one.prompt_tokens + one.output_tokens for one in self.arrivals)


@dataclass(frozen=True)
class Search:
    """The highest Poisson load that meets an objective.

    Attributes:
        prompt_tokens, output_tokens: of each request.
        objective: as :func:`kit.profiler.goodput.parse_limits` reads it.
    """

    prompt_tokens: int
    output_tokens: int
    objective: str

    weight = 6.0

    def __post_init__(self) -> None:
        """Read the objective, so that a mistake in it does not wait until the search begins.

        Raises:
            InputError: it cannot be read.
        """
        parse_limits(self.objective)

    @property
    def load(self) -> str:
        """The load in words."""
        return f"goodput {self.objective}"

    @property
    def label(self) -> str:
        """How findings call it."""
        return f"{self.prompt_tokens}x{self.output_tokens}, {self.load}"

    @property
    def longest(self) -> int:
        """Prompt and output of the longest request, in tokens."""
        return self.prompt_tokens + self.output_tokens


Task = ClosedLoop | OpenLoop | Replay | Search


def service_curve(shapes: Sequence[tuple[int, int]], concurrency: Sequence[int]) -> list[ClosedLoop]:
    """Return the points of the service curve in order of importance.

    Per shape: one request in flight (the latency nobody can beat), the largest number (the most the machine gives),
    then the others from large to small.

    Args:
        shapes: prompt and output tokens, the most important first.
        concurrency: numbers of requests in flight.

    Raises:
        InputError: a shape or a number is not positive, or there is none.
    """
    numbers = sorted(set(concurrency))
    if not numbers or numbers[0] < 1:
        raise InputError(f"concurrency {tuple(concurrency)} makes no sense; give whole numbers from 1, e.g. 1,2,4,8")
    if not shapes or any(length < 1 for shape in shapes for length in shape):
        raise InputError(f"shapes {tuple(shapes)} make no sense; give prompt x output tokens, e.g. 128x32")
    order = [numbers[0], *reversed(numbers[1:])]
    return [ClosedLoop(prompt, output, number) for prompt, output in dict.fromkeys(shapes) for number in order]
