"""Watching classifieds until every portal has an end state: a live table on a terminal, a line per change in a pipe."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from sandbox.crm import Crm
from sandbox.errors import SandboxError

PATIENCE_SECONDS = 180.0
POLL_SECONDS = 0.3
SUCCEEDED = frozenset({"CREATED", "UPDATED", "DELETED"})
PARTLY = frozenset({"CREATED_WITH_MEDIA_ERROR", "UPDATED_WITH_MEDIA_ERROR"})
FAILED = frozenset({"RECEIVING_FAILED", "CREATING_FAILED", "UPDATING_FAILED", "DELETING_FAILED"})
ENDED = SUCCEEDED | PARTLY | FAILED

Entry = Mapping[str, Any]


@dataclass
class Watched:
    """One classified under watch, at the revision whose end is awaited; `latest` are its entries by portal."""

    name: str
    classified_id: str
    revision: int
    latest: dict[str, Any] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        entries = self.latest.values()
        return bool(self.latest) and all(
            entry["revision"] >= self.revision and entry["status"] in ENDED for entry in entries
        )


def watch_until_ended(crm: Crm, watched: list[Watched], console: Console) -> None:
    """Show every portal's status as it changes, and return when each has its end state.

    Raises `SandboxError`, naming what is still open, when that takes longer than three minutes.
    """
    if not console.is_terminal:
        _print_changes(crm, watched, console)
        return
    with Live(build_table(watched), console=console, refresh_per_second=10) as live:
        for _ in _look_again(crm, watched):
            live.update(build_table(watched))


def await_advert(crm: Crm, one: Watched, portal: str) -> str:
    """Return the portal's id of an advert as soon as the hub knows it; `SandboxError` after three minutes without."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        one.latest = crm.read_latest(one.classified_id)
        advert = (one.latest.get(portal) or {}).get("advert") or {}
        if "id" in advert:
            return str(advert["id"])
        time.sleep(POLL_SECONDS)
    raise SandboxError(
        f"After {PATIENCE_SECONDS:.0f} s {portal} has no advert of {one.name}: {one.latest.get(portal)}."
    )


def _print_changes(crm: Crm, watched: list[Watched], console: Console) -> None:
    said: dict[tuple[str, str], str] = {}
    for _ in _look_again(crm, watched):
        for one in watched:
            for portal, entry in one.latest.items():
                if said.get((one.classified_id, portal)) != entry["statusId"]:
                    said[one.classified_id, portal] = entry["statusId"]
                    cells = f"{one.name:<16}{portal:<12}{entry['status']:<18}rev {entry['revision']}  "
                    console.print(f"{cells}{show_advert(entry):<11}{entry['message']}", soft_wrap=True, markup=False)


def _look_again(crm: Crm, watched: list[Watched]) -> Iterator[None]:
    """Read the statuses, yield, and so on until all have ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        for one in watched:
            if not one.ended:
                one.latest = crm.read_latest(one.classified_id)
        yield
        if all(one.ended for one in watched):
            return
        if time.monotonic() > deadline:
            raise SandboxError(f"After {PATIENCE_SECONDS:.0f} s without an end: {describe_open(watched)}.")
        time.sleep(POLL_SECONDS)


def describe_open(watched: list[Watched]) -> str:
    return ", ".join(
        f"{portal} of {one.name} is {entry['status']} (revision {entry['revision']} of {one.revision})"
        for one in watched
        for portal, entry in one.latest.items()
        if entry["revision"] < one.revision or entry["status"] not in ENDED
    )


def build_table(watched: list[Watched]) -> Table:
    """Portal by status: one row for each portal of each classified."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("classified", "portal", "status", "rev", "advert", "message"):
        table.add_column(heading, no_wrap=heading != "message", overflow="fold")
    for one in watched:
        for portal, entry in sorted(one.latest.items()):
            table.add_row(
                one.name,
                portal,
                Text(entry["status"], style=colour(entry["status"])),
                str(entry["revision"]),
                show_advert(entry),
                Text(entry["message"]),
            )
    return table


def show_advert(entry: Entry) -> str:
    """The advert as the portal has it: `live`, or its state where it is not."""
    advert = entry.get("advert") or {}
    return "live" if advert.get("live") else str(advert.get("state", "–"))


def colour(status: str) -> str:
    """Green for what went well, red for what failed, yellow for what has to be looked after, cyan on the way."""
    if status in SUCCEEDED:
        return "bold green"
    if status in FAILED:
        return "bold red"
    return "bold yellow" if status in PARTLY else "cyan"
