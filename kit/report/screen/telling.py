"""What a look says, as HTML: the verdict in words, how sure it is, and the plan as tables."""

from __future__ import annotations

import html

from kit.engagement.record import Place
from kit.figures import money, percent
from kit.strategy.exploring import Look
from kit.strategy.rivals import SAME

CSS = """
.kit-explorer { max-width: 1180px; }
.kit-explorer .kit-client { font-size: 13px; opacity: .75; margin: 0; }
.kit-explorer .kit-verdict { font-size: 22px; line-height: 1.25; font-weight: 600; margin: 4px 0 2px; max-width: 62em; }
.kit-explorer .kit-money { font-size: 14px; line-height: 1.4; margin: 0; max-width: 80em; }
.kit-explorer .kit-sure { font-size: 14px; line-height: 1.4; margin: 0; min-height: 1.4em; }
.kit-explorer .kit-quiet { opacity: .7; }
.kit-explorer .kit-fault { color: #b3261e; font-weight: 600; }
.kit-explorer h3 { font-size: 15px; margin: 14px 0 2px; }
.kit-explorer table { border-collapse: collapse; font-size: 13px; margin: 6px 30px 6px 0; }
.kit-explorer th, .kit-explorer td { padding: 3px 10px 3px 0; text-align: left; border-bottom: 1px solid #c9ced3; }
.kit-explorer td.number, .kit-explorer th.number { text-align: right; font-variant-numeric: tabular-nums; }
.kit-explorer tr.best td { font-weight: 600; }
.kit-explorer .kit-chart { flex: 2 1 560px; padding-left: 18px; }
.kit-explorer .vega-embed { width: 100%; padding: 0; }
.kit-explorer .vega-embed svg { width: 100% !important; max-width: 760px; height: auto !important; }
.kit-explorer .widget-readout { min-width: 84px; }
.kit-explorer .kit-grid .widget-html-content { line-height: 1.2; }
.kit-tables { display: flex; flex-wrap: wrap; align-items: flex-start; }
"""
_PLACES = {Place.OWN: "own", Place.RENTED: "rented", Place.API: "cloud"}


def verdict_words(look: Look) -> str:
    """Return the verdict and what it costs."""
    return (
        f"<div role='status' aria-live='polite'><p class='kit-verdict'>{html.escape(look.sentence)}</p>"
        f"<p class='kit-money'>{html.escape(look.money_sentence)}</p></div>"
    )


def sure(look: Look) -> str:
    """Return how sure it is, or that this is still being found out."""
    if look.certainty is None:
        return "<p class='kit-sure kit-quiet'>How sure: being worked out …</p>"
    how = html.escape(look.certainty.value)
    return f"<p class='kit-sure'>How sure: <b>{how}</b>. {html.escape(look.certainty_sentence)}</p>"


def trouble(text: str) -> str:
    """Return why there is no plan."""
    return (
        "<div role='status' aria-live='polite'><p class='kit-verdict'>No plan.</p>"
        f"<p class='kit-money'>{html.escape(text)}</p></div>"
    )


def plan_table(look: Look) -> str:
    """Return where each workload goes, and what each plan costs, as two tables side by side."""
    goings = "".join(
        f"<tr><td>{html.escape(going.workload)}</td><td>{_PLACES[going.places[0]]}</td>"
        f"<td>{html.escape(_served(going.goes_to, going.shares))}</td></tr>"
        for going in look.goings
    )
    best = look.plans[0]
    costs = "".join(
        f"<tr{' class=best' if plan is best else ''}><td>{html.escape(plan.label)}</td>"
        f"<td class='number'>{money(plan.cost_per_month, look.currency)}</td>"
        f"<td class='number'>{money(plan.npv, look.currency)}</td>"
        f"<td class='number'>{'' if plan is best else _more(plan.npv, best.npv, look.currency)}</td></tr>"
        for plan in look.plans
    )
    return (
        "<div class='kit-tables'>"
        "<table><thead><tr><th>Workload</th><th>Goes to</th><th>Served by</th></tr></thead>"
        f"<tbody>{goings}</tbody></table>"
        "<table><thead><tr><th>Plan</th><th class='number'>a month</th><th class='number'>present value</th>"
        f"<th class='number'>more</th></tr></thead><tbody>{costs}</tbody></table></div>"
    )


def _served(labels: tuple[str, ...], shares: tuple[float, ...]) -> str:
    if len(labels) == 1:
        return labels[0]
    return ", ".join(f"{label} {percent(share)}" for label, share in zip(labels, shares, strict=True))


def _more(npv: float, best: float, currency: str) -> str:
    """Return by how much a plan costs more; plans within the gap to which they are proven cost the same."""
    return money(npv - best, currency) if npv - best > SAME * abs(best) else "the same"
