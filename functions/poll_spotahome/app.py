"""Sweep Spotahome's listing processes."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging
from placard.use_cases.poll_spotahome import read_scope

logger = start_logging()


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Sweep the accounts whose time has come.

    By hand: `{"sweep": "open"}` or `{"sweep": "full"}` sweeps every account now; `{"release": "<customer>"}` sweeps one and
    lets removals through that the guard holds.
    """
    polled = bootstrap.poll_spotahome()(read_scope(event.get("sweep")), release=event.get("release"))
    if polled.changed or polled.failed or polled.held:
        logger.info("swept", extra={"changed": polled.changed, "failed": len(polled.failed), "held": len(polled.held)})
    return {"changed": polled.changed, "held": list(polled.held), "failed": list(polled.failed)}
