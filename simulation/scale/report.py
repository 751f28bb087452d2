"""What a morning came to: for people on the screen, for programs as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from placard.domain.instants import MINUTE, SECOND
from simulation.scale.costs import TIMES, WRITE_UNITS_OF_A_KEY
from simulation.scale.monday import EXPIRING, LARGE, Monday, Wait, by_customer
from simulation.scale.population import name_customer

_BARS = " ▁▂▃▄▅▆▇█"
_WIDTH = 72
MEASURED = ("CLASSIFIED", "PUBLICATION", "STATUS", "EVENT")


def build_report(monday: Monday, took: float) -> dict[str, Any]:
    """Return everything that was measured. Spans in seconds unless a name says otherwise."""
    hub, watch = monday.hub, monday.watch
    return {
        "plan": asdict(monday.plan) | {"classifieds": monday.plan.classifieds},
        "assumed_ms": {name: takes.span for name, takes in TIMES.items()},
        "took_s": round(took),
        "events": hub.agenda.done,
        "wrong": len(monday.list_wrong()),
        "untold": len(watch.untold),
        "unfinished": len(watch.wished),
        "dead": sum(queue.dead for queue in hub.queues.values()),
        "converged_min": _converged(monday),
        "keys": {
            where: [{"key": p.key, "units_per_s": round(p.units, 1), "at_s": _since(monday, p.second)} for p in peaks]
            for where, peaks in hub.meter.busiest().items()
        },
        "waits": {provider: _judge_waits(monday, provider) for provider in hub.portals},
        "tellings": _spread(watch.tellings),
        "expiry": _spread(told - created for created, told in watch.expired_told),
        "calls_for_the_expired": hub.calls.accounts[name_customer(EXPIRING)],
        "queues": {
            name: {
                "sent": queue.sent,
                "invocations": queue.invocations,
                "busy_s": queue.busy // SECOND,
                "failed": queue.failed,
                "most_waiting": queue.most_waiting,
                "oldest_s": max(sample.oldest[name] for sample in monday.samples) // SECOND,
            }
            for name, queue in hub.queues.items()
        },
        "readers": {
            name: {
                "records": reader.records,
                "invocations": reader.invocations,
                "busy_s": reader.busy // SECOND,
                "most_waiting": reader.most_waiting,
                "oldest_s": max(sample.oldest[name] for sample in monday.samples) // SECOND,
            }
            for name, reader in hub.readers.items()
        },
        "reconcile": dict(hub.rounds) | {"most_past_due": max(sample.past_due for sample in monday.samples)},
        "portal_calls": {provider: _count_calls(monday, provider) for provider in hub.portals},
        "invocations": dict(hub.invocations),
        "busy_s": {name: busy // SECOND for name, busy in hub.busy.items()},
        "write_units": _by_place(monday),
        "reads": dict(hub.reads.reads),
        "callbacks_accepted": hub.crms.accepted,
        "item_bytes": {kind: round(hub.store.sizes.bytes(kind)) for kind in MEASURED},
        "items_of_a_shape": [pattern.sizes for pattern in monday.population.patterns],
        "series": [asdict(sample) for sample in monday.samples],
    }


def show(report: dict[str, Any]) -> str:
    """Return the report for people."""
    plan = report["plan"]
    edits, new = plan["bulk_edits"] + plan["edits"], plan["bulk_new"] + plan["new"]
    bulk = plan["bulk_edits"] + plan["bulk_new"]
    within = (plan["burst"] // MINUTE, plan["bulk_within"] // MINUTE)
    lines = [
        f"{plan['classifieds']:,} classifieds; {edits:,} edits and {new:,} new within {within[0]} min,",
        f"{bulk:,} of them one customer's within the first {within[1]};",
        f"{plan['down']} down for {plan['outage_lasts'] // MINUTE} min; {plan['expiring']:,} adverts expire at once",
        f"{report['wrong']} wrong, {report['untold']} untold, {report['unfinished']} unfinished, {report['dead']} dead letters",
        "",
        "Minutes since the morning began until all is done: "
        + ", ".join(f"{name} {minutes}" for name, minutes in report["converged_min"].items()),
        "",
        f"Write units a second on the busiest keys ({WRITE_UNITS_OF_A_KEY} is what DynamoDB takes on one)",
    ]
    for where, peaks in report["keys"].items():
        lines.append(f"  {where:8} " + "  ".join(f"{p['units_per_s']:g} {_shorten(p['key'])}" for p in peaks[:3]))
    lines += ["", f"{'Seconds from the call to the end':36}{'number':>8}{'p50':>8}{'p95':>8}{'most':>8}"]
    for provider, waits in report["waits"].items():
        for who, spread in waits.items():
            lines.append(f"  {provider:6}{who:28}" + _show_spread(spread))
    lines.append(f"  {'told to the CRM after its entry':34}" + _show_spread(report["tellings"]))
    lines.append(f"  {'told that an advert expired':34}" + _show_spread(report["expiry"]))
    lines += ["", f"Waiting, every {_step(report)} minutes, and the most of it"]
    for name in (*report["queues"], *report["readers"]):
        told = (report["queues"] | report["readers"])[name]
        series = [sample["waiting"][name] for sample in report["series"]]
        lines.append(f"  {name:7}{_draw(series)} {told['most_waiting']:6} (oldest {told['oldest_s']} s)")
    past = [sample["past_due"] for sample in report["series"]]
    lines.append(
        f"  {'due':7}{_draw(past)} {max(past):6} past due; at most {report['reconcile']['most']} woken in a round"
    )
    wishes = [sample["unfinished"] for sample in report["series"]]
    lines.append(f"  {'open':7}{_draw(wishes)} {max(wishes):6} wishes")
    lines += ["", "Calls to the portals a minute"]
    for provider, calls in report["portal_calls"].items():
        made = f"{calls['answered']:,} answered, {calls['failed']:,} failed"
        lines.append(f"  {provider:7}{_draw(calls['per_minute'])} {calls['most']:6}; {made}")
    return "\n".join(lines)


def _judge_waits(monday: Monday, provider: str) -> dict[str, Any]:
    outage = monday.hub.outage
    plain: list[Wait] = []
    held: list[int] = []
    for wait in monday.watch.waits:
        if wait.provider != provider:
            continue
        end = wait.since + wait.span
        if provider == outage.provider and wait.since < outage.ends and end > outage.begins:
            held.append(end - max(wait.since, outage.ends))
        else:
            plain.append(wait)
    large = name_customer(LARGE)
    others = [wait for wait in plain if wait.customer != large]
    medians = [sorted(spans)[len(spans) // 2] for spans in by_customer(others).values()]
    found = {
        "of the large customer": _spread(wait.span for wait in plain if wait.customer == large),
        "of all others": _spread(wait.span for wait in others),
        "of each other: its median": _spread(medians),
    }
    return found | ({"after the portal is back": _spread(held)} if held else {})


def _converged(monday: Monday) -> dict[str, int]:
    ends = {provider: _since(monday, at) // 60 for provider, at in monday.watch.ended_at.items()}
    return ends | {"everything": monday.samples[-1].at // MINUTE}


def _count_calls(monday: Monday, provider: str) -> dict[str, Any]:
    calls, first = monday.hub.calls, monday.began // MINUTE
    minutes = range(first, first + len(monday.samples) + 1)
    answered = [calls.answered[provider, minute] for minute in minutes]
    failed = [calls.failed[provider, minute] for minute in minutes]
    both = [one + other for one, other in zip(answered, failed, strict=True)]
    return {"answered": sum(answered), "failed": sum(failed), "most": max(both), "per_minute": both}


def _by_place(monday: Monday) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (where, kind), units in sorted(monday.hub.meter.totals.items()):
        found.setdefault(where, {})[kind] = round(units)
    return found


def _spread(spans: Iterable[int]) -> dict[str, Any]:
    """Return number, median, 95th percentile and maximum, in seconds."""
    ordered = sorted(spans)
    if not ordered:
        return {"number": 0, "p50": 0.0, "p95": 0.0, "most": 0.0}
    chosen = {"p50": ordered[len(ordered) // 2], "p95": ordered[len(ordered) * 95 // 100], "most": ordered[-1]}
    return {"number": len(ordered), **{name: round(span / SECOND, 1) for name, span in chosen.items()}}


def _since(monday: Monday, instant: int) -> int:
    return (instant - monday.began) // SECOND


def _step(report: dict[str, Any]) -> int:
    return max(1, -(-len(report["series"]) // _WIDTH))


def _draw(series: Sequence[int]) -> str:
    """Return a line of bars, each the most of its stretch."""
    step = max(1, -(-len(series) // _WIDTH))
    tops = [max(series[place : place + step]) for place in range(0, len(series), step)]
    most = max(tops) or 1
    bars = "".join(_BARS[-(-top * (len(_BARS) - 1) // most)] for top in tops)
    return bars.ljust(min(_WIDTH, len(bars)))


def _show_spread(spread: dict[str, Any]) -> str:
    return f"{spread['number']:8,}{spread['p50']:8g}{spread['p95']:8g}{spread['most']:8g}"


def _shorten(key: str) -> str:
    return key if len(key) < 24 else f"{key[:20]}…"
