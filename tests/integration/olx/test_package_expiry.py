"""An account's package expires: every advert of it falls within a minute, and the hub tells it without a single call."""

import hashlib
import hmac
import json
import random
from collections import Counter
from typing import Any

import httpx
import pytest

from placard.domain import ids
from placard.domain.classified import Kind, Wish
from placard.domain.events import Advert, AdvertState
from placard.domain.hashes import content_hash
from placard.domain.instants import DAY, HOUR, MINUTE
from placard.domain.lifecycle import Family, Word
from placard.domain.publication import Entry, Publication, Standing
from placard.domain.told import Place
from placard.portals.olx.manifest import POLICY, next_operations
from placard.portals.olx.publisher import OlxPublisher
from placard.portals.olx.receiver import OlxReceiver
from placard.ports import (
    Callback,
    Change,
    Delivery,
    Link,
    Message,
    Provider,
    PublicationChanged,
    Reply,
    Revision,
    TellingChanged,
    WakeUp,
)
from placard.use_cases.apply_events import ApplyEvents
from placard.use_cases.deliver_publication import DeliverPublication
from placard.use_cases.notify_crm import NotifyCrm
from placard.use_cases.receive_message import receive_message
from placard.use_cases.reconcile import Reconcile
from placard.use_cases.relay_changes import relay_changes
from placard.use_cases.subscribe_webhook import subscribe
from tests.fakes import FakeClock, MemoryStore, MemoryWakeUps
from tests.unit.portals.olx.stage import APP, make_body, make_vault
from tests.unit.portals.scene import CUSTOMER

ADVERTS = 5_000
URL = "https://www.imovirtual.com/anuncio/ad-ID{}.html"


class Account:
    """A hub whose customer has this many adverts live, and a portal that counts calls and answers none."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store, self.queues, vault = MemoryStore(self.clock), MemoryWakeUps(), make_vault(self.clock)
        self.calls = 0
        client = httpx.Client(transport=httpx.MockTransport(self._refuse))
        publisher = OlxPublisher("https://api.olxgroup.com", vault, self.clock, client=client)
        self.receiver = OlxReceiver(vault)
        self.deliver = DeliverPublication(self.store, Provider(POLICY, publisher), self.clock)
        self.apply = ApplyEvents(self.store, lambda _: self.receiver, lambda _: POLICY, self.clock)
        self.reconcile = Reconcile(self.store, self.store, self.queues, self.clock)
        self.classifieds = dict(self._publish(publisher, number) for number in range(ADVERTS))
        self._read = len(self.store.records)
        self.told: list[str] = []
        subscribe(self.store, vault, str, self.clock, CUSTOMER, {"url": "https://crm.example"})
        self.clock.advance(1)
        self.notify = NotifyCrm(self.store, self, vault, self.queues, self.clock)

    def send(self, delivery: Delivery, now: int) -> Reply:
        """Take a callback as the CRM does."""
        self.told.append(delivery.webhook_id)
        return Reply(201)

    def _refuse(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        return httpx.Response(503)

    def _publish(self, publisher: OlxPublisher, number: int) -> tuple[str, str]:
        """Store a classified and its advert, live since an hour; the advert's id and the classified's."""
        now, key, remote_id = self.clock.now(), f"e-{number}", f"advert-{number}"
        classified_id, body = ids.classified_id(CUSTOMER, key), make_body(metaData={"source": {"offererEstateId": key}})
        revision = Revision(classified_id, CUSTOMER, Kind.POST, now, key, body, content_hash(body), ("IMOVIRTUAL",))
        classified = self.store.write(revision).classified
        assert classified is not None
        rendering = publisher.render(classified, "imovirtual")
        advert = Advert(AdvertState.LIVE, "active", URL.format(number), now + 30 * DAY)
        standing = Standing(
            "IMOVIRTUAL",
            Wish.PRESENT,
            seen=1,
            acted=1,
            ended=1,
            family=Family.CREATE,
            word=Word.CREATED,
            advert=advert,
            next_operations=next_operations(advert),
            advert_at=now - HOUR,
            end_at=now - HOUR,
            payload_hash=rendering.hashes["IMOVIRTUAL"],
        )
        publication = Publication(
            classified_id,
            "imovirtual",
            CUSTOMER,
            remote_id=remote_id,
            key=rendering.key,
            standings={"IMOVIRTUAL": standing},
        )
        link = Link("olx", remote_id, classified_id, "imovirtual", CUSTOMER, now - HOUR)
        self.store.save(Change(publication, link=link))
        return remote_id, classified_id

    def tell_all(self, code: str) -> list[Entry]:
        """Every advert's lifecycle event arrives within a minute, some twice; the entries that come of it."""
        began, chance = self.clock.now(), random.Random(code)  # noqa: S311 - the same shuffle each time
        events = [
            self._build_event(remote_id, code, began + chance.randrange(MINUTE)) for remote_id in self.classifieds
        ]
        events += chance.sample(events, ADVERTS // 5)
        self.clock.advance(MINUTE)
        chance.shuffle(events)
        for event in events:
            receive_message(event, self.receiver, self.store, self.clock)
        return self._fold()

    def _build_event(self, remote_id: str, code: str, at: int) -> Callback:
        data: dict[str, Any] = {"code": code, "visible_in_profile": True, "url": URL.format(remote_id[7:])}
        event = {
            "destination": "https://hub.example.com",
            "timestamp": at,
            "event_timestamp": at,
            "transaction_id": f"{remote_id}-{code}",
            "object_id": remote_id,
            "flow": "advert_lifecycle",
            "event_type": "advert_state_changed",
            "data": data,
        }
        signed = f"{remote_id},{event['transaction_id']}".encode()
        mac = hmac.new(APP["notification_secret"].encode(), signed, hashlib.sha1)
        return Callback(json.dumps(event).encode(), {"x-signature": mac.hexdigest()})

    def _fold(self) -> list[Entry]:
        """What `apply_events` and `relay_changes` make of the stream, until it carries nothing new."""
        entries: list[Entry] = []
        while self._read < len(self.store.records):
            records, self._read = self.store.records[self._read :], len(self.store.records)
            changes: list[PublicationChanged | TellingChanged] = []
            for record in records:
                match record.new:
                    case Message() as message if record.old is None:
                        self.apply.fold(message)
                    case Publication(look=True) as publication:
                        changes.append(PublicationChanged(publication.classified_id, CUSTOMER, "imovirtual"))
                    case Entry() as entry:
                        entries.append(entry)
                        changes.append(TellingChanged(CUSTOMER, Place(entry.classified_id, entry.channel)))
            relay_changes(changes, self.queues, self.clock)
            for telling in self.queues.take_tellings():
                self.notify(telling)
        return entries

    def wake_all(self) -> list[Entry]:
        """A wake-up for every publication, and what is past its due time a day later; the entries that come of it."""
        self.clock.advance(DAY)
        while self.reconcile():
            pass
        wake_ups = [WakeUp("olx", one, "imovirtual", CUSTOMER) for one in self.classifieds.values()]
        for wake_up in [*wake_ups, *self.queues.take()]:
            self.deliver(wake_up)
        return self._fold()


@pytest.fixture(scope="module")
def account() -> Account:
    return Account()


def test_a_package_expires_and_returns_with_one_entry_each_and_no_call(account: Account) -> None:
    told = account.tell_all("outdated_by_package")
    assert sorted(account.told) == sorted(entry.status_id for entry in told)
    assert Counter(entry.classified_id for entry in told) == dict.fromkeys(account.classifieds.values(), 1)
    for entry in told:
        assert (entry.status, entry.outcome, entry.revision) == ("CREATED", "applied", 1)
        assert (entry.advert.state, entry.advert.code) == (AdvertState.EXPIRED, "outdated_by_package")
        assert [problem.code for problem in entry.problems] == ["package_expired"]
        assert entry.message.startswith("Not live: ")
    assert account.wake_all() == []
    told = account.tell_all("active")
    assert Counter(entry.classified_id for entry in told) == dict.fromkeys(account.classifieds.values(), 1)
    for entry in told:
        assert (entry.status, entry.outcome, entry.advert.live, entry.problems) == ("CREATED", "applied", True, ())
    assert account.wake_all() == []
    assert (account.calls, len(account.told)) == (0, 2 * ADVERTS)
