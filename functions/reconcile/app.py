"""Wake whatever is past its due time; asked to compare, hold the portals' lists against what the hub believes."""

from __future__ import annotations

from typing import Any

from placard import bootstrap
from placard.aws.observability import start_logging

logger = start_logging()

# So many differences of one account are named in an answer, which may have 6 MB (AWS Lambda quotas).
MOST_NAMED = 1000


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Run one round: `{"compare": "nightly" | "plan" | "heal", "after"?, "customer"?, "release"?}`, else the due times."""
    asked = event.get("compare")
    if asked == "nightly":
        return {"accounts": [_show(one) for one in bootstrap.compare_nightly()()], "after": None}
    if asked is not None:
        return _compare(asked, event)
    woken = bootstrap.reconcile()()
    if woken:
        logger.info("woken", extra={"dues": woken})
    return {"woken": woken}


def _compare(asked: str, event: dict[str, Any]) -> dict[str, Any]:
    if asked not in ("plan", "heal"):
        raise ValueError(f"compare is nightly, plan or heal, not {asked!r}")
    found, after = bootstrap.compare_portals()(
        event.get("after") or "",
        heal=asked == "heal",
        customer=event.get("customer"),
        release=event.get("release"),
    )
    return {"accounts": [_show(one) for one in found], "after": after}


def _show(found: Any) -> dict[str, Any]:
    held = set(found.held)
    drifts = [
        {
            "finding": drift.finding.value,
            "channel": drift.channel,
            "classifiedId": drift.classified_id,
            "remoteId": drift.remote_id,
            "believed": drift.believed,
            "shown": drift.shown,
            "held": drift in held,
        }
        for drift in found.drifts[:MOST_NAMED]
    ]
    counts = {"listed": found.listed, "live": found.live, "healed": found.healed, "held": len(held)}
    return {
        "account": found.account.name,
        **counts,
        "total": len(found.drifts),
        "drifts": drifts,
        "failed": found.failed,
    }
