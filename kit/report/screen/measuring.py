"""The panel that measures this machine from a notebook: models, engine, minutes; Start, Stop, Resume; what comes of it.

It holds no logic of measuring: :mod:`candidates` says what can be measured, :mod:`sweep_run` does it in processes of
its own, :mod:`kit.report.live` says how far it has come, :mod:`sweep_pictures` draws it, :mod:`sweep_controls` has the
widgets.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from kit.errors import InputError, KitError
from kit.hardware.accelerators import accelerator_name
from kit.hardware.inventory import read_inventory
from kit.profiler.journal import Journal
from kit.profiler.profile import Point
from kit.profiler.weights import public_name
from kit.report.audit import out_root
from kit.report.screen.candidates import Candidate, candidates, engines, in_a_line, job, known_models
from kit.report.screen.measured import outcome
from kit.report.screen.sweep_pictures import pictures, so_far, warm_up
from kit.report.screen.sweep_run import Job, SweepRun
from kit.report.words import number

_current: Panel | None = None
"""The panel that measures in this kernel: two sweeps at a time would spoil each other."""


def panel(out: str | Path = "", *, model: str = "", minutes: float = 2.0) -> Panel:
    """Return the panel; the one that measures already if there is one in this kernel. It measures only when clicked.

    Args:
        out: folder of the profiles; ``profiles`` in the folder of all audits unless told.
        model: chosen at first: an architecture of the kit or the path of a config.json; the smallest real one unless
            told. A mistake in it is said in the panel.
        minutes: time budget for each model.

    Raises:
        InputError: ipywidgets is not installed; says what to install.
    """
    global _current  # noqa: PLW0603
    if _current is None or not _current.measuring:
        _current = Panel(Path(out) if out else out_root() / "profiles", model=model, minutes=minutes)
    return _current


class Panel:
    """What the clicks do; see :func:`panel`.

    Attributes:
        folder: of the profiles.
        controls: the widgets.
        run: what was started last.
    """

    def __init__(self, folder: Path, *, model: str, minutes: float) -> None:
        try:
            from kit.report.screen.sweep_controls import LEAST_MINUTES, MOST_MINUTES, USUAL_MINUTES, Controls
        except ModuleNotFoundError as error:
            raise InputError(
                f"the panel needs the extra 'lab' ({error.name} is missing): pip install 'hybrid-ai-decision-kit[lab]'"
            ) from None
        self.folder, self.run = folder, SweepRun((), on_change=self._changed)
        self._inventory = read_inventory()
        self._pictured: tuple[Point, ...] = ()
        mistakes = []
        try:
            self._known = known_models(model)
        except KitError as error:
            self._known, model = known_models(), ""
            mistakes.append(str(error))
        if not LEAST_MINUTES <= minutes <= MOST_MINUTES:
            mistakes.append(f"minutes = {minutes:g}: {LEAST_MINUTES:g} to {MOST_MINUTES:g} are understood")
            minutes = USUAL_MINUTES
        here = engines(self._inventory)
        self.controls = Controls(in_a_line(self._inventory), engines=here, rows=len(self._known), minutes=minutes)
        smallest = next(one for one in self._known if one != "tiny")
        self._list_models(chosen=(model or smallest,))
        self._listen()
        self._idle()
        if mistakes:
            self.controls.say_wrong("; ".join(mistakes))

    def _listen(self) -> None:
        controls = self.controls
        controls.engine.observe(lambda _change: self._list_models(controls.models.value), "value")
        for one in (controls.models, controls.engine, controls.minutes):
            one.observe(lambda _change: self._idle(), "value")
        controls.start.on_click(lambda _button: self._begin(resume=False))
        controls.resume.on_click(lambda _button: self._begin(resume=True))
        controls.stop.on_click(lambda _button: self._end())

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        """Return the widgets, and for a page without them the state in words."""
        found: dict[str, Any] = self.controls.page._repr_mimebundle_(**options)
        return found | {"text/plain": self.state, "text/html": f"<p>{html.escape(self.state)}</p>"}

    @property
    def measuring(self) -> bool:
        """Whether a sweep runs."""
        return self.run.started and not self.run.ended

    @property
    def state(self) -> str:
        """What the panel is doing, in words."""
        if self.measuring:
            return f"Being measured: {_names(self.run.left)}."
        measured = _names([one for one, _ in self.run.measured])
        before = f"Measured: {measured}." if measured else "Nothing is being measured."
        return f"{before} Only a click on Start, in JupyterLab or Voila, measures."

    # What is chosen

    def _candidates(self) -> dict[str, Candidate]:
        found = candidates(self._inventory, str(self.controls.engine.value), self._known)
        return {one.model: one for one in found}

    def _list_models(self, chosen: Sequence[str]) -> None:
        self.controls.list_models([(one.label, one.model) for one in self._candidates().values()], chosen)

    def _jobs(self) -> tuple[Job, ...]:
        """Return the sweeps of the chosen models.

        Raises:
            InputError: none is chosen, one does not fit, or there is no engine.
        """
        known, engine = self._candidates(), self.controls.engine.value
        chosen = [known[model] for model in self.controls.models.value]
        if engine is None:
            raise InputError("No engine is installed: pip install 'hybrid-ai-decision-kit[profile]' brings one")
        if not chosen:
            raise InputError("Choose a model.")
        if large := next((one for one in chosen if one.verdict == "does not fit"), None):
            raise InputError(f"{public_name(large.model)} does not fit this machine: {large.why}")
        return tuple(
            job(one, self._inventory, engine=engine, seconds=self._budget_s(), out=self.folder) for one in chosen
        )

    def _begun(self) -> tuple[Job, ...]:
        """Return what there is to go on with: what a stop has left, else what was begun of the chosen models.

        Raises:
            InputError: as :meth:`_jobs`.
        """
        left = self.run.left or [one for one in self._jobs() if Journal(Path(one.out)).path.is_file()]
        return tuple(replace(one, seconds=self._budget_s(), resume=True) for one in left)

    def _budget_s(self) -> float:
        return 60 * float(self.controls.minutes.value)

    # What is clicked

    def _begin(self, *, resume: bool) -> None:
        if self.measuring:
            return
        try:
            jobs = self._begun() if resume else self._jobs()
        except InputError as error:
            self.controls.say_wrong(str(error))
            return
        self.controls.clear()
        self._pictured = ()
        self.run = SweepRun(jobs, on_change=self._changed)
        self.run.start()
        self._allow()
        self.controls.tell(
            f"Measuring {_listed(jobs)}. The notebook stays free, but whatever else runs here disturbs the figures."
        )

    def _end(self) -> None:
        if self.measuring:
            self.run.stop()
            self._allow()
            self.controls.tell("Stopping: the engine is being ended. What was measured is kept.")

    # What is shown

    def _idle(self) -> None:
        """Say what a click would do."""
        if self.measuring:
            return
        self._allow()
        try:
            jobs, begun = self._jobs(), self._begun()
        except InputError as error:
            self.controls.say_wrong(str(error))
            return
        said = f"Nothing is being measured. Start measures {_listed(jobs)}."
        if begun:
            said += f" {_names(begun)} was stopped before its end: Resume goes on from there, Start measures anew."
        elif there := [one for one in jobs if Path(one.out).is_file()]:
            said += f" {_names(there)} was measured before: the new profile takes the old one's place in the end."
        self.controls.tell(said)

    def _changed(self) -> None:
        """Show how far the run has come; called from its thread."""
        run, live = self.run, self.run.live
        if live is not None:
            self.controls.now.value = live.html()
            with suppress(ValueError):  # a picture that cannot be drawn is no reason to end a measurement
                self._draw([point for point in live.points if not point.regime.open_loop])
        results = [outcome(profile, self.folder / Path(one.out).name) for one, profile in run.measured]
        self.controls.outcome.value = "".join(results)
        if run.ended:
            self._allow()
            self._say_how_it_ended(run)

    def _draw(self, points: Sequence[Point]) -> None:
        if not points:
            warm_up()
        elif tuple(points) != self._pictured and (one := self.run.job) is not None:
            self._pictured, gpus = tuple(points), self._inventory.gpus
            known = so_far(
                points,
                model=one.name,
                accelerator=accelerator_name(gpus[0]) if gpus else "CPU",
                accelerators=one.gpus,
                engine=one.engine,
            )
            self.controls.curves.value = pictures(known)

    def _say_how_it_ended(self, run: SweepRun) -> None:
        if run.left:
            kept = len(run.live.points) if run.live is not None and run.job == run.left[0] else 0
            points = "1 point is kept" if kept == 1 else f"{kept} points are kept" if kept else "before the first point"
            self.controls.tell(f"Stopped: {points} of {run.left[0].name}. Resume goes on, Start measures anew.")
        elif run.failures:
            self.controls.say_wrong("; ".join(run.failures))
        else:
            self.controls.tell("Done.")

    def _allow(self) -> None:
        try:
            begun = bool(self._begun())
        except InputError:
            begun = False
        self.controls.allow(busy=self.measuring, stopping=self.run.stopping, begun=begun)


def _names(jobs: Sequence[Job]) -> str:
    return ", ".join(one.name for one in jobs)


def _listed(jobs: Sequence[Job]) -> str:
    """Return what is measured and how long it takes at most."""
    minutes, each = jobs[0].seconds / 60, " each" if len(jobs) > 1 else ""
    return f"{_names(jobs)}, {number(minutes)} {'minute' if minutes == 1 else 'minutes'}{each} at most"
