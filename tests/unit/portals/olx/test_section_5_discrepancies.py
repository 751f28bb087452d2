"""Every row of the discrepancy table of contracts/olx.md §5, and the rule the hub applies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from placard.domain.classified import Kind
from placard.domain.events import AdvertState, End, Operation, Verdict
from placard.domain.instants import HOUR, from_text
from placard.domain.lifecycle import Outcome
from placard.portals.olx.meta import read_meta
from placard.ports import Question
from tests.unit.portals.olx.door import verify
from tests.unit.portals.olx.told import OlxHub, publish, read, row, tell
from tests.unit.portals.scene import list_contracts, make_classified, make_publication, make_running, read_contract

SHOWN, GONE = {"visible_in_profile": True}, {"visible_in_profile": False}


def sample(name: str) -> dict[str, Any]:
    body: dict[str, Any] = read_contract(f"olx/notification_{name}.json")
    return body


def pause(hub: OlxHub) -> OlxHub:
    """Ask for a pause; the portal takes it."""
    hub.ask(Kind.DEACTIVATE, "IMOVIRTUAL")
    assert hub.begun() is Operation.DEACTIVATE
    hub.accept()
    return hub


@row("§5 advert_deactivate_success / advert_activate_*")
@pytest.mark.parametrize("ending", ["activate_success", "activate_error", "deactivate_success", "deactivate_error"])
def test_both_spellings_of_an_event_say_the_same(ending: str) -> None:
    table, in_samples = f"advert_{ending}", f"advert_{ending.replace('activate', 'activated')}"
    told = [read(tell(name, code="active")) for name in (table, in_samples)]
    assert replace(told[0], word="") == replace(told[1], word="")
    assert told[0].known


@row("§5 removed_by_moderated")
def test_the_tables_spelling_is_an_alias() -> None:
    hub = publish()
    hub.hear(code="removed_by_moderated")
    assert (hub.advert["code"], hub.problem) == ("removed_by_moderator", "moderated")


@row("§5 doubled data key and one brace short")
@pytest.mark.parametrize(
    "name", [name for name in list_contracts("olx", "notification_lifecycle_") if ".flat" not in name]
)
def test_a_nested_or_wrapped_sample_says_what_the_flat_one_says(name: str) -> None:
    flat = name.replace(".nested", ".flat").replace(".wrapped", ".flat")
    one, other = (read(read_contract(f"olx/{file}")) for file in (name, flat))
    assert (one.advert, one.word) == (other.advert, other.word)
    if ".wrapped" in name:
        assert one == other


@row("§5 date formats")
@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-01 12:00:00", "2026-07-01T11:00:00Z"),
        ("2026-07-01T12:00:00.000+0000", "2026-07-01T12:00:00Z"),
        ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
        ("2026-07-01T12:00:00.000+0100", "2026-07-01T11:00:00Z"),
    ],
)
def test_every_form_of_a_date_is_the_same_instant(text: str, instant: str) -> None:
    """What has no zone is the site's own time: summer in Lisbon is an hour ahead."""
    advert = read(tell(code="active", ttl=text)).advert
    assert advert is not None
    assert advert.expires_at == from_text(instant)


@row("§5 date formats")
@pytest.mark.parametrize(("channel", "hours"), [("imovirtual", 1), ("otodom", 2), ("storia", 3), ("olxro", 3)])
def test_a_date_without_a_zone_is_the_sites_own(channel: str, hours: int) -> None:
    advert = read(tell(code="active", ttl="2026-07-01 12:00:00"), channel=channel).advert
    assert advert is not None
    assert advert.expires_at == from_text("2026-07-01T12:00:00Z") - hours * HOUR


@row("§5 +0000 has no colon")
def test_an_offset_without_a_colon_is_read() -> None:
    assert read(sample("advert_deactivated_error")).advert_at == from_text("2026-03-04T08:30:14.027Z")


@row("§5 event_timestamp about 88 days after")
def test_the_gap_of_the_two_times_is_not_checked() -> None:
    body = sample("lifecycle_moderated.flat")
    assert read({**body, "event_timestamp": body["timestamp"] + 88 * 24 * HOUR}) == read(body)


@row("§5 shared transaction_id")
def test_events_that_share_a_transaction_are_all_told() -> None:
    hub = publish()
    outcomes = [hub.hear(transaction="t-1", code=code) for code in ("blocked", "active", "outdated")]
    assert outcomes == [Outcome.APPLIED] * 3
    assert verify(tell(code="new", transaction="t")).digest != verify(tell(code="active", transaction="t")).digest


@row("§5 activated_error prose")
def test_an_activation_of_what_is_active_is_a_success() -> None:
    hub = pause(publish())
    hub.hear("advert_deactivated_success", code="removed_by_user", **SHOWN)
    hub.ask(Kind.ACTIVATE, "IMOVIRTUAL")
    assert hub.begun() is Operation.ACTIVATE
    hub.accept()
    hub.hear("advert_activated_error", code="active", title="BadRequestException", detail="a deleted advert")
    assert (hub.last.status, hub.advert["live"], hub.problem) == ("UPDATED", True, None)


@row("§5 posted_error prose")
def test_a_refused_creation_says_what_its_title_and_fields_say() -> None:
    body = sample("advert_posted_error")
    spoken = {**body, "error_message": "No package", "data": {**body["data"], "detail": "No package"}}
    assert [problem.code for problem in read(spoken).problems] == ["invalid_field"]


@row("§5 posted sample created three days before")
def test_a_creation_may_revive_an_older_record() -> None:
    hub = publish(code="active", created_at="2020-01-01T00:00:00.000+0000", **SHOWN)
    assert hub.told() == ["RECEIVED(1)", "CREATING(1)", "CREATED(1)"]


@row("§5 after removal or expiry ttl = removal time")
@pytest.mark.parametrize("code", ["removed_by_user", "outdated", "moderated", "unpaid", "outdated_by_package"])
def test_what_is_not_live_shows_no_expiry(code: str) -> None:
    hub = publish(code="active", ttl="2027-04-01T08:15:30.000+0000")
    assert hub.advert["expiresAt"] == "2027-04-01T08:15:30.000Z"
    hub.hear(code=code, ttl="2027-03-01T08:15:30.000+0000", **SHOWN)
    assert "expiresAt" not in hub.advert


@row("§5 outdated, moderated: no operation vs some")
@pytest.mark.parametrize(
    ("code", "tried", "refusal"),
    [("outdated", Operation.ACTIVATE, "advert_activated_error"), ("moderated", Operation.PUT, "advert_put_error")],
)
def test_what_the_seeds_disagree_on_is_tried_once_and_never_posted_around(
    code: str, tried: Operation, refusal: str
) -> None:
    hub = publish()
    hub.hear(code=code, **SHOWN)
    hub.ask(Kind.RETRY, "IMOVIRTUAL")
    assert hub.begun() is tried
    hub.accept()
    hub.hear(refusal, code=code, title="BadRequestException", detail="not permitted")
    assert (hub.last.status, hub.advert["nextOperations"]) == ("UPDATING_FAILED", [])
    hub.now += 24 * HOUR
    assert hub.begun() is None


@row("§5 advert_deactivated_error")
def test_a_deactivation_of_what_is_still_in_the_profile_is_a_success() -> None:
    hub = pause(publish())
    hub.hear("advert_deactivated_error", code="removed_by_user", title="BadRequestException", **SHOWN)
    assert (hub.last.status, hub.advert["state"], hub.problem) == ("UPDATED", "paused", None)


@row("§5 advert_deactivated_error")
def test_a_deactivation_of_what_is_not_in_the_profile_any_more_is_none() -> None:
    hub = pause(publish())
    hub.hear("advert_deactivated_error", code="removed_by_user", title="BadRequestException", detail="gone", **GONE)
    assert (hub.last.status, hub.advert["state"], hub.problem) == ("UPDATING_FAILED", "withdrawn", "not_permitted")


@row("§5 moderated sample before activated_at")
@pytest.mark.parametrize("later", [0, -500])
def test_a_lifecycle_event_that_ties_or_looks_stale_but_names_another_code_is_settled_by_one_reading(
    later: int,
) -> None:
    hub = publish()
    assert hub.hear(later=later, code="moderated") is Outcome.STALE
    assert hub.known.reread
    assert hub.known.look
    assert hub.hear(later=0, code="active", **SHOWN) is Outcome.UNCHANGED


@row("§5 PUT on a moderated advert")
@pytest.mark.parametrize("code", ["moderated", "removed_by_moderator", "blocked"])
def test_a_moderated_advert_just_changed_is_in_review(code: str) -> None:
    hub = publish()
    hub.hear(code="moderated", moderation={"reason": "Repeated listing"})
    hub.put("IMOVIRTUAL", text="another text")
    assert hub.begun() is Operation.PUT
    hub.accept()
    hub.hear("advert_put_success", code=code, moderation={"reason": "Repeated listing"})
    assert (hub.last.status, hub.advert["state"], hub.problem) == ("UPDATED", "blocked", "not_live_yet")
    hub.hear(code="moderated", moderation={"reason": "Still repeated"})
    assert (hub.advert["state"], hub.problem) == ("rejected", "moderated")


@row("§5 PUT on a moderated advert")
@pytest.mark.parametrize(("in_flight", "state"), [(True, AdvertState.BLOCKED), (False, AdvertState.REJECTED)])
def test_a_reading_says_in_review_only_while_the_put_is_in_flight(in_flight: bool, state: AdvertState) -> None:
    running = make_running(Operation.PUT, "IMOVIRTUAL") if in_flight else None
    publication = make_publication("imovirtual", "IMOVIRTUAL", running=running)
    question = Question(publication, make_classified({}), None)  # type: ignore[arg-type]
    event = read_meta(question, {"last_action_status": "PUT", "state": {"code": "moderated"}}, 0)
    assert event.end == End(Verdict.SUCCEEDED, Operation.PUT)
    assert event.advert is not None
    assert event.advert.state is state


@row("§5 quirks of meta")
@pytest.mark.parametrize(("visible", "state"), [("true", AdvertState.PAUSED), ("false", AdvertState.WITHDRAWN)])
def test_the_profile_is_a_text_in_meta(visible: str, state: AdvertState) -> None:
    question = Question(make_publication("imovirtual", "IMOVIRTUAL"), make_classified({}), None)  # type: ignore[arg-type]
    told = {"code": "removed_by_user", "visible_in_profile": visible, "modified_at": "2026-07-01 12:00:00"}
    event = read_meta(question, {"last_action_status": "PUT", "state": told}, 2_000_000_000_000)
    assert event.advert is not None
    assert event.advert.state is state
    assert event.at == from_text("2026-07-01T11:00:00Z")


@row("§5 advert_deactivated_error")
@pytest.mark.parametrize(("visible", "ends"), [("true", "UPDATED"), ("false", "UPDATING_FAILED")])
def test_where_nothing_tells_the_removals_apart_the_meta_decides(visible: str, ends: str) -> None:
    hub = pause(publish())
    assert (
        hub.hear("advert_deactivated_error", code="removed_by_user", title="BadRequestException") is Outcome.UNCHANGED
    )
    assert hub.known.running is not None
    assert hub.look().decision.read

    told = {
        "last_action_status": "NOT_DEACTIVATED",
        "state": {"code": "removed_by_user", "visible_in_profile": visible},
    }
    hub.fold(read_meta(Question(hub.known, make_classified({}), None), told, hub.now))  # type: ignore[arg-type]
    assert (hub.last.status, hub.known.running) == (ends, None)


@row("§5 advert_deactivated_error")
def test_after_a_pause_of_ours_a_second_one_is_a_success() -> None:
    hub = pause(publish())
    hub.hear("advert_deactivated_success", code="removed_by_user")
    pause_again = hub.hear("advert_deactivated_error", code="removed_by_user", title="BadRequestException")
    assert (pause_again, hub.last.status, hub.advert["state"]) == (Outcome.UNCHANGED, "UPDATED", "paused")
