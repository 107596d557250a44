"""The desk at which a scenario is worked on: what it is now, what it was before, and what is made of it."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kit.demand.record import Demand
from kit.engagement.reading import read_engagement
from kit.engagement.record import Engagement, HourlyFile
from kit.engagement.writing import changed_text
from kit.errors import InputError
from kit.record import write_atomically
from kit.report.audit import decide_audit, open_audit, out_root, save_records
from kit.report.carried import DEMAND, PRICES
from kit.report.document import write_documents
from kit.strategy.exploring import Explorer, Look
from kit.strategy.scenario import RULES, Base, Scenario, applied, rules_in

PLACE = "what-if"
"""Folder of saved engagements, inside that of all audits."""

MEASURED = "hardware_profiles"
"""Folder of an audit's own profiles."""

AS_SAID = "As the client said"
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        AS_SAID: {},
        "Twice the volume": {"volume": 2.0},
        "Half the volume": {"volume": 0.5},
        "It catches on: half as much again each year": {"growth": 0.5},
        "API prices halve": {"api_prices": 0.5},
        "GPUs cost half as much again": {"gpu_prices": 1.5},
        "Twice the people": {"staff": 2.0},
        "Cautious: machines half full": {"utilisation": 0.5},
        "No rule at all": {"left_out": frozenset(RULES)},
    }
)
"""Scenarios to begin with, by name."""

_EACH_A_STEP = frozenset({"workloads", "left_out"})
"""Changes of a scenario that are a hand's step each, not a slide."""

_RESERVED = frozenset({PLACE, "profiles"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


class Desk:
    """One engagement, the scenario that is looked at, and those before it.

    Args:
        engagement: a file, a folder with engagement.yaml, or the name of an example.
        out: the folder of all audits; found as everywhere by default.

    Raises:
        InputError: a mistake in a file, with its place.
        PlanError: the engagement has no plan as it is.
    """

    def __init__(self, engagement: str | Path, *, out: Path | None = None) -> None:
        self.out = out or out_root()
        self.audit = open_audit(engagement, out=self.out)
        self.scenario = Scenario()
        self._before: list[Scenario] = []
        self._turned: frozenset[str] = frozenset()
        base = Base(engagement=self.audit.engagement, demand=self.audit.demand, prices=self.audit.prices)
        self._explorer = Explorer(base, self.audit.profiles)

    @property
    def base(self) -> Base:
        """The records as the audit has them."""
        return self._explorer.base

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules that this client has, keys of :data:`kit.strategy.scenario.RULES`."""
        return rules_in(self.base.engagement)

    @property
    def can_undo(self) -> bool:
        """Whether there is a scenario before."""
        return bool(self._before)

    def turn(self, **changes: Any) -> None:
        """Change the scenario; moves of the same slider one after the other are undone together.

        Args:
            changes: attributes of :class:`Scenario`.
        """
        changed = replace(self.scenario, **changes)
        if changed == self.scenario:
            return
        names = frozenset(changes)
        if names != self._turned or not self._before or names & _EACH_A_STEP:
            self._before.append(self.scenario)
        self._turned = names
        self.scenario = changed

    def undo(self) -> None:
        """Go back to the scenario before, if there is one."""
        if self._before:
            self.scenario = self._before.pop()
            self._turned = frozenset()

    def take(self, preset: str) -> None:
        """Begin from one of :data:`PRESETS`; the workloads stay as they were edited, but for the client's own."""
        kept = {} if preset == AS_SAID else {"workloads": self.scenario.workloads, "like": self.scenario.like}
        self._turned = frozenset()
        self.turn(**{**vars(Scenario()), **kept, **PRESETS[preset]})
        self._turned = frozenset()

    def look(self) -> Look:
        """Return the plan at once.

        Raises:
            PlanError: there is none.
        """
        return self._explorer.look(self.scenario)

    def settle(self, *, on_step: Callable[[], None] | None = None) -> Look:
        """Return the plan with all others made anew, and how sure it is (see :meth:`Explorer.settle`)."""
        return self._explorer.settle(self.scenario, on_step=on_step)

    def free_name(self) -> str:
        """Return a name under which nothing is saved yet."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", self.audit.folder.name).strip("-._")[:60] or "engagement"
        stem = f"{plain}-{PLACE}"
        names = (stem, *(f"{stem}-{number}" for number in range(2, 1000)))
        return next(name for name in names if not self._taken(name))

    def save(self, name: str, scenario: Scenario | None = None) -> Path:
        """Write a scenario as an engagement of its own and return its file.

        It is the client's file with what was changed; beside it lies what it needs: the weeks and the logo that it
        names, the demand where that came from logs, and the price book where prices were changed or carried.

        Args:
            name: of its folder, and of the audit that is made of it.
            scenario: the one on the desk by default.

        Raises:
            InputError: it is no name of a folder, there is a what-if or an audit of that name, the engagement names a
                file outside its folder, or nothing can be written there.
        """
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no name for a folder: letters, digits, '.', '_' and '-', 80 at the most")
        folder = self._folder(name)
        if self._taken(name):
            raise InputError(f"{name} is there already; {self.free_name()} is free")
        making = folder.with_name(f".{name}.part")
        try:
            making.mkdir(parents=True, exist_ok=True)
            self._write(making, self.scenario if scenario is None else scenario)
            making.rename(folder)
            # What was measured on this machine counts for the new audit as it does for this one.
            for profile in sorted((self.audit.folder / MEASURED).glob("*.json")):
                write_atomically(self.out / name / MEASURED / profile.name, profile.read_bytes())
        except OSError as error:
            raise InputError(f"{folder}: cannot be written ({error.strerror or error})") from None
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return folder / "engagement.yaml"

    def report(
        self, name: str, scenario: Scenario | None = None, *, on_step: Callable[[], None] | None = None
    ) -> tuple[Path, ...]:
        """Save a scenario, decide it as ``kit verdict`` does and write the documents; return their files.

        Args:
            name: as for :meth:`save`.
            scenario: likewise.
            on_step: called after each part of the decision (:data:`kit.strategy.decide.STEPS`).

        Raises:
            InputError: as for :meth:`save`.
            PlanError: there is no plan.
        """
        audit = open_audit(self.save(name, scenario), out=self.out)
        verdict = decide_audit(audit, on_step=on_step)
        save_records(audit)
        verdict.write(audit.folder / "verdict.json")
        return write_documents(verdict, audit.folder)

    def _write(self, folder: Path, scenario: Scenario) -> None:
        """Write the engagement of a scenario, and what it needs, into a folder."""
        source, base, today = self.audit.path, self.base, dt.datetime.now(tz=dt.UTC).date()
        changed = applied(scenario, base, day=today)
        for file in _named_files(changed.engagement):
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.parent / file, target)
        if (source.parent / DEMAND).is_file():
            kept = _logs(source.parent / DEMAND, changed.demand, scenario.like)
            if kept.workloads:
                kept.write(folder / DEMAND)
        if changed.prices != base.prices or (source.parent / PRICES).is_file():
            # What a request costs is worked out anew from the prices; a book may not be of a day to come.
            day = min(changed.prices.date, today)
            changed.prices.model_copy(update={"requests": (), "date": day}).write(folder / PRICES)
        # As the file says it, not as the logs do, so that what the logs said stands in the new file.
        text = changed_text(source.read_text(encoding="utf-8"), read_engagement(source), changed.engagement)
        write_atomically(folder / "engagement.yaml", text.encode())

    def _folder(self, name: str) -> Path:
        return self.out / PLACE / name

    def _taken(self, name: str) -> bool:
        """Tell whether there is a what-if, an audit or another folder of the kit's of a name."""
        return name in _RESERVED or self._folder(name).exists() or (self.out / name).exists()


def _named_files(engagement: Engagement) -> list[str]:
    """Return the files that an engagement names in its folder, each once; one with a full path is found from anywhere.

    Raises:
        InputError: a file lies beside the folder, where a copy of the engagement would not find it.
    """
    weeks = [workload.shape.file for workload in engagement.workloads if isinstance(workload.shape, HourlyFile)]
    logo = engagement.document.logo
    named = [Path(name) for name in (*weeks, *([logo] if logo else []))]
    if outside := next((path for path in named if ".." in path.parts), None):
        raise InputError(f"{outside} lies outside the engagement's folder; move it there, or name it by its full path")
    return [str(path) for path in dict.fromkeys(named) if not path.is_absolute()]


def _logs(path: Path, demand: Demand, like: Mapping[str, str]) -> Demand:
    """Return the demand of the workloads that have logs, or take the week of one that has."""
    logged = {item.workload for item in Demand.read(path).workloads}
    kept = (item for item in demand.workloads if like.get(item.workload, item.workload) in logged)
    return demand.model_copy(update={"workloads": tuple(kept)})
