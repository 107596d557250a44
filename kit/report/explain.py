"""What the terminal shows when it is asked how a verdict comes about: every figure retraced to its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console, RenderableType
from rich.text import Text
from rich.tree import Tree

from kit.errors import InputError, did_you_mean, one_of
from kit.report.words import day, exact, money, percent, seconds
from kit.strategy.answers import Derivation, Term
from kit.strategy.formula import filled
from kit.strategy.verdict import Input, Option, Placement, Verdict

_SIGNS = {" ** ": " ^ ", " * ": " × ", " / ": " ÷ ", " - ": " − "}
_PLAN = ("cost_per_month", "npv", "capex", "payback_months")
_POOL = ("utilisation", "peak_utilisation", "cost_per_mtok")


def show_explanation(given: str, workload: str | None, *, out: Path) -> None:
    """Print how a verdict, or where it puts a workload, comes about.

    Args:
        given: a ``verdict.json``, its folder, or the name of an audit.
        workload: the name of a workload; ``None`` for the verdict's own figures.
        out: the folder of all audits.

    Raises:
        InputError: there is no such verdict or workload; names what there is.
    """
    console = Console(highlight=False)
    for part in explain(Verdict.read(verdict_file(given, out)), workload):
        console.print(part)


def verdict_file(given: str, out: Path) -> Path:
    """Return the file of a verdict.

    Args:
        given: the file, its folder, or the name of an audit.
        out: the folder of all audits.

    Raises:
        InputError: there is none; names the audits that there are.
    """
    for path in (Path(given), Path(given) / "verdict.json", out / given / "verdict.json"):
        if path.is_file():
            return path
    known = sorted(path.parent.name for path in out.glob("*/verdict.json"))
    there = f"; in {out} there is {one_of(known)}" if known else f"; in {out} there is none"
    raise InputError(
        f"{given}: no such verdict{did_you_mean(given, known)}; give a verdict.json, its folder or the name of an audit"
        f"{there} (kit verdict ENGAGEMENT makes one)"
    )


def explain(verdict: Verdict, workload: str | None) -> list[RenderableType]:
    """Return how the verdict comes about, or where it puts a workload; the names in it are not taken for markup.

    Every figure is a tree: what it is, its formula with names and with numbers, and below it each term with its own
    formula, or the input with basis, source, date and key. What was shown once is referred to by its value.

    Args:
        verdict: the verdict.
        workload: the name of a workload; ``None`` for the verdict's own figures.

    Raises:
        InputError: the verdict has no such workload; names the nearest.
    """
    trees = _Trees(verdict)
    if workload is None:
        return [*_summary(verdict), *trees.of(_own_keys(verdict))]
    placement = _placement(verdict, workload)
    return [*_where(verdict, placement), *trees.of(_keys_of(verdict, placement))]


class _Trees:
    """Trees of a verdict's figures, none of them shown twice."""

    def __init__(self, verdict: Verdict) -> None:
        self.rows = {row.key: row for row in verdict.derivations}
        self.inputs = {item.key: item for item in verdict.inputs}
        self.shown: set[str] = set()

    def of(self, keys: Sequence[str]) -> list[RenderableType]:
        """Return a tree for each of the keys that the verdict has, an empty line before each."""
        found: list[RenderableType] = []
        for row in (self.rows[key] for key in keys if key in self.rows):
            head = Text(clean(f"{row.label}: {_value(row.value, row.unit)}"), style="bold")
            tree = Tree(head, guide_style="dim")
            self._grow(tree, row)
            found += [Text(), tree]
        return found

    def _grow(self, tree: Tree, row: Derivation) -> None:
        """Add the formula of a figure below it, and its terms."""
        self.shown.add(row.key)
        plain = [term for term in row.terms if term.of]
        if plain or len(row.terms) != 1:
            tree.label = Text("\n").join([_text(tree.label), *_formula(row)])
        if row.note:
            tree.add(Text(clean(row.note), style="italic"))
        for term in row.terms if plain or len(row.terms) != 1 else ():
            self._add(tree, term)

    def _add(self, tree: Tree, term: Term) -> None:
        label = f"{term.symbol} = {_value(term.value, term.unit)}: {term.label}"
        if not term.of:
            tree.add(Text(clean(label)))
        elif term.of in self.shown:
            tree.add(Text(clean(f"{label} (see above)")))
        elif term.of in self.rows:
            self._grow(tree.add(Text(clean(label))), self.rows[term.of])
        elif term.of in self.inputs:
            self.shown.add(term.of)
            tree.add(Text(clean(label))).add(_origin(self.inputs[term.of]))
        else:
            tree.add(Text(clean(f"{label} ({term.of}, which the verdict does not hold)")))


def _text(label: RenderableType) -> Text:
    return label if isinstance(label, Text) else Text(str(label))


def _formula(row: Derivation) -> list[Text]:
    """Return the formula with its names, and with numbers in their place."""
    numbers = {term.symbol: _in_formula(term.value) for term in row.terms}
    lines = [row.formula] if row.formula in numbers else [row.formula, filled(row.formula, numbers)]
    return [Text(f"= {_pretty(line)}", style="not bold cyan" if i == 0 else "not bold") for i, line in enumerate(lines)]


def _pretty(formula: str) -> str:
    for plain, sign in _SIGNS.items():
        formula = formula.replace(plain, sign)
    return formula.replace("(-", "(−")


def _in_formula(value: float) -> str:
    text = exact(value).replace(",", "")
    return f"({text})" if value < 0 else text


def _value(value: float, unit: str) -> str:
    return percent(value) if unit == "share" else f"{exact(value)} {unit}".strip()


def _origin(item: Input) -> Text:
    return Text(clean(f"{item.basis}, {day(item.date)}: {item.source} [{item.key}]"), style="dim")


def clean(text: str) -> str:
    """Return a text without the characters by which a name could steer the terminal."""
    return "".join(one if one.isprintable() or one == "\n" else "�" for one in text)


def _own_keys(verdict: Verdict) -> list[str]:
    """Return the figures of the verdict as a whole: the recommended plan, the saving, the pools, the other plans."""
    first, *others = verdict.strategies
    pools = [
        row.key for row in verdict.derivations if row.key.startswith("pools.") and row.key.rsplit(".", 1)[-1] in _POOL
    ]
    return [
        *(f"strategies.{first.kind}.{name}" for name in _PLAN),
        "saving_npv",
        *pools,
        *(f"strategies.{row.kind}.cost_per_month" for row in others),
    ]


def _keys_of(verdict: Verdict, placement: Placement) -> list[str]:
    """Return the figures of a workload that follow from others, and enter no other of its own."""
    prefix = f"placements.{placement.workload}."
    longer = tuple(
        f"placements.{other.workload}."
        for other in verdict.placements
        if other.workload.startswith(f"{placement.workload}.")
    )
    own = {row.key: row for row in verdict.derivations if row.key.startswith(prefix) and not row.key.startswith(longer)}
    used = {term.of for row in own.values() for term in row.terms}
    bills = [f"apis.{label}.{placement.workload}.cost_per_month" for label in placement.goes_to]
    return [*bills, *(key for key in own if key not in used)]


def _placement(verdict: Verdict, workload: str) -> Placement:
    by_name = {placement.workload.casefold(): placement for placement in verdict.placements}
    found = by_name.get(workload.strip().casefold())
    if found is None:
        names = [placement.workload for placement in verdict.placements]
        part = next((name for name in names if workload.strip().casefold() in name.casefold()), None)
        near = f' (did you mean "{part}"?)' if part else did_you_mean(workload, names)
        raise InputError(f"{workload}: no such workload in the verdict{near}; it has {one_of(names)}")
    return found


def _summary(verdict: Verdict) -> list[RenderableType]:
    lines = [verdict.money_sentence, f"How sure: {verdict.certainty.value}. {verdict.certainty_sentence}"]
    names = ", ".join(placement.workload for placement in verdict.placements)
    return [
        Text(clean(f"{verdict.client}: {verdict.title}"), style="bold"),
        Text(),
        Text(clean(verdict.sentence)),
        *(Text(clean(line)) for line in lines),
        Text(clean(f"With the name of a workload after it: where that goes and why ({names})."), style="dim"),
    ]


def _where(verdict: Verdict, placement: Placement) -> list[RenderableType]:
    """Return where a workload goes, why, and what else was considered."""
    goes = [
        f"{label} ({percent(share)})" if len(placement.goes_to) > 1 else label
        for label, share in zip(placement.goes_to, placement.shares, strict=True)
    ]
    reasons = list(placement.because)
    if placement.overflow:
        reasons.append(f"When that is full: {placement.overflow}")
    if placement.ttft_p95_s is not None:
        reasons.append(f"Time to first token: {seconds(placement.ttft_p95_s)} for 95 of 100 requests")
    tree = _list(f"Goes to {', '.join(goes)}", reasons)
    title = Text(clean(f"{verdict.client}: {placement.workload}"), style="bold")
    return [title, Text(), tree, *_permitted(verdict, placement), *_struck(placement)]


def _permitted(verdict: Verdict, placement: Placement) -> list[RenderableType]:
    """Return the options that it may use and does not, the cheapest request first."""
    others = [one for one in placement.options if not one.strikes and one.label not in placement.goes_to]
    others.sort(key=lambda one: float("inf") if one.cost_per_request is None else one.cost_per_request)
    rows = [f"{_name(one, placement)}: {_price(one, verdict.currency)}" for one in others]
    head = "It may also go to, with the price of a request (of a replica that is full)"
    return [Text(), _list(head, rows)] if rows else []


def _price(option: Option, currency: str) -> str:
    return "not known" if option.cost_per_request is None else money(option.cost_per_request, currency)


def _struck(placement: Placement) -> list[RenderableType]:
    """Return the options that are out, and what would let them in; those that are out for the same stand together."""
    together: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for option in placement.options:
        if option.strikes:
            why = tuple((strike.reason, strike.lift) for strike in option.strikes)
            together.setdefault(why, []).append(_name(option, placement))
    tree = _list("Out", ())
    for strikes, labels in together.items():
        node = tree.add(Text(clean("; ".join(dict.fromkeys(labels)))))
        for reason, lift in strikes:
            node.add(Text(clean(f"{reason}\nto lift it: {lift}")))
    return [Text(), tree] if together else []


def _name(option: Option, placement: Placement) -> str:
    """Return an option's label, with its profile where others have the same."""
    same = sum(other.label == option.label for other in placement.options) > 1
    return f"{option.label} ({option.profile})" if same and option.profile else option.label


def _list(head: str, rows: Sequence[str]) -> Tree:
    tree = Tree(Text(clean(head), style="bold"), guide_style="dim")
    for row in rows:
        tree.add(Text(clean(row)))
    return tree
