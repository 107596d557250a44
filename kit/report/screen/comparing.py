"""Hardware profiles, and verdicts, side by side: chosen by hand in a notebook, or by parameters.

What is shown are ordinary outputs of cells, SVG and HTML, so that an executed notebook holds them; while somebody
chooses in the pickers, the same outputs are written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kit.data import folder as data_folder
from kit.errors import InputError
from kit.profiler.profile import HardwareProfile
from kit.report.audit import out_root
from kit.report.charts.speed import Curve, lines
from kit.report.drawing import Drawing, svg
from kit.report.screen import side_by_side as side
from kit.report.screen.meant import PROFILES, VERDICTS, named, of_one_model, profile_files
from kit.report.words import MISSING, number
from kit.strategy.verdict import Verdict

_LARGER = 1.5
"""How much larger a picture is than on paper."""


class Board:
    """What is compared, and the outputs that show it.

    Args:
        profiles: files, folders or names of hardware profiles; the kit's own of the model that most of them have if
            empty.
        verdicts: files, folders or names of audits; all audits if empty.
        out: the folder of all audits; found as everywhere by default.

    Raises:
        InputError: there is no such profile or verdict; names the nearest.
    """

    def __init__(self, profiles: Sequence[str] = (), verdicts: Sequence[str] = (), *, out: Path | None = None) -> None:
        root = out or out_root()
        self._profile_files = profile_files(root)
        self._verdict_files = {path.parent.name: path for path in sorted(root.glob("*/verdict.json"))}
        self.profiles = {
            name: HardwareProfile.read(path)
            for name, path in named(profiles, self._profile_files, "hardware profile", PROFILES).items()
        }
        self.verdicts = {
            name: Verdict.read(path) for name, path in named(verdicts, self._verdict_files, "verdict", VERDICTS).items()
        }
        if not profiles and not verdicts:
            self.profiles = of_one_model(data_folder("hardware_profiles"))
            self.verdicts = {name: Verdict.read(path) for name, path in self._verdict_files.items()}
        self._outputs: list[tuple[Any, Callable[[], str]]] = []

    def pickers(self) -> Any:
        """Return two lists to choose from, several at once; all outputs follow.

        Raises:
            InputError: the extra ``lab`` is not installed.
        """
        try:
            import ipywidgets as widgets
        except ModuleNotFoundError:
            raise InputError("choosing needs the extra 'lab': pip install 'hybrid-ai-decision-kit[lab]'") from None
        picked = (
            ("Profiles", "profiles", self._profile_files, HardwareProfile.read),
            ("Verdicts", "verdicts", self._verdict_files, Verdict.read),
        )
        boxes, said = [], widgets.HTML()
        for label, what, files, read in picked:
            there = {**dict.fromkeys(getattr(self, what)), **dict.fromkeys(files)}
            box = widgets.SelectMultiple(
                options=list(there),
                value=tuple(getattr(self, what)),
                rows=min(max(len(there), 3), 10),
                description=label,
                layout={"width": "32em"},
            )
            box.observe(self._follow(what, dict(getattr(self, what)), files, read, said), "value")
            boxes.append(box)
        hint = widgets.HTML("Ctrl or Shift chooses several; the pictures and tables below follow.")
        return widgets.VBox([widgets.HBox(boxes), hint, said])

    def speed(self) -> None:
        """Show who is fastest, in a sentence, and throughput against requests in flight."""
        self._show(lambda: _speed(self.profiles))

    def conditions(self) -> None:
        """Show under which conditions the profiles were taken, as far as they differ."""
        self._show(lambda: _conditions(self.profiles))

    def figures(self) -> None:
        """Show speed, times, memory, energy, cost and findings of the profiles."""
        self._show(lambda: _figures(self.profiles))

    def decisions(self) -> None:
        """Show the verdicts, one column each."""
        self._show(lambda: _decisions(self.verdicts))

    def inputs(self) -> None:
        """Show the inputs that differ."""
        self._show(lambda: _inputs(self.verdicts))

    def _show(self, content: Callable[[], str]) -> None:
        """Show a content as an output of this cell, to be written anew when something else is chosen."""
        from IPython.display import HTML, display

        handle = display(HTML(content()), display_id=True)  # type: ignore[no-untyped-call]
        self._outputs.append((handle, content))

    def _follow(
        self, what: str, known: Mapping[str, Any], files: Mapping[str, Path], read: Callable[[Path], Any], said: Any
    ) -> Callable[[Any], None]:
        """Return what is done when something else is chosen."""

        def follow(change: Any) -> None:
            from IPython.display import HTML

            try:
                found = {name: known[name] if name in known else read(files[name]) for name in change["new"]}
            except InputError as error:
                said.value = side.paragraphs([str(error)])
                return
            said.value = ""
            setattr(self, what, found)
            for handle, content in self._outputs:
                if handle is not None:
                    handle.update(HTML(content()))  # type: ignore[no-untyped-call]

        return follow


def throughput(profiles: Mapping[str, HardwareProfile]) -> Drawing | None:
    """Return the curves of profiles in one picture: measured filled, published hollow and dashed; else ``None``."""
    models = {profile.model.name for profile in profiles.values()}
    drawn = [(profile, line) for profile in profiles.values() if (line := side.curve(profile))]
    lengths = {side.lengths(line[0]) for _, line in drawn}
    if not drawn:
        return None
    curves = []
    for profile, line in drawn:
        machine = f"{profile.accelerators} × {profile.accelerator}" if profile.accelerators > 1 else profile.accelerator
        parts = [machine, profile.model.dtype]
        parts += [side.lengths(line[0])] if len(lengths) > 1 else []
        parts += [profile.model.name] if len(models) > 1 else []
        points = tuple((point.concurrency or 0, point.output_tokens_per_s) for point in line)
        curves.append(Curve(name=", ".join(parts), basis=profile.basis, points=points))
    of = f"requests of {lengths.pop()} tokens" if len(lengths) == 1 else "requests of the lengths named"
    return lines(
        curves,
        title=f"Throughput of {models.pop() if len(models) == 1 else f'{len(models)} models'}",
        subtitle=f"Output tokens per second of one replica against requests in flight, {of}; both axes logarithmic",
        unit="output tokens per second",
        height=max(150, 16 * len(curves)),
    )


def _speed(profiles: Mapping[str, HardwareProfile]) -> str:
    if not profiles:
        return side.paragraphs(["No hardware profile is chosen."])
    speeds = {name: side.best(profile).output_tokens_per_s for name, profile in profiles.items()}
    most, least = max(speeds, key=speeds.__getitem__), min(speeds, key=speeds.__getitem__)
    said = [f"{most} does most: {number(speeds[most])} output tokens/s."]
    if len({profile.model.architecture for profile in profiles.values()}) > 1:
        said.append("They serve different models, so their speeds are no measure of the machines.")
    elif len(profiles) > 1:
        said = [f"{said[0][:-1]}, {number(speeds[most] / speeds[least])} times what {least} does."]
    if without := [name for name, profile in profiles.items() if not side.curve(profile)]:
        said.append(f"Without a curve of requests in flight: {', '.join(without)}.")
    drawing = throughput(profiles)
    picture = "" if drawing is None else f'<div style="max-width:{_LARGER * 482:g}px">{_fluid(svg(drawing))}</div>'
    return side.paragraphs(said) + picture


def _fluid(drawn: str) -> str:
    """Return an SVG that is as wide as its column."""
    head, rest = drawn.split(">", 1)
    for name in ("width", "height"):
        before, after = head.split(f' {name}="', 1)
        head = before + after.split('"', 1)[1]
    return f'{head} style="width:100%">{rest}'


def _conditions(profiles: Mapping[str, HardwareProfile]) -> str:
    if not profiles:
        return ""
    differ, same = side.conditions(list(profiles.values()))
    if len(profiles) == 1:
        return side.table(list(profiles), same)
    names = ", ".join(name for name, _ in differ)
    said = [f"They differ in {names}; a ratio of speeds holds for all of that together." if differ else ""]
    said.append(f"The same in all: {', '.join(f'{name} {cells[0]}' for name, cells in same)}." if same else "")
    return side.paragraphs(list(filter(None, said))) + (side.table(list(profiles), differ) if differ else "")


def _figures(profiles: Mapping[str, HardwareProfile]) -> str:
    if not profiles:
        return ""
    rows = side.figures(list(profiles.values()))
    known = [row for row in rows if set(row[1]) != {MISSING}]
    silent = ", ".join(name for name, cells in rows if set(cells) == {MISSING})
    return side.table(list(profiles), known) + side.paragraphs([f"None of them says: {silent}."] if silent else [])


def _decisions(verdicts: Mapping[str, Verdict]) -> str:
    if not verdicts:
        return side.paragraphs(["No verdict is chosen, or none is there yet: kit verdict ENGAGEMENT makes one."])
    heads = [f"{name}: {verdict.client}" for name, verdict in verdicts.items()]
    return side.paragraphs(side.warnings_of(verdicts)) + side.table(heads, side.verdict_rows(list(verdicts.values())))


def _inputs(verdicts: Mapping[str, Verdict]) -> str:
    if len(verdicts) < 2:
        return side.paragraphs(["With two verdicts or more: the inputs that differ."])
    rows, alone = side.differing_inputs(list(verdicts.values()))
    more = f"; {alone} are not in all of them" if alone else ""
    said = f"{len(rows)} inputs have other values{more}."
    return side.paragraphs([said]) + (side.table(list(verdicts), rows) if rows else "")
