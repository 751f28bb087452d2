"""Every row of the table of asynchronous errors of contracts/olx.md §6, and what the hub does."""

from __future__ import annotations

from typing import Any

import pytest

from placard.domain import answers
from placard.domain.classified import Kind
from placard.domain.events import Operation
from placard.domain.instants import HOUR, MINUTE
from placard.portals.olx.manifest import POLICY
from tests.unit.portals.olx.told import UUID, OlxHub, publish, row

AREA = {"field": "urn:concept:net-area-m2", "title": "attribute", "detail": "Area has an invalid value"}


def start(operation: Operation) -> OlxHub:
    """Return a hub whose operation the portal has taken."""
    if operation is Operation.POST:
        hub = OlxHub(policy=POLICY)
        hub.post("IMOVIRTUAL")
    else:
        hub = publish()
        if operation is Operation.PUT:
            hub.put("IMOVIRTUAL", text="another text")
        elif operation is Operation.DELETE:
            hub.delete()
        else:
            hub.ask(Kind.DEACTIVATE, "IMOVIRTUAL")
    assert hub.begun() is operation
    hub.accept(UUID)
    return hub


@row("§6 AdvertsPostingException + validation")
def test_fields_the_site_refuses_are_shown_where_the_crm_wrote_them_and_posted_again_when_mended() -> None:
    hub = start(Operation.POST)
    hub.hear("advert_posted_error", title="AdvertsPostingException", detail="no", validation=[AREA])
    assert (hub.last.status, hub.problem) == ("CREATING_FAILED", "invalid_field")
    assert hub.last.problems[0].field == "/data/spaces/residential/livingSpace"
    assert hub.begun() is None
    hub.put("IMOVIRTUAL", text="mended")
    assert hub.begun() is Operation.POST


@row("§6 AdvertsPostingException without fields / unpaid")
@pytest.mark.parametrize(("code", "state"), [({"code": "unpaid"}, "unpaid"), ({}, "absent")])
@pytest.mark.parametrize("validation", [None, []])
def test_a_missing_package_is_told_and_does_not_loop(code: dict[str, str], state: str, validation: Any) -> None:
    hub = start(Operation.POST)
    hub.hear("advert_posted_error", title="AdvertsPostingException", detail="No package", validation=validation, **code)
    assert (hub.last.status, hub.problem, hub.advert["state"]) == ("CREATING_FAILED", "payment_required", state)
    hub.now += 24 * HOUR
    assert hub.begun() is None
    hub.ask(Kind.RETRY, "IMOVIRTUAL")
    assert hub.begun() is Operation.POST


@row("§6 NotFoundException on PUT")
def test_an_update_of_what_never_was_leads_to_a_creation_at_the_next_revision() -> None:
    hub = start(Operation.PUT)
    hub.hear("advert_put_error", title="NotFoundException", detail="not found for the user", validation=None)
    assert (hub.last.status, hub.advert["state"], hub.problem) == ("UPDATING_FAILED", "absent", "removed_on_portal")
    assert hub.advert["nextOperations"] == ["POST"]
    assert hub.begun() is None
    hub.put("IMOVIRTUAL", text="once more")
    assert hub.begun() is Operation.POST


@row("§6 ForbiddenException on DELETE, code removed_by_user")
def test_a_deletion_of_what_is_deleted_is_done() -> None:
    hub = start(Operation.DELETE)
    hub.hear("advert_deleted_error", title="ForbiddenException", detail="previously deleted", code="removed_by_user")
    assert (hub.last.status, hub.advert["state"], hub.problem) == ("DELETED", "withdrawn", None)


@row("§6 BadRequestException, must be active / already active")
def test_a_state_that_is_reached_already_is_done() -> None:
    hub = start(Operation.DEACTIVATE)
    hub.hear("advert_deactivated_error", title="BadRequestException", code="removed_by_user", visible_in_profile=True)
    assert (hub.last.status, hub.problem) == ("UPDATED", None)


@row("§6 BadRequestException, must be active / already active")
def test_another_state_than_the_goal_is_taken_over_and_told() -> None:
    hub = start(Operation.DEACTIVATE)
    hub.hear("advert_deactivated_error", title="BadRequestException", detail="must be active", code="outdated")
    assert (hub.last.status, hub.advert["state"], hub.problem) == ("UPDATING_FAILED", "expired", "not_permitted")
    assert hub.look().decision.read, "the hub's picture was wrong: the meta is read once"


@row("§6 image dimensions")
def test_a_skipped_image_is_a_warning_and_the_advert_stays_live() -> None:
    hub = publish()
    hub.hear("advert_image_error", title="Dimensions not appropriate for image https://img.example.com/3.jpg")
    assert (hub.last.status, hub.problem, hub.advert["live"]) == ("CREATED_WITH_MEDIA_ERROR", "media_refused", True)
    assert hub.begun() is None


@row("§6 moderation")
def test_a_moderation_is_told_with_its_reason_and_ends_in_review_after_an_edit() -> None:
    hub = publish()
    hub.hear(code="moderated", moderation={"reason": "Repeated listing", "description": None})
    assert (hub.problem, hub.last.problems[0].detail) == ("moderated", "Repeated listing")
    hub.put("IMOVIRTUAL", text="edited")
    assert hub.begun() is Operation.PUT
    hub.accept()
    hub.hear("advert_put_success", code="blocked")
    assert (hub.last.status, hub.advert["state"]) == ("UPDATED", "blocked")


@row("§6 no event within N min after 2xx")
def test_an_end_that_does_not_come_is_asked_for() -> None:
    hub = start(Operation.POST)
    hub.now += 10 * MINUTE - 1
    assert not hub.look().decision.read
    hub.now += 1
    assert hub.look().decision.read


@row("§6 no event within N min after 2xx")
def test_after_half_an_hour_the_operator_is_alarmed_once_and_the_portal_asked_hourly() -> None:
    """The line that is logged, once: tests/unit/use_cases/test_deliver_publication.py."""
    publication = start(Operation.POST).known
    assert publication.running is not None
    began = publication.running.began_at
    seen = []
    for _ in range(4):
        assert publication.running is not None
        now = publication.running.due
        publication = answers.overdue(publication, POLICY, now).publication
        assert publication.running is not None
        seen.append(((now - began) // MINUTE, publication.running.overdue, publication.running.alarmed))
    assert seen == [(10, True, False), (30, True, True), (90, True, True), (150, True, True)]
