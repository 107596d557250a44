"""When requests arrive: against closed forms, and traces as they are published."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from scipy.stats import kstest

from kit.errors import InputError
from kit.profiler.arrivals import Arrival, constant, poisson, read_trace


def test_constant() -> None:
    """At four per second for a second and a half requests are due at 0, 0.25, ... 1.25 s."""
    got = constant(4.0, seconds=1.5, prompt_tokens=7, output_tokens=3)
    assert [one.due_s for one in got] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]
    assert {(one.prompt_tokens, one.output_tokens) for one in got} == {(7, 3)}


def test_poisson_gaps_are_exponential() -> None:
    """The gaps of a Poisson process of 50 per second are exponential of mean 20 ms (Kolmogorov-Smirnov)."""
    got = poisson(50.0, seconds=200.0, prompt_tokens=7, output_tokens=3, seed=1)
    gaps = [after.due_s - before.due_s for before, after in pairwise(got)]
    assert abs(len(got) - 10_000) < 300  # three standard deviations: 3 × √10000
    assert kstest(gaps, "expon", args=(0, 0.02)).pvalue > 0.01
    assert 0 < got[0].due_s < got[-1].due_s < 200.0


def test_poisson_is_seeded() -> None:
    """Equal seeds give equal arrivals, and others differ."""
    one, same, other = (poisson(5.0, seconds=9.0, prompt_tokens=7, output_tokens=3, seed=seed) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize("rate", [0.0, -1.0, float("inf"), float("nan")])
def test_rate(rate: float) -> None:
    """A rate that is not above 0 is refused."""
    with pytest.raises(InputError, match="it should be above 0"):
        poisson(rate, seconds=1.0, prompt_tokens=1, output_tokens=1, seed=1)


TRACES = {
    "own.csv": "due_s,prompt_tokens,output_tokens\n10,100,20\n12.5,50,10\n",
    "azure.csv": "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    "2023-11-16 18:17:03.9799600,100,20\n2023-11-16 18:17:06.4799600,50,10\n",
    "mooncake.jsonl": '{"timestamp": 27000, "input_length": 100, "output_length": 20, "hash_ids": [46]}\n\n'
    '{"timestamp": 29500, "input_length": 50, "output_length": 10, "hash_ids": [46]}\n',
}


class TestTrace:
    @pytest.mark.parametrize("name", TRACES)
    def test_formats(self, name: str, tmp_path: Path) -> None:
        """The kit's own columns, the Azure traces and the Mooncake traces give the same arrivals, the first at 0."""
        (tmp_path / name).write_text(TRACES[name])
        assert read_trace(tmp_path / name) == (Arrival(0.0, 100, 20), Arrival(2.5, 50, 10))

    def test_speed(self, tmp_path: Path) -> None:
        """At twice the speed a trace takes half the time."""
        (tmp_path / "t.csv").write_text(TRACES["own.csv"])
        assert [one.due_s for one in read_trace(tmp_path / "t.csv", speed=2.0)] == [0.0, 1.25]

    def test_order(self, tmp_path: Path) -> None:
        """Requests are due in the order of time, whatever the order of lines."""
        (tmp_path / "t.csv").write_text("due_s,prompt_tokens,output_tokens\n3,1,1\n1,2,2\n")
        assert read_trace(tmp_path / "t.csv") == (Arrival(0.0, 2, 2), Arrival(2.0, 1, 1))

    @pytest.mark.parametrize(
        ("name", "text", "words"),
        [
            ("t.csv", "due_s,promt_tokens,output_tokens\n1,1,1\n", r'line 2: no prompt_tokens or .*"prompt_tokens"\?'),
            ("t.csv", "due_s,prompt_tokens,output_tokens\n1,1,1\n2,x,1\n", 'line 3: prompt_tokens is "x"; it should'),
            ("t.csv", "due_s,prompt_tokens,output_tokens\n1,1,0\n", 'line 2: output_tokens is "0"; it should'),
            ("t.csv", "due_s,prompt_tokens,output_tokens\nsoon,1,1\n", 'line 2: "soon" is no time; write seconds'),
            ("t.csv", "due_s,prompt_tokens,output_tokens\n", "the trace holds no request"),
            ("t.jsonl", "{oops\n", "line 1: not JSON"),
            ("t.jsonl", "[1]\n", "line 1: not an object"),
        ],
    )
    def test_mistakes(self, name: str, text: str, words: str, tmp_path: Path) -> None:
        """A mistake is reported with the file, the line and what is allowed."""
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=words) as error:
            read_trace(tmp_path / name)
        assert str(error.value).startswith(name)

    def test_no_file(self, tmp_path: Path) -> None:
        """A trace that is not there is reported, by its name alone."""
        with pytest.raises(InputError, match=r"none\.csv: the trace cannot be read: No such file"):
            read_trace(tmp_path / "none.csv")
