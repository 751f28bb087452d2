"""The CRM's subscription from outside (contracts/hub.md §2 and §3)."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placard import bootstrap
from placard.callbacks.addresses import resolve_and_check
from placard.domain.instants import DAY, to_text
from placard.domain.told import Place
from tests.fakes import FakeClock, MemoryStore, MemoryVault
from tests.unit.api.crm import TRUSTED, Answer, Crm

ALL = "RECEIVING RECEIVED RECEIVING_FAILED CREATING CREATED CREATING_FAILED UPDATING UPDATED UPDATING_FAILED"
TWELVE = [*ALL.split(), "DELETING", "DELETED", "DELETING_FAILED"]
URL = "https://crm.example/placard"


def check_url(url: str) -> str:
    """Refuse as the real one does."""

    def look_up(host: str, port: int) -> list[str]:
        return [host if host[0].isdigit() else "93.184.216.34"]

    return resolve_and_check(url, allow_loopback=False, look_up=look_up)


class Subscriber(Crm):
    """A CRM that subscribes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.vault = MemoryVault(self.clock)
        settings = SimpleNamespace(trusted_clients=frozenset({TRUSTED}), time_scale=1)
        parts = {"credentials": self.vault, "subscription_store": self.store, "callback_url_check": check_url}
        bootstrap.use(classified_store=self.store, clock=self.clock, settings=settings, **parts)

    def call(self, name: str, body: Any = None, scope: str | None = None) -> Answer:
        event = self.event(f"subscribe_webhook/{name}.json", body, {})
        if scope is not None:
            event["requestContext"]["authorizer"]["jwt"]["claims"]["scope"] = scope
        return self.send(event)

    def subscribe(self, **wish: Any) -> Answer:
        return self.call("put", {"url": URL} | wish)


@pytest.fixture
def crm() -> Subscriber:
    return Subscriber()


def test_a_subscription_is_made_shown_and_ended(crm: Subscriber) -> None:
    assert crm.call("get").problem["status"] == 404
    made = crm.subscribe(url=f"{URL}/", statuses=["CREATED", "DELETED", "CREATED"])
    assert (made.status, made.json) == (200, "Subscribed")
    shown = crm.call("get")
    secret = shown.json.pop("secret")
    assert shown.json == {"url": URL, "statuses": ["CREATED", "DELETED"], "liveChanges": True, "state": "active"}
    assert secret.startswith("whsec_")
    assert len(secret) >= 40
    for _ in range(2):
        ended = crm.call("delete")
        assert (ended.status, ended.json) == (200, "Unsubscribed")
    assert crm.call("get").status == 404


def test_all_twelve_statuses_without_a_list(crm: Subscriber) -> None:
    crm.subscribe()
    assert sorted(crm.call("get").json["statuses"]) == sorted(TWELVE)


def test_the_secret_is_shown_to_those_who_may_write(crm: Subscriber) -> None:
    crm.subscribe()
    assert "secret" not in crm.call("get", scope="placard/read").json
    assert "secret" in crm.call("get", scope="placard/read placard/write").json


def test_a_change_keeps_the_secret_and_a_new_subscription_gets_a_new_one(crm: Subscriber) -> None:
    crm.subscribe()
    first = crm.call("get").json["secret"]
    crm.subscribe(url="https://other.example", liveChanges=False)
    changed = crm.call("get").json
    assert (changed["secret"], changed["url"], changed["liveChanges"]) == (first, "https://other.example", False)
    crm.call("delete")
    crm.subscribe()
    assert crm.call("get").json["secret"] != first


def test_rotation_answers_the_new_secret(crm: Subscriber) -> None:
    assert crm.call("rotate").problem["status"] == 404
    crm.subscribe()
    first = crm.call("get").json["secret"]
    rotated = crm.call("rotate")
    assert (rotated.status, set(rotated.json)) == (200, {"secret"})
    assert rotated.json["secret"] == crm.call("get").json["secret"] != first


def test_secrets_are_not_cached_on_the_way(crm: Subscriber) -> None:
    crm.subscribe()
    for name in ("get", "rotate"):
        assert crm.call(name).headers["cache-control"] == "no-store"


def test_a_failing_and_a_paused_endpoint_are_shown(crm: Subscriber) -> None:
    crm.subscribe()
    known = crm.store.load_subscription("agency-0042")
    since = crm.clock.now()
    crm.clock.advance(2 * DAY)
    place = Place("c-1", "aviv")
    known = crm.store.save_subscription(
        replace(known, failures=4, failing_since=since, next_at=since + 3 * DAY, canary=place, behind_from=since)
    )
    shown = crm.call("get").json
    assert (shown["state"], shown["failingSince"]) == ("failing", to_text(since))
    assert "pause" in shown["warning"]
    crm.store.save_subscription(replace(known, paused_at=crm.clock.now(), next_at=None))
    shown = crm.call("get").json
    assert shown["state"] == "paused"
    assert "PUT /webhooks" in shown["warning"]
    crm.subscribe()
    shown = crm.call("get").json
    assert shown["state"] == "active"
    assert not shown.keys() & {"warning", "failingSince"}


def test_replay_goes_on(crm: Subscriber) -> None:
    assert crm.call("replay").problem["status"] == 404
    crm.subscribe()
    answer = crm.call("replay", {"since": "2025-12-31T00:00:00+01:00"})
    assert answer.status == 202
    assert crm.store.load_subscription("agency-0042").walk is not None


@pytest.mark.parametrize(
    "since", [None, 5, "", "yesterday", "2026-13-01T00:00:00Z", [], "9999999-01-01T00:00:00Z", "\x00"]
)
def test_replay_wants_a_date(crm: Subscriber, since: object) -> None:
    crm.subscribe()
    refused = crm.call("replay", {"since": since})
    assert (refused.status, refused.faults) == (400, {"/since"})


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "{", "", "1"])
def test_bodies_that_are_no_object(crm: Subscriber, body: str) -> None:
    crm.subscribe()
    for name in ("put", "replay"):
        assert crm.call(name, body).problem["status"] == 400


@pytest.mark.parametrize(
    ("wish", "pointer"),
    [
        ({"url": None}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": 7}, "/url"),
        ({"url": "https://127.0.0.1"}, "/url"),
        ({"statuses": "CREATED"}, "/statuses"),
        ({"statuses": ["CREATED_WITH_MEDIA_ERROR"]}, "/statuses/0"),
        ({"statuses": ["CREATED", "created"]}, "/statuses/1"),
        ({"statuses": [None]}, "/statuses/0"),
        ({"statuses": [["CREATED"]]}, "/statuses/0"),
        ({"liveChanges": "yes"}, "/liveChanges"),
        ({"liveChanges": None}, "/liveChanges"),
    ],
)
def test_wishes_that_break_their_shape(crm: Subscriber, wish: dict[str, Any], pointer: str) -> None:
    refused = crm.subscribe(**wish)
    assert (refused.status, refused.faults) == (400, {pointer})
    assert crm.call("get").status == 404


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["url", "statuses", "liveChanges", "since"]), json_values) | json_values)
def test_nothing_sent_makes_a_5xx(body: Any) -> None:
    crm = Subscriber()
    for name in ("put", "replay"):
        assert crm.call(name, body).status in (200, 202, 400, 404)


def test_customers_do_not_see_each_other(crm: Subscriber) -> None:
    crm.subscribe()
    other = Subscriber(clock=FakeClock(), customer="agency-0043", store=crm.store)
    assert other.call("get").status == 404
    other.call("delete")
    assert crm.store.load_subscription("agency-0042") is not None
    assert isinstance(crm.store, MemoryStore)
