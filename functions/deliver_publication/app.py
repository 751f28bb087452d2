"""Look at the publications and listing processes that wake-ups name."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import explain_fault, start_logging
from placard.aws.queues import is_last_receive, read_wake_up
from placard.ports import ProcessWakeUp, WakeUp

logger = start_logging()

DIED = "the function ended in every look before this one"


def follow(traceparent: str | None) -> None:
    """Name the CRM's request in every line that follows."""
    logger.append_keys(traceparent=traceparent)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Look once for each message; one whose look fails stays in the queue and ends, after its tries, in the DLQ."""
    failures = []
    for record in event["Records"]:
        wake_up = None
        try:
            wake_up = read_wake_up(record["body"])
            if is_last_receive(record):
                # A look that ended its function each time could never say so: this is the last chance to.
                _note(wake_up, DIED, last=True)
            _look(wake_up)
        except Exception as error:
            reason = explain_fault(error)
            logger.exception("a look failed", extra={"messageId": record["messageId"], "reason": reason})
            if not _note(wake_up, reason, last=is_last_receive(record)):
                failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _note(wake_up: WakeUp | ProcessWakeUp | None, reason: str, *, last: bool) -> bool:
    """Note the reason where the CRM and the operator look for it; whether the message has done its part.

    The message's own last receive decides, not a reader of the DLQ: that one stays whole for whoever redrives it.
    """
    if not isinstance(wake_up, WakeUp):
        return False
    try:
        hourly = bootstrap.deliver_publication(wake_up.provider).stumble(wake_up, reason, last=last)
    except Exception:
        logger.exception("the failure could not be noted")
        return False
    return hourly and not last


def _look(wake_up: WakeUp | ProcessWakeUp) -> None:
    if isinstance(wake_up, ProcessWakeUp):
        logger.append_keys(processId=wake_up.process_id, classifiedId=None, channel=None, traceparent=None)
        bootstrap.deliver_process(wake_up.provider)(wake_up, follow)
    else:
        named = {"classifiedId": wake_up.classified_id, "channel": wake_up.channel}
        logger.append_keys(**named, processId=None, traceparent=None)
        bootstrap.deliver_publication(wake_up.provider)(wake_up, follow)
