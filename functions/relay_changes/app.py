"""Send the wake-ups that stored changes call for. It raises when a send fails, and the batch is taken up again."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging
from placard.aws.streams import read_change
from placard.use_cases.relay_changes import relay_changes

logger = start_logging()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Relay a batch of the stream."""
    changes = [change for record in event["Records"] if (change := read_change(record)) is not None]
    sent = relay_changes(changes, bootstrap.wake_ups(), bootstrap.clock())
    logger.info("relayed", extra={"records": len(event["Records"]), "wakeUps": sent})
    return {"batchItemFailures": []}
