"""Measuring one task after the other on one server within a time budget, and repeating what is not sure enough."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kit.errors import EngineError
from kit.profiler.arrivals import Arrival, constant, poisson
from kit.profiler.budget import Clock
from kit.profiler.engines import Server
from kit.profiler.goodput import parse_limits
from kit.profiler.gpu_watch import GpuWatch
from kit.profiler.journal import Conditions, Entry, Journal
from kit.profiler.open_point import as_measured, find_goodput, measure_arrivals
from kit.profiler.point import Measured, combined, measure_point
from kit.profiler.profile import Finding, Goodput, Outcome, Point, Regime
from kit.profiler.tasks import ClosedLoop, OpenLoop, Replay, Search, Task
from kit.profiler.watch import BUSY_CORES, CpuShares, Watch, foreign_cores, stolen_cores

_SHORTEST_S = 2.0
"""A point that would get less than this is left out."""

_FIRST_S = 30.0
"""Where the budget gives a point more than this, part of it is kept for repeating the points that need it."""

_FIRST_SHARE = 0.6
"""How much of the budget the first round may take then."""

NARROW = 0.025
"""A point is repeated until the half-width of its throughput's 95 % interval is below this share of it."""

_MOST_RUNS = 8
"""Runs of one point: what does not become narrow by then does not for want of samples."""

_DRAIN = 0.25
"""Share of an open-loop point's time that is kept for the answers to end."""

_WARM_UP = 0.2
"""Share of an open-loop schedule that is warm-up."""

_TRIALS = 10
"""Trials that a search for goodput needs as a rule: some doublings, some bisections."""


@dataclass(frozen=True)
class Result:
    """What came of one task.

    Attributes:
        point: the measurement, if it is a point that can be reported.
        goodput: what a search found.
        findings: what spoilt or qualifies it.
    """

    point: Point | None = None
    goodput: Goodput | None = None
    findings: tuple[Finding, ...] = ()


@dataclass
class Series:
    """One sweep over a running server.

    Attributes:
        server: what is measured.
        clock: the time budget.
        journal: where each result is written as soon as it is there.
        conditions: under which results of an earlier run count.
        gpus: watches the GPUs.
        watch: watches the engine's processes; ``None`` where the kit did not start it.
        most_processes: client processes that may share the load, where one is not fast enough.
        processes: how many share it now.
        results: what came of each task.
        findings: what was left out, and why.
    """

    server: Server
    clock: Clock
    journal: Journal
    conditions: Conditions
    gpus: GpuWatch
    watch: Watch | None = None
    most_processes: int = field(default_factory=lambda: max(1, (os.cpu_count() or 1) // 2))
    processes: int = 1
    results: dict[Task, Result] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _measured: dict[ClosedLoop, Measured] = field(default_factory=dict)
    _took_s: dict[ClosedLoop, float] = field(default_factory=dict)
    _runs: int = 0

    @property
    def points(self) -> tuple[Point, ...]:
        """The points that can be reported, by shape and load."""
        found = [result.point for result in self.results.values() if result.point is not None]
        return tuple(
            sorted(found, key=lambda p: (p.prompt_tokens, p.output_tokens, p.regime, p.concurrency or p.arrivals_per_s))
        )

    @property
    def goodput(self) -> tuple[Goodput, ...]:
        """What searches found."""
        return tuple(result.goodput for result in self.results.values() if result.goodput is not None)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """What spoilt or qualifies the results, and what was left out."""
        return (*(finding for result in self.results.values() for finding in result.findings), *self.findings)

    @property
    def peak_gib(self) -> float | None:
        """Peak memory of the engine's processes, where the kit started them."""
        return self.watch.peak_gib if self.watch is not None else None

    def run(self, tasks: Sequence[Task], *, resume: bool) -> None:
        """Measure all tasks in order, then repeat the points that are least sure while there is time.

        Args:
            tasks: the most important first.
            resume: take over what an earlier run under the same conditions had measured.
        """
        if not resume:
            self.journal.remove()
        known = {entry.task: entry for entry in self.journal.read(self.conditions)}
        if self.watch is not None:
            self.watch.start()
        try:
            self._first_round(tasks, known)
            self._repeat(done=len(tasks))
        finally:
            if self.watch is not None:
                self.watch.stop()

    def _first_round(self, tasks: Sequence[Task], known: Mapping[str, Entry]) -> None:
        kept_s = self._kept_for_repeats(tasks)
        for done, task in enumerate(tasks):
            if (entry := known.get(task.label)) is not None:
                self.results[task] = Result(entry.point, entry.goodput, entry.findings)
                self._tell(task, "known", done=done + 1)
                continue
            share = self._share(tasks[done:], kept_s=kept_s, first=not done)
            if why := self._hopeless(task, share):
                self.findings.append(Finding(what=f"{task.label} was not measured", evidence=why))
                continue
            self.clock.tell("points", f"{task.load}, {share:.0f} s", done=done)
            result = self._measure(task, share)
            self._keep(task, result)
            self._tell(task, "done", done=done + 1)

    def _kept_for_repeats(self, tasks: Sequence[Task]) -> float:
        """Return the part of the budget that the first round leaves to repeats; none where time is short anyway."""
        left, parts = self.clock.left_s(), sum(task.weight for task in tasks)
        return max(0.0, min((1 - _FIRST_SHARE) * left, left - _FIRST_S * parts))

    def _share(self, tasks: Sequence[Task], *, kept_s: float, first: bool) -> float:
        """Return the seconds for the first of the tasks that are left, by their weights."""
        weights = [task.weight for task in tasks]
        if first:
            # The first point gets twice its part: where even one request in flight is slow, it is all there will be.
            weights[0] *= 2
        return (self.clock.left_s() - kept_s) * weights[0] / sum(weights)

    def _hopeless(self, task: Task, share_s: float) -> str | None:
        """Return why a task need not be tried, or ``None``."""
        try:
            self.server.ensure_alive()
        except EngineError as error:
            return str(error)
        if share_s < _SHORTEST_S:
            return f"only {max(0.0, share_s):.1f} s of the time budget were left for it"
        if isinstance(task, ClosedLoop):
            for earlier, result in self.results.items():
                if not isinstance(earlier, ClosedLoop) or result.point is not None:
                    continue
                if replace(earlier, concurrency=task.concurrency) == task and earlier.concurrency < task.concurrency:
                    return f"{earlier.concurrency} in flight were too many already"
        return None

    def _measure(self, task: Task, seconds: float) -> Result:
        if isinstance(task, Search):
            return self._search(task, seconds)
        begun = time.monotonic()
        measured = self._once(task, seconds)
        while measured.client_limited and self.processes < self.most_processes:
            if (left := self.clock.left_s() / 2) < _SHORTEST_S:
                break
            self.processes = min(2 * self.processes, self.most_processes)
            begun = time.monotonic()
            measured = self._once(task, min(seconds, left))
        measured = self.gpus.qualify(task.label, measured, start_s=begun)
        if isinstance(task, ClosedLoop) and measured.runs:
            self._measured[task], self._took_s[task] = measured, time.monotonic() - begun
        return Result(measured.point, findings=measured.findings)

    def _once(self, task: ClosedLoop | OpenLoop | Replay, seconds: float) -> Measured:
        """Measure a point once, and say whether the processor was taken away meanwhile."""
        before, since = (self.watch.cpu() if self.watch else None), time.monotonic()
        self._runs += 1
        if isinstance(task, ClosedLoop):
            measured = measure_point(
                self.server,
                prompt_tokens=task.prompt_tokens,
                output_tokens=task.output_tokens,
                concurrency=task.concurrency,
                seconds=seconds,
                seed=self._runs,
                processes=self.processes,
            )
        else:
            measured = self._open(task, seconds)
        if self.watch is None or before is None:
            return measured
        disturbed = _disturbed(task, self.watch, before, seconds=time.monotonic() - since)
        return replace(measured, findings=(*measured.findings, *disturbed))

    def _open(self, task: OpenLoop | Replay, seconds: float) -> Measured:
        """Send requests on a schedule, and keep a part of the time for the last answers."""
        length_s = (1 - _DRAIN) * seconds
        arrivals, cut = _arrivals(task, length_s, seed=self._runs)
        if len(arrivals) < 2:
            evidence = f"{len(arrivals)} requests are due in the {length_s:.0f} s that the time budget has for it"
            return Measured(
                None, (Finding(what=f"{task.label} was not measured: too few requests", evidence=evidence),)
            )
        measured = measure_arrivals(
            self.server,
            arrivals,
            warm_up_s=_WARM_UP * arrivals[-1].due_s,
            drain_s=_DRAIN * seconds,
            seed=self._runs,
            label=task.label,
            processes=self.processes,
        )
        regime = task.process if isinstance(task, OpenLoop) else Regime.TRACE
        rate = task.rate_per_s if isinstance(task, OpenLoop) else None
        found = as_measured(measured, regime=regime, arrivals_per_s=rate, label=task.label)
        return replace(found, findings=(*cut, *found.findings))

    def _search(self, task: Search, seconds: float) -> Result:
        """Search the goodput, from half of what the machine carries at most."""
        most = self._most_per_s(task)
        ends, trial_s = time.monotonic() + seconds, seconds / _TRIALS
        found = find_goodput(
            self.server,
            parse_limits(task.objective),
            prompt_tokens=task.prompt_tokens,
            output_tokens=task.output_tokens,
            seconds=(1 - _DRAIN) * trial_s,
            longest_s=2 * trial_s,
            start_per_s=most / 2,
            most_per_s=8 * most,
            drain_s=_DRAIN * trial_s,
            seed=1000 * (self._runs + 1),
            processes=self.processes,
            time_left=lambda: ends - time.monotonic() > trial_s,
        )
        self._runs += 1
        goodput = Goodput(
            objective=task.objective,
            prompt_tokens=task.prompt_tokens,
            output_tokens=task.output_tokens,
            requests_per_s=found.load,
            interval=found.interval,
            trials=found.trials,
            remark=found.remark,
        )
        limited = found.load is None or any(trial.outcome is Outcome.UNRESOLVED for trial in found.trials)
        finding = Finding(what=f"{task.label} is not sure", evidence=found.remark or "some trials were not resolved")
        return Result(goodput=goodput, findings=(finding,) if limited or found.remark else ())

    def _most_per_s(self, task: Search) -> float:
        """Return the most requests per second that a closed loop of the same shape did, or 1."""
        rates = [
            result.point.output_tokens_per_s / result.point.output_tokens
            for known, result in self.results.items()
            if isinstance(known, ClosedLoop)
            and result.point is not None
            and (known.prompt_tokens, known.output_tokens) == (task.prompt_tokens, task.output_tokens)
        ]
        return max(rates, default=1.0)

    def _repeat(self, *, done: int) -> None:
        """Repeat the point with the widest interval until all are narrow, or there is no time for another run."""
        while (task := self._widest()) is not None:
            measured = self._measured[task]
            seconds = min(self._took_s[task], self.clock.left_s())
            if seconds < self._took_s[task] / 2 or self._hopeless(task, seconds):
                return
            self.clock.tell("points", f"{task.load}, again, {seconds:.0f} s", done=done)
            begun = time.monotonic()
            again = self.gpus.qualify(task.label, self._once(task, seconds), start_s=begun)
            both = combined(measured, again, label=task.label, concurrency=task.concurrency)
            if not again.runs:
                # It went through before and fails now: that is a finding, and no reason to try for ever.
                del self._measured[task]
            else:
                self._measured[task] = both
            self._keep(task, Result(both.point, findings=both.findings))
            self._tell(task, "done", done=done)

    def _widest(self) -> ClosedLoop | None:
        """Return the point that is least sure and not yet narrow; one without an interval is least sure of all."""
        open_ = {
            task: _half_width(measured)
            for task, measured in self._measured.items()
            if _half_width(measured) > NARROW and len(measured.runs) < _MOST_RUNS
        }
        return max(open_, key=lambda task: open_[task], default=None)

    def _tell(self, task: Task, what: str, *, done: int) -> None:
        result = self.results[task]
        self.clock.tell("points", f"{task.load}: {what}", done=done, point=result.point, findings=result.findings)

    def _keep(self, task: Task, result: Result) -> None:
        self.results[task] = result
        self.journal.add(
            Entry(
                conditions=self.conditions,
                task=task.label,
                point=result.point,
                goodput=result.goodput,
                findings=result.findings,
            )
        )


def _arrivals(task: OpenLoop | Replay, length_s: float, *, seed: int) -> tuple[Sequence[Arrival], tuple[Finding, ...]]:
    """Return the requests that are due within ``length_s``, and a finding where a trace had to be cut."""
    if isinstance(task, Replay):
        chosen = tuple(one for one in task.arrivals if one.due_s <= length_s)
        if len(chosen) == len(task.arrivals):
            return chosen, ()
        evidence = f"the first {length_s:.0f} s of {task.arrivals[-1].due_s:.0f} s: {len(chosen)} requests"
        return chosen, (Finding(what=f"{task.label} was replayed in part", evidence=evidence),)
    lengths = {"prompt_tokens": task.prompt_tokens, "output_tokens": task.output_tokens}
    if task.process is Regime.CONSTANT:
        return constant(task.rate_per_s, seconds=length_s, **lengths), ()
    return poisson(task.rate_per_s, seconds=length_s, seed=seed, **lengths), ()


def _half_width(measured: Measured) -> float:
    """Return half the width of the throughput's interval as a share of it; infinity where there is none."""
    point = measured.point
    if point is None or point.output_tokens_per_s_interval is None:
        return float("inf")
    low, high = point.output_tokens_per_s_interval
    return (high - low) / 2 / point.output_tokens_per_s


def _disturbed(task: Task, watch: Watch, before: CpuShares, *, seconds: float) -> list[Finding]:
    after = watch.cpu()
    others, stolen = (take(before, after, seconds=seconds) for take in (foreign_cores, stolen_cores))
    if others + stolen <= BUSY_CORES:
        return []
    evidence = f"other processes kept {others:.2f} cores busy meanwhile, and the hypervisor withheld {stolen:.2f}"
    return [Finding(what=f"{task.label} was disturbed", evidence=evidence)]
