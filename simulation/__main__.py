"""`python -m simulation --seeds N [--first S] [--jobs J]`, or `--seed S` for one with its trace."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Queue
from time import monotonic

from simulation.run import Report, run, shorten
from simulation.scheduler import stay_on_core


def main() -> int:
    """Run a campaign, or one seed; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once")
    parser.add_argument("--seed", type=int, help="run this one alone and print its trace")
    parser.add_argument("--whole", action="store_true", help="with --seed: do not look for a shorter trace")
    parser.add_argument("--all", action="store_true", help="go on after a breach and list them")
    asked = parser.parse_args()
    if asked.seed is not None:
        return _show(run(asked.seed, traced=True), shorter=not asked.whole)
    began, steps, breached = monotonic(), 0, 0
    for done, report in enumerate(_reports(asked.first, asked.seeds, asked.jobs), 1):
        steps += report.steps
        if report.breach is not None:
            breached += 1
            print(f"seed {report.seed}: {report.breach[:300]}", flush=True)
            if not asked.all:
                return _show(report, shorter=True)
        if done % 1000 == 0:
            print(f"  {done} seeds, {done / (monotonic() - began):.0f} a second", file=sys.stderr, flush=True)
    took = monotonic() - began
    print(
        f"{asked.seeds} seeds from {asked.first}, {steps} writes, {asked.seeds / took:.0f} seeds a second: {breached} breaches"
    )
    return 1 if breached else 0


def _reports(first: int, seeds: int, jobs: int) -> Iterator[Report]:
    if jobs == 1:
        yield from map(run, range(first, first + seeds))
        return
    numbers: Queue[int] = Queue()
    for number in range(jobs):
        numbers.put(number)
    with ProcessPoolExecutor(jobs, initializer=_take_a_core, initargs=(numbers,)) as pool:
        yield from pool.map(run, range(first, first + seeds), chunksize=50)


def _take_a_core(numbers: Queue[int]) -> None:
    stay_on_core(numbers.get())


def _show(report: Report, *, shorter: bool) -> int:
    if report.breach is not None and shorter:
        report = shorten(report)
    print("\n".join(report.trace))
    chosen = sum(1 for choice in report.choices if choice)
    print(f"\nseed {report.seed}: {report.breach or 'every promise kept'} ({chosen} choices out of the ordinary)")
    return 0 if report.breach is None else 1


if __name__ == "__main__":
    sys.exit(main())
