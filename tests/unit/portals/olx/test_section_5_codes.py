"""Every row of the code table of contracts/olx.md §5: our state, what is permitted, and why it is not live."""

from __future__ import annotations

from typing import Any

import pytest

from placard.domain.events import AdvertState, Operation
from placard.domain.instants import HOUR, MINUTE
from placard.domain.lifecycle import Outcome
from placard.portals.olx.manifest import POLICY
from tests.unit.portals.olx.told import publish, read, row, tell

S = AdvertState
POST, PUT, DELETE = "POST", "PUT", "DELETE"
DEACTIVATE, ACTIVATE = "DEACTIVATE", "ACTIVATE"
SHOWN, GONE = {"visible_in_profile": True}, {"visible_in_profile": False}
# Row → the code's data, our state, the next operations, the problem. Where the seeds disagree, the column of seed 002; where
# that names no row, the one of seed 001.
CODES: dict[str, tuple[dict[str, Any], AdvertState, list[str], str | None]] = {
    "active": ({"code": "active"}, S.LIVE, [PUT, DELETE, DEACTIVATE], None),
    "new": ({"code": "new"}, S.PENDING, [PUT, DELETE], "not_live_yet"),
    "blocked": ({"code": "blocked"}, S.BLOCKED, [PUT, DELETE], "not_live_yet"),
    "unpaid": ({"code": "unpaid"}, S.UNPAID, [POST], "payment_required"),
    "no code": ({}, S.ABSENT, [POST], "removed_on_portal"),
    "moderated": ({"code": "moderated"}, S.REJECTED, [PUT], "moderated"),
    "removed_by_moderator": ({"code": "removed_by_moderator"}, S.REJECTED, [PUT], "moderated"),
    "outdated": ({"code": "outdated"}, S.EXPIRED, [PUT, ACTIVATE, DELETE], "expired"),
    "removed_by_user after DEACTIVATE": (
        {"code": "removed_by_user", **SHOWN},
        S.PAUSED,
        [ACTIVATE, DELETE],
        "removed_on_portal",
    ),
    "removed_by_user after DELETE": ({"code": "removed_by_user", **GONE}, S.WITHDRAWN, [POST], "removed_on_portal"),
    "outdated_by_package": ({"code": "outdated_by_package"}, S.EXPIRED, [PUT, DELETE], "package_expired"),
    "removed_by_parent_ad": ({"code": "removed_by_parent_ad"}, S.WITHDRAWN, [POST], "parent_removed"),
    "limited": ({"code": "limited"}, S.UNKNOWN, [], "quota_reached"),
    "unconfirmed": ({"code": "unconfirmed"}, S.UNKNOWN, [], "not_live_yet"),
    "disabled": ({"code": "disabled"}, S.UNKNOWN, [], "not_live_yet"),
    "an unknown code": ({"code": "sleeping"}, S.UNKNOWN, [], "not_live_yet"),
}


@pytest.mark.parametrize("name", [pytest.param(name, id=f"§5 {name}") for name in CODES])
def test_a_code_has_its_state_its_next_operations_and_its_reason(name: str) -> None:
    said, state, permitted, problem = CODES[name]
    hub = publish(code="new") if name == "active" else publish()

    assert hub.hear(**said) is Outcome.APPLIED

    assert hub.advert["state"] == state
    assert hub.advert.get("code") == said.get("code")
    assert hub.advert["live"] is (name == "active")
    assert hub.advert["nextOperations"] == permitted
    assert hub.problem == problem
    assert hub.last.message.startswith("Not live: ") is (name != "active")
    assert hub.begun() is None, "what a portal does never makes the hub send anything"


@row("§5 unpaid POST-DELETE-POST within 24 h")
def test_a_post_within_a_day_of_the_delete_waits_and_is_explained() -> None:
    hub = publish()
    hub.delete()
    assert hub.begun() is Operation.DELETE
    hub.accept()
    hub.hear("advert_deleted_success", code="removed_by_user", **GONE)
    hub.post("IMOVIRTUAL")
    assert hub.begun() is None
    assert hub.problem == "repost_wait"
    hub.now += 24 * HOUR - MINUTE
    assert hub.begun() is None
    hub.now += MINUTE
    assert hub.begun() is Operation.POST


@row("§5 moderated", "§5 removed_by_moderator")
@pytest.mark.parametrize("code", ["moderated", "removed_by_moderator"])
def test_a_moderators_reason_is_shown_to_people(code: str) -> None:
    reason = {"reason": "Repeated listing", "description": "The same property is advertised already"}
    hub = publish()
    hub.hear(code=code, moderation=reason)
    assert hub.advert["moderation"] == reason
    assert hub.last.problems[0].detail == "Repeated listing: The same property is advertised already"


@row("§5 removed_by_user told apart by visible_in_profile")
@pytest.mark.parametrize(
    ("visible", "state"), [(True, S.PAUSED), ("true", S.PAUSED), (False, S.WITHDRAWN), ("false", S.WITHDRAWN)]
)
def test_the_profile_decides_even_against_the_event(visible: Any, state: AdvertState) -> None:
    advert = read(tell("advert_deactivated_success", code="removed_by_user", visible_in_profile=visible)).advert
    assert advert is not None
    assert advert.state is state


@row("§5 removed_by_user told apart by event type")
@pytest.mark.parametrize(
    ("event_type", "state"), [("advert_deactivated_success", S.PAUSED), ("advert_deleted_success", S.WITHDRAWN)]
)
def test_without_the_profile_the_event_decides(event_type: str, state: AdvertState) -> None:
    advert = read(tell(event_type, code="removed_by_user")).advert
    assert advert is not None
    assert advert.state is state


@row("§5 removed_by_user told apart by the last completed operation")
@pytest.mark.parametrize(("last", "state"), [(Operation.DEACTIVATE, S.PAUSED), (Operation.DELETE, S.WITHDRAWN)])
def test_without_profile_and_event_the_last_operation_decides(last: Operation, state: AdvertState) -> None:
    advert = read(tell(code="removed_by_user")).advert
    assert advert is not None
    resolved = POLICY.resolve(advert, last)
    assert resolved is not None
    assert resolved.state is state


@row("§5 package expiry of a whole account")
def test_what_goes_with_the_package_comes_back_with_it_without_a_call() -> None:
    hub = publish()
    calls = len(hub.calls)
    hub.hear(code="outdated_by_package", **SHOWN)
    assert (hub.problem, hub.begun()) == ("package_expired", None)
    hub.hear(code="active", **SHOWN)
    assert (hub.advert["live"], hub.problem, hub.begun()) == (True, None, None)
    assert len(hub.calls) == calls
