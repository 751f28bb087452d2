"""AVIV's tokens: one per agency, kept its whole life, shared by all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx
import pytest

from placard.domain.errors import CredentialsError, PortalUnavailableError, StoreUnavailableError
from placard.domain.events import Operation
from placard.portals.aviv.paths import make_token
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.aviv.stage import (
    ACKNOWLEDGED,
    CONTEXT,
    GRANTED,
    HOUR,
    KEY,
    RECEIVER,
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


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadTimeout("no"),
        httpx.Response(503),
        httpx.Response(200, text="<html>"),
        httpx.Response(401, html="<html>blocked</html>"),
        httpx.Response(403, html="<html>blocked</html>"),
        httpx.Response(404, json={"error": "no such path"}),
    ],
)
def test_an_outage_of_the_token_endpoint_took_nothing(failure: httpx.Response | Exception) -> None:
    clock = FakeClock()
    with pytest.raises(PortalUnavailableError) as caught:
        send(Portal(failure), make_vault(clock, token=False), clock)
    assert caught.value.taken is False


# --- a refused credential rests --------------------------------------------------------------------------------------

UNKNOWN_AGENCY = httpx.Response(403, json={"error": "unknown_intermediary"})
NO_CLIENT = httpx.Response(401, json={"error": "access_denied"})
NO_GRANT = httpx.Response(403, json={"error": "access_denied"})
APP = {"client_id": "hub-client-id", "client_secret": "<another secret>", "path_key": KEY}
NEVER = Portal(httpx.Response(500))
WEBHOOK = {"url": RECEIVER + make_token(CUSTOMER, KEY), **CONTEXT}
SECRETS = {
    "aviv/app": APP,
    f"aviv/accounts/{CUSTOMER}": {"main": {"intermediary_id": "RC-000123"}},
    f"aviv/webhook/{CUSTOMER}": WEBHOOK,
}


def list_rests(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.credential for record in caplog.records if record.message == "AVIV refuses a credential"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("answer", "code"),
    [(UNKNOWN_AGENCY, "credentials_invalid"), (NO_GRANT, "credentials_app"), (NO_CLIENT, "credentials_app")],
)
def test_a_refused_credential_is_not_tried_for_each_listing(
    answer: httpx.Response, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock, token=False), Portal(answer)
    assert [refused(portal, vault, clock) for _ in range(3)] == [code] * 3
    assert portal.paths == [FETCH]
    assert list_rests(caplog).count(TOKEN) == 1, "it is logged when it begins"


@pytest.mark.parametrize("answer", [UNKNOWN_AGENCY, NO_CLIENT])
def test_after_an_hour_it_is_tried_again(answer: httpx.Response) -> None:
    clock = FakeClock()
    vault = make_vault(clock, token=False)
    refused(Portal(answer), vault, clock)
    clock.advance(HOUR)
    portal = Portal(GRANTED, ACKNOWLEDGED)
    send(portal, vault, clock)
    assert portal.paths == [FETCH, WRITE]


@pytest.mark.parametrize(
    ("answer", "name", "value"),
    [
        (UNKNOWN_AGENCY, f"aviv/accounts/{CUSTOMER}", {"main": {"intermediary_id": "RC-000999"}}),
        (UNKNOWN_AGENCY, f"aviv/accounts/{CUSTOMER}", {"main": {"intermediary_id": "RC-000123"}}),
        (NO_GRANT, "aviv/app", APP),
        (NO_CLIENT, "aviv/app", APP),
    ],
    ids=["another agency", "the same agency again", "the app, for one agency", "the app"],
)
def test_a_credential_that_is_replaced_is_tried_at_once(
    answer: httpx.Response, name: str, value: dict[str, Any]
) -> None:
    """Also by an instance that has just looked into the vault."""
    clock = FakeClock()
    vault = make_vault(clock, token=False)
    other = Instance(vault, clock)
    refused(Portal(answer), other, clock)
    refused(NEVER, other, clock)
    replace_secret(vault, name, value)
    portal = Portal(GRANTED, ACKNOWLEDGED)
    send(portal, other, clock)
    assert portal.paths[0] == FETCH


def replace_secret(vault: MemoryVault, name: str, value: dict[str, Any]) -> None:
    """Store another credential, as an operator does."""
    stored = vault.read(name, fresh=True)
    assert stored is not None
    assert vault.write(name, value, stored.version)


class Instance(MemoryVault):
    """Another container's view of the vault: the secrets are everybody's, the cache is its own."""

    def __init__(self, vault: MemoryVault, clock: FakeClock) -> None:
        super().__init__(clock)
        self._secrets, self._leases = vault._secrets, vault._leases


def test_a_vault_that_is_down_does_not_hide_the_refusal() -> None:
    class Broken(MemoryVault):
        def write(self, name: str, value: Mapping[str, Any], version: int) -> bool:
            raise StoreUnavailableError("down")

    clock = FakeClock()
    assert refused(Portal(NO_CLIENT), Broken(clock, SECRETS), clock) == "credentials_app"


def test_one_agencys_refusal_stops_no_other() -> None:
    clock = FakeClock()
    vault = make_vault(clock, token=False)
    vault.write("aviv/accounts/ag-13", {"main": {"intermediary_id": "RC-000456"}}, 0)
    refused(Portal(NO_GRANT), vault, clock)
    portal = Portal(GRANTED, httpx.Response(200, json={"items": []}))
    make_publisher(portal, clock, vault).search(replace(make_classified({}), customer="ag-13"), "aviv")
    assert portal.paths[0] == FETCH


def test_the_hubs_own_credentials_rest_for_every_agency() -> None:
    clock = FakeClock()
    vault = make_vault(clock, token=False)
    vault.write("aviv/accounts/ag-13", {"main": {"intermediary_id": "RC-000456"}}, 0)
    refused(Portal(NO_CLIENT), vault, clock)
    portal = Portal(httpx.Response(500))
    with pytest.raises(CredentialsError) as caught:
        make_publisher(portal, clock, vault).search(replace(make_classified({}), customer="ag-13"), "aviv")
    assert (caught.value.problem.code, portal.requests) == ("credentials_app", [])


def test_an_instance_that_has_just_read_the_hubs_own_credentials_learns_of_their_rest() -> None:
    clock = FakeClock()
    vault = make_vault(clock, token=False)
    vault.write("aviv/accounts/ag-13", {"main": {"intermediary_id": "RC-000456"}}, 0)
    late = Instance(vault, clock)
    late.read("aviv/app")
    refused(Portal(NO_CLIENT), vault, clock)
    portal = Portal(httpx.Response(500))
    with pytest.raises(CredentialsError) as caught:
        make_publisher(portal, clock, late).search(replace(make_classified({}), customer="ag-13"), "aviv")
    assert (caught.value.problem.code, portal.requests) == ("credentials_app", [])
    assert late.lease("aviv/token/ag-13/main", clock.now() + 1, clock.now()), (
        "nobody waits for a lease that is of no use"
    )


def test_an_agency_whose_token_lasts_goes_on_while_the_apps_credentials_rest() -> None:
    clock = FakeClock()
    vault = make_vault(clock)
    vault.write("aviv/accounts/ag-13", {"main": {"intermediary_id": "RC-000456"}}, 0)
    with pytest.raises(CredentialsError):
        make_publisher(Portal(NO_CLIENT), clock, vault).search(replace(make_classified({}), customer="ag-13"), "aviv")
    portal = Portal(ACKNOWLEDGED)
    send(portal, vault, clock)
    assert portal.paths == [WRITE]


@pytest.mark.parametrize(
    ("answers", "calls"),
    [
        pytest.param([problem("403")], [WRITE], id="5 403: park the agency's queue"),
        pytest.param([problem("401"), GRANTED, problem("401")], [WRITE, FETCH, WRITE], id="5 401 with a new token"),
        pytest.param([problem("401"), NO_CLIENT], [WRITE, FETCH], id="5 401, and no other token"),
    ],
)
def test_a_token_that_is_refused_for_good_stops_the_agency(
    answers: list[httpx.Response], calls: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock), Portal(*answers)
    assert [refused(portal, vault, clock) for _ in range(3)] == ["credentials_app"] * 3
    assert portal.paths == calls
    assert list_rests(caplog).count(TOKEN) == 1
    clock.advance(HOUR)
    portal = Portal(GRANTED, ACKNOWLEDGED)
    send(portal, vault, clock)
    assert portal.paths == [FETCH, WRITE], "the old token would lack its scopes for the rest of its day"


def test_a_refusal_of_a_token_that_was_replaced_meanwhile_stops_nobody() -> None:
    clock = FakeClock()
    vault = make_vault(clock)
    late, portal = Instance(vault, clock), Portal(problem("403"))
    late.read(TOKEN)
    vault.write(TOKEN, {**vault.read(TOKEN).value, "access_token": "newer-token"}, 1)  # type: ignore[union-attr]
    with pytest.raises(PortalUnavailableError) as caught:
        send(portal, late, clock)
    assert caught.value.taken is False, "with the new one it is worth a try"
    portal = Portal(ACKNOWLEDGED)
    send(portal, vault, clock)
    assert portal.requests[0].headers["authorization"] == "Bearer newer-token"


@pytest.mark.parametrize(
    ("answer", "name", "value"),
    [
        (UNKNOWN_AGENCY, TOKEN, {"access_token": "newer-token", **CONTEXT, "expires_at": 4_000_000_000_000}),
        (NO_GRANT, "aviv/app", APP),
        (NO_CLIENT, "aviv/app", APP),
    ],
    ids=["the agency's token", "the app, for one agency", "the app"],
)
def test_a_refusal_of_a_credential_that_was_replaced_meanwhile_stops_nobody(
    answer: httpx.Response, name: str, value: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    clock = FakeClock()
    vault = make_vault(clock)
    replace_secret(vault, TOKEN, {})

    def replace_it(request: httpx.Request) -> httpx.Response:
        replace_secret(vault, name, value)
        return answer

    portal = Portal()
    portal.client._transport = httpx.MockTransport(replace_it)
    with pytest.raises(PortalUnavailableError) as caught:
        send(portal, vault, clock)
    assert caught.value.taken is False
    assert list_rests(caplog) == []
    portal = Portal(ACKNOWLEDGED) if name == TOKEN else Portal(GRANTED, ACKNOWLEDGED)
    send(portal, Instance(vault, clock), clock)
    assert portal.paths[-1] == WRITE


def test_without_the_hubs_own_credentials_no_token_is_asked_for() -> None:
    clock = FakeClock()
    vault = make_vault(clock, token=False)
    del vault._secrets["aviv/app"]
    with pytest.raises(CredentialsError) as caught:
        make_publisher(NEVER, clock, vault).search(make_classified({}), "aviv")
    assert (caught.value.problem.code, NEVER.requests) == ("credentials_app", [])


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
