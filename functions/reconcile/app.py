"""Wake whatever is past its due time."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging

logger = start_logging()


@logger.inject_lambda_context(clear_state=True)
def handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one round."""
    woken = bootstrap.reconcile()()
    if woken:
        logger.info("woken", extra={"dues": woken})
    return {"woken": woken}
