"""The controls of a scenario: one for each thing that may be otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as widgets

from kit.strategy.scenario import RULES, Scenario

AS_STATED = "as stated"
_UNTURNED = ""
"""The value of a slider that changes nothing; the widget takes ``None`` for no selection."""

_WIDE = widgets.Layout(width="100%", min_width="260px")
_STYLE = {"description_width": "118px"}
_GROWTH = tuple(round(0.05 * step, 2) for step in range(-10, 41))
_SHARES = tuple(round(0.05 * step, 2) for step in range(6, 20))
_REGRETS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
_PEOPLE = tuple(round(0.1 * step, 1) for step in range(41))
_FACTORS = (
    *(0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0),
    *(1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.2, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 10.0),
)
"""Factors to choose among. A slider of any number would be rounded to its steps by the browser, and turn by itself."""

Turned = Callable[..., None]
"""Told of each change, as keywords of :class:`Scenario`."""


class Knobs:
    """The controls, kept in step with a scenario.

    Args:
        rules: the rules for which there is a switch, keys of :data:`RULES`.
        on_turn: told of each change that a hand makes; not of those by :meth:`follow`.
    """

    def __init__(self, rules: Sequence[str], on_turn: Turned) -> None:
        self._on_turn, self._quiet = on_turn, False
        self._sliders: dict[str, Any] = {
            "volume": _factor("Volume", _FACTORS),
            "growth": _choice("Growth a year", _GROWTH, AS_STATED, "{:+.0%}"),
            "api_prices": _factor("API prices", _FACTORS),
            "gpu_prices": _factor("GPU prices", _FACTORS),
            "staff": _factor("People", _PEOPLE),
            "utilisation": _choice("GPUs planned", _SHARES, "as now", "{:.0%} full"),
            "regret": _choice("Accepted regret", _REGRETS, AS_STATED, "{:.0%} of cost"),
        }
        for name, slider in self._sliders.items():
            slider.observe(self._turned(name), names="value")
        self._switches = {rule: _switch(RULES[rule].label) for rule in rules}
        for switch in self._switches.values():
            switch.observe(self._switched, names="value")

    @property
    def sliders(self) -> Any:
        """The sliders, one below the other."""
        return widgets.VBox([*self._sliders.values()])

    @property
    def switches(self) -> Any:
        """The switches of the rules, side by side."""
        row = widgets.HBox([*self._switches.values()], layout=widgets.Layout(flex_flow="row wrap"))
        return row if self._switches else widgets.HTML("This client states no rule.")

    @property
    def by_name(self) -> Mapping[str, Any]:
        """The sliders by the attribute of the scenario that they turn, and the switches by their rule."""
        return {**self._sliders, **self._switches}

    def follow(self, scenario: Scenario) -> None:
        """Show a scenario."""
        self._quiet = True
        try:
            for name, slider in self._sliders.items():
                slider.value = _nearest(slider, getattr(scenario, name))
            for rule, switch in self._switches.items():
                switch.value = rule not in scenario.left_out
        finally:
            self._quiet = False

    def _turned(self, name: str) -> Callable[[Any], None]:
        def turned(change: Any) -> None:
            if not self._quiet:
                self._on_turn(**{name: _turned_to(change["new"])})

        return turned

    def _switched(self, _: Any) -> None:
        if not self._quiet:
            self._on_turn(left_out=frozenset(rule for rule, switch in self._switches.items() if not switch.value))


def _factor(label: str, factors: Sequence[float]) -> Any:
    options = [(f"× {factor:g}", factor) for factor in factors]
    return widgets.SelectionSlider(options=options, value=1.0, description=label, layout=_WIDE, style=_STYLE)


def _choice(label: str, values: Sequence[float], none: str, form: str) -> Any:
    options = [(none, _UNTURNED), *((form.format(value), value) for value in values)]
    return widgets.SelectionSlider(options=options, value=_UNTURNED, description=label, layout=_WIDE, style=_STYLE)


def _switch(label: str) -> Any:
    return widgets.Checkbox(value=True, description=label, indent=False, layout=widgets.Layout(width="auto"))


def _turned_to(value: float | str) -> float | None:
    return None if isinstance(value, str) else value


def _nearest(slider: Any, value: float | None) -> float | str:
    """Return the value nearest to one that a slider can show."""
    numbers: list[float] = [option for _, option in slider.options if option != _UNTURNED]
    return _UNTURNED if value is None else min(numbers, key=lambda option: abs(option - value))
