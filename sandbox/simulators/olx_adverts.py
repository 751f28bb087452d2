"""OLX: the adverts and what the site makes of each operation (contract: olx.md §2, §5)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sandbox.simulators.controls import spend_refusal
from sandbox.simulators.courier import Courier, Letter
from sandbox.simulators.faults import FaultPlan
from sandbox.simulators.journal import Journal
from sandbox.simulators.olx_accounts import Accounts
from sandbox.simulators.olx_messages import (
    EPOCH,
    SHAPES,
    TABLE_NAMES,
    Advert,
    build_event,
    build_lifecycle,
    build_message,
    build_meta,
    build_promotion,
    build_snapshot,
    build_success,
    shape_body,
    sign,
)
from sandbox.simulators.olx_refusals import PERMITTED, Refusal, explain_refusal, name_standing
from sandbox.simulators.olx_rules import SITES, find_site_refusals, list_small_images

# Operation: the middle of its event types, and its done word in last_action_status.
WORDS = {
    "POST": ("posted", "POSTED"),
    "PUT": ("put", "PUT"),
    "DELETE": ("deleted", "DELETED"),
    "DEACTIVATE": ("deactivated", "DEACTIVATED"),
    "ACTIVATE": ("activated", "ACTIVATED"),
}
GONE = frozenset({"outdated", "outdated_by_package", "removed_by_user", "removed_by_parent_ad"})
TOO_SMALL = (
    "width (128) is lower than the minimum of width (300) and height (96) is lower than the minimum of height (300)"
)
AD_LIFE = timedelta(days=30)
DAY_MS = 86_400_000


class OperationRunningError(Exception):
    """A write came while another one of the same advert is in flight: 409."""


class OlxPortal:
    """All accounts, adverts and switches of the simulated OLX."""

    def __init__(self, journal: Journal, courier: Courier, accounts: Accounts, rules: dict[str, Any]) -> None:
        self.journal, self.courier, self.accounts, self.faults = journal, courier, accounts, FaultPlan()
        self.callback_url: str | None = None
        self.secret = ""
        self._default_rules = rules
        self.restore_rules()
        self.forget_adverts()

    def forget_adverts(self) -> None:
        self.adverts: dict[str, Advert] = {}
        self._events = self._written = 0
        self._unpaid_accounts: dict[str, list[str]] = {}

    def forget_connections(self) -> None:
        self.accounts.forget()

    def restore_rules(self) -> None:
        self.rules = dict(self._default_rules)

    def list_adverts(self) -> list[dict[str, Any]]:
        return [
            {"account": advert.account, "payload": advert.payload, **build_meta(advert)}
            for advert in self.adverts.values()
        ]

    def list_account(self, account: str) -> list[Advert]:
        return [advert for advert in self.adverts.values() if advert.account == account]

    def find_twin(self, account: str, payload: dict[str, Any]) -> Advert | None:
        """The advert a POST would reuse: same custom_fields.id and category (olx.md §2)."""
        key = (payload["custom_fields"]["id"], payload["category_urn"])
        for advert in self.list_account(account):
            if (advert.payload["custom_fields"]["id"], advert.payload["category_urn"]) == key:
                return advert
        return None

    def create(self, account: str, payload: dict[str, Any]) -> Advert:
        advert = Advert(str(uuid4()), account, payload)
        self.adverts[advert.uuid] = advert
        return advert

    def begin(self, advert: Advert, operation: str) -> str:
        """Put an operation in flight; returns its transaction id.

        Raises:
            OperationRunningError: another one is in flight.
        """
        if advert.last_action_status.startswith("TO_"):
            raise OperationRunningError
        advert.last_action_status, advert.last_action_at = f"TO_{operation}", datetime.now(UTC)
        return str(uuid4())

    async def finish_later(
        self, advert: Advert, operation: str, payload: dict[str, Any] | None, transaction_id: str
    ) -> None:
        await asyncio.sleep(self.rules["delay_ms"] / 1000)
        self.finish(advert, operation, payload, transaction_id)

    def finish(self, advert: Advert, operation: str, payload: dict[str, Any] | None, transaction_id: str) -> None:
        """End an operation as the site decides, and tell it."""
        refusal = self._judge(advert, operation, payload)
        word, done = WORDS[operation]
        now = self._tick(advert)
        advert.last_action_status, advert.last_action_at = done if refusal is None else f"NOT_{done}", now
        if refusal:
            self._refuse(advert, operation, refusal, transaction_id, now)
            return
        advert.last_error = None
        self._apply(advert, operation, payload, now)
        if operation in ("POST", "PUT", "ACTIVATE"):
            for url in list_small_images(advert.payload):
                data = {"detail": TOO_SMALL, "title": f"Dimensions not appropriate for image {url}"}
                self._tell(advert, "advert_image_error", transaction_id, data)
        event_type = f"advert_{word}_success"
        self._tell(advert, event_type, transaction_id, build_success(advert, event_type, now, self.rules["rich"]))
        self._tell_state(advert)

    def change_state(self, advert: Advert, code: str, changes: dict[str, Any]) -> None:
        """Something the portal or a person does; `changes` may hold visible_in_profile, moderation and url."""
        now = self._tick(advert)
        advert.code, advert.modified_at = code, now
        advert.created_at = advert.created_at or now
        advert.visible = bool(changes.get("visible_in_profile", True))
        advert.paused_by_user = code == "removed_by_user"
        advert.moderation = {"reason": None, "description": None} | (changes.get("moderation") or {})
        if code in GONE:
            advert.ttl = now
        elif code == "active" and (advert.ttl is None or advert.ttl <= now):
            advert.ttl, advert.activated_at = now + AD_LIFE, now
        if "url" in changes:
            advert.url = changes["url"]
        self._tell_state(advert)

    def receive_message(self, advert: Advert, text: str) -> str:
        """Somebody writes about an advert; returns the message's own uuid."""
        self._written += 1
        return self._post(build_message(advert, datetime.now(UTC), text, self._written), "flat")

    def promote(self, advert: Advert, event_type: str, promotion: str) -> str:
        """Something becomes of a promotion of an advert, whose own state stays as it is; returns the promotion's uuid."""
        return self._post(build_promotion(advert, event_type, datetime.now(UTC), promotion), "flat")

    def expire_package(self, account: str, code: str) -> list[str]:
        """The account's package ends: every active advert falls to `code` at once; returns their uuids."""
        fallen = [advert for advert in self.list_account(account) if advert.code == "active"]
        self._unpaid_accounts[account] = [advert.uuid for advert in fallen]
        for advert in fallen:
            self.change_state(advert, code, {})
        return self._unpaid_accounts[account]

    def restore_package(self, account: str) -> list[str]:
        """The package is paid again: the adverts that fell with it come back."""
        back = self._unpaid_accounts.pop(account, [])
        for uuid in back:
            self.change_state(self.adverts[uuid], "active", {})
        return back

    def _judge(self, advert: Advert, operation: str, payload: dict[str, Any] | None) -> Refusal | None:
        if spend_refusal(self.rules, operation):
            return Refusal("BadRequestException", "The operation was refused by the site")
        if operation not in PERMITTED.get(name_standing(advert), {"PUT", "DELETE"}):
            return explain_refusal(advert, operation)
        if operation == "ACTIVATE" and advert.paused_by_user and advert.payload["site_urn"] == "urn:site:imovirtualcom":
            return Refusal("BadRequestException", "An advert deactivated by its user can't be activated here")
        if payload and (validation := find_site_refusals(payload)):
            return Refusal("AdvertsPostingException", "Adding the ad failed.", validation)
        if operation in ("POST", "ACTIVATE") and self._is_unpaid(advert, operation):
            return Refusal(
                "AdvertsPostingException",
                "No available package or insertion",
                code="unpaid" if operation == "POST" else None,
            )
        return None

    def _is_unpaid(self, advert: Advert, operation: str) -> bool:
        window = timedelta(milliseconds=self.rules["repost_ms"])
        reposted = (
            operation == "POST" and advert.deleted_at is not None and datetime.now(UTC) - advert.deleted_at < window
        )
        return reposted or advert.account in self._unpaid_accounts

    def _apply(self, advert: Advert, operation: str, payload: dict[str, Any] | None, now: datetime) -> None:
        advert.payload = payload or advert.payload
        advert.modified_at = now
        if operation in ("POST", "ACTIVATE"):
            advert.created_at = advert.created_at or now
            advert.activated_at, advert.deleted_at = advert.activated_at or now, None
            advert.ttl = advert.ttl if advert.ttl and advert.ttl > now else now + AD_LIFE
            advert.url = (
                advert.url or f"https://{SITES[advert.payload['site_urn']].host}/anuncio/ad-ID{advert.uuid[:6]}.html"
            )
            advert.code, advert.visible, advert.paused_by_user = "active", True, False
        elif operation == "PUT" and advert.code in ("moderated", "removed_by_moderator"):
            advert.code = "blocked"
        elif operation == "DEACTIVATE":
            advert.code, advert.visible, advert.paused_by_user = "removed_by_user", True, False
        elif operation == "DELETE":
            advert.code, advert.visible, advert.deleted_at = "removed_by_user", False, now

    def _refuse(self, advert: Advert, operation: str, refusal: Refusal, transaction_id: str, now: datetime) -> None:
        advert.last_error = {"title": refusal.title, "detail": refusal.detail, "validation": refusal.validation}
        data: dict[str, Any] = dict(advert.last_error)
        if refusal.code:
            advert.code, advert.created_at, advert.modified_at = refusal.code, advert.created_at or now, now
            data["code"] = refusal.code
        elif operation not in ("POST", "PUT") and advert.code:
            data |= build_snapshot(advert, now)
        self._tell(advert, f"advert_{WORDS[operation][0]}_error", transaction_id, data)
        if refusal.code:
            self._tell_state(advert)

    def _tick(self, advert: Advert) -> datetime:
        """Now in whole milliseconds, and always after what this advert last told."""
        advert.last_told = max(int(datetime.now(UTC).timestamp() * 1000), advert.last_told + 1)
        return EPOCH + timedelta(milliseconds=advert.last_told)

    def _tell(self, advert: Advert, event_type: str, transaction_id: str, data: dict[str, Any]) -> None:
        name = TABLE_NAMES.get(event_type, event_type) if self.rules["names"] == "table" else event_type
        self._post(build_event(advert, name, self._tick(advert), transaction_id, data), "flat")

    def _tell_state(self, advert: Advert) -> None:
        shape = self.rules["lifecycle"]
        if shape == "none":
            return
        if shape == "cycle":
            shape = SHAPES[self._events % len(SHAPES)]
            self._events += 1
        self._post(build_lifecycle(advert, self._tick(advert)), shape)

    def _post(self, event: dict[str, Any], shape: str) -> str:
        """Send an event to where notifications go, if anywhere; returns the id of what it is about."""
        uuid, headers = str(event["object_id"]), {"user-agent": "olx-simulator"}
        if self.callback_url is None:
            return uuid
        if not self.courier.unsigned:
            headers["x-signature"] = sign(self.secret, uuid, event["transaction_id"])
        body = shape_body(event | {"destination": self.callback_url}, shape)
        self.courier.post(Letter(uuid, self.callback_url, body, headers))
        return uuid
