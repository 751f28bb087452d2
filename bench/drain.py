"""How many a second leave a backlog: classifieds on their way to a portal, and a portal's messages on theirs to the CRM.

The reader is held while the backlog is filled, and let go; the clock runs from there until the last has come out. Then
the relay does the same with as many. `DRAIN` in the environment is how many.

Deliveries go to AVIV, since the hub calls OLX five times a second at most. Messages are OLX's, which are believed: AVIV is
asked once more before anything is told.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import httpx

from bench.deployed import HOOK, Deployed, Json, running
from bench.relaying import COMES_AS, Relay
from bench.stage import Stage
from bench.table import Row
from sandbox.samples import PORTUGUESE_FLAT, load_sample
from sandbox.simulators.olx_messages import sign
from tests.e2e.world import wait_for

BACKLOG = int(os.environ.get("DRAIN", "1000"))
WARM_UP = 25  # enough that as many workers as there may be have started
AT_ONCE = 100  # classifieds in a batch
CALLERS = 3
# They run by the clock, and would take up what is only held.
SWEEPS = ("ReconcileFunction", "PollSpotahomeFunction")
PATIENCE_SECONDS = 3600
SETTLING_SECONDS = 2


@dataclass(frozen=True)
class Way:
    """One way through one build.

    `prepare` makes what so many rest on; then `source`, the event source, is held; `fill` returns when so many wait there;
    `count` says how many have come out at the other end since the hub was started.
    """

    prepare: Callable[[int], None]
    source: str
    fill: Callable[[int], None]
    count: Callable[[], int]


def measure(_: Stage) -> list[Row]:
    """Return the row of deliveries and the row of callbacks."""
    # What is told of a classified before its end would be told beside the deliveries.
    with running(statuses=["CREATED"]) as hub:
        for sweep in SWEEPS:
            function = hub.stack.resources[sweep]
            hub.aws.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
        for portal in (hub.olx, hub.aviv):
            portal.switch("PUT", "callbacks", {"mode": "none"})  # OLX's are sent when their turn has come
        relay = Relay(hub)
        ways = {
            "callbacks": (_callbacks(hub), _relayed(hub, relay, "message", "fold")),
            "deliveries": (_deliveries(hub), _relayed(hub, relay, "wish", "tell")),
        }
        for count in (WARM_UP, BACKLOG):
            rates = {name: [drain(hub, way, count) for way in both] for name, both in ways.items()}
    return [compare_rates(f"drain of {BACKLOG:,} {name}", *both) for name, both in rates.items()]


def compare_rates(name: str, ours: float, bare: float) -> Row:
    """Return a row of two rates; stated, without a bound."""
    return Row(name, "per second", round(ours, 2), round(bare, 2), None, "", None, {"bare": round(ours / bare, 2)})


def drain(hub: Deployed, way: Way, count: int) -> float:
    """Fill a backlog, let it go, and return how many a second came out. RuntimeError when it could not be held."""
    way.prepare(count)
    hub.switch(way.source, on=False)
    before = way.count()
    way.fill(count)
    time.sleep(SETTLING_SECONDS)
    if way.count() != before:
        raise RuntimeError("something came out while it was held")
    began = time.monotonic()
    hub.switch(way.source, on=True)
    wait_for(lambda: way.count() - before >= count, f"{count} come out", PATIENCE_SECONDS)
    return count / (time.monotonic() - began)


def _deliveries(hub: Deployed) -> Way:
    """POSTed classifieds: from the portal's queue to AVIV's calls."""
    waiting = hub.endpoints["queues"]["DeliverAvivQueue"]

    def fill(count: int) -> None:
        before = hub.count_queued(waiting)
        _publish(hub, "SL", count)
        wait_for(lambda: hub.count_queued(waiting) - before >= count, "the backlog is queued", PATIENCE_SECONDS)
        _await_quiet(hub)

    return Way(_nothing, hub.find_source("DeliverPublicationFunction", "DeliverAviv"), fill, hub.aviv.count_writes)


def _callbacks(hub: Deployed) -> Way:
    """OLX's messages: from the stream, where they are stored, to the CRM told."""
    published: set[str] = set()

    def prepare(count: int) -> None:
        before = hub.olx.count_writes()
        published.update(_publish(hub, "IMOVIRTUAL", count))
        wait_for(lambda: hub.olx.count_writes() - before >= count, "all are at OLX", PATIENCE_SECONDS)
        time.sleep(SETTLING_SECONDS)  # it ends the last of its operations
        _await_quiet(hub)

    def fill(count: int) -> None:
        messages = [one["body"] for one in hub.olx.ask("callbacks")["items"][-count:]]
        with ThreadPoolExecutor(CALLERS) as pool, httpx.Client(trust_env=False, timeout=60) as client:
            list(pool.map(lambda body: _notify(hub, client, body), messages))

    def count_told() -> int:
        return len(published & {path.split("/")[3] for path in hub.list_accepted(HOOK)})

    return Way(prepare, hub.find_source("ApplyEventsFunction", "/stream/"), fill, count_told)


def _relayed(hub: Deployed, relay: Relay, kind: str, held: str) -> Way:
    """The relay's way of a kind, from the function that is held."""

    def fill(count: int) -> None:
        before = hub.count_queued(relay.queue)
        relay.store(kind, count)
        if held == "tell":
            wait_for(lambda: hub.count_queued(relay.queue) - before >= count, "the relay's backlog is queued")

    return Way(_nothing, relay.sources[held], fill, lambda: len(hub.list_accepted(f"/relay/{COMES_AS[kind]}")))


def _nothing(_count: int) -> None:
    """What a way prepares that rests on nothing."""


def _publish(hub: Deployed, portal: str, count: int) -> set[str]:
    """Publish so many classifieds on a portal; return their ids."""
    known: set[str] = set()
    for start in range(0, count, AT_ONCE):
        bodies = [load_sample(PORTUGUESE_FLAT, portals=[portal]) for _ in range(min(AT_ONCE, count - start))]
        known.update(wait_for(partial(_push, hub, bodies), "a batch is taken"))
    return known


def _push(hub: Deployed, bodies: list[Json]) -> list[str]:
    """Send a batch; return the ids, none unless all of it is taken. What was taken before is not taken twice."""
    order = {"items": [{"op": "put", "classified": body} for body in bodies]}
    answer = hub.crm.send("POST", "/classifieds/batch", json=order)
    items = answer.json()["items"] if answer.is_success else []
    taken = bool(items) and all(item["status"] == 202 for item in items)
    return [item["ack"]["classifiedId"] for item in items] if taken else []


def _notify(hub: Deployed, client: httpx.Client, body: Json) -> None:
    """Send one of OLX's messages, again until it is stored."""
    secret = hub.endpoints["secrets"]["olx_notification"]
    headers = {"x-signature": sign(secret, body["object_id"], body["transaction_id"])}
    url = hub.endpoints["receivers"]["olx"]
    wait_for(lambda: client.post(url, json=body, headers=headers).is_success, "a message is stored")


def _await_quiet(hub: Deployed) -> None:
    """Wait until nobody looks any more for what there is to tell."""
    telling = hub.endpoints["queues"]["NotifyQueue"]
    wait_for(lambda: hub.count_queued(telling) == 0, "all tellings are over", PATIENCE_SECONDS)
