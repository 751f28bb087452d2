"""OLX's tokens: renewed once, by one caller, and stored before they are used."""

from __future__ import annotations

import httpx
import pytest

from placard.domain.answers import Result
from placard.domain.errors import CredentialsError, PortalUnavailableError
from placard.domain.events import Operation
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.olx.stage import TOKEN, make_body, make_publisher, make_vault
from tests.unit.portals.scene import Portal, answer_of, make_call, read_contract

EXPIRED = answer_of("olx/response_error_403_expired_token.json")
GRANTED = answer_of("olx/response_token_200.json")
TAKEN = answer_of("olx/response_advert_put_202.json")
CALL = make_call(Operation.PUT, "imovirtual", make_body(), {})


def bearer(portal: Portal) -> str:
    return str(portal.requests[-1].headers["authorization"])


def refused(portal: Portal, vault: MemoryVault | None = None) -> CredentialsError:
    with pytest.raises(CredentialsError) as caught:
        make_publisher(portal, FakeClock(), vault).send(CALL)
    return caught.value


@pytest.mark.parametrize("first", [EXPIRED, httpx.Response(401, json={"message": "no"})])
def test_a_token_refused_is_renewed_once_and_the_call_repeated(first: httpx.Response) -> None:
    clock, portal = FakeClock(), Portal(first, GRANTED, TAKEN)
    assert make_publisher(portal, clock).send(CALL).result is Result.ACCEPTED
    assert portal.paths == ["PUT /advert/v1/r-1", "POST /oauth/v1/token", "PUT /advert/v1/r-1"]
    assert bearer(portal) == "Bearer demo-access-token-2"


def test_a_renewal_is_asked_for_as_the_contract_shows_it() -> None:
    wanted, portal, clock = read_contract("olx/request_token_refresh.json"), Portal(GRANTED, TAKEN), FakeClock()
    make_publisher(portal, clock, make_vault(clock, expires_at=0)).send(CALL)

    request = portal.requests[0]
    assert (request.method, str(request.url)) == (wanted["method"], wanted["url"])
    assert portal.sent(0) == wanted["body"]
    assert request.headers["authorization"] == wanted["headers"]["Authorization"]
    assert request.headers["x-api-key"] == wanted["headers"]["X-API-KEY"]


def test_only_refreshing_is_the_hubs_business() -> None:
    """The code of a consent is exchanged where accounts are connected; both grants go to one address."""
    code = read_contract("olx/request_token_authorization_code.json")
    refresh = read_contract("olx/request_token_refresh.json")
    assert (code["url"], code["headers"]) == (refresh["url"], refresh["headers"])


def test_a_rotated_pair_is_stored_before_it_is_used() -> None:
    clock = FakeClock()
    vault = make_vault(clock, expires_at=0)
    portal = Portal(GRANTED, httpx.ReadTimeout("the call after the renewal dies"))
    with pytest.raises(PortalUnavailableError):
        make_publisher(portal, clock, vault).send(CALL)

    kept = vault.read(TOKEN, fresh=True)
    assert kept is not None
    assert kept.value["refresh_token"] == "demo-refresh-token-2"
    assert kept.value["expires_at"] == clock.now() + 3_600_000


def test_a_token_that_lasts_is_not_renewed() -> None:
    portal = Portal(TAKEN)
    make_publisher(portal, FakeClock()).send(CALL)
    assert portal.paths == ["PUT /advert/v1/r-1"]


def test_a_token_that_somebody_else_renewed_is_taken_from_the_vault() -> None:
    clock, portal = FakeClock(), Portal(EXPIRED, TAKEN)
    vault = make_vault(clock)
    publisher = make_publisher(portal, clock, vault)
    stale = vault.read(TOKEN)
    assert stale is not None
    vault.write(TOKEN, {**stale.value, "access_token": "theirs"}, 1)
    vault._cache[TOKEN] = (clock.now(), stale)

    publisher.send(CALL)

    assert bearer(portal) == "Bearer theirs"
    assert "POST /oauth/v1/token" not in portal.paths


def test_while_somebody_else_renews_the_call_waits_and_was_not_taken() -> None:
    clock = FakeClock()
    vault = make_vault(clock, expires_at=0)
    vault.lease(TOKEN, clock.now() + 30_000, clock.now())
    portal = Portal(GRANTED)
    with pytest.raises(PortalUnavailableError) as caught:
        make_publisher(portal, clock, vault).send(CALL)
    assert (caught.value.taken, caught.value.wait) == (False, 1000)
    assert portal.requests == []


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (answer_of("olx/response_error_400_authorization_code.json"), "consent_revoked"),
        (httpx.Response(401, json={"message": "no"}), "consent_revoked"),
        (httpx.Response(403, json={"message": "no"}), "consent_revoked"),
        (answer_of("olx/response_error_403_client_credentials.json"), "credentials_app"),
        (answer_of("olx/response_error_403_invalid_api_key.json"), "credentials_app"),
    ],
)
def test_a_renewal_refused_says_who_must_act(refusal: httpx.Response, code: str) -> None:
    assert refused(Portal(EXPIRED, refusal)).problem.code == code


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("no"), httpx.Response(502), httpx.Response(200, text="<html>")])
def test_a_renewal_without_an_answer_keeps_the_pair_and_took_nothing(failure: httpx.Response | Exception) -> None:
    clock = FakeClock()
    vault = make_vault(clock, expires_at=0)
    with pytest.raises(PortalUnavailableError) as caught:
        make_publisher(Portal(failure), clock, vault).send(CALL)
    assert caught.value.taken is False
    kept = vault.read(TOKEN, fresh=True)
    assert kept is not None
    assert kept.value["refresh_token"] == "demo-refresh-token-1"


def test_a_call_refused_after_a_renewal_is_a_consent_revoked() -> None:
    portal = Portal(EXPIRED, GRANTED, EXPIRED)
    assert refused(portal).problem.code == "consent_revoked"
    assert len(portal.requests) == 3


def test_the_hubs_own_credentials_refused_are_no_reason_to_renew() -> None:
    portal = Portal(answer_of("olx/response_error_403_invalid_api_key.json"))
    assert refused(portal).problem.code == "credentials_app"
    assert portal.paths == ["PUT /advert/v1/r-1"]


def test_an_account_without_consent_is_not_connected() -> None:
    vault = make_vault(FakeClock())
    vault.write(TOKEN, {}, 1)
    assert refused(Portal(TAKEN), vault).problem.code == "not_connected"


def test_no_error_carries_a_secret() -> None:
    secrets = ("hub-demo-secret", "hub-demo-access-token", "demo-refresh-token", "hub-demo-api-key")
    for portal in (
        Portal(EXPIRED, httpx.Response(400, json={"echo": "demo-refresh-token-1"})),
        Portal(EXPIRED, GRANTED, EXPIRED),
    ):
        error = refused(portal)
        assert not any(secret in f"{error}{error.body}{error!r}" for secret in secrets)
