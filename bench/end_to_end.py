"""Milliseconds from POST to the portal's call, and from a portal's callback to the CRM's, beside a bare relay of the hops.

One after another: a classified, then the relay's turn, so that a noisy machine is noisy for both. `END_TO_END` in the
environment is how many rounds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime
from statistics import quantiles
from uuid import uuid4

from bench.deployed import HOOK, Deployed, Json, running
from bench.relaying import Relay
from bench.stage import Stage
from bench.table import Row
from sandbox.samples import PORTUGUESE_FLAT, load_sample
from tests.e2e.world import wait_for

ROUNDS = int(os.environ.get("END_TO_END", "100"))
PERCENTILES = (50, 95, 99)


def measure(_: Stage) -> list[Row]:
    """Return a row for each percentile of each of the two ways."""
    out: dict[str, list[float]] = {"ours": [], "bare": []}
    back: dict[str, list[float]] = {"ours": [], "bare": []}
    with running() as hub:
        relay = Relay(hub)
        _publish(hub)  # workers start, connections are opened, secrets are read
        for _round in range(ROUNDS):
            to_portal, to_crm = _publish(hub)
            out["ours"].append(to_portal)
            back["ours"].append(to_crm)
            out["bare"].append(_relay(relay, "wish"))
            back["bare"].append(_relay(relay, "message"))
    return [
        *list_percentiles(f"end to end, {ROUNDS} rounds: POST to portal call", out["ours"], out["bare"]),
        *list_percentiles(f"end to end, {ROUNDS} rounds: callback to CRM told", back["ours"], back["bare"]),
    ]


def list_percentiles(name: str, ours: Sequence[float], bare: Sequence[float]) -> list[Row]:
    """Return a row for each of `PERCENTILES` of two series of milliseconds; stated, without a bound."""
    rows = []
    for percent in PERCENTILES:
        mine, relayed = (quantiles(series, n=100, method="inclusive")[percent - 1] for series in (ours, bare))
        ratios = {"bare": round(mine / relayed, 2)}
        rows.append(Row(f"{name}, p{percent}", "ms", round(mine), round(relayed), None, "", None, ratios))
    return rows


def _publish(hub: Deployed) -> tuple[float, float]:
    """Publish a classified; return how many milliseconds its creation was on its way, and the telling of its end."""
    body = load_sample(PORTUGUESE_FLAT, portals=["IMOVIRTUAL"])
    began = time.time()
    known = hub.crm.post(body)["classifiedId"]
    (told,) = wait_for(lambda: _list_told(hub, known), f"{known} is told")
    advert = hub.crm.read_latest(known)["IMOVIRTUAL"]["advert"]["id"]
    estate = body["data"]["metaData"]["source"]["offererEstateId"]
    (arrived,) = (call for call in hub.olx.list_calls("^/advert/v1$", "POST") if estate in str(call["body"]))
    (posted,) = hub.olx.list_callbacks(advert)
    return _instant(arrived["time"]) - began * 1000, _instant(told["time"]) - _instant(posted["time"])


def _list_told(hub: Deployed, known: str) -> list[Json]:
    """Return the callback that told the CRM of its end, once there is one."""
    calls = hub.told.list_calls(f"^{HOOK}/classifieds/{known}/")
    return [call for call in calls if call["status"] == 201 and call["body"]["status"] == "CREATED"]


def _relay(relay: Relay, kind: str) -> float:
    name, began = uuid4().hex, time.time()
    relay.send(kind, name)
    arrived = wait_for(lambda: relay.find_arrival(kind, name), f"the relay's {kind}")
    return _instant(arrived) - began * 1000


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000
