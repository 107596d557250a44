"""Three sliders to play with: what cloud and machines cost a month at another volume, price and use.

The page computes it with the formulas of :class:`kit.strategy.dossier.Sketch`; this module gives it the figures, the
words in the document's language and how far the sliders go.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kit.figures import listed, number
from kit.report import drawing
from kit.report.words import PLACE_NAMES, symbol
from kit.strategy.dossier import Sketch
from kit.wording import retell, say, spoken

ROOM = 2.5
"""The volumes shown go to this many times today's, and at least to what three machines carry."""
CHEAPEST, DEAREST = 0.1, 3.0
"""How far the cloud's price is turned, as factors of today's."""
EMPTIEST = 0.05
"""The least use of machines that can be chosen; at none they would be without number."""


@dataclass(frozen=True)
class Slider:
    """One slider; numbers in the unit of the figure that it stands for.

    Attributes:
        name: volume, price or use.
        label: what a reader sees beside it.
        least, most, step, value: of the control; ``value`` is one of its steps, so that it starts at the record's.
    """

    name: str
    label: str
    least: float
    most: float
    step: float
    value: float


def most_volume(sketch: Sketch) -> float:
    """Return the end of the volumes shown in million tokens a day, a round number."""
    full = sketch.use * sketch.machine_mtok_per_day
    wanted = max(ROOM * sketch.million_tokens_per_day, (sketch.there + 3) * full - sketch.bound_mtok_per_day)
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= wanted * (1 - 1e-12))


def sliders(sketch: Sketch) -> tuple[Slider, ...]:
    """Return the three sliders, each starting at the record's figure."""
    most = most_volume(sketch)
    volume_step = most / 200
    today, use, use_step = sketch.million_tokens_per_day, sketch.use, 0.01
    steps_below = max(math.floor((use - EMPTIEST) / use_step + 1e-9), 0)
    return (
        Slider(
            name="volume",
            label=say("Volume"),
            least=math.fmod(today, volume_step),
            most=most,
            step=volume_step,
            value=today,
        ),
        Slider(name="price", label=say("Price of the API"), least=CHEAPEST, most=DEAREST, step=0.05, value=1.0),
        Slider(
            name="use",
            label=say("Use of the machines"),
            least=use - steps_below * use_step,
            most=1.0,
            step=use_step,
            value=use,
        ),
    )


def words(sketch: Sketch, currency: str) -> dict[str, str]:
    """Return the sentences in the language of the moment, with ``{name}`` where the page puts a value."""
    places = ("volume", "price", "use", "count", "cloud", "local", "first", "last", "end", "most", "value")
    gap = {name: f"{{{name}}}" for name in places}
    chosen = {name: gap[name] for name in ("volume", "price", "use", "count", "cloud", "local")}
    chosen["machine"] = retell(sketch.machine)
    return {
        "cloud": say("cloud"),
        "machines": retell(PLACE_NAMES[sketch.place]),
        "x": say("million tokens a day"),
        "y": say("{currency} a month", currency=symbol(currency)),
        "volume_value": say("{value} million tokens a day", value=gap["value"]),
        "price_value": say("{value} times today's", value=gap["value"]),
        "use_value": gap["value"],
        "one": say(
            "At {volume} million tokens a day and {price} times today's price the cloud costs {cloud} a month; one "
            "machine ({machine}) whose planned capacity is {use} used costs {local} a month.",
            **chosen,
        ),
        "many": say(
            "At {volume} million tokens a day and {price} times today's price the cloud costs {cloud} a month; {count} "
            "machines ({machine}) whose planned capacity is {use} used cost {local} a month.",
            **chosen,
        ),
        "there": say(
            "At {volume} million tokens a day and {price} times today's price the cloud costs {cloud} a month; {count} "
            "machines ({machine}) are needed at a use of {use}, of which {there} stand there anyway for {bound}; the "
            "others cost {local} a month.",
            there=number(sketch.there),
            bound=listed(list(sketch.bound)) if sketch.bound else "",
            **chosen,
        ),
        "from": say("Machines are cheaper from {first} million tokens a day on.", first=gap["first"]),
        "again": say(
            "Machines are cheaper from {first} million tokens a day in parts, and from {last} million on throughout.",
            first=gap["first"],
            last=gap["last"],
        ),
        "between": say(
            "Machines are cheaper in parts between {first} and {end} million tokens a day, the cloud above that.",
            first=gap["first"],
            end=gap["end"],
        ),
        "always": say("Machines are cheaper at every volume up to {most} million tokens a day.", most=gap["most"]),
        "never": say("The cloud is cheaper at every volume up to {most} million tokens a day.", most=gap["most"]),
    }


def page_data(sketch: Sketch, currency: str) -> dict[str, Any]:
    """Return what the page's script works with.

    Args:
        sketch: the figures.
        currency: ISO 4217 code.
    """
    separators = drawing.number_locale(spoken())
    figures = (
        "cloud_per_mtok",
        "cloud_fixed",
        "machine_per_month",
        "machine_mtok_per_day",
        "local_fixed",
        "bound_mtok_per_day",
        "there",
        "days_per_month",
    )
    return {
        "sketch": {name: getattr(sketch, name) for name in figures},
        "most": most_volume(sketch),
        "words": words(sketch, currency),
        "machines": sketch.place.value,
        "font": drawing.FONT,
        "language": spoken(),
        "currency": currency,
        **{name: separators[name] for name in ("decimal", "thousands")},
    }
