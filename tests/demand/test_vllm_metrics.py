"""vLLM's metrics, in the form of its own text and of Prometheus' answers."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kit.demand.formats import vllm_metrics
from kit.errors import InputError
from tests.demand.vendors import DATA, Reading, assert_no_canary, refused, write

MODEL = 'model_name="llama",engine="0"'


def test_use_is_what_counters_gain() -> None:
    use = Reading(vllm_metrics, DATA / "vllm_metrics.txt")
    rows = use.all(
        '"at", bucket_s, requests, prompt_tokens, cached_tokens, output_tokens, model FROM use ORDER BY "at"'
    )
    assert rows == [
        # 25 + 7 − 10 − 2 requests, 5000 − 1000, 600 − 100 and 900 − 300 tokens.
        (dt.datetime(2026, 9, 28, 10, 0), 900.0, 20.0, 4000, 500, 600, "Qwen3-8B"),
        # The engine began anew: its prompt tokens have overtaken their old value, and still all 7000 are a gain.
        (dt.datetime(2026, 9, 28, 10, 15), 900.0, 4.0, 7000, None, 200, "Qwen3-8B"),
    ]
    assert use.noted("1 restart(s) of an engine")
    assert use.bad("a counter that is negative, not a number").first == ("vllm_metrics.txt:32",)
    assert use.imported.rows == 30  # 10 counters of 3 scrapes; the gauge is not one


def test_lengths_come_from_the_histogram() -> None:
    (prompt,) = vllm_metrics.lengths(DATA / "vllm_metrics.txt")
    # Up to 50: (8 − 6) + 1; up to 100: (20 − 8) + 1 in all; and (32 − 12) + 4 altogether.
    assert (prompt.model, prompt.kind, prompt.upper) == ("Qwen3-8B", "prompt", (50.0, 100.0, float("inf")))
    assert prompt.requests == (3.0, 10.0, 11.0)
    assert prompt.tokens == 11000.0  # 5000 − 1000, and 7000 after the restart
    assert prompt.quantile(0.5) == pytest.approx(50 + 50 * (12 - 3) / 10)
    assert prompt.quantile(0.99) == 100.0
    assert_no_canary(repr(prompt))
    assert Reading(vllm_metrics, DATA / "vllm_metrics.txt").noted(
        "lengths of prompt by the engine's histogram: median 95"
    )


def test_prometheus_answers_are_counted() -> None:
    use = Reading(vllm_metrics, DATA / "vllm_query_range.json")
    assert use.all("bucket_s, requests, prompt_tokens, output_tokens FROM use ORDER BY line, prompt_tokens DESC") == [
        (3600.0, 4.0, 400, 80),
        (3600.0, 0.0, 30, 0),
    ]
    assert use.bad("no name of a metric").first == ("vllm_query_range.json:6",)
    assert use.noted("1 engine(s) begin after the first scrape")
    assert use.noted("no counter of cached tokens")


def test_a_folder_of_scrapes_takes_the_time_from_names(tmp_path: Path) -> None:
    for minute, tokens in ((0, 100), (30, 250)):
        text = f"vllm:prompt_tokens_total{{{MODEL}}} {tokens}\nvllm:generation_tokens_total{{{MODEL}}} {tokens / 10}\n"
        write(tmp_path, f"metrics-20260928T10{minute:02}00Z.txt", text)
    use = Reading(vllm_metrics, tmp_path)
    assert use.one("bucket_s, prompt_tokens, output_tokens, requests FROM use") == (1800.0, 150, 15, None)
    assert use.noted("no counter of requests")


def test_samples_with_timestamps_need_no_marks(tmp_path: Path) -> None:
    text = "\n".join(f"vllm:prompt_tokens_total{{{MODEL}}} {n} {1790589600000 + 60000 * n}" for n in (1, 3))
    use = Reading(vllm_metrics, write(tmp_path, "m.txt", text))
    assert use.one('"at", bucket_s, prompt_tokens FROM use') == (dt.datetime(2026, 9, 28, 10, 1), 120.0, 2)


def test_older_names_are_known(tmp_path: Path) -> None:
    text = ""
    for minute, count in ((0, 1), (1, 6)):
        text += f"# scrape 2026-09-28T10:0{minute}:00Z\n"
        text += f'vllm:gpu_prefix_cache_hits_total{{model_name="llama"}} {count * 10}\n'
        text += f'vllm:prompt_tokens_total{{model_name="llama"}} {count * 20}\n'
        text += f'vllm:request_prompt_tokens_count{{model_name="llama"}} {count}\n'
    use = Reading(vllm_metrics, write(tmp_path, "m.txt", text))
    assert use.one("requests, prompt_tokens, cached_tokens FROM use") == (5.0, 100, 50)


def test_two_engines_are_summed_and_only_one_restarts(tmp_path: Path) -> None:
    text = ""
    for minute, (one, two) in enumerate([(10, 100), (30, 150), (5, 160)]):
        text += f"# scrape 2026-09-28T10:0{minute}:00Z\n"
        text += f'vllm:prompt_tokens_total{{model_name="llama",engine="0"}} {one}\n'
        text += f'vllm:prompt_tokens_total{{model_name="llama",engine="1"}} {two}\n'
    use = Reading(vllm_metrics, write(tmp_path, "m.txt", text))
    assert use.all('prompt_tokens FROM use ORDER BY "at"') == [(70,), (15,)]  # 20 + 50, then 5 + 10


def test_what_cannot_be_read_is_refused_without_quoting_it(tmp_path: Path) -> None:
    one = f"vllm:prompt_tokens_total{{{MODEL}}} 5\n"
    assert "without a time" in refused(vllm_metrics, write(tmp_path, "m.txt", one))
    single = write(tmp_path, "m.txt", f"# scrape 2026-09-28T10:00:00Z\n{one}")
    assert "1 scrape(s)" in refused(vllm_metrics, single)
    assert "a scrape without a time" in refused(vllm_metrics, write(tmp_path, "m.txt", "# scrape canary\n" + one))
    with pytest.raises(InputError, match="0 scrape"):
        vllm_metrics.lengths(write(tmp_path, "m.txt", "up 1\n"))


@pytest.mark.parametrize("name", ["vllm_metrics.txt", "vllm_query_range.json"])
def test_the_format_is_known_by_its_head(name: str) -> None:
    assert vllm_metrics.detect((DATA / name).read_bytes(), name)
    assert not vllm_metrics.detect((DATA / "openai_usage.json").read_bytes(), name)
