"""A Lambda worker as the bench starts it: `python one_process.py CALLS` with the function's folder first on the path.

Without CALLS it answers each event that comes as a line of its standard input, with a line `{answer, seconds, peak}`.

CALLS is a JSON file, `{"warm_up": [event, …], "measured": [event, …]}`. What was measured goes, one JSON line each, to
the file descriptor that BENCH_REPORT names: the first answer as soon as it is there, with the processor time since the
start and the seconds since the imports were done, then the figures of the whole run. Before the function it imports what
the runtime client of Lambda imports, and nothing else.
"""

from __future__ import annotations

import decimal  # noqa: F401 - as the runtime client does
import importlib  # noqa: F401
import json
import logging  # noqa: F401
import os
import sys
import time
import traceback  # noqa: F401


class Context:
    """What Lambda tells a function of its call."""

    function_name = "bench"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:bench"
    aws_request_id = "0f0e0d0c-0b0a-4908-8706-050403020100"

    def get_remaining_time_in_millis(self) -> int:
        """Return enough."""
        return 10_000


def report(**figures: object) -> None:
    """Tell the bench."""
    os.write(int(os.environ["BENCH_REPORT"]), json.dumps(figures).encode() + b"\n")


def peak_bytes() -> int:
    """Return the most memory that was resident; where there is no /proc, as the system counts it for the whole family."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        import resource  # noqa: PLC0415 - the function's memory is measured, not this

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Import the function, call it with every event and report."""
    from app import handler  # noqa: PLC0415 - the start of a function is what is measured

    with open(sys.argv[1], encoding="utf-8") as file:  # noqa: PTH123
        calls = json.load(file)
    context = Context()
    statuses = []
    ready = time.perf_counter()
    for event in calls["warm_up"]:
        statuses.append(handler(event, context)["statusCode"])
        if len(statuses) == 1:
            report(first=statuses[0], cpu=time.process_time(), restored=time.perf_counter() - ready)
    began = time.process_time()
    for event in calls["measured"]:
        statuses.append(handler(event, context)["statusCode"])
    cpu = time.process_time() - began
    report(statuses=sorted(set(statuses)), cpu=cpu, requests=len(calls["measured"]), peak=peak_bytes())
    os._exit(0)


def serve() -> None:
    """Answer events until there are no more."""
    from app import handler  # noqa: PLC0415

    context = Context()
    for line in sys.stdin:
        began = time.perf_counter()
        answer = handler(json.loads(line), context)
        report(answer=answer, seconds=time.perf_counter() - began, peak=peak_bytes())


main() if len(sys.argv) > 1 else serve()
