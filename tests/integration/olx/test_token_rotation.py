"""A refresh token works once: two instances that need a new pair at the same instant must not use it up twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from placard.domain.classified import Kind
from tests.fakes import MemoryVault
from tests.integration.olx.conftest import MakeHub
from tests.integration.olx.hub import Hub, Portal, ShiftedClock
from tests.unit.portals.olx.stage import APP, HOUR, TOKEN, make_vault


class Instance(MemoryVault):
    """One container's view of the vault: the secrets are everybody's, the cache is its own.

    With `meets`, the next one to ask for a lease waits until the other asks for it too.
    """

    def __init__(self, vault: MemoryVault, clock: ShiftedClock, meeting: threading.Barrier) -> None:
        super().__init__(clock)
        self._secrets, self._leases = vault._secrets, vault._leases
        self._meeting = meeting
        self.meets = False

    def lease(self, name: str, until: int, now: int) -> bool:
        if self.meets:
            self.meets = False
            self._meeting.wait(timeout=10)
        with TURN:
            return super().lease(name, until, now)


TURN = threading.Lock()


def look_at_once(hubs: list[Hub]) -> None:
    """One look by each instance, both at the same time."""
    with ThreadPoolExecutor(len(hubs)) as pool:
        for done in [pool.submit(hub.look) for hub in hubs]:
            done.result()


@pytest.mark.parametrize("ends", ["by the hub's own clock", "by the portal's word"])
def test_two_instances_renew_a_token_at_once_and_keep_one_valid_pair(
    make_hub: MakeHub, portal: Portal, ends: str
) -> None:
    clock, meeting = ShiftedClock(), threading.Barrier(2)
    vault = make_vault(clock, expires_at=0)
    views = [Instance(vault, clock, meeting) for _ in range(2)]
    hubs = [make_hub(seed, clock, view) for seed, view in enumerate(views)]
    for hub in hubs:
        hub.wish(Kind.POST)
        hub.settle()
    if ends == "by the portal's word":
        portal.switch("POST", "tokens/expire")
    else:
        clock.advance(2 * HOUR)
    before = portal.ask("counts")["tokens"]
    for hub, view in zip(hubs, views, strict=True):
        hub.wish(Kind.PUT, amount=182_000)
        view.meets = True
    look_at_once(hubs)
    for hub in hubs:
        hub.settle()
    assert portal.ask("counts")["tokens"] == before + 1
    for hub in hubs:
        assert hub.list_told()[-1].status == "UPDATED"
        assert not [entry for entry in hub.list_told() if entry.problems]
    pair = vault.read(TOKEN, fresh=True)
    assert pair is not None
    headers = {"x-api-key": APP["api_key"]}
    used = {**headers, "authorization": f"Bearer {pair.value['access_token']}"}
    assert httpx.get(f"{portal.url}/advert/v1/meta", headers=used, trust_env=False).status_code == 200
    refresh = {"grant_type": "refresh_token", "refresh_token": pair.value["refresh_token"]}
    basic = httpx.BasicAuth(APP["client_id"], APP["client_secret"])
    answer = httpx.post(f"{portal.url}/oauth/v1/token", json=refresh, headers=headers, auth=basic, trust_env=False)
    assert answer.status_code == 200
