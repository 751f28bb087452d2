"""make replay CLASSIFIED=<id> [UNTIL=<time>] [STACK=<name>]

Rebuilds a classified's publications from their timelines and shows where the stored ones differ, with the evidence of
each entry. UNTIL rebuilds them as they were then; nothing is compared. Changes nothing.
Exit code: 0 the stored publications are as told, 1 they differ or evidence is lost, 2 the question cannot be answered.
"""

import os
from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.text import Text

from ops.errors import OpsError
from ops.given import read_instant
from ops.screen import build_table
from placard import bootstrap
from placard.domain.instants import to_text
from placard.domain.lifecycle import Outcome
from placard.domain.publication import Entry
from placard.use_cases.replay import Replay, Replayed

NAMES = ("CLASSIFIED", "UNTIL")


def run(given: Mapping[str, str], _stack: object, console: Console) -> int:
    """Show every publication of the classified."""
    classified_id, until = given.get("CLASSIFIED"), read_instant(given, "UNTIL")
    if classified_id is None:
        raise OpsError("CLASSIFIED= names the classified to be replayed.")
    replay = Replay(bootstrap.classified_store(), bootstrap.publication_store())
    found = replay(classified_id, until)
    if not found:
        raise OpsError(f"There is no publication of a classified {classified_id!r}.")
    for one in found:
        _show(one, until, console)
    if until is not None:
        return 0
    spoilt = sum(bool(one.differences or one.lost) for one in found)
    return os.EX_OK if spoilt == 0 else 1


def _show(one: Replayed, until: int | None, console: Console) -> None:
    headings = ("created", "portals", "status", "rev", "outcome", "source", "advert", "evidence, or what the hub said")
    rows = (_row(entry, lost=entry.status_id in one.lost) for entry in one.entries)
    console.print(Text(one.channel, style="bold"))
    console.print(build_table(headings, rows))
    console.print()
    facts = (
        (portal, known.word.value, str(known.seen), str(known.acted), known.advert.state.value, known.advert.url or "–")
        for portal, known in sorted(one.told.portals.items())
    )
    console.print(build_table(("portal", "status", "seen", "acted on", "advert", "url"), facts))
    for text in _verdict(one, until):
        console.print(text, soft_wrap=True)
    if one.differences:
        rows_ = ((d.portal or one.channel, d.fact, d.told, d.stored) for d in one.differences)
        console.print(build_table(("portal", "fact", "timeline", "stored"), rows_))
    console.print()


def _row(entry: Entry, *, lost: bool) -> tuple[str | Text, ...]:
    advert = "–" if entry.advert is None else entry.advert.state.value
    evidence = Text(entry.evidence or entry.message, style="dim")
    if lost:
        evidence = Text(f"LOST {entry.evidence}", style="bold red")
    outcome = entry.outcome.value
    return (
        to_text(entry.creation_date),
        " ".join(entry.portals),
        entry.status.value,
        str(entry.revision),
        Text(outcome, style="" if entry.outcome is Outcome.APPLIED else "dim"),
        entry.source.value,
        advert,
        evidence,
    )


def _verdict(one: Replayed, until: int | None) -> Iterator[Text]:
    if until is not None:
        yield Text(f"{len(one.entries)} entries up to {to_text(until)}; the stored publication is of now.")
    elif one.differences:
        yield Text(f"The stored publication differs in {len(one.differences)} facts.", style="bold red")
    else:
        yield Text(f"The stored publication is as its {len(one.entries)} entries tell.", style="green")
    if one.lost:
        yield Text(f"The raw message of {len(one.lost)} entries is not kept any more.", style="bold red")
