"""Milliseconds from POST to the portal's call, and from a portal's callback to the CRM's, beside a bare relay of the hops.

One after another: a classified, then the relay's turn, so that a noisy machine is noisy for both.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from statistics import median, quantiles
from uuid import uuid4

from bench.hub import Hub, running, wait_for
from bench.relaying import Relay
from bench.table import Row
from sandbox.samples import PORTUGUESE_FLAT, load_sample

ROUNDS = 40
Times = list[float]


def measure() -> list[Row]:
    """Return a row for p50, p95 and p99 of each of the two ways."""
    out: tuple[Times, Times] = ([], [])
    back: tuple[Times, Times] = ([], [])
    with running() as hub:
        relay = Relay(hub)
        _publish(hub)
        for _ in range(ROUNDS):
            to_portal, to_crm = _publish(hub)
            out[0].append(to_portal)
            back[0].append(to_crm)
            out[1].append(_relay(relay, "wish"))
            back[1].append(_relay(relay, "message"))
    return [
        *_rows("end-to-end, POST to portal call", *out),
        *_rows("end-to-end, callback to CRM told", *back),
    ]


def _publish(hub: Hub) -> tuple[float, float]:
    """Publish a classified; returns how long its creation and the telling of its end were on their way."""
    began = time.time()
    body = load_sample(PORTUGUESE_FLAT, portals=["IMOVIRTUAL"])
    known = hub.crm.post(body)["classifiedId"]
    told = wait_for(lambda: [call for call in hub.told(known) if _status(call) == "CREATED"], f"{known} is told")
    advert = hub.crm.read_latest(known)["IMOVIRTUAL"]["advert"]["id"]
    created = hub.look("olx", "calls", path="^/advert/v1$", method="POST")["items"]
    arrived = next(call for call in reversed(created) if _names(call, body))
    posted = hub.look("olx", "callbacks", object_id=advert)["items"][0]
    return _instant(arrived["time"]) - began * 1000, _instant(told[0]["time"]) - _instant(posted["time"])


def _relay(relay: Relay, kind: str) -> float:
    name, began = uuid4().hex, time.time()
    relay.send(kind, name)
    arrived = wait_for(lambda: relay.arrival(kind, name), f"the relay's {kind}")
    return _instant(str(arrived)) - began * 1000


def _rows(name: str, ours: Times, relayed: Times) -> list[Row]:
    rows = []
    for label, at in (("p50", 50), ("p95", 95), ("p99", 99)):
        figures = [round(_percentile(times, at)) for times in (ours, relayed)]
        ratio = round(figures[0] / figures[1], 2)
        rows.append(Row(f"{name}, {label}", "ms", figures[0], figures[1], None, "", None, {"bare": ratio}))
    return rows


def _percentile(times: Sequence[float], at: int) -> float:
    return median(times) if at == 50 else quantiles(times, n=100, method="inclusive")[at - 1]


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000


def _status(call: dict[str, object]) -> object:
    body = call["body"]
    return body.get("status") if isinstance(body, dict) else None


def _names(call: dict[str, object], body: dict[str, object]) -> bool:
    """Whether a portal's call is about the CRM's listing."""
    source = body["data"]["metaData"]["source"]["offererEstateId"]  # type: ignore[index]
    return str(source) in str(call["body"])
