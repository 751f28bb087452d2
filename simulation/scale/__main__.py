"""`python -m simulation.scale [--parts n] [--down olx|aviv|none] [--hangs]`: a Monday morning, and `.scale/report.json`."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic

from simulation.scale.hub import to_json
from simulation.scale.monday import Monday, Plan
from simulation.scale.report import build_report, show

REPORT = Path(".scale/report.json")


def main() -> int:
    """Run one morning and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m simulation.scale", description=__doc__)
    parser.add_argument("--parts", type=int, default=1, help="a so many times smaller and shorter morning")
    parser.add_argument("--down", choices=("olx", "aviv", "none"), default="aviv", help="which portal is down")
    parser.add_argument("--hangs", action="store_true", help="it does not answer 503, it does not answer at all")
    parser.add_argument("--report", type=Path, default=REPORT, help="where to write what was measured")
    asked = parser.parse_args()
    # The hub's own log says what it should; of a million looks nobody reads it.
    logging.getLogger("placard").setLevel(logging.CRITICAL + 1)
    began = monotonic()

    def tell(text: str) -> None:
        print(f"{monotonic() - began:5.0f} s  {text}", file=sys.stderr, flush=True)

    plan = replace(Plan().scaled(asked.parts), down=asked.down, hangs=asked.hangs)
    tell(f"{plan.classifieds:,} classifieds are made")
    # Nothing that is made here goes in circles, and a million items take long to look through.
    gc.disable()
    monday = Monday(plan, tell)
    monday.run()
    report = build_report(monday, monotonic() - began)
    asked.report.parent.mkdir(parents=True, exist_ok=True)
    asked.report.write_text(to_json(report) + "\n")
    print(show(report))
    print(f"\n{report['took_s']} s; everything is in {asked.report}")
    return 1 if report["wrong"] or report["untold"] or report["unfinished"] else 0


if __name__ == "__main__":
    sys.exit(main())
