"""The contract suite: what every provider's folder keeps to, run for each line of the registry and for Casita."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from placard.domain.answers import Answer, Result
from placard.domain.body import offerer_estate_id
from placard.domain.channels import CHANNEL_OF, PROVIDER_OF
from placard.domain.classified import Classified, Kind
from placard.domain.errors import (
    CredentialsError,
    MalformedMessageError,
    PortalError,
    PortalRejectedError,
    PortalUnavailableError,
    UnsupportedOperationError,
    WebhookRejectedError,
)
from placard.domain.events import Advert, AdvertState, Operation, PortalEvent
from placard.domain.policy import Policy, Rendering
from placard.domain.problems import CATALOGUE
from placard.portals.registry import PROVIDERS, load_connection, load_policy
from placard.ports import Call, Callback, Message, Question, Row
from tests.fakes import FakeClock
from tests.unit.portals.contract import (
    EVERYONE,
    JSON,
    Calls,
    Parrot,
    Polls,
    Stage,
    could_exist,
    distorted,
    mutated,
    reorder,
    stage_of,
)
from tests.unit.portals.scene import CUSTOMER, Portal, make_publication, make_running

pytestmark = pytest.mark.usefixtures("casita")
NOW = 1_900_000_000_000
SPANS = ("operation_due", "settle", "patience", "again", "give_up")
STAGES = {provider: stage_of(provider) for provider in EVERYONE}
EVERY = pytest.mark.parametrize("provider", EVERYONE)
SUPPORTED = [(provider, operation) for provider in EVERYONE for operation in sorted(STAGES[provider].operations)]
MISSING = [
    (provider, operation) for provider in EVERYONE for operation in Operation if (provider, operation) not in SUPPORTED
]
EVERY_OPERATION = pytest.mark.parametrize(("provider", "operation"), SUPPORTED)
EVERY_POLLED = pytest.mark.parametrize("provider", [name for name in EVERYONE if STAGES[name].polls is not None])
EVERY_CALLER = pytest.mark.parametrize("provider", [name for name in EVERYONE if STAGES[name].calls is not None])
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def portals_of(channel: str) -> tuple[str, ...]:
    return tuple(portal for portal, of in CHANNEL_OF.items() if of == channel)


def classified_of(body: Any, channel: str) -> Classified:
    listed = portals_of(channel)
    return Classified("c-1", CUSTOMER, offerer_estate_id(body), 1, Kind.POST, 0, body, "", listed, 1)


def calls_of(provider: str) -> Calls:
    calls = STAGES[provider].calls
    assert calls is not None
    return calls


def send(stage: Stage, portal: Portal, operation: Operation) -> Answer:
    channel = stage.channels[0]
    publisher = stage.publisher(portal, FakeClock())
    classified = classified_of(stage.bodies[0], channel)
    rendering = publisher.render(classified, channel)
    remote_id = None if operation is Operation.POST else "r-1"
    return publisher.send(Call(operation, channel, classified, rendering, classified.portals, remote_id))


# --- the manifest ----------------------------------------------------------------------------------------------------


@EVERY
def test_the_manifest_is_complete(provider: str) -> None:
    policy = load_policy(provider)
    assert isinstance(policy, Policy)
    assert policy.provider == provider
    assert all(getattr(policy, span) > 0 for span in SPANS)
    assert policy.repost_wait >= 0
    assert set(policy.resting_problems.values()) <= CATALOGUE.keys()


@EVERY
@pytest.mark.parametrize("state", AdvertState)
def test_every_state_has_its_next_operations_and_its_reason(provider: str, state: AdvertState) -> None:
    policy, advert = load_policy(provider), Advert(state, "any code")
    permitted = policy.next_operations(advert)
    assert isinstance(permitted, tuple)
    assert set(permitted) <= set(Operation)
    assert len(set(permitted)) == len(permitted)
    problem = policy.explain(advert)
    assert (problem is None) is advert.live
    assert all(isinstance(policy.resolve(advert, last), Advert) for last in (None, *Operation))


@EVERY
def test_a_shortened_manifest_keeps_what_it_says(provider: str) -> None:
    policy = load_policy(provider)
    short = policy.scaled(0.01)
    assert all(0 < getattr(short, span) < getattr(policy, span) for span in SPANS)
    assert (short.next_operations, short.pauses) == (policy.next_operations, policy.pauses)


@EVERY
def test_the_stage_names_the_providers_channels(provider: str) -> None:
    assert set(STAGES[provider].channels) == {name for name, of in PROVIDER_OF.items() if of == provider}


@EVERY
def test_what_connecting_takes_is_said(provider: str) -> None:
    connection = load_connection(provider)
    assert bool(connection.account) is (PROVIDERS[provider].consents is None)
    assert (connection.proof is not None) is (STAGES[provider].calls is not None)


# --- rendering -------------------------------------------------------------------------------------------------------


@EVERY
@FEW
@given(data=st.data())
def test_whatever_the_api_takes_is_rendered(provider: str, data: st.DataObject) -> None:
    stage = STAGES[provider]
    body, channel = data.draw(mutated(stage.bodies)), data.draw(st.sampled_from(stage.channels))
    before = copy.deepcopy(body)
    publisher = stage.publisher(Portal(httpx.Response(500)), FakeClock())

    rendering = publisher.render(classified_of(body, channel), channel)

    assert body == before, "the classified was changed"
    assert rendering == publisher.render(classified_of(before, channel), channel), "another rendering of the same"
    assert set(rendering.hashes) == set(portals_of(channel))
    assert set(rendering.problems) <= set(portals_of(channel))
    json.dumps(rendering.payload)
    check_problems(rendering)


def check_problems(rendering: Rendering) -> None:
    for problem in (problem for problems in rendering.problems.values() for problem in problems):
        assert problem.code in CATALOGUE
        assert problem.field is None or could_exist(problem.field), problem
    for change in rendering.normalised:
        assert set(change) == {"field", "from", "to"}
        assert change["from"] != change["to"]
        assert could_exist(change["field"]), change


# --- calls -----------------------------------------------------------------------------------------------------------


@EVERY_OPERATION
def test_what_the_portal_takes_is_accepted(provider: str, operation: Operation) -> None:
    stage = STAGES[provider]
    answer = send(stage, Portal(stage.taken(operation)), operation)
    if operation in stage.done:
        assert answer.result is Result.DONE
    else:
        assert answer.result is Result.ACCEPTED
        assert answer.remote_id


@pytest.mark.parametrize(("provider", "operation"), MISSING)
def test_what_the_portal_has_not_is_refused_before_any_call(provider: str, operation: Operation) -> None:
    stage = STAGES[provider]
    portal = Portal(httpx.Response(500))
    with pytest.raises(UnsupportedOperationError):
        send(stage, portal, operation)
    assert portal.requests == []


OUTAGES = {
    "connection refused": (httpx.ConnectError("refused"), False),
    "no connection in time": (httpx.ConnectTimeout("late"), False),
    "no answer in time": (httpx.ReadTimeout("late"), True),
    "connection lost": (httpx.RemoteProtocolError("gone"), True),
    "429": (httpx.Response(429, headers={"Retry-After": "7"}), False),
    "500": (httpx.Response(500, json={"message": "oops"}), True),
    "503 as a page": (httpx.Response(503, html="<html>maintenance</html>"), True),
    "a redirection": (httpx.Response(302, headers={"Location": "/login"}), True),
    "403 as a page": (httpx.Response(403, html="<html>blocked</html>"), False),
}


@EVERY_OPERATION
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_says_whether_the_call_may_have_arrived(provider: str, operation: Operation, outage: str) -> None:
    stage = STAGES[provider]
    failure, taken = OUTAGES[outage]
    with pytest.raises(PortalUnavailableError) as caught:
        send(stage, Portal(failure), operation)
    assert caught.value.taken is taken
    assert caught.value.throttled is (outage == "429")
    assert caught.value.wait == (7000 if outage == "429" else None)


@pytest.mark.parametrize("provider", [name for name, operation in SUPPORTED if operation is Operation.POST])
def test_a_page_in_place_of_a_new_adverts_id_leaves_the_outcome_unknown(provider: str) -> None:
    with pytest.raises(PortalUnavailableError) as caught:
        send(STAGES[provider], Portal(httpx.Response(200, html="<html>busy</html>")), Operation.POST)
    assert caught.value.taken


REFUSALS = (400, 401, 402, 403, 404, 405, 409, 410, 412, 413, 415, 422, 451)


@EVERY_OPERATION
@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("body", [{}, {"message": "no", "errors": [{"field": 7}, None]}, {"errors": {"a": 1}}])
def test_a_refusal_has_taken_nothing(provider: str, operation: Operation, status: int, body: Any) -> None:
    """A person corrects it, an account is stopped, or a later try may do; never is the outcome unknown."""
    stage = STAGES[provider]
    try:
        answer = send(stage, Portal(httpx.Response(status, json=body)), operation)
    except PortalUnavailableError as error:
        assert not error.taken
    except PortalRejectedError as error:
        assert error.status_code == status
        assert error.problems
        assert {problem.code for problem in error.problems} <= CATALOGUE.keys()
    except CredentialsError as error:
        assert status in (400, 401, 403)
        assert error.problem.code in CATALOGUE
    else:
        assert (status, answer.result) in {
            (404, Result.MISSING),
            (404, Result.DONE),
            (409, Result.EXISTS),
            (409, Result.BUSY),
        }


@pytest.mark.parametrize("provider", [name for name, operation in SUPPORTED if operation is Operation.DELETE])
def test_a_deletion_of_what_is_gone_is_done(provider: str) -> None:
    portal = Portal(httpx.Response(404, json={"message": "not found"}))
    assert send(STAGES[provider], portal, Operation.DELETE).result is Result.DONE


@EVERY
@pytest.mark.parametrize("page", [True, False])
@pytest.mark.parametrize("status", [*REFUSALS, 200, 302, 429, 500])
def test_no_error_shows_a_secret(provider: str, status: int, page: bool) -> None:
    stage = STAGES[provider]
    for operation in sorted(stage.operations):
        try:
            send(stage, Parrot(status, page=page), operation)
        except PortalError as error:
            chain = [error, error.__cause__, error.__context__]
            shown = "".join(f"{link}{link!r}" for link in chain)
            shown += repr(getattr(error, "problems", ())) + repr(getattr(error, "problem", ""))
            assert not [secret for secret in stage.secrets if secret in shown]


@EVERY
@FEW
@given(said=JSON, status=st.sampled_from([200, 404, 403]))
def test_no_answer_breaks_a_reading(provider: str, said: Any, status: int) -> None:
    stage = STAGES[provider]
    channel = stage.channels[0]
    portal, clock = Portal(httpx.Response(status, content=json.dumps(said).encode())), FakeClock()
    publisher, classified = stage.publisher(portal, clock), classified_of(stage.bodies[0], channel)
    running = make_running(Operation.PUT, *portals_of(channel))
    publication = make_publication(channel, *portals_of(channel), running=running)
    question = Question(publication, classified, publisher.render(classified, channel), overdue=True)
    try:
        events = publisher.read(question)
        found = publisher.search(classified, channel)
    except PortalError:
        return
    assert all(isinstance(event, PortalEvent) and event.received_at == clock.now() for event in events)
    assert all(event.evidence for event in events), "a fact that nobody can trace to what was read"
    assert isinstance(found, tuple)
    assert all(isinstance(remote_id, str) and remote_id for remote_id in found)


# --- callbacks -------------------------------------------------------------------------------------------------------

CURRENT, PREVIOUS = "the-current-secret", "the-previous-secret"


@EVERY_CALLER
@pytest.mark.parametrize("secret", [CURRENT, PREVIOUS])
def test_a_callback_is_proven_by_the_current_and_the_previous_secret(provider: str, secret: str) -> None:
    calls = calls_of(provider)
    message = calls.receiver(CURRENT, PREVIOUS).verify(calls.sign(calls.events[0], secret), NOW)
    assert (message.provider, message.received_at) == (provider, NOW)
    assert message.raw.encode() == calls.events[0]


@EVERY_CALLER
@pytest.mark.parametrize("secret", ["another-secret", PREVIOUS, ""])
def test_a_forged_callback_is_refused_and_tells_nothing(provider: str, secret: str) -> None:
    calls = calls_of(provider)
    with pytest.raises(WebhookRejectedError) as caught:
        calls.receiver(CURRENT, None).verify(calls.sign(calls.events[0], secret), NOW)
    assert CURRENT not in f"{caught.value}{caught.value!r}"


@EVERY_CALLER
@given(body=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
@FEW
def test_a_callback_that_cannot_be_read_is_malformed(provider: str, body: bytes) -> None:
    """Whatever comes is refused in words that an answer can be made of, or it is a message."""
    calls = calls_of(provider)
    try:
        message = calls.receiver(CURRENT, PREVIOUS).verify(calls.sign(body, CURRENT), NOW)
    except (MalformedMessageError, WebhookRejectedError):
        return
    assert isinstance(json.loads(body), dict)
    assert message.raw.encode() == body


@EVERY_CALLER
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"null", b'{"data": NaN}'])
def test_garbage_is_malformed_even_with_a_proof(provider: str, body: bytes) -> None:
    calls = calls_of(provider)
    with pytest.raises(MalformedMessageError):
        calls.receiver(CURRENT, PREVIOUS).verify(calls.sign(body, CURRENT), NOW)


def digest_of(calls: Calls, body: bytes) -> str:
    callback: Callback = calls.sign(body, CURRENT)
    return calls.receiver(CURRENT, PREVIOUS).verify(callback, NOW).digest


@EVERY_CALLER
def test_a_message_that_comes_again_has_the_same_digest(provider: str) -> None:
    calls = calls_of(provider)
    assert all(digest_of(calls, body) == digest_of(calls, reorder(body)) for body in calls.events)


@EVERY_CALLER
def test_two_events_have_two_digests(provider: str) -> None:
    calls = calls_of(provider)
    digests = [digest_of(calls, body) for body in calls.events]
    assert len(digests) > 10
    assert len(set(digests)) == len(digests)


@EVERY_CALLER
@given(data=st.data())
@FEW
def test_no_message_breaks_its_interpretation(provider: str, data: st.DataObject) -> None:
    calls = calls_of(provider)
    raw = data.draw(distorted(calls.events) | JSON.map(json.dumps) | st.text(max_size=20))
    channel = STAGES[provider].channels[0]
    event = calls.receiver(CURRENT, PREVIOUS).interpret(Message(provider, "r-1", "d", raw, NOW), channel)
    assert event is None or (event.remote_id, event.received_at) == ("r-1", NOW)


@EVERY_CALLER
def test_every_sample_is_a_word_that_is_known_and_explained_in_the_crms_own_terms(provider: str) -> None:
    calls = calls_of(provider)
    receiver = calls.receiver(CURRENT, PREVIOUS)
    for body in calls.events:
        message = receiver.verify(calls.sign(body, CURRENT), NOW)
        event = receiver.interpret(message, STAGES[provider].channels[0])
        if event is not None:
            assert event.known, body
            assert event.evidence == message.key
            assert all(problem.field is None or could_exist(problem.field) for problem in event.problems)


# --- polls -----------------------------------------------------------------------------------------------------------


def polls_of(provider: str) -> Polls:
    polls = STAGES[provider].polls
    assert polls is not None
    return polls


@EVERY
def test_a_provider_calls_or_is_polled(provider: str) -> None:
    stage = STAGES[provider]
    assert (stage.calls is None) is not (stage.polls is None)
    assert (PROVIDERS[provider].poller is not None) is (stage.polls is not None)


@EVERY_POLLED
def test_each_page_is_read_to_its_last_row(provider: str) -> None:
    polls = polls_of(provider)
    for number, page in enumerate(polls.pages, 1):
        sheet = polls.poller(Portal(httpx.Response(200, json=page)), FakeClock()).page(CUSTOMER, number)
        assert (sheet.page, sheet.last) == (number, len(polls.pages))
        assert sheet.rows
        assert len({row.process_id for row in sheet.rows}) == len(sheet.rows)


@EVERY_POLLED
@FEW
@given(data=st.data())
def test_no_page_breaks_a_sweep(provider: str, data: st.DataObject) -> None:
    polls = polls_of(provider)
    pages = tuple(json.dumps(page).encode() for page in polls.pages)
    said = data.draw(distorted(pages) | JSON.map(json.dumps))
    status = data.draw(st.sampled_from([200, 400, 401, 404, 500]))
    portal = Portal(httpx.Response(status, content=said.encode()))
    try:
        sheet = polls.poller(portal, FakeClock()).page(CUSTOMER, 1)
    except PortalError:
        return
    assert all(isinstance(row, Row) and isinstance(row.process_id, int) for row in sheet.rows)
    assert sheet.last is None or sheet.last >= 0


@EVERY_POLLED
def test_every_row_is_a_word_of_the_time_it_was_seen(provider: str) -> None:
    polls = polls_of(provider)
    poller = polls.poller(Portal(httpx.Response(500)), FakeClock())
    for row in polls.rows:
        event = poller.interpret(row, None, NOW)
        assert event.known, row
        assert (event.received_at, event.at, event.remote_id) == (NOW, NOW, row.property_id)
        assert {problem.code for problem in event.problems} <= CATALOGUE.keys()
        assert event == poller.interpret(row, None, NOW)


@EVERY_POLLED
@given(state=st.text(max_size=20), published=st.none() | st.booleans())
@FEW
def test_a_word_nobody_knows_changes_no_advert(provider: str, state: str, published: bool | None) -> None:
    polls = polls_of(provider)
    if state in {row.state for row in polls.rows}:
        return
    poller = polls.poller(Portal(httpx.Response(500)), FakeClock())
    event = poller.interpret(Row(1, state, property_id="r-1", published=published), None, NOW)
    assert (event.known, event.advert, event.end) == (False, None, None)


@EVERY_POLLED
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_stops_a_sweep_for_now(provider: str, outage: str) -> None:
    polls = polls_of(provider)
    with pytest.raises(PortalUnavailableError):
        polls.poller(Portal(OUTAGES[outage][0]), FakeClock()).page(CUSTOMER, 1)
