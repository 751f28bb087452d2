"""The simulated CRM, called by the hub's own sender: what it takes, what it checks, and how it misbehaves when told to."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from placard.callbacks.sender import HttpSender
from placard.ports import Delivery, Reply
from sandbox.simulators import crm
from sandbox.simulators.serve import serve_in_thread
from tests.integration.simulators.callers import PLAIN

FIRST, SECOND, OTHER = (f"whsec_{base64.b64encode(bytes([number]) * 24).decode()}" for number in (1, 2, 3))
LIMIT = 2.0


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serve_in_thread(crm.build_app()) as url:
        yield url


@pytest.fixture
def sim(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{url}/_sim", **PLAIN) as client:
        client.post("/reset")
        yield client


def send(
    url: str,
    classified: str = "c1",
    *,
    customer: str = "/lyon",
    secrets: tuple[str, ...] = (FIRST,),
    limit: float = LIMIT,
) -> Reply:
    target = f"{url}{customer}/classifieds/{classified}/statuses"
    now = time.time_ns() // 1_000_000
    delivery = Delivery(target, f"status-of-{classified}", b'{"status": "CREATED"}', secrets)
    return HttpSender(allow_loopback=True, limit=limit).send(delivery, now)


def order(sim: httpx.Client, **fault: Any) -> None:
    assert sim.post("/faults", json=fault).status_code == 201


def list_calls(sim: httpx.Client, path: str = "") -> list[dict[str, Any]]:
    return list(sim.get("/calls", params={"path": path}).json()["items"])


def test_what_was_taken_is_listed_in_order_though_the_hub_never_learned_of_it(url: str, sim: httpx.Client) -> None:
    assert send(url, "c1").status == 201
    order(sim, kind="drop_after", times=1)
    assert send(url, "c2").status is None
    order(sim, kind="status", status=503, times=1)
    assert send(url, "c3").status == 503
    assert send(url, "c4", customer="/nice").status == 201
    listed = sim.get("/accepted", params={"path": "^/lyon/"}).json()
    assert [one["webhook_id"] for one in listed["items"]] == ["status-of-c1", "status-of-c2"]
    assert listed["next"] == 3
    rest = sim.get("/accepted", params={"after": "2"}).json()["items"]
    assert [one["path"] for one in rest] == ["/nice/classifieds/c4/statuses"]
    assert sim.get("/accepted", params={"after": "x"}).status_code == 400
    sim.post("/reset")
    assert sim.get("/accepted").json() == {"items": [], "next": 0}


@pytest.mark.parametrize("customer", ["", "/lyon", "/a/deeper/prefix", "/classifieds/x"])
def test_a_callback_is_taken_under_any_prefix_and_noted(url: str, sim: httpx.Client, customer: str) -> None:
    assert send(url, customer=customer) == Reply(201, None, "HTTP 201")
    (call,) = list_calls(sim)
    assert (call["method"], call["path"]) == ("POST", f"{customer}/classifieds/c1/statuses")
    assert (call["body"], call["status"], call["fault"]) == ({"status": "CREATED"}, 201, None)
    assert call["webhook"]["id"] == "status-of-c1"
    assert call["webhook"]["verified"] is None


def test_with_a_secret_only_its_signatures_are_taken(url: str, sim: httpx.Client) -> None:
    assert sim.put("/secrets", json={"/lyon": [FIRST]}).status_code == 204
    assert send(url, secrets=(FIRST,)).status == 201
    assert send(url, secrets=(SECOND, FIRST)).status == 201
    assert send(url, secrets=(OTHER,)).status == 401
    assert send(url, secrets=(OTHER,), customer="/paris").status == 201
    assert [call["webhook"]["verified"] for call in list_calls(sim)] == [True, True, False, None]


def test_while_a_secret_is_replaced_either_is_taken(url: str, sim: httpx.Client) -> None:
    sim.put("/secrets", json={"/lyon": [FIRST, SECOND]})
    assert [send(url, secrets=(secret,)).status for secret in (FIRST, SECOND, OTHER)] == [201, 201, 401]


@pytest.mark.parametrize("signature", ["", "v1", "v1,", "v1,!", "v2,AAAA", "v1,é", "v1,a,b"])
def test_a_strange_signature_is_refused(url: str, sim: httpx.Client, signature: str) -> None:
    sim.put("/secrets", json={"/lyon": [FIRST]})
    headers = {"webhook-id": "x", "webhook-timestamp": str(int(time.time())), "webhook-signature": signature.encode()}
    answer = httpx.post(f"{url}/lyon/classifieds/c1/statuses", content=b"{}", headers=headers, **PLAIN)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "secrets", [[], {"/x": FIRST}, {"/x": [1]}, {"/x": ["abc"]}, {"/x": ["whsec_"]}, {"/x": ["whsec_é"]}]
)
def test_what_is_no_secret_is_refused(sim: httpx.Client, secrets: Any) -> None:
    assert sim.put("/secrets", json=secrets).status_code == 400


def test_other_calls_are_not_taken(url: str, sim: httpx.Client) -> None:
    assert httpx.get(f"{url}/lyon/classifieds/c1/statuses", **PLAIN).status_code == 405
    assert httpx.post(f"{url}/lyon/classifieds/c1", **PLAIN).status_code == 404


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
def test_a_status_is_answered_so_many_times(url: str, sim: httpx.Client, status: int) -> None:
    order(sim, kind="status", status=status, times=2)
    assert [send(url).status for _ in range(3)] == [status, status, 201]
    assert [call["status"] for call in list_calls(sim)] == [status, status, 201]


def test_a_wait_is_asked_for(url: str, sim: httpx.Client) -> None:
    order(sim, kind="status", status=429, headers={"Retry-After": "30"})
    assert send(url) == Reply(429, 30_000, "HTTP 429")


def test_a_call_is_sent_elsewhere(url: str, sim: httpx.Client) -> None:
    order(sim, kind="status", status=302, headers={"Location": f"{url}/elsewhere/classifieds/c1/statuses"})
    assert send(url).status == 302
    assert len(list_calls(sim)) == 1


def test_one_classified_only_is_refused(url: str, sim: httpx.Client) -> None:
    order(sim, match={"path": "/classifieds/c2/"}, kind="status", status=404)
    assert [send(url, classified).status for classified in ("c1", "c2", "c3", "c2")] == [201, 404, 201, 404]
    sim.delete("/faults")
    assert send(url, "c2").status == 201


def test_one_customers_crm_is_down(url: str, sim: httpx.Client) -> None:
    order(sim, match={"path": "^/lyon/"}, kind="drop_before")
    assert [send(url, customer=customer).status for customer in ("/lyon", "/paris", "/lyon")] == [None, 201, None]
    assert [call["status"] for call in list_calls(sim, "^/lyon/")] == [None, None]


def test_a_slow_answer_outlasts_the_limit(url: str, sim: httpx.Client) -> None:
    order(sim, kind="delay", ms=60_000, times=1)
    assert send(url, limit=0.2) == Reply(None, None, "no whole answer within 0.2 s")
    assert send(url).status == 201


def test_an_endless_body_goes_on_until_the_caller_hangs_up(url: str, sim: httpx.Client) -> None:
    order(sim, kind="endless", status=500)
    assert send(url).status == 500
    order(sim, kind="endless", status=500)
    with httpx.stream("POST", f"{url}/lyon/classifieds/c1/statuses", content=b"{}", **PLAIN) as answer:
        read = 0
        for part in answer.iter_raw():
            read += len(part)
            if read > 1_000_000:
                break


def test_a_slow_body_outlasts_the_limit(url: str, sim: httpx.Client) -> None:
    order(sim, kind="endless", status=201, ms=20)
    assert send(url, limit=0.2) == Reply(None, None, "no whole answer within 0.2 s")


def test_a_reset_forgets(url: str, sim: httpx.Client) -> None:
    sim.put("/secrets", json={"/lyon": [OTHER]})
    order(sim, kind="status", status=500)
    send(url)
    assert sim.post("/reset").status_code == 204
    assert list_calls(sim) == []
    assert send(url).status == 201
    assert sim.get("/counts").json()["calls"] == 1
