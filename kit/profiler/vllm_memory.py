"""What vLLM says of its memory, in its log and in its metrics.

The log speaks of one GPU (the first rank), the metrics of the whole engine; everything here is of one GPU until
:func:`engine_memory` multiplies by the number of GPUs.
"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kit.profiler.engines import EngineMemory

_GIB = r"\s*([\d.,]+)\s*(GiB|GB|MiB|MB)"
_WEIGHTS = (r"[Mm]odel loading took" + _GIB, r"Loading model weights took" + _GIB, r"model weights take" + _GIB)
_POOL = (r"Available KV cache memory:" + _GIB, r"(?:Explicitly|Auto) set \(\s*([\d.,]+)/[\d.,]+\)\s*(GiB)")
_ACTIVATIONS = (_GIB.removeprefix(r"\s*") + r" for peak activation", r"activation peak memory takes" + _GIB)
_GRAPHS = (
    _GIB.removeprefix(r"\s*") + r" for CUDAGraph memory",
    r"Graph capturing finished in [\d.]+ secs?, took" + _GIB,
)
_CONSUMED = (_GIB.removeprefix(r"\s*") + r" for consumed memory \(weights \+ non-torch\)",)
_NON_TORCH = (r"non_torch_memory takes" + _GIB,)

_USAGE = ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")
"""The name since vLLM 0.10, and the one before. Both are shares, not percentages."""

_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class LogMemory:
    """What a log says, in GiB of one GPU; ``None`` where it does not."""

    weights_gib: float | None = None
    kv_cache_gib: float | None = None
    activations_gib: float | None = None
    graphs_gib: float | None = None
    other_gib: float | None = None


def read_log(text: str) -> LogMemory:
    """Return the memory that vLLM's log speaks of, in the words of 0.6 to 0.32.

    Args:
        text: the log.
    """
    weights, consumed = _find(_WEIGHTS, text), _find(_CONSUMED, text)
    other = _find(_NON_TORCH, text)
    if other is None and weights is not None and consumed is not None:
        other = max(0.0, consumed - weights)
    return LogMemory(
        weights_gib=weights,
        kv_cache_gib=_find(_POOL, text),
        activations_gib=_find(_ACTIVATIONS, text),
        graphs_gib=_find(_GRAPHS, text),
        other_gib=other,
    )


def _find(patterns: Iterable[str], text: str) -> float | None:
    """Return the last figure that the first fitting pattern finds, in GiB.

    vLLM writes ``GB`` for what it divided by 2^30.
    """
    for pattern in patterns:
        if found := re.findall(pattern, text):
            figure, unit = found[-1]
            return float(figure.replace(",", "")) / (1024 if unit.startswith("M") else 1)
    return None


@dataclass(frozen=True)
class KvMetrics:
    """What the metrics say of the KV cache.

    Attributes:
        pool_tokens: tokens that fit into the pools of all engines behind the URL.
        usage: share of the pool in use, 0 to 1; of the fullest engine.
    """

    pool_tokens: int | None = None
    usage: float | None = None


def read_metrics(text: str) -> KvMetrics:
    """Return what ``GET /metrics`` says of the KV cache (Prometheus text format 0.0.4).

    The pool is ``num_gpu_blocks`` × ``block_size`` of ``vllm:cache_config_info``.

    Args:
        text: the answer.
    """
    pool: int | None = None
    usage: list[float] = []
    for line in text.splitlines():
        sample = _SAMPLE.match(line)
        if sample is None:
            continue
        name, labels, value = sample.groups()
        if name == "vllm:cache_config_info":
            tokens = _pool_tokens(dict(_LABEL.findall(labels or "")))
            pool = tokens if pool is None else pool + (tokens or 0)
        elif name in _USAGE:
            usage.append(float(value))
    return KvMetrics(pool_tokens=pool, usage=max(usage, default=None))


def _pool_tokens(labels: Mapping[str, str]) -> int | None:
    """Return blocks × tokens per block, or ``None`` where vLLM writes ``None`` for one of them."""
    try:
        return int(labels["num_gpu_blocks"]) * int(labels["block_size"])
    except (KeyError, ValueError):
        return None


def fetch_metrics(port: int) -> str:
    """Return the text of ``GET /metrics`` on the loopback interface, or nothing where nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        return answer.read().decode("utf-8", "replace") if answer.status == 200 else ""
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


class KvWatch:
    """Looks at the KV cache once a second, in a thread of its own, and keeps the most that it saw.

    More often would cost the engine's front end more than it tells.
    """

    def __init__(self, port: int, *, interval_s: float = 1.0) -> None:
        self._port = port
        self._interval_s = interval_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="kit-kv-watch", daemon=True)
        self._pool_tokens: int | None = None
        self._peak: float | None = None

    def __enter__(self) -> KvWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=6)

    @property
    def seen(self) -> KvMetrics:
        """The pool and the greatest usage so far."""
        return KvMetrics(pool_tokens=self._pool_tokens, usage=self._peak)

    def look(self) -> None:
        """Look once, now."""
        now = read_metrics(fetch_metrics(self._port))
        self._pool_tokens = now.pool_tokens if now.pool_tokens is not None else self._pool_tokens
        if now.usage is not None:
            self._peak = max(now.usage, self._peak or 0.0)

    def _look(self) -> None:
        while not self._stop.wait(self._interval_s):
            self.look()


def engine_memory(log: LogMemory, kv: KvMetrics, *, gpus: int) -> EngineMemory:
    """Put together what log and metrics say; the peak use of the pool is the pool times the greatest share seen.

    Args:
        log: what the log says of one GPU.
        kv: what the metrics say.
        gpus: GPUs of the replica.
    """
    pool = _times(log.kv_cache_gib, gpus)
    return EngineMemory(
        weights_gib=_times(log.weights_gib, gpus),
        kv_cache_gib=pool,
        kv_cache_tokens=kv.pool_tokens,
        peak_kv_gib=None if pool is None or kv.usage is None else pool * kv.usage,
        activations_gib=_times(log.activations_gib, gpus),
        graphs_gib=_times(log.graphs_gib, gpus),
        other_gib=_times(log.other_gib, gpus),
    )


def _times(value: float | None, gpus: int) -> float | None:
    return None if value is None else value * gpus
