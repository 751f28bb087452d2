"""Fold what the portals said: records of the stream, and single messages from the retry queue."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging
from placard.aws.queues import read_message_key
from placard.aws.streams import read_remote

logger = start_logging()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Fold every record. One that fails goes, alone, to the retry queue; one from that queue stays there."""
    fold = bootstrap.apply_events()
    failures = []
    for record in event["Records"]:
        from_queue = "messageId" in record
        try:
            if from_queue:
                fold.fold_message(*read_message_key(record["body"]))
            else:
                _fold_record(record)
        except Exception:
            logger.exception("a message could not be folded")
            if from_queue:
                failures.append({"itemIdentifier": record["messageId"]})
            else:
                _set_aside(record)
    return {"batchItemFailures": failures}


def _fold_record(record: dict[str, Any]) -> None:
    remote = read_remote(record)
    if remote is None:
        return
    provider, remote_id, digest = remote
    if digest is None:
        bootstrap.apply_events().fold_parked(provider, remote_id)
    else:
        bootstrap.apply_events().fold_message(provider, remote_id, digest)


def _set_aside(record: dict[str, Any]) -> None:
    """Send what a failed record is about to the retry queue; when even that fails, the batch is taken up again."""
    remote = read_remote(record)
    if remote is None:
        return
    provider, remote_id, digest = remote
    digests = [digest] if digest else [m.digest for m in bootstrap.publication_store().messages_of(provider, remote_id)]
    bootstrap.wake_ups().retry_messages([(provider, remote_id, waiting) for waiting in digests])
