"""Look at the publications and listing processes that wake-ups name."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging
from placard.aws.queues import read_wake_up
from placard.ports import ProcessWakeUp, WakeUp

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
            _look(read_wake_up(record["body"]))
        except Exception:
            logger.exception("a look failed")
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _look(wake_up: WakeUp | ProcessWakeUp) -> None:
    if isinstance(wake_up, ProcessWakeUp):
        logger.append_keys(processId=wake_up.process_id, classifiedId=None, channel=None, traceparent=None)
        bootstrap.deliver_process(wake_up.provider)(wake_up, follow)
    else:
        named = {"classifiedId": wake_up.classified_id, "channel": wake_up.channel}
        logger.append_keys(**named, processId=None, traceparent=None)
        bootstrap.deliver_publication(wake_up.provider)(wake_up, follow)
