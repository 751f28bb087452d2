"""What the usual build would be billed for the same way of a classified, request by request.

Nobody built that hub: the list is what its parts of `usual/` do, carried on to the other functions in the same manner. One
table with an index for what a customer lists, one item a write, Powertools idempotency around whoever may be called twice,
one message for each thing to be done. It is kept low where there is a choice: no retries, no transactions, secrets cached,
and its functions as quick as ours, though they are not (`cpu`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

# Of a write: an item of up to 1 KB, its entry in the index too, and a classified, whose JSON takes two.
WRITE, LISTED, CLASSIFIED = 1.0, 2.0, 3.0
IDEMPOTENCY = 2 * WRITE  # begun and ended
READ = 0.5  # of up to 4 KB, eventually consistent
# A message is sent, received and deleted; each is a request.
MESSAGE = 3.0


@dataclass(frozen=True)
class Billed:
    """One thing done: how often, its calls of AWS by code of ours, and what each service bills for it once."""

    what: str
    times: int
    calls: int
    units: Mapping[str, float]


def list_billed(channels: int, entries: int, messages: int) -> tuple[Billed, ...]:
    """Return the bill of one classified: so many channels, entries of each, and messages of the portals in all."""
    writes, reads, sqs, requests = "DynamoDB writes", "DynamoDB reads", "SQS", "Lambda requests"
    once, told = {requests: 1.0}, channels * entries
    return (
        Billed("a POST is stored once", 1, 3, {**once, "API Gateway": 1.0, writes: IDEMPOTENCY + CLASSIFIED}),
        Billed("the stream hands it to a channel", channels, 1, {sqs: MESSAGE}),
        Billed("the stream wakes its reader", 1, 0, once),
        Billed("a delivery begins: the wish is read, its receipt told", channels, 6, {**once, **_begins()}),
        Billed("the portal has taken it: state, link and entry", channels, 3, {writes: 2 * WRITE + LISTED}),
        Billed("a message is stored and queued", messages, 2, {**once, writes: WRITE, sqs: MESSAGE}),
        Billed("a message is folded", messages, 4, {**once, reads: 2 * READ, writes: IDEMPOTENCY}),
        Billed("a message makes it live: state and entry", channels, 2, {writes: WRITE + LISTED}),
        Billed("the stream hands an entry to the telling", told, 1, {**once, sqs: MESSAGE}),
        Billed("an entry is told and marked", told, 4, {**once, reads: READ, writes: IDEMPOTENCY + WRITE}),
    )


def _begins() -> dict[str, float]:
    return {"DynamoDB reads": 2 * READ, "DynamoDB writes": IDEMPOTENCY + WRITE + LISTED}


def count_calls(billed: tuple[Billed, ...]) -> int:
    """Return the calls of AWS."""
    return sum(one.times * one.calls for one in billed)


def sum_units(billed: tuple[Billed, ...]) -> dict[str, float]:
    """Return the units by service."""
    units: dict[str, float] = defaultdict(float)
    for one in billed:
        for service, count in one.units.items():
            units[service] += one.times * count
    return dict(units)
