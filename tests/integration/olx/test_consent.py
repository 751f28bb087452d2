"""A consent withdrawn at the portal: the account's listings end without calls, and go on at once with a new consent."""

import httpx
import pytest

from placard.domain.classified import Kind
from tests.integration.olx.conftest import MakeHub
from tests.integration.olx.hub import Hub, Portal, ShiftedClock
from tests.unit.portals.olx.stage import APP, TOKEN, make_vault

LISTINGS = 4


def give_consent(portal: Portal) -> dict[str, object]:
    """What connecting the account anew stores: a pair for a new code, as the portal gives it."""
    answer = httpx.post(
        f"{portal.url}/oauth/v1/token",
        json={"grant_type": "authorization_code", "code": "demo-authorization-code-1"},
        headers={"x-api-key": APP["api_key"]},
        auth=httpx.BasicAuth(APP["client_id"], APP["client_secret"]),
        trust_env=False,
    )
    pair = answer.raise_for_status().json()
    return {"access_token": pair["access_token"], "refresh_token": pair["refresh_token"]}


def count_calls(portal: Portal) -> int:
    calls: int = portal.ask("counts")["calls"]
    return calls


def wish_all(hubs: list[Hub], kind: Kind, amount: int = 190_000) -> None:
    for hub in hubs:
        hub.wish(kind, amount)
        hub.settle()


def test_one_refusal_stops_the_account_and_a_new_consent_starts_it(
    make_hub: MakeHub, portal: Portal, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ShiftedClock()
    vault = make_vault(clock, expires_at=0)
    hubs = [make_hub(seed, clock, vault) for seed in range(LISTINGS)]
    wish_all(hubs, Kind.POST)
    portal.switch("POST", "accounts/1/revoke")
    before = count_calls(portal)

    wish_all(hubs, Kind.PUT, amount=195_000)
    assert count_calls(portal) == before + 2, "one update and one renewal, of one listing"
    for hub in hubs:
        last = hub.list_told()[-1]
        assert (last.status, [problem.code for problem in last.problems]) == ("UPDATING_FAILED", ["consent_revoked"])
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "OLX refuses a credential"
    ]

    stored = vault.read(TOKEN, fresh=True)
    assert stored is not None
    assert vault.write(TOKEN, give_consent(portal) | {"expires_at": clock.now() + 3_600_000}, stored.version)
    wish_all(hubs, Kind.RETRY)
    for hub in hubs:
        last = hub.list_told()[-1]
        assert (last.status, last.advert.live, last.problems) == ("UPDATED", True, ())
