"""Look at what CRMs are to be told."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging, start_metrics
from placard.aws.queues import read_telling

logger = start_logging()
metrics = start_metrics()


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Look once for each message and count how it ended; one whose look fails stays in the queue, and then in the DLQ."""
    failures = []
    for record in event["Records"]:
        try:
            telling = read_telling(record["body"])
            logger.append_keys(customerId=telling.customer, place=telling.place)
            look = bootstrap.notify_crm()(telling)
        except Exception:
            logger.exception("a telling failed")
            failures.append({"itemIdentifier": record["messageId"]})
            continue
        metrics.add_metric(name="callbacks accepted", unit="Count", value=look.accepted)
        metrics.add_metric(name=f"tellings {look.ending.value}", unit="Count", value=1)
        if look.warning is not None:
            logger.warning("a subscription fails", extra={"warning": look.warning})
            metrics.add_metric(name="subscriptions warned", unit="Count", value=1)
    return {"batchItemFailures": failures}
