"""An agency connects an account: the page it consents on, and the code that is traded within a minute."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from placard.domain.channels import PROVIDER_OF
from placard.domain.errors import CredentialsError, PortalUnavailableError
from placard.portals.olx.consent import PAGES, OlxConsents
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.olx.stage import APP, TOKEN, make_vault
from tests.unit.portals.scene import CUSTOMER, Portal, answer_of, read_contract

GRANTED = answer_of("olx/response_token_200.json")


def make_consents(portal: Portal, vault: MemoryVault) -> OlxConsents:
    return OlxConsents("https://api.olxgroup.com", vault, FakeClock(), client=portal.client)


def test_every_site_has_its_page() -> None:
    vault = make_vault(FakeClock())
    assert set(PAGES) == {channel for channel, provider in PROVIDER_OF.items() if provider == "olx"}
    for channel in PAGES:
        page = urlsplit(make_consents(Portal(), vault).address(channel, "s/1&2"))
        assert (page.scheme, page.path[3:]) == ("https", "/crm/authorization/")
        assert parse_qs(page.query) == {"response_type": ["code"], "client_id": [APP["client_id"]], "state": ["s/1&2"]}


def test_a_code_is_traded_as_the_contract_shows_it_and_the_account_is_there() -> None:
    wanted, portal, clock = read_contract("olx/request_token_authorization_code.json"), Portal(GRANTED), FakeClock()
    vault = MemoryVault(clock, {"olx/app": APP, f"olx/accounts/{CUSTOMER}/otodom": {"main": {"kept": 1}}})
    make_consents(portal, vault).trade(CUSTOMER, "otodom", "second", wanted["body"]["code"])
    request = portal.requests[0]
    assert (request.method, str(request.url), portal.sent(0)) == (wanted["method"], wanted["url"], wanted["body"])
    assert request.headers["authorization"] == wanted["headers"]["Authorization"]
    accounts, pair = (
        vault.read(name) for name in (f"olx/accounts/{CUSTOMER}/otodom", f"olx/token/{CUSTOMER}/otodom/second")
    )
    assert accounts is not None and accounts.value == {"main": {"kept": 1}, "second": {}}
    said = read_contract("olx/response_token_200.json")["body"]
    assert pair is not None and pair.value == {
        "access_token": said["access_token"],
        "refresh_token": said["refresh_token"],
        "expires_at": clock.now() + said["expires_in"] * 1000,
    }


def test_a_new_consent_ends_the_rest_of_the_one_refused() -> None:
    clock = FakeClock()
    vault = make_vault(clock, refused={"code": "consent_revoked", "until": clock.now() + 1, "of": "x"})
    make_consents(Portal(GRANTED), vault).trade(CUSTOMER, "imovirtual", "main", "code")
    stored = vault.read(TOKEN)
    assert stored is not None and "refused" not in stored.value


@pytest.mark.parametrize(
    ("answer", "raised", "code"),
    [
        (
            httpx.Response(400, json={"message": "Authorization code doesn't exist"}),
            CredentialsError,
            "consent_revoked",
        ),
        (httpx.Response(403, json={"message": "Invalid client credentials"}), CredentialsError, "credentials_app"),
        (httpx.Response(502, text="<html>"), PortalUnavailableError, None),
    ],
)
def test_a_code_that_is_refused_leaves_all_as_it_was(
    answer: httpx.Response, raised: type[Exception], code: str | None
) -> None:
    clock = FakeClock()
    vault = make_vault(clock)
    before = vault.read(TOKEN)
    with pytest.raises(raised) as caught:
        make_consents(Portal(answer), vault).trade(CUSTOMER, "imovirtual", "main", "code")
    assert vault.read(TOKEN, fresh=True) == before
    if isinstance(caught.value, CredentialsError):
        assert caught.value.problem.code == code
