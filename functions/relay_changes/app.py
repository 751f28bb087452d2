"""Send the wake-ups that stored changes call for. It raises when a send fails, and the batch is taken up again."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging, write_counts
from placard.aws.streams import read_change, read_new_entry
from placard.use_cases.relay_changes import count_told, relay_changes

logger = start_logging()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Relay a batch of the stream, and count what it tells once all is sent."""
    changes = [change for record in event["Records"] if (change := read_change(record)) is not None]
    sent = relay_changes(changes, bootstrap.wake_ups(), bootstrap.clock())
    logger.info("relayed", extra={"records": len(event["Records"]), "wakeUps": sent})
    _count(event["Records"])
    return {"batchItemFailures": []}


def _count(records: list[dict[str, Any]]) -> None:
    try:
        by_customer = bootstrap.settings().metrics_by_customer
        entries = [entry for record in records if (entry := read_new_entry(record)) is not None]
        for (portal, customer), counts in count_told(entries).items():
            sets = [["portal"], ["portal", "customer"]] if by_customer else [["portal"]]
            write_counts(counts, {"portal": portal, "customer": customer}, sets, bootstrap.clock().now())
    except Exception:
        # All wake-ups are sent: nothing but a figure is lost.
        logger.exception("a batch could not be counted")
