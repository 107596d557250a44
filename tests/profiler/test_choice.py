"""Which engine serves a sweep."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.errors import InputError
from kit.profiler.choice import EngineOptions, served, starter
from kit.profiler.sweep import Served


def test_the_built_in_engine_needs_weights_on_the_disk_and_vllm_does_not():
    """Transformers serves a folder with weights; vLLM makes random ones from the config.json alone."""
    assert starter(EngineOptions(), deadline_s=1) == (None, True)
    start, weights = starter(EngineOptions(name="vllm"), deadline_s=1)
    assert start is not None
    assert not weights


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (EngineOptions(name="vlm"), 'did you mean "vllm"?'),
        (EngineOptions(name="http://127.0.0.1:1"), "--served-model is needed"),
        (EngineOptions(name="http://127.0.0.1:1", served_model="m", api="messages"), "chat or completions"),
        (EngineOptions(quantisation="fp8"), "--quantisation belongs to vllm"),
        (EngineOptions(tensor_parallel=2), "--tensor-parallel belongs to vllm"),
        (EngineOptions(weights=Path("model")), "--weights belongs to vllm"),
        (EngineOptions(name="openai", quantisation="fp8"), "--quantisation belongs to vllm"),
        (EngineOptions(name="vllm", proxy="http://p:1"), "--proxy belongs to a server that runs already"),
        (EngineOptions(name="vllm", accelerators=2), "--accelerators belongs to a server that runs already"),
        (EngineOptions(name="antropic"), 'did you mean "anthropic"?'),
        (EngineOptions(name="google"), "--served-model is needed with google"),
    ],
)
def test_a_wrong_engine_option_is_named(options, words):
    """An unknown engine, a missing model name and an option of another engine are named with what is allowed."""
    with pytest.raises(InputError) as caught:
        starter(options, deadline_s=1)
    assert words in str(caught.value)


def test_an_address_is_measured_where_it_runs():
    """A running server is entered by its address and model name, and nothing is started."""
    start, weights = starter(EngineOptions(name="http://127.0.0.1:1", served_model="m"), deadline_s=1)
    assert start is not None
    assert not weights
    with start(None) as server:  # type: ignore[arg-type]
        assert (server.base_url, server.model, server.pid) == ("http://127.0.0.1:1", "m", None)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (EngineOptions(), Served()),
        (EngineOptions(name="vllm", quantisation="fp8", tensor_parallel=2), Served(2, True, "fp8")),
        (EngineOptions(name="vllm", weights=Path("model")), Served(1, False, None)),
        (EngineOptions(name="http://127.0.0.1:1", served_model="m"), Served(1, None, "not stated", started=False)),
        (
            EngineOptions(name="https://tgi.example", served_model="m", accelerator="H100 SXM", accelerators=2),
            Served(2, None, "not stated", started=False, elsewhere=True, accelerator="H100 SXM"),
        ),
        (
            EngineOptions(name="anthropic", served_model="m"),
            Served(1, random_weights=False, dtype="not stated", started=False, elsewhere=True),
        ),
    ],
)
def test_the_record_says_what_was_served(options, expected):
    """Number of accelerators, whether the weights were random, and the number format are those of the options."""
    assert served(options) == expected
