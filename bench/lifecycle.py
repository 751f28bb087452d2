"""A classified on three channels, from POST to live everywhere and told: AWS calls and units on the wire, and their cost.

The floor is a literal list of the changes that must be recorded (design §3).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any

from bench import requests
from bench.bill import Billed, count_calls, list_billed, sum_units
from bench.hub import Hub, running
from bench.prices import DATED, PRICES
from bench.stage import WHOLE_HUB, Stage
from bench.table import Row, state
from sandbox.samples import PORTUGUESE_FLAT, load_sample
from tests.template import GLOBALS, RESOURCES

Calls = Sequence[Mapping[str, Any]]
Prices = Mapping[tuple[str, bool], float]  # of an item's kind, in a transaction or not
Count = Callable[["Cycle"], float]

PORTALS = ("SL", "IMOVIRTUAL", "OTODOM")
ENTRIES = 3  # of each channel: RECEIVED, CREATING, CREATED
LIFECYCLES, ATTEMPTS = 7, 40
QUIET_SECONDS = 3  # longer than a portal's longest silence between two messages
# Where a call met its time limit on a busy machine, the classified waits minutes for the sweep: it is not counted.
PATIENCE_SECONDS = 20
MILLION = 1_000_000


@dataclass(frozen=True)
class Change:
    """One change that must be recorded, in one call: how often, and the items that it writes (design §3)."""

    what: str
    times: int
    items: tuple[str, ...]


def list_changes(messages: int) -> tuple[Change, ...]:
    """Return the floor's changes, where the portals sent so many messages."""
    channels = len(PORTALS)
    return (
        Change("the wish is taken", 1, ("CLASSIFIED",)),
        Change("a channel has received it", channels, ("PUBLICATION", "STATUS", "TOLD")),
        Change("a call begins: nobody else may make it", channels, ("PUBLICATION",)),
        Change("the portal has taken it", channels, ("PUBLICATION", "STATUS", "TOLD", "LINK")),
        Change("a message is stored", messages, ("EVENT",)),
        Change("a message makes it live", channels, ("PUBLICATION", "STATUS", "TOLD", "EVENT")),
        Change("a message says nothing new", messages - channels, ("EVENT",)),
        Change("the CRM has accepted an entry", channels * ENTRIES, ("TOLD",)),
    )


@dataclass(frozen=True)
class Cycle:
    """What one classified's way came to. `messages` are the portals', `invocations` and `gigabyte_seconds` Lambda's."""

    calls: Calls
    messages: int
    invocations: int
    gigabyte_seconds: float


def measure(stage: Stage) -> list[Row]:
    """Return the rows of calls, item writes and units, and those of the cost by service."""
    with running(stage) as hub:
        _follow(stage, hub)  # connections are opened, secrets are read
        attempts = (_follow(stage, hub) for _ in range(ATTEMPTS))
        cycles = list(islice((cycle for cycle in attempts if cycle is not None), LIFECYCLES))
    if len(cycles) < LIFECYCLES:
        raise RuntimeError(f"{len(cycles)} of {ATTEMPTS} classifieds were undisturbed: the machine is too busy")
    prices = _prices(cycles)
    counts: dict[str, tuple[str, Count, Count, Count | None]] = {
        "AWS calls": (
            "calls",
            lambda cycle: len(cycle.calls),
            lambda cycle: sum(_floor_calls(cycle).values()),
            lambda cycle: count_calls(_bill(cycle)),
        ),
        "items written": (
            "items",
            lambda cycle: len(_writes(cycle)),
            lambda cycle: sum(_floor_items(cycle).values()),
            None,
        ),
        "write units": (
            "units",
            lambda cycle: sum(one["units"] + one["index_units"] for one in _writes(cycle)),
            lambda cycle: _floor_units(cycle, prices),
            lambda cycle: sum_units(_bill(cycle))["DynamoDB writes"],
        ),
    }
    rows = [
        _beside_floor(f"lifecycle on {len(PORTALS)} channels: {name}", unit, cycles, ours, floor, usual)
        for name, (unit, ours, floor, usual) in counts.items()
    ]
    return rows + _calls_by_function(cycles) + _costs(cycles)


def _follow(stage: Stage, hub: Hub) -> Cycle | None:
    """Publish a classified, wait until it is live, told and quiet, and return what that took; None when disturbed."""
    before, used = stage.count_calls(), _sum_use(hub)
    body = load_sample(PORTUGUESE_FLAT, portals=list(PORTALS))
    answer = hub.workers["publish_classified"].invoke(requests.post_of(body))
    known = json.loads(answer["body"])["classifiedId"]
    if not hub.settle(lambda: len(hub.told(known)) == ENTRIES * len(PORTALS), QUIET_SECONDS, PATIENCE_SECONDS):
        return None
    ended = [call["body"]["status"] for call in hub.told(known)].count("CREATED")
    if ended != len(PORTALS):
        raise RuntimeError(f"{known} is live on {ended} channels")
    made = [call for call in stage.list_calls(before) if call["by"] in WHOLE_HUB]
    stored = [call for call in made if call["status"] == 200 and call["action"] == "PutItem"]
    messages = sum(one["kind"] == "EVENT" for call in stored for one in call["writes"])
    invocations, seconds = (now - then for now, then in zip(_sum_use(hub), used, strict=True))
    return Cycle(made, messages, int(invocations), seconds)


def _sum_use(hub: Hub) -> tuple[float, float]:
    """Return the invocations so far, and the GB-seconds that Lambda would bill for them."""
    uses = {function: worker.use for function, worker in hub.workers.items()}
    gigabytes = {function: _memory(function) / 1024 for function in uses}
    seconds = sum(use.seconds * gigabytes[function] for function, use in uses.items())
    return sum(use.invocations for use in uses.values()), seconds


def _memory(function: str) -> int:
    logical = "".join(part.title() for part in function.split("_")) + "Function"
    return int(RESOURCES[logical]["Properties"].get("MemorySize", GLOBALS["MemorySize"]))


def _beside_floor(name: str, unit: str, cycles: Sequence[Cycle], ours: Count, floor: Count, usual: Count | None) -> Row:
    """Return a row of medians: a lifecycle's count, its floor's, the usual build's, and the ratios."""
    counted, least = median(map(ours, cycles)), median(map(floor, cycles))
    ratio = median(ours(cycle) / floor(cycle) for cycle in cycles)
    ratios = {"bare": round(ratio, 2)}
    if usual is not None:
        ratios["usual"] = round(median(ours(cycle) / usual(cycle) for cycle in cycles), 2)
    billed = None if usual is None else median(map(usual, cycles))
    return Row(name, unit, counted, least, billed, "≤ 1.3 × bare", ratio <= 1.3, ratios)


def _bill(cycle: Cycle) -> tuple[Billed, ...]:
    """Return the usual build's bill, where the portals sent as many messages."""
    return list_billed(len(PORTALS), ENTRIES, cycle.messages)


def _floor_calls(cycle: Cycle) -> dict[str, int]:
    """Return the floor's calls by function: each change is one, a reading goes before each decision, a message to each queue."""
    channels, entries, messages = len(PORTALS), len(PORTALS) * ENTRIES, cycle.messages
    return {
        "publish_classified": 1,
        "relay_changes": 2 + entries,  # AVIV's queue and OLX's; each entry's telling
        "deliver_publication": channels + 3 * channels,
        "receive_olx and receive_aviv": messages,
        "apply_events": messages + messages,
        "notify_crm": entries + entries,
    }


def _floor_items(cycle: Cycle) -> Counter[str]:
    """Return how often each kind of item must be written."""
    found: Counter[str] = Counter()
    for change in list_changes(cycle.messages):
        for kind in change.items:
            found[kind] += change.times
    return found


def _calls_by_function(cycles: Sequence[Cycle]) -> list[Row]:
    """Return where the calls are made, each function's beside its floor's."""
    return [
        state(
            f"lifecycle: AWS calls of {functions}",
            "calls",
            {
                "ours": median(sum(call["by"] in functions for call in cycle.calls) for cycle in cycles),
                "bare": median(_floor_calls(cycle)[functions] for cycle in cycles),
            },
        )
        for functions in _floor_calls(cycles[0])
    ]


def _writes(cycle: Cycle) -> list[Mapping[str, Any]]:
    return [one for call in cycle.calls for one in call.get("writes", ())]


def _prices(cycles: Sequence[Cycle]) -> Prices:
    """Return the median units of one write of each kind, alone and in a transaction, its indexes included, as on the wire."""
    found: dict[tuple[str, bool], list[float]] = {}
    for call in (call for cycle in cycles for call in cycle.calls):
        for one in call.get("writes", ()):
            way = one["kind"], call["action"] == "TransactWriteItems"
            found.setdefault(way, []).append(one["units"] + one["index_units"])
    return {way: median(units) for way, units in found.items()}


def _floor_units(cycle: Cycle, prices: Prices) -> float:
    """Return what the floor's writes cost: a change of several items is a transaction, and each of its writes costs twice."""
    return sum(
        change.times * prices[kind, len(change.items) > 1]
        for change in list_changes(cycle.messages)
        for kind in change.items
    )


def _costs(cycles: Sequence[Cycle]) -> list[Row]:
    """Return what a million lifecycles cost, by service and in all."""

    def units_of(cycle: Cycle) -> dict[str, float]:
        by_service = Counter(call["service"] for call in cycle.calls)
        # Lambda's own requests of a queue are billed as well: each message is received and deleted.
        messages = sum(call.get("messages", 0) for call in cycle.calls)
        return {
            "DynamoDB writes": sum(one["units"] + one["index_units"] for one in _writes(cycle)),
            "DynamoDB reads": sum(call.get("read_units", 0) for call in cycle.calls),
            "SQS": by_service["sqs"] + 2 * messages,
            "Lambda requests": cycle.invocations,
            "Lambda durations": cycle.gigabyte_seconds,
            "API Gateway": 1,
            "KMS": by_service["kms"],
        }

    def units_of_usual(cycle: Cycle) -> dict[str, float]:
        units = sum_units(_bill(cycle))
        return {name: units.get(name, 0.0) for name in PRICES} | {"Lambda durations": cycle.gigabyte_seconds}

    bills = {
        build: {
            name: MILLION * price * median(units_of_build(cycle)[name] for cycle in cycles)
            for name, price in PRICES.items()
        }
        for build, units_of_build in (("ours", units_of), ("usual", units_of_usual))
    }
    rows = [
        state(f"cost of 1,000,000 lifecycles: {name}", "US$", {build: round(bills[build][name], 2) for build in bills})
        for name in PRICES
    ]
    in_all = {build: round(sum(bill.values()), 2) for build, bill in bills.items()}
    return [*rows, state(f"cost of 1,000,000 lifecycles: in all, prices of {DATED}", "US$", in_all)]
