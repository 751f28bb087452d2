"""What the end-to-end tests look at: the hub through its API, the portals through their switches. Nothing is faked."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from sandbox.crm import Crm
from sandbox.processes import POLL_SECONDS
from sandbox.samples import PORTUGUESE_FLAT, load_sample, set_price
from sandbox.watch import ENDED

Json = dict[str, Any]
Found = TypeVar("Found")
# A function that died in a call is made good for once its lease is over: 120 seconds, and a round of reconcile.
PATIENCE_SECONDS = 180.0
BOTH = ["SL", "IMOVIRTUAL"]


def wait_for(ask: Callable[[], Found], what: str, seconds: float = PATIENCE_SECONDS) -> Found:
    """Ask until the answer is true and return it; fails with `what` and the last answer when the time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}; last answer {answer!r}"
        time.sleep(POLL_SECONDS)
    return answer


class Simulator:
    """One simulated portal, through its switches."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def ask(self, what: str, **params: str) -> Any:
        answer = self._client.get(f"/_sim/{what}", params=params)
        answer.raise_for_status()
        return answer.json()

    def switch(self, method: str, path: str, order: Any = None) -> None:
        self._client.request(method, f"/_sim/{path}", json=order).raise_for_status()

    def list_calls(self, path: str, method: str | None = None) -> list[Json]:
        """Calls whose path matches the regular expression, oldest first."""
        return list(self.ask("calls", path=path, **({} if method is None else {"method": method}))["items"])

    def list_callbacks(self, object_id: str) -> list[Json]:
        return list(self.ask("callbacks", object_id=object_id)["items"])

    def count_writes(self) -> int:
        return int(self.ask("counts")["writes"])

    def forget_switches(self) -> None:
        self.switch("DELETE", "faults")
        self.switch("PUT", "callbacks", {})

    @contextmanager
    def calling_back(self, **order: Any) -> Iterator[None]:
        """Send callbacks in another way while the block runs: see `PUT /_sim/callbacks`."""
        self.switch("PUT", "callbacks", order)
        yield
        self.forget_switches()


class Listing:
    """A classified as its CRM sees it."""

    def __init__(self, crm: Crm, **changes: Any) -> None:
        self.crm, self.body = crm, load_sample(PORTUGUESE_FLAT, **({"portals": BOTH} | changes))
        ack = crm.post(self.body)
        self.id, self.revision = str(ack["classifiedId"]), int(ack["revision"])

    def put(self, body: Json) -> "Listing":
        self.body, self.revision = body, int(self.crm.put(self.id, body)["revision"])
        return self

    def set_price(self, amount: int) -> "Listing":
        return self.put(set_price(self.body, amount))

    def delete(self) -> "Listing":
        self.revision = int(self.crm.delete(self.id)["revision"])
        return self

    def deactivate(self) -> "Listing":
        self.revision = int(self.crm.deactivate(self.id)["revision"])
        return self

    def activate(self) -> "Listing":
        self.revision = int(self.crm.activate(self.id)["revision"])
        return self

    def retry(self) -> "Listing":
        self.revision = int(self.crm.retry(self.id)["revision"])
        return self

    def read_latest(self) -> dict[str, Json]:
        return self.crm.read_latest(self.id)

    def list_applied(self, channel: str | None = None) -> list[Json]:
        """What changed a fact, oldest first."""
        entries = [entry for entry in self.crm.list_statuses(self.id) if entry["outcome"] == "applied"]
        return [entry for entry in reversed(entries) if channel in (None, entry["channel"])]

    def find_advert(self, portal: str) -> str:
        return str(self.read_latest()[portal]["advert"]["id"])

    def await_end(self) -> dict[str, Json]:
        """Wait until every portal has an end word at the present revision; the latest entries by portal."""

        def ended() -> dict[str, Json] | None:
            latest = self.read_latest()
            over = all(one["revision"] == self.revision and one["status"] in ENDED for one in latest.values())
            return latest if over else None

        return wait_for(ended, f"the end of revision {self.revision} of {self.id}") or {}

    def await_status(self, status: str, live: bool | None = None) -> dict[str, Json]:
        """The same, with this word on every portal; with `live`, until every advert is that too."""

        def alike() -> dict[str, Json] | None:
            latest = self.await_end()
            assert {entry["status"] for entry in latest.values()} == {status}, latest
            return latest if live is None or all(one["advert"]["live"] is live for one in latest.values()) else None

        return wait_for(alike, f"live: {live} of {self.id}") or {}
