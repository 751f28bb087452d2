"""A branch pushes all its classifieds once more, unchanged: what reaches AWS beside readings.

Every hop to a queue or a portal starts from a stored change (design §1), so a push that writes nothing sends nothing.
"""

from __future__ import annotations

from bench import requests
from bench.rounds import ATTEMPTS
from bench.stage import Stage
from bench.table import Row, state

CLASSIFIEDS, AT_ONCE = 10_000, 100
READINGS = frozenset({"BatchGetItem", "GetItem", "Query"})


def measure(stage: Stage) -> list[Row]:
    """Return the row of what is no reading, and the row of the readings."""
    events = requests.batches(CLASSIFIEDS, AT_ONCE)
    empty = stage.count_calls()
    for _ in range(ATTEMPTS):
        stage.run("ours", "publish_classified", events)
        stored = sum("writes" in call for call in stage.list_calls(empty))
        if stored == CLASSIFIEDS:
            break  # on a busy machine some meet their time limit, and are pushed again
    else:
        raise RuntimeError(f"the first pushes stored {stored} classifieds")
    before = stage.count_calls()
    stage.run("ours", "publish_classified", events)
    calls = stage.list_calls(before)
    readings = sum(call["action"] in READINGS for call in calls)
    name = f"identical branch of {CLASSIFIEDS:,} by {AT_ONCE}s"
    return [
        state(f"{name}: writes, queue messages, portal calls", "calls", {"ours": len(calls) - readings}, most=0),
        state(f"{name}: readings", "calls", {"ours": readings}, most=CLASSIFIEDS // AT_ONCE),
    ]
