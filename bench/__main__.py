"""`python -m bench [GROUP …]`: measure all groups of rows, or these; show the table and write `.bench/results.json`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.console import Console

from bench import branch, calls, cold_start, cpu
from bench.stage import FOLDER, Stage, set_up
from bench.table import Row, show, write

GROUPS: dict[str, Callable[[Stage], list[Row]]] = {
    "cold_start": cold_start.measure,
    "calls": calls.measure,
    "cpu": cpu.measure,
    "branch": branch.measure,
}
NOT_YET = (
    "AWS calls and write units per classified on 3 channels",
    "cost of 1,000,000 lifecycles",
    "end-to-end: POST to portal call, callback to CRM told",
    "drain of a backlog of 10,000 deliveries and 10,000 callbacks",
    "growth from 10³ to 10⁵ classifieds",
)


def main(names: list[str]) -> int:
    """Return 1 where a row misses its bound."""
    unknown = set(names) - set(GROUPS)
    if unknown:
        sys.exit(f"no such rows: {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    console, rows = Console(), []
    with set_up() as stage:
        for name in names or GROUPS:
            with console.status(name):
                rows += GROUPS[name](stage)
            # After each group, so that a run which is broken off has said what it knows.
            write(rows, NOT_YET, FOLDER / "results.json")
    show(rows)
    console.print("not yet:", "; ".join(NOT_YET))
    return int(any(row.ok is False for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
