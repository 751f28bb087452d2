"""How many AWS calls a request costs (design, section 6): counted on the wire, in the log of the server that answers them."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from functions.listing_processes import app as listing_processes
from functions.receive_aviv import app as receive_aviv
from functions.receive_olx import app as receive_olx
from placard import bootstrap
from placard.aws.classifieds import DynamoClassifiedStore
from placard.aws.processes import DynamoProcessStore
from placard.aws.publications import DynamoPublicationStore
from placard.aws.subscriptions import DynamoSubscriptionStore
from placard.aws.table import Table
from placard.domain.events import AdvertState
from placard.domain.instants import SECOND
from placard.domain.listing_process import Facts, ListingProcess
from placard.domain.look import open_publication, see
from placard.domain.told import Place
from placard.portals.registry import load_receiver
from placard.ports import Change, Link, Message, Telling
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.notify_crm import NotifyCrm
from placard.use_cases.subscribe_webhook import subscribe
from tests.fakes import FakeClock, MemoryVault, MemoryWakeUps
from tests.integration.stores.samples import CLASSIFIED_ID, CUSTOMER, entry, publication
from tests.unit.api.crm import TRUSTED, Crm, make_body, read_event
from tests.unit.domain.hub import FACTS
from tests.unit.domain.hub import event as event_of
from tests.unit.receivers.test_receivers import (
    CALLBACK,
    SECRETS,
    TOKEN_OF_ACME,
    notification,
    request,
    signed,
)
from tests.unit.use_cases.telling import Endpoints
from tests.unit.use_cases.world import PlayedPortal

Counted = Callable[[Callable[[], Any]], tuple[int, Any]]


@pytest.fixture
def count(caplog: pytest.LogCaptureFixture) -> Counted:
    """Return how many requests reached AWS while something was done, and its outcome."""
    caplog.set_level(logging.INFO, logger="werkzeug")

    def run(action: Callable[[], Any]) -> tuple[int, Any]:
        before = len(caplog.records)
        outcome = action()
        return sum(record.name == "werkzeug" for record in caplog.records[before:]), outcome

    return run


@pytest.fixture
def crm(table: Table) -> Crm:
    clock = FakeClock()
    return Crm(clock, store=DynamoClassifiedStore(table, clock))


def test_each_change_is_one_call(crm: Crm, count: Counted) -> None:
    body = make_body()
    calls, posted = count(lambda: crm.post(body))
    assert (calls, posted.status) == (1, 202)
    classified_id = posted.json["classifiedId"]
    changed = make_body()
    changed["data"]["prices"]["buy"]["price"]["amount"] = 1
    for name, action in {
        "the same POST again": lambda: crm.post(body),
        "an identical PUT": lambda: crm.put(classified_id, body),
        "a changed PUT": lambda: crm.put(classified_id, changed),
        "DELETE": lambda: crm.delete(classified_id),
        "POST after the DELETE": lambda: crm.post(body),
    }.items():
        calls, answer = count(action)
        assert (calls, answer.status) == (1, 202), name


def test_asking_is_a_reading_and_a_change(crm: Crm, count: Counted) -> None:
    classified_id = crm.post(make_body()).json["classifiedId"]
    for verb in ("deactivate", "activate", "retry"):
        calls, answer = count(lambda verb=verb: crm.ask(verb, classified_id))
        assert (calls, answer.status) == (2, 202), verb
    crm.delete(classified_id)
    calls, answer = count(lambda: crm.ask("retry", classified_id))
    assert (calls, answer.status) == (1, 409)


def test_a_refusal_is_one_call_at_most(crm: Crm, count: Counted) -> None:
    unknown = "7f0c2d4e-61b9-4c1b-9f5e-2a8d30b7c614"
    assert count(lambda: crm.post("[]"))[0] == 0
    calls, answer = count(lambda: crm.put(unknown, make_body()))
    assert (calls, answer.status) == (1, 404)


def test_a_reading_is_two_calls_at_most(crm: Crm, count: Counted) -> None:
    classified_id = crm.post(make_body()).json["classifiedId"]
    assert count(lambda: crm.get(classified_id))[0] == 1
    assert count(lambda: crm.statuses(classified_id, "filter=latest"))[0] == 1
    assert count(lambda: crm.statuses(classified_id))[0] <= 2


def test_a_batch_reads_once_and_writes_what_changes(crm: Crm, count: Counted) -> None:
    made = [{"op": "put", "classified": make_body(key=f"estate-{number}")} for number in range(100)]
    calls, answer = count(lambda: crm.batch(*made))
    assert (calls, {item["status"] for item in answer.json["items"]}) == (101, {202})
    acks = answer.json
    calls, answer = count(lambda: crm.batch(*made))
    assert (calls, answer.json) == (1, acks)
    changed = {"op": "put", "classified": make_body(key="estate-7") | {"own": 1}}
    calls, answer = count(lambda: crm.batch(changed, *made[8:]))
    assert (calls, answer.json["items"][0]["ack"]["revision"]) == (2, 2)
    calls, answer = count(lambda: crm.batch({"op": "delete", "offererEstateId": "never"}, {"op": "put"}))
    assert (calls, [item["status"] for item in answer.json["items"]]) == (1, [404, 400])
    calls, answer = count(lambda: crm.batch({"op": "put"}))
    assert (calls, answer.status) == (0, 200)


def test_a_preflight_reads_nothing_of_the_table(crm: Crm, count: Counted) -> None:
    calls, answer = count(lambda: crm.preflight(make_body(portals=["SL", "BD", "IMOVIRTUAL"])))
    assert (calls, answer.status) == (0, 200)


def test_all_changes_are_a_query_for_each_shard_and_a_batched_read(crm: Crm, count: Counted) -> None:
    assert count(crm.changes)[0] == 8
    clock, table = crm.clock, crm.store._table
    publications = DynamoPublicationStore(table, clock, 400)
    for number in range(9):
        classified_id = crm.post(make_body(key=f"estate-{number}")).json["classifiedId"]
        classified, _ = crm.store.load(classified_id)
        publications.save(Change(*see(open_publication(classified, "aviv"), classified, clock.now())))
    clock.advance(31 * SECOND)
    calls, answer = count(crm.changes)
    assert (calls, len(answer.json["items"])) == (9, 9)


def test_how_all_listings_fare_is_a_query_for_each_shard_and_a_read_for_each_hundred(crm: Crm, count: Counted) -> None:
    assert count(crm.publications)[0] == 8
    publications = DynamoPublicationStore(crm.store._table, crm.clock, 400)
    for number in range(9):
        classified_id = crm.post(make_body(key=f"estate-{number}")).json["classifiedId"]
        classified, _ = crm.store.load(classified_id)
        publications.save(Change(*see(open_publication(classified, "aviv"), classified, crm.clock.now())))
    calls, answer = count(crm.publications)
    assert (calls, len(answer.json["items"])) == (9, 9)


def test_a_listing_process_is_one_reading_and_at_most_three_more_calls(table: Table, count: Counted) -> None:
    processes, publications = DynamoProcessStore(table), DynamoPublicationStore(table, FakeClock(), 400)
    crm = Crm(FakeClock(), store=DynamoClassifiedStore(table, FakeClock()))
    classified_id = crm.post(make_body(portals=["SL", "SPOTAHOME"])).json["classifiedId"]
    publications.write_link(Link("spotahome", "property-2", classified_id, "spotahome", "agency-0042", 0))
    for number in (1, 2):
        facts = Facts("waitingContent", property_id=f"property-{number}")
        processes.save(ListingProcess("agency-0042", number, facts))
    settings = SimpleNamespace(trusted_clients=frozenset({TRUSTED}))
    bootstrap.use(process_store=processes, publication_store=publications, clock=FakeClock(), settings=settings)
    for name, process_id, expected in (
        ("list", None, (1, 200)),
        ("states", None, (0, 200)),
        ("assign", "1", (3, 204)),
        ("unassign", "1", (2, 204)),
        ("cancel", "1", (3, 204)),
        ("cancel", "2", (4, 204)),
        ("cancel", "9", (1, 404)),
    ):
        event = read_event(f"listing_processes/{name}.json")
        event |= {"pathParameters": {"id": process_id}} if process_id else {}
        calls, answer = count(lambda event=event: listing_processes.handler(event, None))
        assert (calls, answer["statusCode"]) == expected, name
    bootstrap.use()


def test_a_callback_is_one_call_to_a_warm_receiver(table: Table, count: Counted) -> None:
    clock = FakeClock()
    vault = MemoryVault(clock, SECRETS)
    receivers = {f"receiver {name}": load_receiver(name, vault) for name in ("olx", "aviv")}
    bootstrap.use(message_store=DynamoPublicationStore(table, clock, 400), clock=clock, **receivers)
    for event, app, status in (
        (signed(notification()), receive_olx, 200),
        (signed(notification()), receive_olx, 200),  # a duplicate falls at the write
        (request("POST", f"/{TOKEN_OF_ACME}/classifieds/7f0c/statuses", CALLBACK), receive_aviv, 201),
    ):
        calls, answer = count(lambda event=event, app=app: app.handler(event, None))
        assert (calls, answer["statusCode"]) == (1, status)
    forged = signed(notification(), "wrong-secret")
    calls, answer = count(lambda: receive_olx.handler(forged, None))
    assert (calls, answer["statusCode"]) == (0, 401)
    bootstrap.use()


def test_a_message_is_folded_by_one_reading_and_one_change(table: Table, count: Counted) -> None:
    clock = FakeClock()
    store, portal = DynamoPublicationStore(table, clock, 400), PlayedPortal()
    apply = ApplyEvents(store, lambda _: portal, lambda _: FACTS, clock)
    known = publication(channel="imovirtual")
    link = Link("olx", "advert-1", known.classified_id, known.channel, known.customer, clock.now())
    store.save(Change(replace(known, remote_id="advert-1"), link=link))
    for digest, calls in (("first", 3), ("second", 2)):  # the LINK is read once
        message = Message("olx", "advert-1", digest, digest, clock.now())
        portal.said[digest] = event_of("advert-1", clock.now(), state=AdvertState.LIVE)
        store.put_message(message, None)
        assert count(lambda message=message: apply.fold(message))[0] == calls


def test_a_telling_is_four_calls_and_one_that_comes_late_is_a_reading(table: Table, count: Counted) -> None:
    clock = FakeClock()
    told, publications = DynamoSubscriptionStore(table, clock), DynamoPublicationStore(table, clock, 400)
    vault = MemoryVault(clock)
    subscribe(told, vault, str, clock, CUSTOMER, {"url": "https://crm.example/hooks"})
    telling = Telling(CUSTOMER, Place(CLASSIFIED_ID, "aviv"))
    notify = NotifyCrm(told, Endpoints(clock), vault, MemoryWakeUps(), clock)
    publications.save(Change(publication(), (entry(1),)))
    for expected in ((4, 1), (1, 0)):
        calls, look = count(lambda: notify(telling))
        assert (calls, look.accepted) == expected
