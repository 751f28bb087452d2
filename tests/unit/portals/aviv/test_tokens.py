"""AVIV's tokens: one per agency, kept its whole life, shared by all."""

from __future__ import annotations

import httpx
import pytest

from placard.domain.errors import CredentialsError, PortalUnavailableError
from placard.domain.events import Operation
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.aviv.stage import (
    ACKNOWLEDGED,
    GRANTED,
    HOUR,
    TOKEN,
    TOKEN_URL,
    call_for,
    make_publisher,
    make_vault,
    problem,
)
from tests.unit.portals.scene import CUSTOMER, Portal, make_classified, read_contract

WRITE = "PUT /sandbox/caas/v4/classifieds/7f0c2d4e-61b9-4c1b-9f5e-2a8d30b7c614"
FETCH = "POST /oauth/token"


def send(portal: Portal, vault: MemoryVault, clock: FakeClock) -> None:
    make_publisher(portal, clock, vault).send(call_for(Operation.PUT))


def refused(portal: Portal, vault: MemoryVault, clock: FakeClock) -> str:
    with pytest.raises(CredentialsError) as caught:
        send(portal, vault, clock)
    assert "<secret>" not in f"{caught.value!r}{caught.value.body}"
    return caught.value.problem.code


def test_a_token_is_asked_for_as_the_contract_shows_it() -> None:
    clock, portal = FakeClock(), Portal(GRANTED, ACKNOWLEDGED)
    send(portal, make_vault(clock, token=False), clock)
    assert portal.paths == [FETCH, WRITE]
    assert str(portal.requests[0].url) == TOKEN_URL
    assert portal.sent(0) == read_contract("aviv/token_request.json")
    given = read_contract("aviv/token_response.json")["access_token"]
    assert portal.requests[1].headers["authorization"] == f"Bearer {given}"


def test_a_token_is_kept_for_its_whole_life() -> None:
    """The vendor's review checks it: one token a day and agency."""
    clock = FakeClock()
    vault, portal = make_vault(clock, token=False), Portal(GRANTED, ACKNOWLEDGED)
    send(portal, vault, clock)
    clock.advance(24 * HOUR - 61_000)
    send(portal, vault, clock)
    assert portal.paths == [FETCH, WRITE, WRITE]


def test_a_token_that_ends_is_replaced() -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock), Portal(GRANTED, ACKNOWLEDGED)
    clock.advance(23 * HOUR - 59_000)
    send(portal, vault, clock)
    assert portal.paths == [FETCH, WRITE]


def test_a_token_of_another_environment_is_not_used() -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock), Portal(GRANTED, ACKNOWLEDGED)
    known = vault.read(TOKEN)
    assert known is not None
    vault.write(TOKEN, {**known.value, "audience": "https://api.aviv-group.com/caas/v4"}, known.version)
    send(portal, vault, clock)
    assert portal.paths == [FETCH, WRITE]


def test_a_token_of_another_agency_is_not_used() -> None:
    """An account may be corrected while the token of the wrong agency still lasts."""
    clock = FakeClock()
    vault, portal = make_vault(clock), Portal(GRANTED, ACKNOWLEDGED)
    vault.write(f"aviv/accounts/{CUSTOMER}", {"main": {"intermediary_id": "RC-000999"}}, 1)
    make_publisher(portal, clock, vault).search(make_classified({}), "aviv")
    assert portal.paths[0] == FETCH
    assert portal.sent(0)["intermediary_id"] == "RC-000999"


def test_a_token_refused_is_replaced_once_and_the_call_repeated() -> None:
    clock, portal = FakeClock(), Portal(problem("401"), GRANTED, ACKNOWLEDGED)
    send(portal, make_vault(clock), clock)
    assert portal.paths == [WRITE, FETCH, WRITE]


def test_a_token_refused_minutes_after_it_was_given_is_replaced_and_alarmed(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    vault = make_vault(clock, token=False)
    send(Portal(GRANTED, ACKNOWLEDGED), vault, clock)
    clock.advance(4 * 60_000)
    portal = Portal(problem("401"), GRANTED, ACKNOWLEDGED)
    send(portal, vault, clock)
    assert portal.paths == [WRITE, FETCH, WRITE]
    assert [record.levelname for record in caplog.records if "minutes old" in record.message] == ["ERROR"]


def test_a_call_refused_with_the_new_token_too_is_an_alarm() -> None:
    clock, portal = FakeClock(), Portal(problem("401"), GRANTED, problem("401"))
    assert refused(portal, make_vault(clock), clock) == "credentials_app"
    assert len(portal.requests) == 3


def test_while_somebody_else_fetches_the_call_waits_and_was_not_taken() -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock, token=False), Portal(GRANTED)
    vault.lease(TOKEN, clock.now() + 30_000, clock.now())
    with pytest.raises(PortalUnavailableError) as caught:
        send(portal, vault, clock)
    assert (caught.value.taken, caught.value.wait) == (False, 1000)
    assert portal.requests == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(401, json={"error": "access_denied"}), "credentials_app"),
        (httpx.Response(403, json={"error": "access_denied"}), "credentials_app"),
        (httpx.Response(400, json={"error": "invalid_request"}), "credentials_invalid"),
        (httpx.Response(403, json={"error": "unknown_intermediary"}), "credentials_invalid"),
    ],
)
def test_a_token_refused_says_who_must_act(answer: httpx.Response, code: str) -> None:
    clock = FakeClock()
    assert refused(Portal(answer), make_vault(clock, token=False), clock) == code


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("no"), httpx.Response(503), httpx.Response(200, text="<html>")])
def test_an_outage_of_the_token_endpoint_took_nothing(failure: httpx.Response | Exception) -> None:
    clock = FakeClock()
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(failure), make_vault(clock, token=False), clock)
    assert caught.value.taken is False


@pytest.mark.parametrize(
    ("accounts", "code"),
    [
        ({}, "not_connected"),
        ({"a": {"intermediary_id": "RC-1"}, "b": {"intermediary_id": "RC-2"}}, "account_ambiguous"),
        ({"a": {}}, "credentials_invalid"),
    ],
)
def test_without_one_account_nothing_is_sent(accounts: dict[str, dict[str, str]], code: str) -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock), Portal(ACKNOWLEDGED)
    vault.write(f"aviv/accounts/{CUSTOMER}", accounts, 1)
    assert refused(portal, vault, clock) == code
    assert portal.requests == []
