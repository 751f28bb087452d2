"""Many instances, one vault, AVIV simulated over HTTP: a token is fetched once, and a credential refused once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from placard.domain.errors import CredentialsError, PortalUnavailableError
from placard.domain.instants import DAY, HOUR
from placard.portals.aviv.publisher import AvivPublisher
from tests.fakes import FakeClock, MemoryVault
from tests.unit.portals.scene import CUSTOMER, make_classified

INSTANCES = 8
INTERMEDIARY = "RC-000123"
APP = {"client_id": "hub-client-id", "client_secret": "<secret>", "path_key": "key"}
CHANGED = threading.Condition()


class Instance(MemoryVault):
    """One container's view of the vault: the secrets are everybody's, the cache is its own.

    All of them have looked into the vault before the first takes the lease.
    """

    def __init__(self, vault: MemoryVault, clock: FakeClock, meeting: threading.Barrier) -> None:
        super().__init__(clock)
        self._secrets, self._leases = vault._secrets, vault._leases
        self._meeting: threading.Barrier | None = meeting

    def lease(self, name: str, until: int, now: int) -> bool:
        meeting, self._meeting = self._meeting, None
        if meeting is not None:
            meeting.wait(timeout=10)
        with CHANGED:
            return super().lease(name, until, now)

    def write(self, name: str, value: Any, version: int) -> bool:
        with CHANGED:
            CHANGED.notify_all()
            return super().write(name, value, version)


class Fleet:
    """The hub's instances. The clock stands still until it is moved."""

    def __init__(self, url: str, app: dict[str, Any]) -> None:
        self.url, self.clock = url, FakeClock()
        secrets = {"aviv/app": app, f"aviv/accounts/{CUSTOMER}": {"main": {"intermediary_id": INTERMEDIARY}}}
        self.vault = MemoryVault(self.clock, secrets)

    def search_at_once(self) -> list[str]:
        """Let new instances search at the same time, each again while it is told to wait; return what they found."""
        meeting = threading.Barrier(INSTANCES)
        views = [Instance(self.vault, self.clock, meeting) for _ in range(INSTANCES)]
        with ThreadPoolExecutor(INSTANCES) as pool:
            return list(pool.map(self._search, views))

    def _search(self, view: Instance) -> str:
        base = f"{self.url}/caas/v4"
        client = httpx.Client(trust_env=False)
        publisher = AvivPublisher(base, f"{self.url}/oauth/token", "", view, self.clock, client=client)
        return until_answered(lambda: publisher.search(make_classified({}), "aviv"))

    def count_tokens(self) -> int:
        calls = httpx.get(f"{self.url}/_sim/calls", params={"path": "^/oauth/token"}, trust_env=False).json()
        return len(calls["items"])


def until_answered(ask: Callable[[], object]) -> str:
    """Ask again for as long as somebody else is fetching the token."""
    for _ in range(200):
        try:
            return f"found {ask()}"
        except CredentialsError as error:
            return error.problem.code
        except PortalUnavailableError as error:
            assert "somebody else" in str(error)
            with CHANGED:
                CHANGED.wait(timeout=0.05)
    raise AssertionError("the token never came")


def test_a_token_is_fetched_once_for_all_instances_and_its_whole_day(url: str) -> None:
    fleet = Fleet(url, APP)
    assert fleet.search_at_once() == ["found ()"] * INSTANCES
    assert fleet.count_tokens() == 1
    token = fleet.vault.read(f"aviv/token/{CUSTOMER}/main", fresh=True)
    assert token is not None
    assert token.value["expires_at"] - fleet.clock.now() == DAY


def test_a_refused_credential_is_tried_once_by_all_instances_together(url: str) -> None:
    fleet = Fleet(url, {**APP, "client_id": "withdrawn"})
    assert fleet.search_at_once() == ["credentials_app"] * INSTANCES
    assert fleet.count_tokens() == 1
    fleet.clock.advance(HOUR)
    assert fleet.search_at_once() == ["credentials_app"] * INSTANCES
    assert fleet.count_tokens() == 2


def test_a_replaced_credential_ends_the_rest_for_all_instances(url: str) -> None:
    fleet = Fleet(url, {**APP, "client_id": "withdrawn"})
    fleet.search_at_once()
    refused = fleet.vault.read("aviv/app", fresh=True)
    assert refused is not None
    assert fleet.vault.write("aviv/app", APP, refused.version)
    assert fleet.search_at_once() == ["found ()"] * INSTANCES
    assert fleet.count_tokens() == 2
