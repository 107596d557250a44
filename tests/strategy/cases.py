"""Small decided cases for the tests of what a board is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml

from kit.report.audit import Audit, open_audit
from kit.strategy import decide as deciding
from kit.strategy.board import Case
from kit.strategy.choice import Choice

CHAT: dict[str, Any] = {
    "name": "Chat",
    "requests_per_day": 1000,
    "prompt_tokens": 500,
    "output_tokens": 100,
    "data_class": "internal",
}
OWN = {"accelerator": "H100 SXM", "tenure": "own"}
MINI = {"provider": "openai", "model": "gpt-5-mini", "regions": ["EU"]}


def engagement(*workloads: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Return an engagement with an API and an own machine on offer, changed as told; ``None`` leaves a key out."""
    said = {
        "client": "Small Client",
        "date": dt.date(2026, 11, 22),
        "workloads": [dict(one) for one in workloads] or [CHAT],
        "models": ["Llama-3.1-8B-Instruct"],
        "api_offers": [MINI],
        "gpu_offers": [OWN],
    } | changes
    return {key: value for key, value in said.items() if value is not None}


def case_of(said: Mapping[str, Any], folder: Path) -> Case:
    """Decide an engagement, and return what whoever puts it into words is given."""
    audit = _audit(said, folder)
    seen: list[Case] = []

    def keep(case: Case) -> dict[str, Any]:
        seen.append(case)
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deciding, "dossier", keep)
        deciding.decide(audit.engagement, audit.demand, audit.profiles, audit.prices)
    return seen[0]


def options_of(said: Mapping[str, Any], folder: Path) -> Choice:
    """Return an engagement's options, without a decision."""
    audit = _audit(said, folder)
    return deciding.prepare(audit.engagement, audit.demand, audit.profiles, audit.prices)


def _audit(said: Mapping[str, Any], folder: Path) -> Audit:
    path = folder / "engagement.yaml"
    path.write_text(yaml.safe_dump(dict(said)), encoding="utf-8")
    return open_audit(path, out=folder)


def told(case: Case, **workload: Any) -> Case:
    """Return a case in which the first workload says something else; nothing is decided anew."""
    first, *others = case.choice.engagement.workloads
    said = case.choice.engagement.model_copy(update={"workloads": (first.model_copy(update=workload), *others)})
    return replace(case, choice=replace(case.choice, engagement=said))


def seen(case: Case, **demand: Any) -> Case:
    """Return a case in which the demand of the first workload was seen to be otherwise; nothing is decided anew."""
    first, *others = case.choice.demand.workloads
    record = case.choice.demand.model_copy(update={"workloads": (first.model_copy(update=demand), *others)})
    return replace(case, choice=replace(case.choice, demand=record))


def decided(case: Case, **verdict: Any) -> Case:
    """Return a case with other parts of the verdict."""
    return replace(case, verdict=case.verdict.model_copy(update=verdict))


@cache
def small_case() -> Case:
    """One chat, one API, one own machine; the cloud wins. Decided once for all tests."""
    floor = {"quality": {"benchmark": "GPQA Diamond", "at_least": 30}}
    with TemporaryDirectory() as folder:
        return case_of(engagement(CHAT | floor), Path(folder))


@cache
def hospital_case() -> Case:
    """Health data, own people, no API on offer, Swiss francs."""
    letters = CHAT | {"name": "Letters", "data_class": "health", "regions": ["CH"], "customisation": "adapters"}
    said = engagement(letters, api_offers=None, currency="CHF", usd_per_unit=1.1, skills=["own"])
    with TemporaryDirectory() as folder:
        return case_of(said, Path(folder))


@cache
def startup_case() -> Case:
    """Two APIs, one of which tunes; the open model is not good enough, so nothing local passes."""
    asks = {"quality": {"benchmark": "GPQA Diamond", "at_least": 80}, "modalities": ["text", "image"]}
    offers = [
        MINI | {"modalities": ["text", "image"], "fine_tuning": True},
        {"provider": "anthropic", "model": "claude-sonnet-4-5", "modalities": ["text", "image"]},
    ]
    with TemporaryDirectory() as folder:
        return case_of(engagement(CHAT | asks, api_offers=offers, skills=["api"]), Path(folder))
