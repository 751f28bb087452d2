"""The hub as its functions put it together, with Casita plugged in: stores and queues in memory, the portal over HTTP."""

from __future__ import annotations

import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from functions.deliver_publication import app as deliver_publication
from functions.notify_crm import app as notify_crm
from placard import bootstrap
from placard.aws.settings import Settings
from placard.domain.instants import MINUTE
from placard.ports import Link, Telling, WakeUp
from placard.use_cases.relay_changes import relay_changes
from placard.use_cases.subscribe_webhook import subscribe
from simulation.stream import read_change, read_remote
from tests.fakes import FakeClock, MemoryCircuits, MemoryStore, MemoryVault, MemoryWakeUps
from tests.portals.receive_casita import app as receive_casita
from tests.unit.api.crm import TRUSTED, Crm
from tests.unit.portals.casita.stage import make_vault
from tests.unit.use_cases.telling import Endpoints

CUSTOMER = "agency-0042"
Json = dict[str, Any]


class Hub:
    """One hub and its CRM. `settle` hands on what streams and queues carry until nothing is left to do now."""

    def __init__(self, clock: FakeClock, portal_url: str) -> None:
        self.clock, self.store, self.queues = clock, MemoryStore(clock), MemoryWakeUps()
        self.vault: MemoryVault = make_vault(clock, CUSTOMER)
        self.endpoint = Endpoints(clock)
        self.crm = Crm(clock, CUSTOMER, self.store)
        self._relayed = 0
        variables = {
            "TRUSTED_CLIENTS": TRUSTED,
            "TIME_SCALE": "1",
            "LEASE_SECONDS": "120",
            "CASITA_BASE_URL": portal_url,
        }
        bootstrap.use(
            settings=Settings(variables),
            clock=clock,
            classified_store=self.store,
            publication_store=self.store,
            message_store=self.store,
            subscription_store=self.store,
            due_store=self.store,
            wake_ups=self.queues,
            credentials=self.vault,
            quick_credentials=self.vault,
            callback_sender=self.endpoint,
            circuit_store=MemoryCircuits(),
        )
        value = {"url": "https://crm.example/told"}
        subscribe(self.store, self.vault, lambda url: url, clock, CUSTOMER, value)
        # A subscription is told what happens after it.
        clock.advance(MINUTE)

    def settle(self) -> None:
        """Relay, look, fold and tell."""
        for _ in range(100):
            self._relay()
            wake_ups, tellings = self.queues.take(), self.queues.take_tellings()
            if not wake_ups and not tellings and self._relayed == len(self.store.records):
                return
            for wake_up in wake_ups:
                assert isinstance(wake_up, WakeUp)
                self._hand_on(deliver_publication, wake_up)
            for telling in tellings:
                self._hand_on(notify_crm, telling)
        raise AssertionError("the hub never came to rest")

    def pass_time(self, milliseconds: int) -> None:
        """Time passes, and what is past its due time is taken up."""
        self.clock.advance(milliseconds)
        bootstrap.reconcile()()
        self.settle()

    def _relay(self) -> None:
        records, self._relayed = self.store.records[self._relayed :], len(self.store.records)
        fold = bootstrap.apply_events()
        for remote in filter(None, map(read_remote, records)):
            if isinstance(remote, Link):
                fold.fold_parked(remote)
            else:
                fold.fold(remote)
        changes = [change for record in records if (change := read_change(record)) is not None]
        relay_changes(changes, self.queues, self.clock)

    def _hand_on(self, function: Any, carried: WakeUp | Telling) -> None:
        """Hand one queue message to its function. The clock of these tests stands still, so a delay is over at once."""
        members = {name: getattr(carried, name) for name in carried.__slots__ if name != "delay"}
        record = {"messageId": "m-1", "body": json.dumps(members), "attributes": {"ApproximateReceiveCount": "1"}}
        self.clock.advance(carried.delay * 1000)
        assert function.handler({"Records": [record]}, Context()) == {"batchItemFailures": []}

    # --- what is known ---

    def told(self) -> list[tuple[str, bool]]:
        """What the CRM was told, in order: the word, and whether the advert is live."""
        bodies = [json.loads(delivery.body) for delivery in self.endpoint.accepted]
        return [(body["status"], body["advert"]["live"]) for body in bodies]


async def _take(request: Request) -> Response:
    event = {
        "rawPath": request.url.path,
        "headers": dict(request.headers),
        "requestContext": {"http": {"method": request.method}},
        "body": (await request.body()).decode(),
        "isBase64Encoded": False,
    }
    return Response(status_code=receive_casita.handler(event, None)["statusCode"])


# The receiver's function URL.
DOOR = Starlette(routes=[Route("/", _take, methods=["POST"])])


class Context:
    """What Lambda hands a function beside its event."""

    function_name = "casita"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:eu-west-1:0:function:casita"
    aws_request_id = "r-1"
