"""Fold what the portals said: records of the stream, and single messages from the retry queue."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging, start_metrics
from placard.aws.queues import read_message_key
from placard.aws.streams import read_remote, read_remote_key
from placard.ports import Link

logger = start_logging()
metrics = start_metrics()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Fold every record and count the outcomes. A record that fails goes, alone, to the retry queue, or stays in it."""
    failures = []
    for record in event["Records"]:
        from_queue = "messageId" in record
        try:
            outcomes = _fold_queued(record) if from_queue else _fold_record(record)
        except Exception:
            logger.exception("a message could not be folded")
            if not from_queue:
                _send_to_retry(record)
            elif not _set_aside(record):
                failures.append({"itemIdentifier": record["messageId"]})
            outcomes = ["failed"]
        for outcome in outcomes:
            metrics.add_metric(name=f"messages {outcome}", unit="Count", value=1)
    return {"batchItemFailures": failures}


def _fold_queued(record: dict[str, Any]) -> list[str]:
    return bootstrap.apply_events().fold_message(*read_message_key(record["body"]))


def _set_aside(record: dict[str, Any]) -> bool:
    """Leave it to its hourly try; return whether that alone goes on."""
    try:
        return bootstrap.apply_events().set_aside(*read_message_key(record["body"]))
    except Exception:
        logger.exception("a message could not be set aside")
        return False


def _fold_record(record: dict[str, Any]) -> list[str]:
    remote = read_remote(record)
    if remote is None:
        return []
    if isinstance(remote, Link):
        return bootstrap.apply_events().fold_parked(remote)
    return bootstrap.apply_events().fold(remote)


def _send_to_retry(record: dict[str, Any]) -> None:
    """Send what a failed record is about to the retry queue; when even that fails, the batch is taken up again."""
    remote = read_remote_key(record)
    if remote is None:
        return
    provider, remote_id, digest = remote
    digests = [digest] if digest else [m.digest for m in bootstrap.publication_store().messages_of(provider, remote_id)]
    bootstrap.wake_ups().retry_messages([(provider, remote_id, waiting) for waiting in digests])
