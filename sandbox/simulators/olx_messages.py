"""OLX: the bodies it answers and sends (contract: olx.md §2, §4, §6), and their signature."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sandbox.simulators.olx_rules import SITES

# The names in the tables of the vendor's page differ from those in its samples.
TABLE_NAMES = {
    "advert_activated_success": "advert_activate_success",
    "advert_activated_error": "advert_activate_error",
    "advert_deactivated_success": "advert_deactivate_success",
}
# Events of promotions, and the status that each tells of.
PROMOTIONS = {
    "advert_vas_applied_success": "applied",
    "advert_vas_applied_error": "error",
    "advert_vas_expired": "expired",
    "advert_vas_removed": "removed",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SHAPES = ("flat", "nested", "wrapped")


@dataclass
class Advert:
    """One advert of one account. `code` None = it never existed on the site; instants in UTC."""

    uuid: str
    account: str
    payload: dict[str, Any]
    code: str | None = None
    visible: bool = True
    url: str | None = None
    ttl: datetime | None = None
    created_at: datetime | None = None
    activated_at: datetime | None = None
    modified_at: datetime | None = None
    deleted_at: datetime | None = None
    moderation: dict[str, Any] = field(default_factory=lambda: {"reason": None, "description": None})
    paused_by_user: bool = False
    last_action_status: str = ""
    last_action_at: datetime = EPOCH
    last_error: dict[str, Any] | None = None
    last_told: int = 0


def format_instant(instant: datetime | None) -> str | None:
    """`2026-03-02T09:15:31.204+0000`: as the vendor writes it, without a colon in the offset."""
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "+0000") if instant else None


def format_local(instant: datetime | None, zone: str) -> str | None:
    """`2026-03-02 09:15:30` in the site's own time, as meta writes it."""
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S") if instant else None


def build_acceptance(advert: Advert, transaction_id: str) -> dict[str, Any]:
    action = {
        "uuid": advert.uuid,
        "last_action_status": advert.last_action_status,
        "last_action_at": format_instant(advert.last_action_at),
    }
    return {"transaction_id": transaction_id, "message": "Request accepted", "data": action}


def build_error(message: str, errors: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"transaction_id": str(uuid4()), "message": message}
    return body | {"errors": [{"field": name, "message": text} for name, text in errors]} if errors else body


def build_meta_answer(data: Any) -> dict[str, Any]:
    return {"transaction_id": str(uuid4()), "message": "Advert status information", "data": data}


def build_meta(advert: Advert) -> dict[str, Any]:
    """The status of one advert; its state is null while it never existed on the site."""
    zone = SITES[advert.payload["site_urn"]].zone
    own = advert.payload["custom_fields"]
    state = {
        "code": advert.code,
        "visible_in_profile": "true" if advert.visible else "false",
        "ttl": format_local(advert.ttl, zone),
        "url": advert.url,
        "created_at": format_local(advert.created_at, zone),
        "activated_at": format_local(advert.activated_at, zone),
        "modified_at": format_local(advert.modified_at, zone),
        "moderation": advert.moderation,
    }
    return {
        "uuid": advert.uuid,
        "last_action_status": advert.last_action_status,
        "last_action_at": format_instant(advert.last_action_at),
        "custom_fields": {"id": own["id"], "reference_id": own.get("reference_id")},
        "state": state if advert.code else None,
        "last_error": advert.last_error,
    }


def build_snapshot(advert: Advert, recorded_at: datetime) -> dict[str, Any]:
    """The advert's state as the events carry it."""
    return {
        "activated_at": format_instant(advert.activated_at),
        "recorded_at": format_instant(recorded_at),
        "code": advert.code,
        "moderation": advert.moderation,
        "created_at": format_instant(advert.created_at),
        "modified_at": format_instant(advert.modified_at),
        "ttl": format_instant(advert.ttl),
        "url": advert.url,
    }


def build_success(advert: Advert, event_type: str, recorded_at: datetime, rich: bool) -> dict[str, Any]:
    """`data` of a success: posts and puts say less than the others, unless `rich`."""
    snapshot = build_snapshot(advert, recorded_at)
    if event_type not in ("advert_posted_success", "advert_put_success"):
        return snapshot
    if rich:
        return snapshot | {"visible_in_profile": advert.visible}
    return {
        name: None if name == "activated_at" else snapshot[name]
        for name in snapshot
        if name not in ("recorded_at", "moderation")
    }


def build_event(
    advert: Advert, event_type: str, instant: datetime, transaction_id: str, data: dict[str, Any]
) -> dict[str, Any]:
    """An event of the flow publish_advert, `destination` still open; an error repeats its text as `error_message`."""
    millis = int(instant.timestamp() * 1000)
    event = {
        "destination": "",
        "timestamp": millis,
        "event_timestamp": millis,
        "transaction_id": transaction_id,
        "object_id": advert.uuid,
        "flow": "publish_advert",
        "data": data,
        "event_type": event_type,
    }
    return event | {"error_message": data["detail"]} if "detail" in data else event


def build_lifecycle(advert: Advert, instant: datetime) -> dict[str, Any]:
    """An event of the flow advert_lifecycle, with a transaction id of its own."""
    data = build_snapshot(advert, instant) | {"visible_in_profile": advert.visible}
    event = build_event(advert, "advert_state_changed", instant, str(uuid4()), data)
    return event | {"flow": "advert_lifecycle"}


def build_message(advert: Advert, instant: datetime, text: str, number: int) -> dict[str, Any]:
    """An event of the flow incoming_message: what somebody wrote about an advert. Its object is the message."""
    site = SITES[advert.payload["site_urn"]]
    uuid = str(uuid4())
    data = {
        "ad_id": int(advert.uuid[:8], 16),
        "conversation_id": str(number),
        # The one body whose offset is the site's own.
        "created_at": instant.astimezone(ZoneInfo(site.zone)).strftime("%Y-%m-%dT%H:%M:%S.000%z"),
        "from": site.host.split(".")[1],
        "id": number,
        "message": text,
        "sender_name": "Rui Exemplo",
        "sender_email": "rui@example.net",
        "sender_phone": 912333444,
        "uuid": uuid,
    }
    event = build_event(advert, "incoming_message_success", instant, str(uuid4()), data)
    return event | {"object_id": uuid, "flow": "incoming_message"}


def build_promotion(advert: Advert, event_type: str, instant: datetime, promotion: str) -> dict[str, Any]:
    """An event of the flow vas_lifecycle: what became of a promotion. Its object is the promotion, the advert stands inside."""
    written = instant.isoformat(timespec="seconds").replace("+00:00", "Z")
    data = {
        "promotion_code": "top_ad_7",
        "advert_uuid": advert.uuid,
        "status": PROMOTIONS[event_type],
        "custom_fields": {"url": advert.url},
        "duration": "7",
        "expires_at": written,
        "created_at": written,
        "updated_at": written,
    }
    if event_type == "advert_vas_applied_error":
        data |= {"title": "PromotionException", "detail": "The promotion could not be applied"}
    event = build_event(advert, event_type, instant, str(uuid4()), data)
    return event | {"object_id": promotion, "flow": "vas_lifecycle"}


def shape_body(event: dict[str, Any], shape: str) -> dict[str, Any]:
    """The event as sent: flat, its data nested in another `data`, or all of it wrapped in `data` (olx.md §5)."""
    if shape == "nested":
        return event | {"data": {"data": event["data"]}}
    return {"data": event} if shape == "wrapped" else event


def sign(secret: str, object_id: str, transaction_id: str) -> str:
    """`x-signature`: hex HMAC-SHA1 over `<object_id>,<transaction_id>`; the body is not covered (olx.md §4)."""
    return hmac.new(secret.encode(), f"{object_id},{transaction_id}".encode(), hashlib.sha1).hexdigest()
