"""From OLX's words to ours (contracts/olx.md §2, §4, §5 and §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from placard.domain.causes import NO_REASON, Cause
from placard.domain.events import Advert, AdvertState, Operation, Verdict
from placard.domain.instants import SECOND
from placard.domain.problems import Problem
from placard.portals.olx.sites import PORTAL_OF, SITES, point
from placard.portals.reading import as_instant, as_list, as_object, as_text, as_url

_DONE, _FAILED = Verdict.SUCCEEDED, Verdict.FAILED


class Ending(NamedTuple):
    """Which operation a word ends, and how."""

    operation: Operation
    verdict: Verdict


# §4, publish_advert events, in the spelling of the samples and in that of the tables.
EVENTS = {
    "advert_posted_success": Ending(Operation.POST, _DONE),
    "advert_posted_error": Ending(Operation.POST, _FAILED),
    "advert_put_success": Ending(Operation.PUT, _DONE),
    "advert_put_error": Ending(Operation.PUT, _FAILED),
    "advert_deleted_success": Ending(Operation.DELETE, _DONE),
    "advert_deleted_error": Ending(Operation.DELETE, _FAILED),
    "advert_deactivated_success": Ending(Operation.DEACTIVATE, _DONE),
    "advert_deactivated_error": Ending(Operation.DEACTIVATE, _FAILED),
    "advert_deactivate_success": Ending(Operation.DEACTIVATE, _DONE),
    "advert_deactivate_error": Ending(Operation.DEACTIVATE, _FAILED),
    "advert_activated_success": Ending(Operation.ACTIVATE, _DONE),
    "advert_activated_error": Ending(Operation.ACTIVATE, _FAILED),
    "advert_activate_success": Ending(Operation.ACTIVATE, _DONE),
    "advert_activate_error": Ending(Operation.ACTIVATE, _FAILED),
}
IMAGE_ERROR = "advert_image_error"
LOCATION_ERROR = "advert_location_error"
STATE_CHANGED = "advert_state_changed"

# §2, `last_action_status`; TO_* is in flight and ends nothing.
LAST_ACTIONS = {
    "POSTED": Ending(Operation.POST, _DONE),
    "NOT_POSTED": Ending(Operation.POST, _FAILED),
    "PUT": Ending(Operation.PUT, _DONE),
    "NOT_PUT": Ending(Operation.PUT, _FAILED),
    "DELETED": Ending(Operation.DELETE, _DONE),
    "NOT_DELETED": Ending(Operation.DELETE, _FAILED),
    "DEACTIVATED": Ending(Operation.DEACTIVATE, _DONE),
    "NOT_DEACTIVATED": Ending(Operation.DEACTIVATE, _FAILED),
    "ACTIVATED": Ending(Operation.ACTIVATE, _DONE),
    "NOT_ACTIVATED": Ending(Operation.ACTIVATE, _FAILED),
}

# §5, and the state column of lifecycle §5. `removed_by_user` is two states: see `read_advert`.
STATES = {
    "active": AdvertState.LIVE,
    "new": AdvertState.PENDING,
    "blocked": AdvertState.BLOCKED,
    "unpaid": AdvertState.UNPAID,
    "moderated": AdvertState.REJECTED,
    "removed_by_moderator": AdvertState.REJECTED,
    "outdated": AdvertState.EXPIRED,
    "outdated_by_package": AdvertState.EXPIRED,
    "removed_by_user": AdvertState.PAUSED,
    "removed_by_parent_ad": AdvertState.WITHDRAWN,
}
# §5, seed discrepancies.
ALIASES = {"removed_by_moderated": "removed_by_moderator"}
# What a success says of the advert where it names no code; a PUT leaves it as it was.
WITHOUT_CODE = {
    Operation.POST: AdvertState.PENDING,
    Operation.DELETE: AdvertState.WITHDRAWN,
    Operation.DEACTIVATE: AdvertState.PAUSED,
    Operation.ACTIVATE: AdvertState.PENDING,
}
# Which operation leaves a removed advert in the profile (§5: "else by event type").
STILL_VISIBLE = {Operation.DELETE: False, Operation.DEACTIVATE: True}
VISIBLE = {True: True, False: False, "true": True, "false": False}

# §6, asynchronous errors: the error's title → our problem, where it names no field.
ERROR_PROBLEMS = {
    "AdvertsPostingException": "payment_required",
    "NotFoundException": "removed_on_portal",
    "ForbiddenException": "not_permitted",
    "BadRequestException": "not_permitted",
}
CODE_PROBLEMS = {"unpaid": "payment_required", "moderated": "moderated", "removed_by_moderator": "moderated"}


def zone_of(channel: str) -> ZoneInfo:
    """Return the zone of the site's zone-less dates."""
    return ZoneInfo(SITES[PORTAL_OF[channel]].zone)


def read_code(data: Mapping[str, Any]) -> str | None:
    """Return the portal's code in its one spelling, None where it names none."""
    code = as_text(data.get("code"))
    return None if code is None else ALIASES.get(code, code)


def read_advert(data: Mapping[str, Any], channel: str, ended: Ending | None = None) -> Advert | None:
    """Return the advert as a snapshot describes it, None where it has no code. `ended`: what the same message ends.

    `visible` is told of removed adverts alone: elsewhere it says nothing, and messages differ in whether they carry it.
    """
    code = read_code(data)
    if code is None:
        return None
    state = STATES.get(code, AdvertState.UNKNOWN)
    visible = None
    if code == "removed_by_user":
        visible = VISIBLE.get(data.get("visible_in_profile")) if _is_flag(data) else None
        if visible is None and ended is not None and (ended.verdict is _DONE or ended.operation is Operation.DELETE):
            visible = STILL_VISIBLE.get(ended.operation)
        if visible is False:
            state = AdvertState.WITHDRAWN
    moderation = as_object(data.get("moderation"))
    return Advert(
        state=state,
        code=code,
        url=as_url(data.get("url")),
        expires_at=_read_expiry(data, channel) if state is AdvertState.LIVE else None,
        visible=visible,
        moderation_reason=as_text(moderation.get("reason")),
        moderation_description=as_text(moderation.get("description")),
    )


def review(advert: Advert | None, ended: Ending | None) -> Advert | None:
    """Return a moderated advert whose PUT has just ended as in review, whether its code says so or not (§5)."""
    if advert is None or advert.state is not AdvertState.REJECTED or ended != Ending(Operation.PUT, _DONE):
        return advert
    return replace(advert, state=AdvertState.BLOCKED)


def _read_expiry(data: Mapping[str, Any], channel: str) -> int | None:
    """Return when a live advert ends; after a removal `ttl` is the time of the removal (§5).

    In whole seconds, since the meta answer knows no others and must not look like a change.
    """
    instant = as_instant(data.get("ttl"), zone_of(channel))
    return None if instant is None else instant - instant % SECOND


def _is_flag(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("visible_in_profile"), bool | str)


def read_problems(error: Mapping[str, Any], channel: str, code: str | None = None) -> tuple[Problem, ...]:
    """Return what an error says: the fields it names, else its title, else its code (§6)."""
    title, detail = as_text(error.get("title")), as_text(error.get("detail"))
    fields = [as_object(item) for item in as_list(error.get("validation"))]
    if fields:
        return tuple(_read_field(item, PORTAL_OF[channel]) for item in fields)
    moderation = as_object(error.get("moderation"))
    said = as_text(moderation.get("reason")) if code in ("moderated", "removed_by_moderator") else None
    kind = CODE_PROBLEMS.get(code or "") or ERROR_PROBLEMS.get(title or "", "rejected_by_portal")
    return (Problem.quote(kind, said or detail or title),)


def _read_field(item: Mapping[str, Any], portal: str) -> Problem:
    field = as_text(item.get("field")) or ""
    said = as_text(item.get("detail")) or as_text(item.get("message"))
    if not field:
        return Problem.quote("invalid_field", said)
    return Problem.of(Cause.REFUSED_FIELD, point(field, portal), name=field, said=said or NO_REASON)
