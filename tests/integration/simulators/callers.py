"""Callers of the simulators, a receiver of their callbacks, and how tests wait."""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

CONTRACTS = Path(__file__).parents[2] / "contracts"
SECRET = "demo-notification-secret"
T = TypeVar("T")
# Reading the machine's certificates takes longer than most tests; all calls are plain http here.
PLAIN: Any = {"verify": False, "trust_env": False}
AGENT = "Crm/1.0 Tool/2.0 Linux/6.1"


def read_contract(name: str) -> Any:
    return json.loads((CONTRACTS / name).read_text(encoding="utf-8"))


def await_value(look: Callable[[], T | None], seconds: float = 30) -> T:
    """The first truthy value `look` gives; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := look():
            return value
        time.sleep(0.01)
    raise AssertionError(f"nothing within {seconds} s")


@dataclass
class Receiver:
    """A hub's receiving end. `answers` are the statuses it still gives out of order; then `status`."""

    url: str
    status: int = 200
    answers: list[int] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    def await_told(self, count: int) -> list[dict[str, Any]]:
        await_value(lambda: len(self.told) >= count)
        return self.told


class Olx:
    """A caller of the simulated OLX, with an access token of account 1."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, **PLAIN, headers={"x-api-key": "hub-demo-api-key"})
        self.http.headers["authorization"] = f"Bearer {self.refresh('demo-refresh-token-1').json()['access_token']}"

    def refresh(self, token: str, **headers: str) -> httpx.Response:
        sent = {"authorization": "Basic aHViLWRlbW8tY2xpZW50Omh1Yi1kZW1vLXNlY3JldA==", **headers}
        body = {"grant_type": "refresh_token", "refresh_token": token}
        return self.http.post("/oauth/v1/token", json=body, headers=sent)

    def post(self, **changes: Any) -> httpx.Response:
        return self.http.post("/advert/v1", json=advert(**changes))

    def meta(self, uuid: str) -> Any:
        return self.http.get(f"/advert/v1/{uuid}/meta").json()["data"]

    def await_end(self, uuid: str) -> Any:
        """The advert's meta once no operation is in flight."""
        return await_value(lambda: None if (meta := self.meta(uuid))["last_action_status"].startswith("TO_") else meta)

    def create(self, **changes: Any) -> str:
        """An advert whose creation has ended."""
        uuid = str(self.post(**changes).json()["data"]["uuid"])
        self.await_end(uuid)
        return uuid

    def operate(self, uuid: str, method: str, tail: str = "", json: Any = None) -> str:
        """Run one operation to its end; returns its transaction id."""
        answer = self.http.request(method, f"/advert/v1/{uuid}{tail}", json=json)
        assert answer.status_code == 202, answer.text
        self.await_end(uuid)
        return str(answer.json()["transaction_id"])

    def rule(self, **rules: Any) -> None:
        assert self.http.put("/_sim/rules", json=rules).status_code == 200

    def callbacks(self, **switches: Any) -> None:
        assert self.http.put("/_sim/callbacks", json=switches).status_code == 200


def advert(**changes: Any) -> dict[str, Any]:
    """The contract's advert with a few members changed."""
    return {**read_contract("olx/request_advert_post.json")["body"], **changes}


RESALE = read_contract("aviv/classified_sl_resale.json")


def resale(change: Callable[[dict[str, Any]], Any] = lambda body: None) -> dict[str, Any]:
    """The contract's resale after `change` has had it."""
    body: dict[str, Any] = copy.deepcopy(RESALE)
    change(body)
    return body


class Aviv:
    """A caller of the simulated AVIV for one intermediary."""

    def __init__(self, url: str, intermediary: str = "RC-000123") -> None:
        self.http = httpx.Client(base_url=f"{url}/caas/v4", **PLAIN, headers={"user-agent": AGENT})
        self.sim = httpx.Client(base_url=f"{url}/_sim", **PLAIN)
        body = {**read_contract("aviv/token_request.json"), "intermediary_id": intermediary}
        self.token = self.http.post(f"{url}/oauth/token", json=body).json()
        self.http.headers["authorization"] = f"Bearer {self.token['access_token']}"

    def create(self, body: dict[str, Any]) -> str:
        answer = self.http.post("/classifieds", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["classifiedId"])

    def statuses(self, classified_id: str, **query: Any) -> list[dict[str, Any]]:
        return list(self.http.get(f"/classifieds/{classified_id}/statuses", params=query).json()["items"])

    def await_status(self, classified_id: str, status: str) -> dict[str, Any]:
        return await_value(lambda: next(iter(self.statuses(classified_id, status=status)), None))

    def words(self, classified_id: str) -> list[str]:
        """The statuses told so far, oldest first."""
        return [one["status"] for one in reversed(self.statuses(classified_id))]


class Spotahome:
    """A caller of the simulated Spotahome with the login of the contract's samples."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, **PLAIN)
        self.sim = httpx.Client(base_url=f"{url}/_sim", **PLAIN)
        login = read_contract("spotahome/authentication_assumed.json")["request"]["body"]
        self.http.headers["authorization"] = self.http.post("/authentications", json=login).json()["token"]

    def create(self) -> str:
        """A property, by its id."""
        sent = read_contract("spotahome/create_property_request.json")
        answer = self.http.post("/api/public/listings/properties", json=sent)
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"].rpartition("/")[2])

    def seed(self, count: int, **order: Any) -> int:
        """Open processes; returns the first one's id."""
        answer = self.sim.post("/processes", json={"count": count, **order})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["first"])

    def move(self, property_id: str, **order: Any) -> httpx.Response:
        return self.sim.post(f"/properties/{property_id}", json=order)

    def rule(self, **rules: Any) -> None:
        assert self.sim.put("/rules", json=rules).status_code == 200

    def page(self, number: int) -> httpx.Response:
        return self.http.get("/listing-processes", params={"page": number, "itemsPerPage": 100})

    def list(self, **query: Any) -> list[dict[str, Any]]:
        """The first page of the list."""
        said = self.http.get("/listing-processes", params=query).json()
        items: list[dict[str, Any]] = said.get("_embedded", {}).get("sah:listing-processes", [])
        return items
