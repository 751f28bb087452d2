"""Look at the publications that wake-ups name."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging
from placard.aws.queues import read_wake_up

logger = start_logging()


def follow(traceparent: str | None) -> None:
    """Name the CRM's request in every line that follows."""
    logger.append_keys(traceparent=traceparent)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Look once for each message; one whose look fails stays in the queue and ends, after its tries, in the DLQ."""
    failures = []
    for record in event["Records"]:
        try:
            wake_up = read_wake_up(record["body"])
            logger.append_keys(classifiedId=wake_up.classified_id, channel=wake_up.channel, traceparent=None)
            bootstrap.deliver_publication(wake_up.provider)(wake_up, follow)
        except Exception:
            logger.exception("a look failed")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
