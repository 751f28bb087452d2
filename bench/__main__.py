"""`python -m bench [GROUP …]`: measure all groups of rows, or these; show the table and write `.bench/results.json`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from functools import partial

from rich.console import Console

from bench import branch, calls, cold_start, cpu, drain, end_to_end, growth, lifecycle, memory
from bench.stage import FOLDER, Stage, set_up
from bench.table import Row, show, write

GROUPS: dict[str, Callable[[Stage], list[Row]]] = {
    "calls": calls.measure,
    "branch": branch.measure,
    "cold_start": cold_start.measure,
    "cpu": cpu.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "lifecycle": lifecycle.measure,
    "end_to_end": end_to_end.measure,
    "drain": drain.measure,
}


def main(names: list[str]) -> int:
    """Return 1 where a row misses its bound, or the bench was broken off."""
    unknown = set(names) - set(GROUPS)
    if unknown:
        sys.exit(f"no such rows: {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}")
    console, rows = Console(), []

    def add(name: str, measure: Callable[[], list[Row]]) -> None:
        """Measure a group, and write at once: a run that is broken off has said what it knows."""
        with console.status(name):
            rows.extend(measure())
        console.print(f"{name}: done")
        write(rows, FOLDER / "results.json")

    # Whoever ends the bench leaves no AWS behind, and has its rows so far.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    broken_off = False
    try:
        with set_up() as stage:
            for name in [name for name in GROUPS if not names or name in names]:
                add(name, partial(GROUPS[name], stage))
    except KeyboardInterrupt:
        broken_off = True
    show(rows)
    if broken_off:
        console.print("[red]broken off[/]: what was measured so far is shown")
    return int(broken_off or any(row.ok is False for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
