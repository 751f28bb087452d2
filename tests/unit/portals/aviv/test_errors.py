"""What AVIV's refusals mean: every row of contracts/aviv.md §2 (error bodies) and §5, by status and `type`, never by prose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from placard.domain.answers import Result
from placard.domain.apply import apply
from placard.domain.classified import Wish
from placard.domain.decide import decide
from placard.domain.errors import CredentialsError, PortalRejectedError, PortalUnavailableError
from placard.domain.events import Advert, AdvertState, Operation
from placard.domain.instants import HOUR
from placard.domain.lifecycle import Family, Word
from placard.domain.policy import Rendering
from placard.portals.aviv.manifest import POLICY
from placard.portals.aviv.words import read_status
from tests.fakes import FakeClock
from tests.unit.portals.aviv.stage import ACKNOWLEDGED, GRANTED, RESALE, call_for, make_publisher, problem
from tests.unit.portals.scene import Portal, list_contracts, make_publication, make_running, read_contract

POST, PUT, DELETE = Operation.POST, Operation.PUT, Operation.DELETE
DUPLICATED_MEDIA = httpx.Response(
    400,
    json={
        "type": "https://x.test/v4#section/Errors/Duplicated-Media-Error",
        "title": "Duplicated media",
        "status": 400,
    },
)


def send(portal: Portal, operation: Operation, body: dict[str, Any] = RESALE) -> Any:
    return make_publisher(portal, FakeClock()).send(call_for(operation, body))


@pytest.mark.parametrize(
    ("operation", "name", "result"),
    [
        pytest.param(POST, "400_duplicated_classified", Result.EXISTS, id="5 400 duplicated classified: adopt"),
        pytest.param(PUT, "404", Result.MISSING, id="5 404 on PUT: create anew"),
        pytest.param(DELETE, "404", Result.DONE, id="5 404 on DELETE: done"),
    ],
)
def test_a_refusal_that_is_no_error_says_what_to_do(operation: Operation, name: str, result: Result) -> None:
    answer = send(Portal(problem(name)), operation)
    assert answer.result is result
    assert answer.remote_id is None, "an id is never read out of prose"


@pytest.mark.parametrize(
    ("refusal", "problems"),
    [
        pytest.param(
            problem("400_validation"),
            [("invalid_field", "/data/location"), ("invalid_field", "/data/location/postalcode")],
            id="2 400 Validation-Error",
        ),
        pytest.param(
            problem("400_colliding_contacts"),
            [("invalid_field", "/data/contact"), ("invalid_field", "/specific/gsl/contact")],
            id="2 400 Colliding-Contacts-Information-Error",
        ),
        *(
            pytest.param(
                httpx.Response(400, json={**read_contract("aviv/error_400_validation.json"), "errorSource": source}),
                [("rejected_by_portal", None)],
                id=f"2 400 Validation-Error of the {source}",
            )
            for source in ("requestParameter", "contentType", "header")
        ),
        pytest.param(problem("400_parsing"), [("rejected_by_portal", None)], id="2 400 not parseable"),
        pytest.param(DUPLICATED_MEDIA, [("media_refused", "/media")], id="2 400 Duplicated-Media-Error"),
        pytest.param(
            httpx.Response(
                400, json={"type": "https://x.test/Errors/Never-Heard-Of-Error", "errors": [{"name": "/x"}]}
            ),
            [("rejected_by_portal", None)],
            id="2 400 of another type",
        ),
    ],
)
def test_a_400_names_what_a_person_corrects(refusal: httpx.Response, problems: list[tuple[str, str | None]]) -> None:
    portal = Portal(refusal)
    with pytest.raises(PortalRejectedError) as caught:
        send(portal, POST)
    assert [(found.code, found.field) for found in caught.value.problems] == problems
    assert len(portal.requests) == 1, "the same body is refused again"


@pytest.mark.parametrize(
    ("location", "found"),
    [
        ({"city": "Lyon"}, ("missing_field", "/data/location/postalcode")),
        ({"city": "Lyon", "postalCode": "x" * 40}, ("invalid_field", "/data/location/postalCode")),
    ],
    ids=["missing", "in the CRM's own spelling"],
)
def test_a_pointer_leads_into_the_crms_own_body(location: dict[str, Any], found: tuple[str, str]) -> None:
    body = {**RESALE, "data": {**RESALE["data"], "location": location}}
    with pytest.raises(PortalRejectedError) as caught:
        send(Portal(problem("400_validation")), PUT, body)
    assert (caught.value.problems[1].code, caught.value.problems[1].field) == found


def test_a_medium_used_elsewhere_says_the_step_that_mends_it() -> None:
    with pytest.raises(PortalRejectedError) as caught:
        send(Portal(DUPLICATED_MEDIA), POST)
    assert "a URL of its own" in caught.value.problems[0].detail


@pytest.mark.parametrize(
    ("answers", "code", "calls"),
    [
        pytest.param([problem("401"), GRANTED, problem("401")], "credentials_app", 3, id="5 401 twice"),
        pytest.param([problem("403")], "credentials_app", 1, id="5 403"),
    ],
)
def test_a_token_that_may_not_is_the_operators_business(answers: list[httpx.Response], code: str, calls: int) -> None:
    portal = Portal(*answers)
    with pytest.raises(CredentialsError) as caught:
        send(portal, POST)
    assert (caught.value.problem.code, len(portal.requests)) == (code, calls)


def test_a_token_refused_once_is_replaced_and_the_call_repeated() -> None:
    """§5, 401."""
    portal = Portal(problem("401"), GRANTED, ACKNOWLEDGED)
    assert send(portal, POST).result is Result.ACCEPTED


@pytest.mark.parametrize(
    ("failure", "taken", "wait"),
    [
        pytest.param(httpx.Response(412, json={"title": "Precondition Failed"}), False, 1000, id="5 412"),
        pytest.param(httpx.Response(429, headers={"Retry-After": "7"}), False, 7000, id="5 429"),
        pytest.param(httpx.Response(429), False, None, id="5 429 without a wait"),
        pytest.param(problem("500"), True, None, id="5 500"),
        pytest.param(httpx.Response(503, html="<html>"), True, None, id="2 other 5xx"),
        pytest.param(httpx.ReadTimeout("no"), True, None, id="5 timeout"),
        pytest.param(httpx.ConnectError("no"), False, None, id="5 network"),
        pytest.param(httpx.Response(403, html="<html>blocked</html>"), False, None, id="1 the firewall's page"),
        pytest.param(httpx.Response(202, content=b"accepted"), True, None, id="a 202 without its body"),
        pytest.param(httpx.Response(202, json={"links": []}), True, None, id="a 202 without its id"),
    ],
)
def test_an_outage_says_whether_the_portal_may_have_taken_the_call(failure: Any, taken: bool, wait: int | None) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(failure), POST)
    assert (caught.value.taken, caught.value.wait) == (taken, wait)


def test_every_contract_error_is_judged_somewhere() -> None:
    assert set(list_contracts("aviv", "error_")) == {
        f"error_{name}.json"
        for name in (
            *("400_colliding_contacts", "400_duplicated_classified", "400_parsing", "400_validation"),
            *("401", "403", "404", "500"),
        )
    }


# --- §5: the statuses that end an operation badly --------------------------------------------------------------------

NOW = 1_900_000_000_000
EMPTY = Rendering({}, {"SL": "h"})


@pytest.mark.parametrize(
    ("status", "family", "operation", "word", "state", "code", "retriable"),
    [
        pytest.param(
            *("receiving_failed", Family.CREATE, POST, Word.CREATING_FAILED, AdvertState.ABSENT, "portal_unavailable"),
            True,
            id="5 RECEIVING_FAILED",
        ),
        pytest.param(
            *("creating_failed", Family.CREATE, POST, Word.CREATING_FAILED, AdvertState.ABSENT, "rejected_by_portal"),
            False,
            id="5 CREATING_FAILED",
        ),
        pytest.param(
            *("updating_failed", Family.UPDATE, PUT, Word.UPDATING_FAILED, AdvertState.LIVE, "rejected_by_portal"),
            False,
            id="5 UPDATING_FAILED",
        ),
        pytest.param(
            *("deleting_failed", Family.DELETE, DELETE, Word.DELETING_FAILED, AdvertState.LIVE, "rejected_by_portal"),
            False,
            id="5 DELETING_FAILED",
        ),
    ],
)
def test_a_failure_is_told_with_the_portals_reason(
    status: str, family: Family, operation: Operation, word: Word, state: AdvertState, code: str, retriable: bool
) -> None:
    said = {**read_contract(f"aviv/callback_{status}.json"), "revision": 2, "portals": ["SL"]}
    running = make_running(operation, "SL", removing=("SL",) if operation is DELETE else ())
    before = make_publication(
        *("aviv", "SL"), running=running, family=family, word=Word.RECEIVED, advert=Advert(state), remote_revision=1
    )
    after = apply(before, read_status(said, "r-1", NOW), POLICY, NOW).publication.standings["SL"]
    assert (after.word, after.advert.state) == (word, state)
    assert after.problems[0].code == code
    assert said["message"] in after.problems[0].detail
    assert after.problems[0].to_json()["retriable"] is retriable


def test_a_refused_deletion_is_tried_three_times() -> None:
    """§5, DELETING_FAILED: an advert that stays online is a legal risk."""
    last = make_running(DELETE, "SL", removing=("SL",))
    refused = make_publication(
        *("aviv", "SL"),
        advert=Advert(AdvertState.LIVE),
        wish=Wish.ABSENT,
        ended=1,
        family=Family.DELETE,
        word=Word.DELETING_FAILED,
        refusals=1,
    )
    refused = replace(refused, last=last)
    again = decide(refused, EMPTY, POLICY, HOUR)
    assert again.start is not None
    assert again.start.kind is DELETE
    assert decide(refused, EMPTY, POLICY, HOUR - 1).start is None
    given_up = refused.with_standings([replace(refused.standings["SL"], refusals=3)])
    assert decide(given_up, EMPTY, POLICY, 9 * HOUR).start is None


@pytest.mark.parametrize("operation", [PUT, DELETE])
def test_a_proxys_page_is_no_missing_classified(operation: Operation) -> None:
    page = httpx.Response(404, html="<html>no such host</html>")
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(page), operation)
    assert not caught.value.taken
