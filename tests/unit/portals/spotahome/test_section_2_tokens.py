"""Contract §2: hosts, headers, logins; one renewal at a time, by refresh where it can, once on a 401."""

from __future__ import annotations

import httpx
import pytest

from placard.domain.errors import CredentialsError, PortalUnavailableError
from placard.portals.spotahome.tokens import read_end
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.scene import CUSTOMER, Portal, read_contract
from tests.unit.portals.spotahome.stage import (
    ACCOUNTS,
    BASE,
    HOUR,
    LOGIN,
    TOKEN,
    error,
    make_poller,
    make_token,
    make_vault,
    page_of,
)

SAMPLE = read_contract("spotahome/authentication_assumed.json")
GRANTED = httpx.Response(SAMPLE["response"]["status"], json=SAMPLE["response"]["body"])
LIST, LOG_IN, REFRESH, ME = (
    "GET /listing-processes",
    "POST /authentications",
    "POST /authentications/me/refresh",
    "GET /me",
)


def sweep(portal: Portal, vault: MemoryVault, clock: FakeClock) -> None:
    make_poller(portal, clock, vault).page(CUSTOMER, 1)


def refused(portal: Portal, vault: MemoryVault, clock: FakeClock) -> CredentialsError:
    with pytest.raises(CredentialsError) as caught:
        sweep(portal, vault, clock)
    return caught.value


def test_every_request_accepts_json_and_carries_the_raw_token() -> None:
    clock, portal = FakeClock(), Portal(page_of())
    vault = make_vault(clock)
    known = vault.read(TOKEN)
    sweep(portal, vault, clock)
    headers = portal.requests[0].headers
    assert known is not None
    assert (headers["accept"], headers["content-type"]) == ("application/json", "application/json")
    assert headers["authorization"] == known.value["token"]
    assert str(portal.requests[0].url).startswith(f"{BASE}/listing-processes?")


def test_a_login_is_asked_for_as_the_contract_shows_it_and_kept() -> None:
    clock, portal = FakeClock(), Portal(GRANTED, page_of())
    vault = make_vault(clock, token=False)
    sweep(portal, vault, clock)
    assert portal.paths == [LOG_IN, LIST]
    assert portal.sent(0) == SAMPLE["request"]["body"]
    assert "authorization" not in portal.requests[0].headers
    assert portal.requests[1].headers["authorization"] == SAMPLE["response"]["body"]["token"]
    sweep(portal, vault, clock)
    assert portal.paths == [LOG_IN, LIST, LIST]


@pytest.mark.parametrize(("late", "calls"), [(HOUR - 61_000, [LIST]), (HOUR - 59_000, [REFRESH, LIST])])
def test_a_token_is_swapped_a_minute_before_it_ends(late: int, calls: list[str]) -> None:
    clock = FakeClock()
    vault = make_vault(clock)
    clock.advance(late)
    fresh = make_token("fresh", clock.now() + HOUR)
    portal = Portal(httpx.Response(201, json={"token": fresh}), page_of()) if len(calls) > 1 else Portal(page_of())
    sweep(portal, vault, clock)
    assert portal.paths == calls
    kept = vault.read(TOKEN, fresh=True)
    assert kept is not None
    if len(calls) > 1:
        assert portal.requests[1].headers["authorization"] == fresh
        assert (kept.value["token"], kept.value["expires_at"]) == (fresh, read_end(fresh))


def test_a_token_that_has_ended_is_not_swapped_but_asked_for_anew() -> None:
    clock = FakeClock()
    vault = make_vault(clock)
    clock.advance(HOUR)
    portal = Portal(GRANTED, page_of())
    sweep(portal, vault, clock)
    assert portal.paths == [LOG_IN, LIST]


def test_a_token_refused_is_replaced_once_and_the_call_repeated() -> None:
    clock, portal = FakeClock(), Portal(error(401), GRANTED, page_of())
    sweep(portal, make_vault(clock), clock)
    assert portal.paths == [LIST, REFRESH, LIST]


def test_where_the_refresh_is_refused_the_login_is_used() -> None:
    clock, portal = FakeClock(), Portal(error(401), error(401), GRANTED, page_of())
    sweep(portal, make_vault(clock), clock)
    assert portal.paths == [LIST, REFRESH, LOG_IN, LIST]


@pytest.mark.parametrize(
    ("me", "said"), [(httpx.Response(200, json={}), "let this account"), (error(401), "just given")]
)
def test_a_call_refused_twice_is_the_agencys_and_says_whether_the_login_is_good(me: httpx.Response, said: str) -> None:
    clock, portal = FakeClock(), Portal(error(401), GRANTED, error(401), me)
    caught = refused(portal, make_vault(clock), clock)
    assert (caught.problem.code, caught.status_code) == ("credentials_invalid", 401)
    assert said in caught.problem.detail
    assert portal.paths == [LIST, REFRESH, LIST, ME]


def test_a_login_refused_is_the_agencys() -> None:
    clock, portal = FakeClock(), Portal(error(401))
    caught = refused(portal, make_vault(clock, token=False), clock)
    assert caught.problem.code == "credentials_invalid"
    assert portal.paths == [LOG_IN]
    assert LOGIN["password"] not in f"{caught!r}{caught.body}"


def test_a_login_refused_rests_for_an_hour_or_until_the_account_is_corrected() -> None:
    clock, portal = FakeClock(), Portal(error(401), error(401), GRANTED, page_of())
    vault = make_vault(clock, token=False)
    for _ in range(3):
        assert refused(portal, vault, clock).problem.code == "credentials_invalid"
    assert portal.paths == [LOG_IN], "a wrong password is one call, not one for each listing"
    clock.advance(HOUR)
    refused(portal, vault, clock)
    assert portal.paths == [LOG_IN, LOG_IN]
    stored = vault.read(ACCOUNTS)
    assert stored is not None
    vault.write(ACCOUNTS, stored.value, stored.version)
    sweep(portal, vault, clock)
    assert portal.paths == [LOG_IN, LOG_IN, LOG_IN, LIST]


def test_an_outage_a_429_or_a_proxys_page_makes_no_login_rest() -> None:
    outages = (error(500), httpx.Response(429), httpx.Response(403, html="<html>no</html>"))
    clock, portal = FakeClock(), Portal(*outages, GRANTED, page_of())
    vault = make_vault(clock, token=False)
    for _ in outages:
        with pytest.raises(PortalUnavailableError):
            sweep(portal, vault, clock)
        clock.advance(61_000)
    sweep(portal, vault, clock)
    assert portal.paths == [LOG_IN] * 4 + [LIST]


def test_while_somebody_else_renews_the_call_waits_and_was_not_taken() -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock, token=False), Portal(GRANTED)
    vault.lease(TOKEN, clock.now() + 30_000, clock.now())
    with pytest.raises(PortalUnavailableError) as caught:
        sweep(portal, vault, clock)
    assert (caught.value.taken, caught.value.wait) == (False, 1000)
    assert portal.requests == []


def test_a_token_that_somebody_else_has_renewed_is_taken() -> None:
    clock = FakeClock()
    vault = make_vault(clock)
    sweep(Portal(page_of()), vault, clock)
    stored = vault.read(TOKEN)
    assert stored is not None
    vault.write(TOKEN, {**stored.value, "token": "aa.bb.theirs"}, stored.version)
    portal = Portal(page_of())
    sweep(portal, vault, clock)
    assert portal.requests[0].headers["authorization"] == "aa.bb.theirs"


@pytest.mark.parametrize("change", [{"email": "another@agency.example"}, {"base_url": "https://staging.example"}])
def test_a_token_of_another_login_or_environment_is_not_used(change: dict[str, str]) -> None:
    clock = FakeClock()
    vault = make_vault(clock)
    stored = vault.read(TOKEN)
    assert stored is not None
    vault.write(TOKEN, {**stored.value, **change}, stored.version)
    portal = Portal(GRANTED, page_of())
    sweep(portal, vault, clock)
    assert portal.paths == [LOG_IN, LIST]


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("no"), httpx.Response(503), httpx.Response(200, json={})])
def test_an_outage_of_the_login_took_nothing(failure: httpx.Response | Exception) -> None:
    clock = FakeClock()
    with pytest.raises(PortalUnavailableError) as caught:
        sweep(Portal(failure), make_vault(clock, token=False), clock)
    assert caught.value.taken is False


@pytest.mark.parametrize(
    ("accounts", "code"),
    [
        ({}, "not_connected"),
        ({"a": LOGIN, "b": LOGIN}, "account_ambiguous"),
        ({"a": {"email": LOGIN["email"]}}, "credentials_invalid"),
    ],
)
def test_without_one_account_nothing_is_asked(accounts: dict[str, dict[str, str]], code: str) -> None:
    clock = FakeClock()
    vault, portal = make_vault(clock), Portal(page_of())
    vault.write(ACCOUNTS, accounts, 1)
    assert refused(portal, vault, clock).problem.code == code
    assert portal.requests == []


@pytest.mark.parametrize("token", ["aa.bb.cc", "no-token", "aa..cc", "aa.e30.cc", "aa.é.cc", "aa.W10.cc"])
def test_a_token_that_does_not_tell_its_end_is_used_until_it_is_refused(token: str) -> None:
    assert read_end(token) is None
