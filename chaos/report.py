"""What a campaign came to: `report.json`, a table, and the breaches one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos.campaign import Outcome, Progress, count_wishes
from chaos.plan import PORTALS
from chaos.verdict import BREACHES

MOST_SHOWN = 20


def build_report(outcome: Outcome) -> dict[str, Any]:
    """The numbers of a campaign.

    `wishes` are publications (classified × portal) wished for, `adverts` those that stand at the simulators in the end,
    `told_twice` callbacks that the CRM had taken already; `converged_s` is counted from the end of the storm, null where
    something is still open.
    """
    counts = outcome.judgement.counts
    return {
        "seed": outcome.plan.seed,
        "wishes": count_wishes(outcome.plan),
        "adverts": outcome.judgement.adverts,
        **{kind: counts[kind] for kind in BREACHES},
        "told_twice": outcome.told_twice,
        "converged_s": None if outcome.converged_s is None else round(outcome.converged_s, 1),
    }


def is_kept(outcome: Outcome) -> bool:
    """Whether every promise was kept."""
    return not outcome.judgement.findings


def list_breaches(outcome: Outcome) -> list[dict[str, Any]]:
    """Every breach: listing, portal, kind, what was seen."""
    return [
        {"listing": number, "portal": portal, "kind": finding.kind, "seen": finding.text}
        for (number, portal), findings in sorted(outcome.judgement.findings.items())
        for finding in findings
    ]


def write_report(outcome: Outcome, folder: Path) -> None:
    """`report.json`, and `breaches.json` beside it."""
    folder.mkdir(exist_ok=True)
    for name, content in {"report": build_report(outcome), "breaches": list_breaches(outcome)}.items():
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def print_report(outcome: Outcome, console: Console) -> None:
    """The tables, and the first of the breaches."""
    report, now = build_report(outcome), outcome.progress
    console.print()
    portals = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("portal", "as wished", "ended with a problem"):
        portals.add_column(heading)
    for portal in PORTALS:
        explained = outcome.judgement.explained.most_common()
        told = ", ".join(f"{count} {code}" for (where, code), count in explained if where == portal)
        portals.add_row(portal, str(outcome.judgement.met[portal]), told or "–")
    console.print(portals)
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for name, value in report.items():
        style = "" if name not in BREACHES else "bold red" if value else "bold green"
        table.add_row(name, Text(str(value), style=style))
    console.print(table)
    storm = f"{outcome.storm_s:.0f} s of storm: {now.taken} requests of the CRM ({now.repeated} asked again), {now.calls} calls"
    squalls = f"to the portals, {now.bursts} bursts of 429, {now.killed} functions killed, {outcome.judgement.entries} entries"
    console.print(f"\n[dim]{storm} {squalls}[/]", soft_wrap=True)
    for breach in list_breaches(outcome)[:MOST_SHOWN]:
        where = f"listing {breach['listing']} {breach['portal']}"
        console.print(Text(f"{breach['kind']}: {where}: {breach['seen']}", style="red"), soft_wrap=True)


def show_progress(now: Progress, seconds: float) -> str:
    """One line: what is going on, and how many have converged."""
    crm = "CRM up" if now.crm_up else "CRM down"
    if now.phase == "storm":
        return (
            f"{seconds:4.0f} s  storm  {now.taken}/{now.steps} requests, {now.calls} portal calls, {now.told} callbacks,"
            f" {now.bursts} bursts, {now.killed} killed, {crm}"
        )
    return f"{seconds:4.0f} s  {now.phase}   {now.converged}/{now.listings} classifieds converged"
