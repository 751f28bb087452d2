"""How long things take, and what AWS allows: every number that the simulation does not take from the hub's own code.

Milliseconds. What `template.yaml` says (concurrency, batches, timeouts) is read from there.
"""

from __future__ import annotations

from typing import NamedTuple

from placard.domain.instants import MINUTE, SECOND


class Takes(NamedTuple):
    """A span (ms), and where it comes from."""

    span: int
    why: str


TIMES = {
    "read": Takes(5, "DynamoDB's own p50 of a GetItem or a Query within a region is below 10 ms; 2 to 5 are usual"),
    "write": Takes(6, "a conditional PutItem or UpdateItem, the same"),
    "transaction": Takes(15, "TransactWriteItems goes twice over its items: two to three single writes"),
    "secret": Takes(10, "one GetItem of the vault and one Decrypt of KMS"),
    "send": Takes(12, "SendMessageBatch of at most ten messages"),
    "look": Takes(20, "our own code in a function of 512 MB, which has 0.29 of a core: about 5 ms on a whole one"),
    "fold": Takes(5, "the same for one record of a batch"),
    "poll": Takes(125, "Lambda asks each shard of a stream four times a second; half of that on average"),
    "queue": Takes(30, "from SendMessage to the handler, Lambda polling long"),
    "portal": Takes(300, "a call to a portal that is well; its work comes later"),
    "refusal": Takes(300, "503 from a portal that is down"),
    "silence": Takes(20 * SECOND, "no answer from a portal that hangs: the hub's own time limit (portals/base.py)"),
    "callback": Takes(200, "a portal's way to our receiver and its answer"),
    "crm": Takes(200, "a CRM's endpoint"),
}


def takes(what: str) -> int:
    """Return a span (ms) of the table."""
    return TIMES[what].span


# "Each partition … 1,000 write units per second" (DynamoDB developer guide, "Designing partition keys"): of the table and of
# each index alike. An item is written in units of 1 KB, twice in a transaction; an index costs one for what appears,
# disappears or changes in it, two where its own key changes.
WRITE_UNITS_OF_A_KEY = 1000
UNIT = 1024
# A new on-demand table takes 4,000 write units: four partitions, and a shard of the stream for each.
SHARDS_OF_THE_STREAM = 4
MESSAGES_OF_A_SEND = 10
ROUND = MINUTE
