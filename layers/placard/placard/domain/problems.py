"""The problem catalogue (lifecycle §8): why something is not live, and who must act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """One row: who acts, whether `retry` with the same body can succeed, and the step that mends it."""

    actor: str
    retriable: bool
    hint: str


CATALOGUE = {
    "credentials_invalid": Kind("agency", True, "Connect the portal account again, then retry."),
    "missing_field": Kind("agency", False, "Fill in the field and save the listing again."),
    "invalid_field": Kind("agency", False, "Correct the field and save the listing again."),
    "not_connected": Kind("agency", True, "Connect an account for this portal, then retry."),
    "account_ambiguous": Kind("agency", False, "Name the account to use in the listing's portal settings."),
    "consent_revoked": Kind("agency", True, "Give the portal's consent again, then retry."),
    "payment_required": Kind("agency", True, "Buy a package or a slot at the portal, then retry."),
    "quota_reached": Kind("agency", True, "Free or buy a slot at the portal, then retry."),
    "moderated": Kind("agency", False, "Correct what the moderator names and save the listing again."),
    "expired": Kind("agency", True, "Activate the listing to publish it again."),
    "package_expired": Kind("agency", True, "Renew the package at the portal; the advert then returns by itself."),
    "removed_on_portal": Kind("agency", True, "If it should be online, retry; nothing is sent by itself."),
    "parent_removed": Kind("agency", True, "Publish the investment again, then retry."),
    "media_refused": Kind("agency", False, "Replace the pictures named and save the listing again."),
    "manual_step": Kind("agency", False, "Finish this step on the portal's own site."),
    "unverified": Kind("agency", False, "Have the property verified by the portal."),
    "unmapped_category": Kind("crm", False, "Send the portal's own category for this listing."),
    "not_permitted": Kind("crm", False, "The portal permits no such step in this state."),
    "unsupported": Kind("crm", False, "This portal does not take listings of this kind."),
    "portal_unavailable": Kind(
        "portal", True, "Nothing to do while it lasts: the hub tries for 24 hours; after that, retry."
    ),
    "overdue": Kind("portal", True, "Nothing to do: the hub asks the portal again every hour."),
    "not_live_yet": Kind("portal", False, "Wait for the portal to finish its review."),
    "rejected_by_portal": Kind("portal", False, "Correct what the portal names and save the listing again."),
    "repost_wait": Kind("hub", True, "Wait, or retry to send it at once and pay for it again."),
    "credentials_app": Kind("hub", True, "The operator must correct the hub's own credentials."),
    "hub_error": Kind("hub", True, "The operator has been alarmed; the hub tries again every hour."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason, with the CRM's own JSON pointer in `field` where there is one."""

    code: str
    detail: str
    field: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the member `problem` of a status entry (contracts/hub.md §2)."""
        kind = CATALOGUE[self.code]
        shown: dict[str, Any] = {"code": self.code, "actor": kind.actor, "retriable": kind.retriable}
        if self.field is not None:
            shown["field"] = self.field
        return shown | {"detail": self.detail, "hint": kind.hint}
